"""What all readers of values share: the tokens of a text, and looking up phrases in them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from voxedge.numbers import NumberReader, Reading, Token, tokenize
from voxedge.understanding.values.lexicon import Phrase, lexicon_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """A value that a reader found: what it is, and the index of the first token after it."""

    value: int | float | str
    unit: str | None
    end: int


class Scan:
    """A text that values are read from.

    Args:
        text: The text.
        language: ISO 639-1; a region chooses the order of month and day (``en-GB``).
        now: What "tomorrow" is counted from.

    Raises:
        LanguageUnsupported: The language has no word lists.
        TextInvalid: The text is no string or too long.
    """

    def __init__(self, text: str, language: str, now: datetime | None) -> None:
        self.text = text
        self.tokens: list[Token] = tokenize(text, language)
        self.lexicon = lexicon_of(language)
        self.numbers = NumberReader(language)
        self.language = language[:2].lower()
        self.month_first = self.language == "en" and language[2:].strip("-_").upper() in {"", "US"}
        self.now = now
        self._starts = [token.start for token in self.tokens]

    def word(self, at: int) -> str:
        """The folded word at an index; "" past the end."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def phrase(self, at: int, phrases: Iterable[Phrase]) -> int:
        """The index after the first phrase that stands here; ``at`` where none does."""
        for phrase in phrases:
            if all(self.word(at + place) == word for place, word in enumerate(phrase)):
                return at + len(phrase)
        return at

    def lookup(self, at: int, table: Mapping[Phrase, T], longest: int = 4) -> tuple[T, int] | None:
        """What the longest phrase of a table that stands here means, and the index after it."""
        for length in range(min(longest, len(self.tokens) - at), 0, -1):
            phrase = tuple(token.text for token in self.tokens[at : at + length])
            if phrase in table:
                return table[phrase], at + length
        return None

    def number(self, at: int, *, whole: bool = False, inner: bool = False) -> Reading | None:
        """The cardinal number that begins here."""
        found = self.numbers.read(self.tokens, at, ordinals=False, whole=whole, inner=inner)
        return None if found is None or found.ordinal else found

    def written(self, at: int, pattern: re.Pattern[str]) -> tuple[re.Match[str], int] | None:
        """A match of a pattern that begins at a token and ends with one, and the index after it."""
        if at >= len(self.tokens):
            return None
        match = pattern.match(self.text, self.tokens[at].start)
        if match is None:
            return None
        end = bisect_left(self._starts, match.end())
        if end and self.tokens[end - 1].end > match.end():
            return None
        return match, end
