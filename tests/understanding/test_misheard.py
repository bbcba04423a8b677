"""Real mishearings of commands to a house, and what is no command: a part of ``voxedge bench intents``."""

from __future__ import annotations

import json

import pytest

from voxedge.bench.house import english_house
from voxedge.bench.intents import MISHEARD, misheard, read_misheard, refusing
from voxedge.understanding.engine import GrammarUnderstander


@pytest.fixture(scope="module")
def house(data_dir):
    return GrammarUnderstander(english_house(data_dir, 500).grammar)


@pytest.mark.data
def test_every_seventh_misheard_command_is_understood(house):
    pairs = read_misheard(MISHEARD)
    assert len(pairs) >= 300
    assert all(json.loads(pair["slots"]) is not None and pair["heard"] != pair["said"] for pair in pairs)
    figures = misheard(house, pairs[::7])
    assert figures["percent"] >= 90.0
    assert figures["wrong"] <= 3


@pytest.mark.data
def test_queries_about_other_things_are_no_commands(house, data_dir):
    figures = refusing(house, data_dir / "clinc150", 60)
    for of_set in figures.values():
        assert of_set["commands"] - of_set["exact_sentences_of_the_grammar"] <= 2
