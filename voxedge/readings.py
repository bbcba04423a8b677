"""What the hypotheses of a hinted decoding are worth: repeated ends cut, and those left out that run on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from voxedge.events import Alternative
from voxedge.understanding.contract import Context, Understander

if TYPE_CHECKING:
    from voxedge.recognition.contract import Recognition

EXTENSION = 0.2
"""Cost a sound up to which what a hypothesis has more than another is part of the command."""
DISBELIEF = 0.5
"""What a reading costs for each nat that the decoder believes it less than another one: an exact command
among its last guesses is no better than one that it is sure of but for a sound."""
BROKEN_OFF = 0.9
"""What it costs that another reading goes on from it."""
SLACK = 0.3
"""Readings that cost so much more than the best one still count."""
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


def said(recognition: Recognition) -> tuple[Alternative, ...]:
    """The hypotheses as they are, best first."""
    return recognition.alternatives or (Alternative(recognition.text, 0.0),)


def readings_of(recognition: Recognition) -> tuple[Alternative, ...]:
    """The hypotheses, and what is left of those whose end was said before.

    Decoders miss ends in noise and run on. Where the end follows on its like, or the sentence begins anew,
    only what is before counts; elsewhere people may have said it twice.
    """
    found: dict[str, Alternative] = {}
    for item in recognition.alternatives or (Alternative(recognition.text, 0.0),):
        cut = _cut_again(item.text)
        for text in (cut,) if _stutters(item.text) else (item.text, cut):
            if text:
                found.setdefault(" ".join(bare(text)), replace(item, text=text))
    return tuple(found.values())


def bare(text: str) -> list[str]:
    """The words in small letters, without stops."""
    return [word.strip(".,!?").casefold() for word in text.split()]


def _stutters(text: str) -> bool:
    """Whether the end repeats what is before it, or the sentence begins anew."""
    words = bare(text)
    anew = any(words[at : at + 3] == words[:3] for at in range(3, len(words) - 2))
    return anew or any(words[-size:] == words[-2 * size : -size] for size in range(2, len(words) // 2 + 1))


def _cut_again(text: str) -> str:
    """The text without its longest end that was said before; of two words only right behind its like."""
    words = bare(text)
    for size in range(len(words) // 2, 1, -1):
        at = len(words) - size
        places = range(at - size, -1, -1) if size > 2 else range(at - size, at - size - 1, -1)
        if any(words[place : place + size] == words[at:] for place in places):
            return " ".join(text.split()[:at])
    return text


def whole(
    understander: Understander, readings: Sequence[Alternative], context: Context | None
) -> tuple[Alternative, ...]:
    """The readings that count, with what the decoder makes of them weighed in.

    Left out are those that go on from another one with what is no part of a command.
    Of hypotheses that begin alike the longer ones are believed, for decoders break off; but in noise they
    run on as well.
    """
    if not isinstance(understander, Gate):
        return tuple(readings)
    costs: dict[str, float] = {}

    def cost(text: str) -> float:
        if text not in costs:
            costs[text] = understander.nearness(text, context) * _letters(text)
        return costs[text]

    def runs_on(longer: str, shorter: str) -> bool:
        if not _begins(longer, shorter):
            return False
        return cost(longer) - cost(shorter) > EXTENSION * (_letters(longer) - _letters(shorter))

    texts = [item.text for item in readings]
    kept = [item for item in readings if not any(runs_on(item.text, text) for text in texts)]
    texts = [item.text for item in kept]
    tokens = [1 + _TOKENS * len(item.text.split()) for item in kept]
    weighed = [
        cost(item.text)
        - DISBELIEF * item.score * count
        + BROKEN_OFF * any(_begins(text, item.text) for text in texts)
        for item, count in zip(kept, tokens, strict=True)
    ]
    return tuple(item for item, weight in zip(kept, weighed, strict=True) if weight <= min(weighed) + SLACK)


def _begins(longer: str, shorter: str) -> bool:
    """Whether a text is another one's beginning."""
    first, words = bare(shorter), bare(longer)
    return len(words) > len(first) and words[: len(first)] == first


def _letters(text: str) -> int:
    """About as many as the text has sounds."""
    return sum(letter.isalnum() for letter in text)
