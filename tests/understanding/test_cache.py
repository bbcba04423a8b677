"""Compiled grammars on disk: same answers, no harm from damage, nothing executable."""

from __future__ import annotations

import json

import pytest

from voxedge.bench.house import english_house
from voxedge.events import Alternative, IntentMatched
from voxedge.understanding import cache, create
from voxedge.understanding.engine import GrammarUnderstander

SAID = (
    "turn on the kitchen light",
    "tern on the kitchen lite",
    "set the bedroom to twenty degrees",
    "banana",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VOXEDGE_HOME", str(tmp_path))
    return tmp_path / "cache" / "grammars"


def answers(engine):
    found = [engine.understand([Alternative(text, 0.0)]) for text in SAID]
    return [
        (item.intent, dict(item.slots), item.score) if isinstance(item, IntentMatched) else item.reason
        for item in found
    ]


def test_a_kept_grammar_answers_alike(folder):
    first = create(["home", "timers"])
    kept = list(folder.glob("*.json"))
    assert len(kept) == 1
    assert cache.read(kept[0].stem) is not None
    second = create(["home", "timers"])
    assert second.grammar == first.grammar
    assert second.machine == first.machine
    assert answers(second) == answers(first)
    assert second.bias(8) == first.bias(8)


def test_another_content_is_another_grammar(folder, tmp_path):
    file = tmp_path / "x.yaml"
    text = "language: en\nintents: {Go: {data: [{sentences: ['WORD now']}]}}"
    for word in ("walk", "run"):
        file.write_text(text.replace("WORD", word), encoding="utf-8")
        assert create([file]).understand([Alternative(f"{word} now", 0.0)]).intent == "Go"
    assert len(list(folder.glob("*.json"))) == 2


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "other", "folder"])
def test_damage_is_mended_silently(folder, harm):
    wanted = answers(create(["timers"]))
    (file,) = folder.glob("*.json")
    good = file.read_bytes()
    if harm == "cut":
        file.write_bytes(good[: len(good) // 2])
    elif harm == "flipped":
        file.write_bytes(good[:200] + bytes([good[200] ^ 1]) + good[201:])
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "other":
        body = json.dumps({"grammar": {}, "machine": []}).encode()
        import hashlib

        file.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    else:
        file.unlink()
        file.mkdir()
    assert cache.read(file.stem) is None
    assert answers(create(["timers"])) == wanted
    if harm != "folder":
        assert file.read_bytes() == good
    assert not list(folder.glob("*.part"))


def test_where_nothing_can_be_written_it_works_all_the_same(tmp_path, monkeypatch):
    place = tmp_path / "file"
    place.write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("VOXEDGE_HOME", str(place))
    assert create(["timers"]).grammar.blocks


def test_the_place_follows_the_platform(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert cache.cache_folder({"XDG_CACHE_HOME": "/c"}).as_posix() == "/c/voxedge/grammars"
    assert cache.cache_folder({"VOXEDGE_HOME": "/v"}).as_posix() == "/v/cache/grammars"


@pytest.mark.data
def test_a_whole_house_comes_back_as_it_was(data_dir, tmp_path):
    grammar = english_house(data_dir, 120).grammar
    machine = GrammarUnderstander(grammar).machine
    assert cache.write("house", grammar, machine, tmp_path)
    assert cache.read("house", tmp_path) == (grammar, machine)
