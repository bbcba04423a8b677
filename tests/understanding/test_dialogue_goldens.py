"""Whole conversations in four languages, kept as transcripts of ``voxedge intents talk``.

A new one is made by typing it (``voxedge intents talk --intents coffee < lines.txt``), and read then.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voxedge.cli._intents_talk import Talk, said_lines
from voxedge.understanding import create
from voxedge.understanding.dialogue import create_dialogue

FILES = sorted((Path(__file__).parent / "dialogues").glob("*.txt"))
HEAD = re.compile(r"# intents: (.+); language: (\w+)")


@pytest.fixture(scope="module")
def understander():
    made = {}

    def of(sets, language):
        if (sets, language) not in made:
            made[sets, language] = create(sets.split(), language=language)
        return made[sets, language]

    return of


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_conversation_goes_as_it_was_kept(path, understander):
    head, *kept = path.read_text(encoding="utf-8").splitlines()
    sets, language = HEAD.fullmatch(head).groups()
    talk = Talk(create_dialogue(understander(sets, language)))
    happened = [line for said in said_lines(kept) for line in talk.lines(said)]
    assert happened == kept


def test_there_is_a_coffee_order_a_route_and_a_timer_in_every_language():
    assert len(FILES) >= 15
    said = {path.stem: path.read_text(encoding="utf-8") for path in FILES}
    for language in ("en", "de", "es", "fr"):
        of_language = "\n".join(text for text in said.values() if f"language: {language}" in text)
        for intent in ("orderDrink", "navigationStart", "timerStart"):
            assert f"[correction of {intent}(" in of_language, (language, intent)
