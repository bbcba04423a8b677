"""Reading numbers below a hundred: where the languages differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from voxedge.numbers.tables import NumberWords
from voxedge.numbers.tokens import Token, words_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that was read.

    Attributes:
        value: Exact value.
        end: Index of the first token after it.
        ordinal: "third" rather than "three".
        fraction: Whether it is (or has) a fraction or decimals.
        written: Whether it was written in digits.
        words: How many tokens it took.
    """

    value: Fraction
    end: int
    ordinal: bool = False
    fraction: bool = False
    written: bool = False
    words: int = 1

    def plain(self) -> int | float:
        """The value as int where it is whole, else float."""
        return int(self.value) if self.value.denominator == 1 else float(self.value)


class SmallReader:
    """Reads numbers below a hundred of one language, and what all levels need.

    Args:
        language: ISO 639-1 code, with or without a region.

    Raises:
        LanguageUnsupported: The language has no table.
    """

    def __init__(self, language: str) -> None:
        self.words: NumberWords = words_of(language)
        self.language = language[:2].lower()

    def _past_joiner(self, tokens: Sequence[Token], at: int) -> int:
        return at + 1 if at < len(tokens) and tokens[at].text in self.words.joiners else at

    def _below_hundred(self, tokens: Sequence[Token], at: int) -> Reading | None:
        if at >= len(tokens):
            return None
        words, first = self.words, tokens[at].text
        if self.language == "fr":
            return self._french(tokens, at)
        if self.language == "de":
            return self._german(tokens, at)
        if first in words.tens:
            return self._tens(tokens, at, words.tens[first])
        if first in words.small:
            return Reading(Fraction(words.small[first]), at + 1)
        ordinal = words.ordinals.get(first)
        if ordinal is None or ordinal >= 100:
            return None
        if self.language == "es":
            return self._spanish_ordinal(tokens, at)
        return Reading(Fraction(ordinal), at + 1, ordinal=True)

    def _spanish_ordinal(self, tokens: Sequence[Token], at: int) -> Reading:
        """Every part is an ordinal: "centésimo vigésimo primero"."""
        total, place = 0, 1000
        while at < len(tokens):
            value = self.words.ordinals.get(tokens[at].text, 0)
            if not 0 < value < place:
                break
            total += value
            at += 1
            place = 100 if value >= 100 else 10 if value >= 10 else 1
            if value % 10 and value > 10:
                break
        return Reading(Fraction(total), at, ordinal=True)

    def _tens(self, tokens: Sequence[Token], at: int, tens: int) -> Reading:
        """Tens with or without a unit: "twenty one", "treinta y uno"."""
        alone = Reading(Fraction(tens), at + 1)
        unit_at = at + 1
        if self.language == "es":
            unit_at = self._past_joiner(tokens, at + 1)
            if unit_at == at + 1:
                return alone
        if unit_at >= len(tokens):
            return alone
        unit = self.words.small.get(tokens[unit_at].text, 0)
        if 0 < unit < 10:
            return Reading(Fraction(tens + unit), unit_at + 1)
        unit = self.words.ordinals.get(tokens[unit_at].text, 0)
        if 0 < unit < 10 and self.language == "en":
            return Reading(Fraction(tens + unit), unit_at + 1, ordinal=True)
        return alone

    def _german(self, tokens: Sequence[Token], at: int) -> Reading | None:
        words, first = self.words, tokens[at].text
        if first in words.tens:
            return Reading(Fraction(words.tens[first]), at + 1)
        unit = words.small.get(first)
        if unit is None:
            ordinal = words.ordinals.get(first)
            return (
                None if ordinal is None or ordinal > 100 else Reading(Fraction(ordinal), at + 1, ordinal=True)
            )
        if 0 < unit < 10 and at + 2 < len(tokens) and tokens[at + 1].text == "und":
            last = tokens[at + 2].text
            if last in words.tens:
                return Reading(Fraction(unit + words.tens[last]), at + 3)
            tens = words.ordinals.get(last, 0)
            if tens >= 20 and tens % 10 == 0 and tens < 100:
                return Reading(Fraction(unit + tens), at + 3, ordinal=True)
        return Reading(Fraction(unit), at + 1)

    def _french(self, tokens: Sequence[Token], at: int) -> Reading | None:
        words, first = self.words, tokens[at].text
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if first == "quatre" and after in {"vingt", "vingts"}:
            return self._french_unit(tokens, at + 2, 80)
        if first == "quatre" and after in {"vingtieme", "vingtsieme"}:
            return Reading(Fraction(80), at + 2, ordinal=True)
        if first in words.tens:
            return self._french_unit(tokens, at + 1, words.tens[first])
        if first == "dix":
            return self._french_unit(tokens, at + 1, 10)
        if first in words.small:
            return Reading(Fraction(words.small[first]), at + 1)
        ordinal = words.ordinals.get(first)
        return None if ordinal is None or ordinal > 100 else Reading(Fraction(ordinal), at + 1, ordinal=True)

    def _french_unit(self, tokens: Sequence[Token], at: int, tens: int) -> Reading:
        """What may follow tens: 1..9, after 60 and 80 also 10..19, after 10 only 7..9."""
        low, high = (7, 9) if tens == 10 else (1, 19 if tens in {60, 80} else 9)
        alone = Reading(Fraction(tens), at)
        unit_at = self._past_joiner(tokens, at)
        if unit_at >= len(tokens):
            return alone
        word = tokens[unit_at].text
        unit, end, ordinal = self.words.small.get(word), unit_at + 1, False
        if unit is None:
            unit, ordinal = self.words.ordinals.get(word, 0), True
            if word in {"premier", "premiere", "second", "seconde"}:
                return alone
        elif unit == 10:
            teen = self._french_unit(tokens, unit_at + 1, 10)
            unit, end, ordinal = int(teen.value), teen.end, teen.ordinal
        if not low <= unit <= high or (unit_at != at and unit not in {1, 11}):
            return alone
        return Reading(Fraction(tens + unit), end, ordinal)
