"""A text made ready for matching, and what a reading of it filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from voxedge.events import SlotValue
from voxedge.understanding.normalizing import Token


class Capture(NamedTuple):
    """A slot that a reading filled."""

    slot: str
    value: SlotValue
    start: int
    end: int
    kind: str  # "text", "range", "wildcard"
    captured: bool
    list_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text made ready: folded words joined by single blanks, and the way back.

    Attributes:
        text: The text as it was handed in (tidied).
        tokens: The words that count.
        folded: The words joined by single blanks.
        word_ends: By position in ``folded``: where its word ends.
    """

    text: str
    tokens: tuple[Token, ...]
    folded: str
    word_ends: list[int]

    @classmethod
    def of(cls, text: str, tokens: list[Token]) -> Utterance:
        """The utterance of a text and the words of it that count."""
        folded = " ".join(token.text for token in tokens)
        ends: list[int] = []
        for token in tokens:
            end = len(ends) + len(token.text)
            ends += [end] * (len(token.text) + 1)
        return cls(text, tuple(tokens), folded, ends)

    def original(self, start: int, end: int) -> str:
        """The text as it was handed in for a span of ``folded``."""
        at, first, last = 0, None, 0
        for token in self.tokens:
            stop = at + len(token.text)
            if stop > start and at < end:
                same = len(token.text) == token.end - token.start
                if first is None:
                    first = token.start + (max(start - at, 0) if same else 0)
                last = token.start + min(end - at, len(token.text)) if same else token.end
            at = stop + 1
        return self.text[first or 0 : last].strip()


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read an utterance as a sentence of the grammar.

    Attributes:
        sentence: Number of the sentence in the machine.
        captures: The slots, in the order of the text.
        literal: Characters of the grammar's own text.
        utterance: What was read.
        context: The caller's context and what the values brought.
    """

    sentence: int
    captures: tuple[Capture, ...]
    literal: int
    utterance: Utterance
    context: Mapping[str, SlotValue]
