"""What several decodings of one utterance come to: which command they make likeliest together."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from voxedge.events import Alternative, IntentMatched, NoIntent
from voxedge.understanding.candidates import candidates_of
from voxedge.understanding.contract import Context, Understander

DISBELIEF = 0.5
"""What a reading costs for each nat that the decoder believes it less than its best one: an exact command
among its last guesses is no better than one that it is sure of but for a sound."""
SAY = 0.6
"""So much at most may one decoding say against a command that another one hears."""
GARBLED = 1.5
"""A decoding whose best command costs this much has half a say: where much must be forgiven, what is nearest
is chance. These two were found on orders amid other noises than those that are measured (taps, dishes, a
bicycle); half or twice as much gives nearly the same."""
_TOKENS = 1.2
"""About so many tokens a word has."""


@runtime_checkable
class Gate(Protocol):
    """What an understander offers that can say how near words are to a command."""

    def nearness(self, text: str, context: Context | None = None) -> float:
        """Cost a sound of the nearest command, 0..1."""
        ...


@runtime_checkable
class Closed(Protocol):
    """What an understander offers that knows all words of its commands."""

    def vocabulary(self) -> tuple[str, ...]:
        """The words; empty where others may be said as well."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What several decodings come to.

    Attributes:
        result: The command, or the refusal.
        readings: The readings of that command, best first: an understander makes the same ``result`` of them.
        margin: How much more the next command costs. Another decoding can't change what it comes to where
            that is more than `SAY`.
    """

    result: IntentMatched | NoIntent
    readings: tuple[Alternative, ...]
    margin: float


def decide(
    understander: Understander, decodings: Sequence[Sequence[Alternative]], context: Context | None = None
) -> Verdict:
    """The command that all decodings together make likeliest.

    A decoding hears a command as well as the best of its readings does: what must be forgiven, and how much
    less the decoder believes that reading than its best one. What the decodings say against a command adds
    up; each says the less the more must be forgiven for its own best command, and no more than `SAY`.

    Args:
        understander: Finds intents.
        decodings: The readings of each; of commands that are equally likely the earlier ones' is taken.
        context: What is known beside the words.
    """
    against: dict[Hashable, float] = {}
    nearest: dict[Hashable, list[tuple[float, Alternative]]] = {}
    unheard = 0.0
    for readings in decodings:
        costs = _costs(understander, readings, context, nearest)
        if costs:
            best = min(costs.values())
            say = SAY / (1.0 + best / GARBLED)
            for command in {**against, **costs}:
                said = say if command not in costs else say * -math.expm1((best - costs[command]) / SAY)
                against[command] = against.get(command, unheard) + said
            unheard += say
    ranked = sorted(against, key=lambda command: round(against[command], 3))
    winner = next((command for command in ranked if command in nearest), None)
    if winner is None:
        every = tuple(item for readings in decodings for item in readings)
        return Verdict(understander.understand(every, context), every, 0.0)
    others = (against[command] for command in ranked if command != winner)
    counted = tuple(item for _, item in sorted(nearest[winner], key=lambda entry: entry[0]))
    return Verdict(
        understander.understand(counted, context), counted, min(others, default=unheard) - against[winner]
    )


def _costs(
    understander: Understander,
    readings: Sequence[Alternative],
    context: Context | None,
    nearest: dict[Hashable, list[tuple[float, Alternative]]],
) -> dict[Hashable, float]:
    """By command: what it costs that a decoding heard it; ``nearest`` gets the readings nearest to each."""
    costs: dict[Hashable, float] = {}
    best = max((item.score for item in readings), default=0.0)
    tokens = 1 + _TOKENS * len(readings[0].text.split()) if readings else 0
    for item in readings:
        disbelief = DISBELIEF * (best - item.score) * tokens
        found = candidates_of(understander, item.text, context)
        for candidate in found:
            cost = candidate.cost + disbelief
            costs[candidate.command] = min(cost, costs.get(candidate.command, cost))
        if found:
            nearest.setdefault(found[0].command, []).append((found[0].cost + disbelief, item))
    return costs
