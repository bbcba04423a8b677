"""What features look at: the words of a sentence, their shapes, and the labels of the sequence model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voxedge.understanding.trained.examples import Span

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in words; a mark is a word of its own.

    Attributes:
        raw: The words as written.
        lower: The words in lower case.
        starts: Where each starts, in characters.
        ends: Where each ends.
    """

    raw: tuple[str, ...]
    lower: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Words:
        """Cuts a sentence into words."""
        matches = list(_WORD.finditer(text))
        raw = tuple(match.group() for match in matches)
        return cls(
            raw,
            tuple(word.lower() for word in raw),
            tuple(match.start() for match in matches),
            tuple(match.end() for match in matches),
        )

    def __len__(self) -> int:
        return len(self.raw)

    def covered(self, span: Span) -> range:
        """Indices of the words that a span touches."""
        inside = [at for at in range(len(self)) if self.starts[at] < span.end and self.ends[at] > span.start]
        return range(inside[0], inside[-1] + 1) if inside else range(0)

    def labels(self, spans: Sequence[Span]) -> list[str]:
        """One label a word: ``B-slot`` where a value begins, ``I-slot`` inside, ``O`` elsewhere."""
        labels = [OUTSIDE] * len(self)
        for span in spans:
            for at in self.covered(span):
                labels[at] = ("B-" if at == self.covered(span).start else "I-") + span.slot
        return labels

    def spans(self, labels: Sequence[str]) -> tuple[Span, ...]:
        """The slot values that labels mark; an ``I-`` without a beginning begins one."""
        found: list[Span] = []
        last = OUTSIDE
        for at, label in enumerate(labels):
            slot = label[2:]
            if label == OUTSIDE:
                pass
            elif label.startswith("I-") and last[2:] == slot:
                found[-1] = Span(slot, found[-1].start, self.ends[at])
            else:
                found.append(Span(slot, self.starts[at], self.ends[at]))
            last = label
        return tuple(found)


def shape(word: str) -> str:
    """The word's form: digits (by count), lower, upper, title, mixed, or the mark itself."""
    if word.isdigit():
        return f"9{min(len(word), 4)}"
    if word.islower():
        return "x"
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    if word[0].isupper() and word[1:].islower():
        return "Xx"
    if any(character.isdigit() for character in word):
        return "x9"
    return "xX" if word[0].isalpha() else word[:1]
