"""The catalogue that is shipped: complete, unambiguous, and what the docs say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from store_helpers import entry_table, file_table

from voxedge.errors import ModelUnknown, StoreError
from voxedge.resources import models_dir
from voxedge.store import KINDS, Catalogue
from voxedge.store.entry import HubSource, ShippedSource
from voxedge.store.reading import entry_to_json, read_entry

SHIPPED = Catalogue.shipped()


@pytest.mark.parametrize("entry", list(SHIPPED), ids=lambda entry: entry.name)
def test_every_entry(entry):
    assert (models_dir() / f"{entry.name}.toml").is_file()
    assert entry.licence
    assert entry.good_for
    assert entry.sources
    assert entry.languages
    for alias in entry.names:
        assert SHIPPED.find(alias, kind=entry.kind).name == entry.name
        assert SHIPPED.find(alias).name == entry.name
    if not entry.pinned:  # only a hub vouches for what nobody here has seen
        assert any(isinstance(source, HubSource) for source in entry.sources)
        assert "first pull" in entry.note
    again = read_entry(json.loads(json.dumps(entry_to_json(entry))), "again")
    assert entry_to_json(again) == entry_to_json(entry)
    if entry.kind == "translation":
        assert entry.pairs


def test_the_essentials_are_all_pinned_and_of_four_kinds():
    entries = SHIPPED.expand(["essentials"])
    assert [entry.name for entry in entries] == [
        "whisper-tiny.en",
        "whisper-base",
        "smollm2-135m-instruct",
        "hibari-en",
    ]
    assert all(entry.pinned for entry in entries)
    assert {entry.kind for entry in SHIPPED} == set(KINDS)


def test_groups_name_known_models():
    for group in SHIPPED.groups:
        assert SHIPPED.expand([group])


def test_what_is_shipped_is_what_the_entry_says():
    from voxedge.store.verify import wrong_files

    for entry in SHIPPED:
        for source in entry.sources:
            if isinstance(source, ShippedSource):
                assert wrong_files(models_dir() / source.folder, entry.files) == []


def test_the_table_in_the_docs_is_up_to_date(repository):
    page = repository / "docs" / "models.md"
    if not page.is_file():
        pytest.skip("no docs beside these tests")
    script = repository / "scripts" / "models_table.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/models_table.py"


GOOD = entry_table({"a.onnx": b"\x08abc"}, [{"type": "hub", "repository": "o/n"}])


@pytest.mark.parametrize(
    "path",
    ["../a", "/a", "a/../../b", "C:\\a", "a\\b", "", ".", "nul", "con.txt", "a:b", "a\nb", "x" * 300, "a./b"],
)
@pytest.mark.parametrize("where", ["file", "source", "shipped"])
def test_paths_that_lead_out_are_refused(path, where):
    table = json.loads(json.dumps(GOOD))
    if where == "file":
        table["files"][0]["path"] = path
        table["sources"] = []
    elif where == "source":
        table["sources"][0]["files"] = {path: "x"}
    else:
        table["sources"] = [{"type": "shipped", "folder": path}]
    with pytest.raises(StoreError):
        read_entry(table, "test")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../up"},
        {"name": "UPPER"},
        {"name": "-x"},
        {"kind": "music"},
        {"files": []},
        {"files": [file_table("a", b"1"), file_table("A", b"2")]},
        {"files": [{"path": "a", "sha256": "xyz", "size_bytes": 1}]},
        {"files": [{"path": "a", "sha256": "0" * 64}]},
        {"files": [{"path": "a", "size_bytes": -1}]},
        {"files": [{"path": "a", "size_bytes": True}]},
        {"files": "a"},
        {"sources": [{"type": "ftp"}]},
        {"sources": [{"type": "url", "files": {}}]},
        {"sources": [{"type": "wheel", "wheels": [], "files": {"a.onnx": ["x"]}}]},
        {"main_file": "b"},
        {"colour": "red"},
        {"title": 3},
    ],
    ids=str,
)
def test_wrong_entries_are_refused(change):
    assert read_entry(GOOD, "test").name
    with pytest.raises(StoreError):
        read_entry({**GOOD, **change}, "test")


@pytest.mark.parametrize("text", ["", "not toml [", "\x00", "name = 3"])
def test_a_broken_file_in_the_catalogue_is_named(tmp_path, text):
    (tmp_path / "broken.toml").write_text(text)
    with pytest.raises(StoreError, match=r"broken\.toml"):
        Catalogue.from_folder(tmp_path)


def test_a_short_name_of_two_models_asks_for_the_full_one():
    pair = [read_entry({**GOOD, "name": name, "aliases": ["same"]}, "test") for name in ("a", "b")]
    with pytest.raises(ModelUnknown, match="a, b"):
        Catalogue(pair).find("same")
