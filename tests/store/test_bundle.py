"""Bundles and models of one's own: what was sent arrives, what was tampered with does not."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest
from store_helpers import NAME, Listening, contents, entry_table, leftovers

from voxedge.errors import (
    InputError,
    ModelCorrupt,
    ModelMissing,
    SourceMismatch,
    StoreError,
    UsageError,
    VoxedgeError,
)
from voxedge.store.adding import add
from voxedge.store.bundle import add_bundle, write_bundle
from voxedge.store.pull import PullOptions, pull

A, B = contents(5000, 1), contents(60_000, 2)
ONE = entry_table({"a.onnx": A, "sub/b.bin": B}, [])
TWO = entry_table({"b.bin": B}, [], name="vad-other")


@pytest.fixture
def bundle(library, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "a.onnx").write_bytes(A)
    (given / "b.bin").write_bytes(B)
    here = library(ONE, TWO, where=tmp_path / "here")
    for name in (NAME, "vad-other"):
        pull(here, here.entry(name), PullOptions(given=given))
    file = tmp_path / "stick.voxmodels"
    size = write_bundle(here, [here.entry(NAME), here.entry("vad-other")], file, Listening())
    assert size == file.stat().st_size < len(A) + len(B) + 20_000  # shared contents travel once
    return file


def nothing_came(lib, home):
    with pytest.raises(ModelMissing):
        lib.resolve(NAME)
    assert leftovers(home) == []


@pytest.mark.parametrize("known", [True, False], ids=["in the catalogue", "unknown there"])
def test_what_was_bundled_arrives(bundle, library, known):
    there = library(ONE, TWO) if known else library()
    heard = Listening()
    added = add(there, bundle, listener=heard)
    assert [found.entry.name for found in added] == [NAME, "vad-other"]
    folder = there.resolve(NAME)
    assert (folder / "a.onnx").read_bytes() == A
    assert (folder / "sub" / "b.bin").read_bytes() == B
    assert [found.origin for found in added] == ["catalogue" if known else "bundle"] * 2
    assert bool(heard.notes) is not known
    assert add(there, bundle, listener=heard)  # again: nothing breaks


def test_a_bundle_is_an_ordinary_tar(bundle):
    with tarfile.open(bundle) as archive:
        names = archive.getnames()
    assert names[0] == "voxedge-bundle.json"
    assert len(names) == 3


def test_a_cut_off_bundle_leaves_nothing(bundle, library, home):
    data = bundle.read_bytes()
    head = len(data) - len(A) - len(B)
    for length in [
        0,
        1,
        100,
        511,
        512,
        700,
        head // 2,
        head,
        head + 600,
        len(data) - len(B),
        len(A) + len(B),
    ]:
        bundle.write_bytes(data[:length])
        lib = library(ONE, TWO)
        with pytest.raises((InputError, UsageError)):
            add(lib, bundle, listener=Listening())
        nothing_came(lib, home)


def test_a_flipped_bit_anywhere_is_found(bundle, library, home):
    data = bundle.read_bytes()
    lib = library(ONE, TWO)
    for place in range(0, len(data) - 1024, 397):
        wrong = bytearray(data)
        wrong[place] ^= 1
        bundle.write_bytes(wrong)
        try:
            add(lib, bundle, listener=Listening())
        except VoxedgeError:
            nothing_came(lib, home)
        else:  # a byte that means nothing: the time of a member, say, would fail its checksum; padding may
            assert (lib.resolve(NAME) / "a.onnx").read_bytes() == A
            lib.store.remove(NAME)
            lib.store.remove("vad-other")


def forged(path, members, models=None):
    """A bundle with any members: (TarInfo changes, data)."""
    with tarfile.open(path, "w:", format=tarfile.USTAR_FORMAT) as archive:
        if models is not None:
            head = json.dumps({"schema": 1, "models": models}).encode()
            member = tarfile.TarInfo("voxedge-bundle.json")
            member.size = len(head)
            archive.addfile(member, io.BytesIO(head))
        for changes, data in members:
            member = tarfile.TarInfo("x")
            member.size = len(data)
            for name, value in changes.items():
                setattr(member, name, value)
            archive.addfile(member, io.BytesIO(data))
    return path


def blob(data):
    return f"blobs/{hashlib.sha256(data).hexdigest()}"


def own(path="a.onnx", data=A, **more):
    return {**entry_table({path: data}, []), **more}


@pytest.mark.parametrize(
    ("models", "members"),
    [
        ([own("../../evil")], [({"name": blob(A)}, A)]),
        ([own("/etc/evil")], [({"name": blob(A)}, A)]),
        ([own(name="../evil")], [({"name": blob(A)}, A)]),
        ([own()], [({"name": "../../evil"}, A)]),
        ([own()], [({"name": "blobs/../../evil"}, A)]),
        ([own()], [({"name": blob(A), "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, b"")]),
        ([own()], [({"name": blob(A), "type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}, b"")]),
        ([own()], [({"name": blob(A), "type": tarfile.DIRTYPE}, b"")]),
        ([own()], [({"name": blob(A), "type": tarfile.CHRTYPE}, b"")]),
        ([own()], [({"name": blob(A)}, A + b"x")]),
        ([own()], [({"name": blob(A)}, A[:-1])]),
        ([own()], [({"name": blob(A)}, contents(5000, 7))]),
        ([own()], [({"name": blob(B)}, B)]),
        ([own()], []),
        ([], [({"name": blob(A)}, A)]),
        (["x"], []),
        ([{"name": "x"}], []),
        ([own(sources=[{"type": "hub", "repository": "o/n", "x": 1}])], [({"name": blob(A)}, A)]),
        ([{**own(), "files": [{"path": "a"}]}], []),
        ([{**own(), "files": [{"path": "a", "sha256": "0" * 64, "size_bytes": 1 << 45}]}], []),
    ],
)
def test_a_hostile_bundle_is_refused(models, members, library, home, tmp_path):
    path = forged(tmp_path / "evil.voxmodels", members, models)
    before = {file for file in tmp_path.rglob("*") if home not in file.parents}
    lib = library()
    with pytest.raises((InputError, StoreError)):
        add_bundle(lib, path, Listening())
    assert {file for file in tmp_path.rglob("*") if home not in file.parents} - {home} == before - {home}
    assert list(lib.store.manifests()) == []
    assert leftovers(home) == []


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 2048, b"PK\x03\x04" + bytes(600)])
def test_what_is_no_bundle(library, tmp_path, data):
    path = tmp_path / "x.voxmodels"
    path.write_bytes(data)
    with pytest.raises((InputError, UsageError)):
        add(library(), path, listener=Listening())
    with pytest.raises(InputError):
        add_bundle(library(), path, Listening())
    with pytest.raises(InputError):
        add(library(), tmp_path / "nothing", listener=Listening())


def test_other_contents_under_a_known_name_are_refused(bundle, library, home):
    lib = library({**ONE, "files": entry_table({"a.onnx": B, "sub/b.bin": B}, [])["files"]}, TWO)
    with pytest.raises(SourceMismatch, match="the catalogue"):
        add(lib, bundle, listener=Listening())
    nothing_came(lib, home)


def test_the_bundle_pins_a_model_whose_hashes_nobody_knew(bundle, library):
    loose = entry_table({"a.onnx": A, "sub/b.bin": B}, [{"type": "hub", "repository": "o/n"}], pinned=False)
    lib = library(loose, TWO)
    add(lib, bundle, listener=Listening())
    pin = lib.store.pin(NAME)
    assert pin is not None
    assert pin.entry.files[0].sha256 == hashlib.sha256(A).hexdigest()
    assert lib.store.pin("vad-other") is None


def test_a_model_that_isnt_here_cant_be_bundled(library, tmp_path):
    lib = library(ONE)
    with pytest.raises(ModelMissing):
        write_bundle(lib, [lib.entry(NAME)], tmp_path / "x", Listening())
    assert not (tmp_path / "x").exists()


# A model of one's own.


def test_own_folder(library, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(A)
    lib = library()
    [found] = add(lib, folder, own=("my-vad", "vad", "MIT"), listener=Listening())
    assert lib.resolve("my-vad", kind="vad").read_bytes() == A
    assert (found.origin, found.entry.licence) == ("user", "MIT")
    (folder / "net.onnx").write_bytes(B)
    add(lib, folder, own=("my-vad", "vad", "MIT"), listener=Listening())
    assert lib.resolve("my-vad").read_bytes() == B
    lib.resolve("my-vad").write_bytes(A)
    with pytest.raises(ModelCorrupt) as caught:
        lib.resolve("my-vad")
    assert "models add PATH --name my-vad --kind vad" in caught.value.remedy  # nowhere to pull it from


def test_own_model_can_t_take_a_short_name(library, tmp_path):
    (tmp_path / "net.onnx").write_bytes(A)
    lib = library({**TWO, "aliases": ["other"]})
    with pytest.raises(UsageError, match="'other'") as caught:
        add(lib, tmp_path / "net.onnx", own=("other", "vad", "MIT"), listener=Listening())
    assert "pull vad-other" in caught.value.remedy


def test_own_model_needs_name_and_kind_and_no_known_name(library, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(A)
    lib = library(TWO)
    for name, kind in (("", "vad"), ("x", ""), ("x", "music"), ("vad-other", "vad")):
        with pytest.raises(UsageError):
            add(lib, path, own=(name, kind, "MIT"), listener=Listening())
    with pytest.raises(StoreError):
        add(lib, path, own=("../x", "vad", "MIT"), listener=Listening())


def test_a_converter_gets_an_empty_folder_and_its_failure_leaves_nothing(library, home, tmp_path):
    package = tmp_path / "p.argosmodel"
    package.write_bytes(b"x")
    lib = library()

    def convert(path, folder):
        assert path == package
        assert list(folder.iterdir()) == []
        (folder / "m.bin").write_bytes(A)
        return {"name": "argos-x-y", "kind": "translation", "format": "t", "title": "t", "licence": "MIT"}

    def fail(path, folder):
        (folder / "half").write_bytes(A)
        raise InputError("damaged", remedy="-")

    with pytest.raises(InputError):
        add(lib, package, listener=Listening(), converters={".argosmodel": fail})
    assert leftovers(home) == []
    add(lib, package, listener=Listening(), converters={".argosmodel": convert})
    assert (lib.resolve("argos-x-y") / "m.bin").read_bytes() == A
    assert leftovers(home) == []
