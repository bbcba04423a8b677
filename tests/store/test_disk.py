"""A disk that is small, or full: a tiny tmpfs, mounted by the test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from model_server import endless
from store_helpers import NAME, Listening, contents, entry_table, leftovers

from voxedge.errors import DiskFull, ModelMissing
from voxedge.store.bundle import write_bundle
from voxedge.store.pull import PullOptions, pull

MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a tmpfs of 20 MiB: 4 MiB more than the reserve that is always left free."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root on Linux")
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("this system doesn't let the test mount a tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def url(server, data):
    server.files["/m.onnx"] = data
    return {"type": "url", "files": {"m.onnx": f"{server.url}/m.onnx"}}


def test_what_doesnt_fit_is_said_before_anything_is_fetched(small_disk, server, library, options):
    data = contents(8 * MB)
    lib = library(entry_table({"m.onnx": data}, [url(server, data)]), where=small_disk / "home")
    with pytest.raises(DiskFull) as caught:
        pull(lib, lib.entry(NAME), options())
    assert "VOXEDGE_HOME" in caught.value.remedy
    assert server.asked == []
    assert leftovers(small_disk / "home") == []


def test_an_unknown_length_is_looked_at_as_soon_as_the_server_says_it(small_disk, server, library, options):
    data = contents(8 * MB)
    lib = library(entry_table({"m.onnx": data}, [url(server, data)], pinned=False), where=small_disk / "home")
    with pytest.raises(DiskFull):
        pull(lib, lib.entry(NAME), options())
    assert leftovers(small_disk / "home") == []


def test_a_disk_that_fills_in_the_middle(small_disk, server, library, options):
    first = contents(MB, 2)
    server.files["/first.onnx"] = first
    server.files["/m.onnx"] = b"\x08"
    server.fault("/m.onnx", endless)
    sources = [
        {"type": "url", "files": {"m.onnx": f"{server.url}/m.onnx", "first.onnx": f"{server.url}/first.onnx"}}
    ]
    table = entry_table({"first.onnx": first, "m.onnx": b""}, sources, pinned=False)
    lib = library(table, where=small_disk / "home")
    with pytest.raises(DiskFull):
        pull(lib, lib.entry(NAME), options())
    assert leftovers(small_disk / "home") == []
    assert lib.store.used_bytes() == len(first), "what was finished is kept, and nothing else"
    with pytest.raises(ModelMissing):
        lib.resolve(NAME)


def test_a_disk_that_others_fill_while_a_file_is_copied(small_disk, library, tmp_path, monkeypatch):
    import shutil

    given = tmp_path / "m.onnx"
    data = contents(6 * MB)
    given.write_bytes(data)
    lib = library(entry_table({"m.onnx": data}, []), where=small_disk / "home")
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1 << 40))
    (small_disk / "hog").write_bytes(bytes(16 * MB))
    with pytest.raises(DiskFull):
        pull(lib, lib.entry(NAME), PullOptions(given=given))
    assert leftovers(small_disk / "home") == []
    (small_disk / "hog").unlink()
    pull(lib, lib.entry(NAME), PullOptions(given=given))
    assert (lib.resolve(NAME) / "m.onnx").read_bytes() == data


def test_a_bundle_onto_a_full_stick_leaves_nothing_there(small_disk, library, tmp_path, monkeypatch):
    import shutil

    given = tmp_path / "m.onnx"
    data = contents(6 * MB)
    given.write_bytes(data)
    lib = library(entry_table({"m.onnx": data}, []))
    pull(lib, lib.entry(NAME), PullOptions(given=given))
    (small_disk / "hog").write_bytes(bytes(16 * MB))
    with pytest.raises(DiskFull):
        write_bundle(lib, [lib.entry(NAME)], small_disk / "s.voxmodels", Listening())
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1 << 40))
    with pytest.raises(DiskFull):
        write_bundle(lib, [lib.entry(NAME)], small_disk / "s.voxmodels", Listening())
    assert [path.name for path in small_disk.iterdir()] == ["hog"]
