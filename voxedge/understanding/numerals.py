"""Number words of the ranges in templates, in any language that CLDR has spelling rules for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from voxedge.understanding.grammar import FRACTIONS, RangeList

MAX_NUMBERS = 5000
"""Longer ranges are taken in digits, and in words as far as the first so many numbers."""

_SCRIPTS = {"zh_hk": "zh_Hant", "zh_mo": "zh_Hant", "zh_tw": "zh_Hant"}


def _codes(language: str) -> Iterator[str]:
    code = language.replace("-", "_")
    yield code
    if code.lower() in _SCRIPTS:
        yield _SCRIPTS[code.lower()]
    yield code.split("_")[0]


@lru_cache(maxsize=64)
def spell(language: str, number: float) -> tuple[str, ...]:
    """All ways to spell a number in words (genders, with hyphens or blanks); empty if unknown."""
    from unicode_rbnf import RbnfEngine

    for code in _codes(language):
        try:
            engine = _engine(RbnfEngine, code)
            return tuple(dict.fromkeys(engine(number)))
        except ValueError:
            continue
    return ()


_ENGINES: dict[str, object] = {}


def _engine(kind: type, code: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    engine = _ENGINES.get(code)
    if engine is None:
        engine = _ENGINES[code] = kind.for_language(code)  # type: ignore[attr-defined]
    return lambda number: engine.format_number(number).text_by_ruleset.values()  # type: ignore[attr-defined]


def numbers_of(numbers: RangeList) -> Iterator[float]:
    """The numbers of a range, in order, as far as `MAX_NUMBERS`."""
    fractions = FRACTIONS.get(numbers.fractions, ())
    for count, whole in enumerate(range(numbers.first, numbers.last + 1, numbers.step)):
        if count >= MAX_NUMBERS:
            return
        yield whole
        for fraction in fractions:
            yield whole + fraction


_HALVES = {
    "en": (" and a half", " and one half"),
    "es": (" y medio", " y media"),
    "de": ("einhalb", " einhalb", " und ein halb"),
    "fr": (" et demi", " et demie"),
}
"""What is said after a number for half a one more, beside "point five"."""


def halves(numbers: RangeList, language: str) -> tuple[str, ...]:
    """What may follow a number of the range, in digits or words, for half a one more."""
    if 0.5 not in FRACTIONS.get(numbers.fractions, ()):
        return ()
    return _HALVES.get((numbers.words_language or language)[:2], ())


def words_of(numbers: RangeList, language: str) -> Iterator[tuple[str, float]]:
    """The range's numbers in words, with their values before the multiplier."""
    if not numbers.words:
        return
    code = numbers.words_language or language
    endings = halves(numbers, language)
    for number in numbers_of(numbers):
        for words in spell(code, number):
            yield words, number
            if endings and float(number).is_integer():
                for ending in endings:
                    yield words + ending, number + 0.5
