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


def words_of(numbers: RangeList, language: str) -> Iterator[tuple[str, float]]:
    """The range's numbers in words, with their values before the multiplier."""
    if not numbers.words:
        return
    code = numbers.words_language or language
    for number in numbers_of(numbers):
        for words in spell(code, number):
            yield words, number
