"""Slots that take any words, and those that only seem to.

"Who is {zone}" takes any words where the app gives no list of zones, and so "who is the coach of the Chicago
Bulls", which is a question about the world and no command. A slot like this one is filled from lists in other
sentences of its intent: it names one of some things, and names are short. A slot that takes any words in all
sentences of its intent is meant to ("add {item} to the list", "who is {person}" of an encyclopedia).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from voxedge.understanding.grammar import Grammar
from voxedge.understanding.lists import ListMatcher
from voxedge.understanding.machine import Machine

MANY_WORDS = 4
"""So many words are no name of a known thing."""


def closed_slots(
    grammar: Grammar, machine: Machine, lists: Sequence[ListMatcher]
) -> frozenset[tuple[str, str]]:
    """Intents with those of their slots that take known values in some sentence."""
    found = {(block.intent, slot) for block in grammar.blocks for slot in block.slots}
    for sentence, (first, last) in enumerate(pairwise((*machine.entries, len(machine.calls)))):
        intent = grammar.blocks[machine.sentences[sentence][0]].intent
        for state in range(first, last):
            for call in machine.calls[state]:
                if not lists[call.list_id].wildcard:
                    found.add((intent, call.slot))
    return frozenset(found)


def says_enough(
    intent: str, wildcards: Iterable[tuple[str, int]], closed: frozenset[tuple[str, str]]
) -> bool:
    """Whether a sentence without any known value says enough to be a command.

    Args:
        intent: Its intent.
        wildcards: The slots that took any words, with how many.
        closed: See `closed_slots`.
    """
    return not any(words >= MANY_WORDS and (intent, slot) in closed for slot, words in wildcards)
