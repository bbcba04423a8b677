"""What several decodings of one utterance come to: which command they make likeliest together."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voxedge.events import Alternative, IntentMatched, NoIntent
from voxedge.readings import bare
from voxedge.understanding.contract import Candidate, Context, Ranker, Understander
from voxedge.understanding.deciding import TIE

DISBELIEF = 0.5
"""What a reading costs for each nat that the decoder believes it less than its best one: an exact command
among its last guesses is no better than one that it is sure of but for a sound."""
SAY = 0.6
"""So much at most may one decoding say against a command that another one hears."""
GARBLED = 1.5
"""A decoding whose best command costs this much has half a say: where much must be forgiven, what is nearest
is chance. These two were found on orders amid other noises than those that are measured (taps, dishes, a
bicycle); half or twice as much gives nearly the same."""
BROKEN_OFF, EXTENSION = 0.9, 0.2
"""What it costs a reading that another goes on from it with what costs no more than so much a letter."""
_TOKENS = 1.2
"""About so many tokens a word has."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What several decodings come to.

    Attributes:
        result: The command, or the refusal.
        readings: What an understander makes the same ``result`` of: the readings of that command, best first;
            all of them where it is refused, or where commands can't be told apart.
        margin: How much more is said against the next command; 0 for a refusal, and where only all readings
            together are a command. Another decoding can't change it where that is more than `SAY`.
    """

    result: IntentMatched | NoIntent
    readings: tuple[Alternative, ...]
    margin: float


class _Reading(NamedTuple):
    """A reading, the commands near to it, and what it costs that it isn't believed."""

    said: Alternative
    near: Sequence[Candidate]
    disbelief: float

    @property
    def cost(self) -> float:
        return self.near[0].cost + self.disbelief

    @property
    def tied(self) -> bool:
        return len(self.near) > 1 and self.near[1].cost - self.near[0].cost < TIE


def decide(
    understander: Understander, decodings: Sequence[Sequence[Alternative]], context: Context | None = None
) -> Verdict:
    """The command that all decodings together make likeliest.

    A decoding hears a command as well as the best of its readings does: what must be forgiven, and how much
    less the decoder believes that reading than its best one. What the decodings say against a command adds
    up; each says the less the more must be forgiven for its own best command, and no more than `SAY`. Of the
    commands that some reading is nearest to, the one counts that least is said against.

    An understander that is no `Ranker` is given all readings at once.

    Args:
        understander: Finds intents.
        decodings: The readings of each; of commands that are equally likely the earlier ones' is taken.
        context: What is known beside the words.
    """
    every = tuple(item for readings in decodings for item in readings)
    heard = [_weighed(understander, readings, context) for readings in decodings]
    known = [weighed for weighed in heard if weighed is not None]
    nearest: dict[Hashable, list[_Reading]] = {}
    for reading in sorted((one for weighed in known for one in weighed), key=lambda one: one.cost):
        nearest.setdefault(reading.near[0].command, []).append(reading)
    if not nearest or len(known) < len(heard):
        return Verdict(understander.understand(every, context), every, 0.0)
    against, unheard = _against(known)
    winner = min((one for one in against if one in nearest), key=lambda one: round(against[one], 3))
    # A reading that is as near to another command would make a tie of what the others have decided.
    told = [one.said for one in nearest[winner] if not one.tied] or [one.said for one in nearest[winner]]
    result = understander.understand(told, context)
    if isinstance(result, NoIntent):
        counted = (*told, *(item for item in every if item not in told))
        return Verdict(understander.understand(counted, context), counted, 0.0)
    margin = min((cost for command, cost in against.items() if command != winner), default=unheard)
    return Verdict(result, tuple(told), max(0.0, margin - against[winner]))


def _against(heard: Sequence[Sequence[_Reading]]) -> tuple[dict[Hashable, float], float]:
    """By command: what all decodings say against it; and against one that none of them is near to."""
    against: dict[Hashable, float] = {}
    unheard = 0.0
    for weighed in heard:
        costs: dict[Hashable, float] = {}
        for reading in weighed:
            for command, cost in reading.near:
                costs[command] = min(cost + reading.disbelief, costs.get(command, math.inf))
        if not costs:
            continue
        best = min(costs.values())
        say = SAY / (1.0 + best / GARBLED)
        for command in {**against, **costs}:
            said = say if command not in costs else say * -math.expm1((best - costs[command]) / SAY)
            against[command] = against.get(command, unheard) + said
        unheard += say
    return against, unheard


def _weighed(
    understander: Understander, readings: Sequence[Alternative], context: Context | None
) -> list[_Reading] | None:
    """The readings of one decoding that are near to any command; None where that can't be told."""
    if not isinstance(understander, Ranker):
        return None
    scores = [item.score if math.isfinite(item.score) else 0.0 for item in readings]
    tokens = 1 + _TOKENS * len(readings[0].text.split()) if readings else 0.0
    found: list[_Reading] = []
    for item, score in zip(readings, scores, strict=True):
        near = understander.candidates(item.text, context)
        if near is None:
            return None
        if near:
            found.append(_Reading(item, near, DISBELIEF * (max(scores) - score) * tokens))
    return [
        one._replace(disbelief=one.disbelief + BROKEN_OFF * any(_goes_on(other, one) for other in found))
        for one in found
    ]


def _goes_on(longer: _Reading, shorter: _Reading) -> bool:
    """Whether a reading is another one's beginning, and what follows is part of a command."""
    first, words = bare(shorter.said.text), bare(longer.said.text)
    if len(words) <= len(first) or words[: len(first)] != first:
        return False
    return longer.near[0].cost - shorter.near[0].cost <= EXTENSION * len("".join(words[len(first) :]))
