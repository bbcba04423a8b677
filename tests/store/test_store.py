"""What the store holds, finds, refuses and gives back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from store_helpers import NAME, contents, entry_table

from voxedge.errors import ModelCorrupt, ModelMissing, ModelUnknown, StoreError, StoreReadOnly, UsageError
from voxedge.store import Store, resolve
from voxedge.store.pull import PullOptions, pull

A, B, C = contents(5000, 1), contents(6000, 2), contents(7000, 3)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "given"
    place.mkdir()
    for name, data in (("a.onnx", A), ("b.bin", B), ("c.bin", C)):
        (place / name).write_bytes(data)
    return place


@pytest.fixture
def two(library, folder):
    """Two models that share b.bin, both pulled from a folder."""
    one = entry_table({"a.onnx": A, "b.bin": B}, [], main_file="a.onnx")
    other = entry_table({"sub/b.bin": B, "c.bin": C}, [], name="vad-other")
    lib = library(one, other)
    for name in (NAME, "vad-other"):
        pull(lib, lib.entry(name), PullOptions(given=folder))
    return lib


def blobs(lib):
    return sorted(path.name for path in (lib.store.home / "blobs").iterdir())


def test_path_is_what_the_engine_loads(two):
    assert two.resolve(NAME).read_bytes() == A
    assert (two.resolve("vad-other") / "sub" / "b.bin").read_bytes() == B


def test_shared_contents_are_kept_once_and_survive_the_other_model(two):
    assert len(blobs(two)) == 3
    assert two.store.used_bytes() == len(A) + len(B) + len(C)
    assert two.store.remove(NAME) == len(A)
    with pytest.raises(ModelMissing):
        two.resolve(NAME)
    assert (two.resolve("vad-other") / "sub" / "b.bin").read_bytes() == B
    assert two.store.remove("vad-other") == len(B) + len(C)
    assert blobs(two) == []


@pytest.mark.parametrize("links", ["symlink", "none"])
def test_file_systems_without_links(library, folder, monkeypatch, links):
    def refuse(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if links == "none":
        monkeypatch.setattr(Path, "symlink_to", refuse)
        monkeypatch.setattr(os, "symlink", refuse)
    one = entry_table({"a.onnx": A, "b.bin": B}, [], main_file="a.onnx")
    other = entry_table({"sub/b.bin": B, "c.bin": C}, [], name="vad-other")
    lib = library(one, other)
    for name in (NAME, "vad-other"):
        pull(lib, lib.entry(name), PullOptions(given=folder))
    moved = lib.store.home.with_name("moved")
    lib.store.home.rename(moved)  # a stick has another name on the next machine
    lib = library(one, other, where=moved)
    assert lib.resolve(NAME).read_bytes() == A
    lib.store.remove(NAME)
    assert (lib.resolve("vad-other") / "sub" / "b.bin").read_bytes() == B


def damage_flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        damage_flip,
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes() + b"x"),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["flipped bit", "cut off", "empty", "too long", "gone", "a folder"],
)
def test_damage_is_found_before_use_and_mended_by_a_pull(two, folder, damage):
    damage(two.resolve(NAME))
    with pytest.raises(ModelCorrupt, match=r"a\.onnx") as caught:
        two.resolve(NAME)
    assert f"voxedge models pull {NAME}" in caught.value.remedy
    found, fetched = pull(two, two.entry(NAME), PullOptions(given=folder))
    assert fetched
    assert found.path.read_bytes() == A


def test_a_note_that_cant_be_read_is_an_error_that_a_pull_mends(two, folder):
    two.store.manifest_path(NAME).write_text('{"schema": 1, "entry": [')
    with pytest.raises(StoreError, match="can't be read"):
        two.resolve(NAME)
    assert (two.resolve("vad-other") / "c.bin").read_bytes() == C
    pull(two, two.entry(NAME), PullOptions(given=folder))
    assert two.resolve(NAME).read_bytes() == A


def test_a_newer_catalogue_asks_for_a_pull_and_the_old_version_goes(two, library, folder):
    new = contents(5000, 9)
    lib = library(entry_table({"a.onnx": new, "b.bin": B}, [], main_file="a.onnx"))
    with pytest.raises(ModelMissing, match="another version"):
        lib.resolve(NAME)
    (folder / "a.onnx").write_bytes(new)
    pull(lib, lib.entry(NAME), PullOptions(given=folder))
    assert lib.resolve(NAME).read_bytes() == new
    assert len(list((lib.store.home / "models" / NAME).iterdir())) == 1
    assert len(blobs(lib)) == 3


def test_a_read_only_store_is_read_and_a_pull_says_so(two, library, monkeypatch):
    lib = library(*[entry_table({"a.onnx": A, "b.bin": B}, [], main_file="a.onnx")])
    real = os.access
    # root may write anywhere, so that permissions alone prove nothing here
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))

    def refuse(self, *args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert lib.resolve(NAME).read_bytes() == A
    missing = entry_table({"a.onnx": A}, [], name="vad-missing")
    with pytest.raises(StoreReadOnly) as caught:
        pull(library(missing), library(missing).entry("vad-missing"))
    assert "VOXEDGE_HOME" in caught.value.remedy


def test_a_system_store_is_read_and_not_written(two, library, tmp_path, folder):
    system = tmp_path / "system"
    shutil.copytree(two.store.home, system)
    tables = [entry_table({"a.onnx": A, "b.bin": B}, [], main_file="a.onnx")]
    mine = tmp_path / "mine"
    lib = library(*tables, where=mine, others=(Store(system),))
    found, fetched = pull(lib, lib.entry(NAME), PullOptions(given=folder))
    assert (found.where, fetched) == ("system", False)
    assert not mine.exists()
    damage_flip(found.path)
    found, fetched = pull(lib, lib.entry(NAME), PullOptions(given=folder))
    assert (found.where, fetched) == ("store", True)
    assert lib.resolve(NAME).read_bytes() == A


def test_nothing_is_written_or_fetched_by_looking(library, home, server):
    hub = {"type": "hub", "repository": "owner/name"}
    lib = library(entry_table({"a.onnx": A}, [hub]))
    with pytest.raises(ModelMissing) as caught:
        lib.resolve(NAME)
    assert caught.value.remedy.endswith(f"voxedge models pull {NAME}")
    assert server.asked == []
    assert not home.exists()


# The catalogue that is shipped, through the one function that engines use.


def test_missing_model_names_the_command(home):
    with pytest.raises(ModelMissing) as caught:
        resolve("tiny.en", kind="recognition")
    assert "voxedge models pull whisper-tiny.en" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [
        ("tiny.eng", "recognition", "whisper-tiny.en"),
        ("whisper-bse", None, "whisper-base"),
        ("smolm2", "language", "smollm2-135m-instruct"),
        ("hibari-en", "recognition", "whisper-tiny.en"),
        ("", None, "list"),
        ("x" * 5000, None, "list"),
    ],
)
def test_unknown_names_give_the_nearest(home, name, kind, hint):
    with pytest.raises(ModelUnknown) as caught:
        resolve(name, kind=kind)
    assert hint in caught.value.remedy


def test_an_unknown_kind_is_refused(home):
    with pytest.raises(UsageError):
        resolve("tiny.en", kind="listening")


def whisper_folder(place, *, without=""):
    place.mkdir(exist_ok=True)
    for name, data in {
        "model.bin": b"\x06\0\0\0",
        "config.json": b"{}",
        "tokenizer.json": b"{}",
        "vocabulary.txt": b"a\nb",
    }.items():
        if name != without:
            (place / name).write_bytes(data)
    return place


def test_paths_are_returned_as_they_are(home, tmp_path):
    folder = whisper_folder(tmp_path / "w")
    assert resolve(folder, kind="recognition") == folder
    assert resolve(str(folder), kind="recognition") == folder
    gguf = tmp_path / "m.gguf"
    gguf.write_bytes(b"GGUF" + bytes(100))
    assert resolve(gguf, kind="language") == resolve(tmp_path, kind="language") == gguf


@pytest.mark.parametrize("lacking", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_an_incomplete_folder_is_refused_by_what_it_lacks(home, tmp_path, lacking):
    with pytest.raises(ModelCorrupt, match=lacking.split(".")[0]):
        resolve(whisper_folder(tmp_path / "w", without=lacking), kind="recognition")


@pytest.mark.parametrize("data", [b"", b"<!DOCTYPE html>", b"GGU"])
def test_a_file_that_cant_be_a_model_is_refused(home, tmp_path, data):
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelCorrupt):
        resolve(path, kind="language")


def test_a_path_that_isnt_there(home, tmp_path):
    with pytest.raises(ModelMissing):
        resolve(tmp_path / "nothing", kind="recognition")


def test_a_store_that_is_a_file_is_told(home):
    home.write_bytes(b"no folder")
    with pytest.raises(StoreError, match="that is no folder") as caught:
        resolve("tiny.en")
    assert "VOXEDGE_HOME" in caught.value.remedy
