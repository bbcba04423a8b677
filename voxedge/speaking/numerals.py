"""Numbers in words, by the spell-out rules of Unicode's CLDR (through ``unicode-rbnf``)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

MAX_DIGITS = 15
"""Longer numbers are read digit by digit: nobody follows a quadrillion."""

_POINT = {"en": "point", "es": "coma", "de": "Komma", "fr": "virgule"}
_MINUS = {"en": "minus", "es": "menos", "de": "minus", "fr": "moins"}
# Spanish and French read decimals as a number ("tres coma catorce"), English and German as digits.
_DECIMALS_AS_NUMBER = {"es", "fr"}
# French has its own way with years before 2000, but the plain number is at least as usual.
_YEARS_OF_THEIR_OWN = {"en", "de"}
_SOFT_HYPHEN = "\u00ad"


def cardinal(number: str, language: str, *, feminine: bool = False) -> str:
    """A number in words.

    Args:
        number: Digits, perhaps with ``-`` before and with a ``.`` and decimals: ``"-12.5"``.
        language: ``en``, ``es``, ``de`` or ``fr``.
        feminine: For what is counted, in Spanish and French.
    """
    sign = f"{_MINUS[language]} " if number.startswith("-") else ""
    whole, _, decimals = number.lstrip("-").partition(".")
    if len(whole) > MAX_DIGITS:
        words = digits(whole, language)
    else:
        found = _engine(language).format_number(int(whole or "0")).text_by_ruleset
        wanted = "spellout-cardinal-feminine" if feminine else "spellout-numbering"
        words = found.get(wanted, next(iter(found.values())))
    if decimals:
        as_number = language in _DECIMALS_AS_NUMBER and len(decimals) <= 2 and decimals[0] != "0"
        spelled = cardinal(decimals, language) if as_number else digits(decimals, language)
        words = f"{words} {_POINT[language]} {spelled}"
    return f"{sign}{words}".replace(_SOFT_HYPHEN, "")


def ordinal(number: int, language: str, form: str = "") -> str:
    """An ordinal in words.

    Args:
        number: 1 or more.
        language: ``en``, ``es``, ``de`` or ``fr``.
        form: Ending of CLDR's rule set, where the language has several: ``feminine``, ``n`` (German
            "dritten"), ``r`` ("dritter").
    """
    from unicode_rbnf import FormatPurpose

    found = _engine(language).format_number(number, FormatPurpose.ORDINAL).text_by_ruleset
    for ruleset in (f"spellout-ordinal-{form}", "spellout-ordinal", "spellout-ordinal-masculine"):
        if ruleset in found:
            return found[ruleset].replace(_SOFT_HYPHEN, "")
    return next(iter(found.values()))


def year(number: int, language: str) -> str:
    """A year in words: "nineteen eighty-four"."""
    from unicode_rbnf import FormatPurpose

    if language not in _YEARS_OF_THEIR_OWN:
        return cardinal(str(number), language)
    return _engine(language).format_number(number, FormatPurpose.YEAR).text.replace(_SOFT_HYPHEN, "")


def digits(text: str, language: str) -> str:
    """Digits one by one; anything else is left out."""
    return " ".join(_digit(d, language) for d in text if d.isdigit())


@lru_cache(maxsize=64)
def _digit(digit: str, language: str) -> str:
    return cardinal(digit, language)


@lru_cache(maxsize=8)
def _engine(language: str) -> RbnfEngine:
    from unicode_rbnf import RbnfEngine

    return RbnfEngine.for_language(language)
