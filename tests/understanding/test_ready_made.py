"""The ready-made intents: every sentence of ``tests/intents`` gives its intent and its slots, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from voxedge.events import Alternative, IntentMatched
from voxedge.resources import intents_dir
from voxedge.understanding import create
from voxedge.understanding.testing import run_tests

FOLDER = Path(__file__).resolve().parent.parent / "intents"
FILES = sorted(FOLDER.glob("*/*.yaml"))
LANGUAGES = ("en", "de", "es", "fr")


def cases(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for block in content["tests"]:
        for sentence in block["sentences"]:
            yield sentence, block["intent"]["name"], block["intent"].get("slots", {})


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sentences_are_understood_exactly(path):
    understander = create([path.stem], language=path.parent.name)
    wrong = []
    for sentence, intent, slots in cases(path):
        found = understander.understand([Alternative(sentence, 0.0)])
        name = found.intent if isinstance(found, IntentMatched) else None
        values = {k: slot.value for k, slot in found.slots.items()} if name else {}
        if (name, values) != (intent, slots) or found.score < 1:
            wrong.append((sentence, name, values))
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_command_says_so_too(path):
    report = run_tests(intents_dir() / path.parent.name / path.name, path)
    assert report.language == path.parent.name
    assert report.sentences == report.passed == len(list(cases(path)))


def test_every_language_has_every_set_and_the_same_intents_and_slots():
    def declared(language, name):
        content = yaml.safe_load((intents_dir() / language / f"{name}.yaml").read_text(encoding="utf-8"))
        return set(content["intents"])

    for name in ("vehicle", "home", "timers", "coffee", "common"):
        wanted = declared("en", name)
        for language in LANGUAGES:
            assert declared(language, name) == wanted, (language, name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_tests_reach_most_intents(path):
    content = yaml.safe_load((intents_dir() / path.parent.name / path.name).read_text(encoding="utf-8"))
    reached = {intent for _, intent, _ in cases(path)}
    assert reached <= set(content["intents"])
    assert len(reached) >= 0.85 * len(content["intents"])
