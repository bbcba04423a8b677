"""Amounts: numbers, ordinals, fractions, percentages, temperatures, durations."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction

from voxedge.numbers import Reading
from voxedge.understanding.values.scan import Read, Scan

_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 7 * 86_400,
    "fortnight": 14 * 86_400,
}
_MONTHS = {"month": 1, "year": 12}
_ORDER = ["second", "minute", "hour", "day", "week", "fortnight", "month", "year"]
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])(?![\w:])")
_COMPOUND_UNITS = {"stunde": "hour", "stunden": "hour", "jahr": "year", "jahre": "year", "jahren": "year"}
MAX_PARTS = 8


def plain(value: Fraction) -> int | float:
    """An int where the value is whole, else a float."""
    return int(value) if value.denominator == 1 else float(value)


def read_number(scan: Scan, at: int) -> Read | None:
    """A cardinal number, with or without fraction and sign."""
    found = scan.number(at)
    return Read(plain(found.value), None, found.end) if found is not None else None


def read_ordinal(scan: Scan, at: int) -> Read | None:
    """An ordinal number."""
    found = scan.numbers.read(scan.tokens, at)
    if found is None or not found.ordinal:
        return None
    return Read(int(found.value), None, found.end)


def read_fraction(scan: Scan, at: int) -> Read | None:
    """A number with a fraction in words or with a slash; "half" counts, "2.5" doesn't."""
    found = scan.number(at)
    if found is None:
        if scan.word(at) in scan.lexicon.quarters:
            return Read(0.25, None, at + 1)
        return None
    decimal = any(
        scan.word(place) in scan.numbers.words.points or "." in scan.word(place) or "," in scan.word(place)
        for place in range(at, found.end)
    )
    return None if not found.fraction or decimal else Read(plain(found.value), None, found.end)


def read_percent(scan: Scan, at: int) -> Read | None:
    """A number and a word for percent."""
    found = scan.number(at)
    if found is None:
        return None
    end = scan.phrase(found.end, scan.lexicon.percent)
    return Read(plain(found.value), "percent", end) if end != found.end else None


def read_temperature(scan: Scan, at: int) -> Read | None:
    """A number with degrees, a scale, or both."""
    found = scan.number(at)
    if found is None:
        return None
    end, unit = found.end, "degree"
    has_degrees = scan.word(end) in scan.lexicon.degrees
    end += has_degrees
    if has_degrees and scan.word(end) in scan.numbers.words.joiners and not found.fraction:
        rest = _fraction_after(scan, end + 1)  # "veinte grados y medio"
        if rest is not None:
            found, end = dataclasses.replace(found, value=found.value + rest[0], end=rest[1] - 1), rest[1]
    below = scan.phrase(end, scan.lexicon.below_zero)
    scale = scan.lexicon.scales.get(scan.word(below))
    # A lone letter is a scale after "°" and in upper case: "21 C", not "vitamin 2 c".
    if scale is not None and (has_degrees or len(scan.word(below)) > 1 or _upper(scan, below)):
        end, unit, has_degrees = below + 1, scale, True
    if not has_degrees:
        return None
    value = found.value
    after = scan.phrase(end, scan.lexicon.below_zero)
    if below > end or after > end or (unit != "degree" and below > found.end + 1):
        end = max(end, below, after)
        value = -abs(value)
    return Read(plain(value), unit, end)


def _upper(scan: Scan, at: int) -> bool:
    token = scan.tokens[at]
    return scan.text[token.start : token.end].isupper()


def read_duration(scan: Scan, at: int) -> Read | None:
    """Parts from the largest unit to the smallest: "an hour and a half", "2 h 30", "1:30:00".

    Seconds, unless a part counts months or years: then all parts must, and the unit is ``month``.
    """
    clock = scan.written(at, _CLOCK)
    if clock is not None:
        hours, minutes, seconds = (int(group) for group in clock[0].groups())
        return Read(hours * 3600 + minutes * 60 + seconds, "s", clock[1])
    total, last, end, months = Fraction(0), len(_ORDER), at, False
    for part_number in range(MAX_PARTS):
        start = end
        if part_number and scan.word(start) in scan.lexicon.joiners:
            start += 1
            if scan.word(start) in scan.lexicon.joiners:
                start += 1
        part = _part(scan, start)
        if part is None or _ORDER.index(part[1]) >= last:
            bare = _bare_part(scan, start, last) if part_number and part is None else None
            if bare is not None:
                total, end = total + bare[0], bare[1]
            break
        amount, unit, end = part
        if part_number and (unit in _MONTHS) != months:
            return None
        months, last = unit in _MONTHS, _ORDER.index(unit)
        total += amount * (_MONTHS[unit] if months else _SECONDS[unit])
    if end == at or last == len(_ORDER):
        return None
    return Read(plain(total), "month" if months else "s", end)


def _part(scan: Scan, at: int) -> tuple[Fraction, str, int] | None:
    """An amount and its unit, with a fraction after it ("and a half")."""
    found = _amount(scan, at)
    if found is None:
        return None
    amount, unit_at = found
    unit = scan.lexicon.units.get(scan.word(unit_at))
    if unit is None:
        unit = _COMPOUND_UNITS.get(scan.word(unit_at)) if scan.language == "de" else None
    if unit is None:
        return None
    end = unit_at + 1
    if scan.word(end) == "." and len(scan.word(unit_at)) <= 3 and end < len(scan.tokens) - 1:
        end += 1  # "5 min. 30"
    if scan.word(end) in scan.numbers.words.joiners:
        rest = _fraction_after(scan, end + 1)
        if rest is not None:
            return amount + rest[0], unit, rest[1]
    return amount, unit, end


def _amount(scan: Scan, at: int) -> tuple[Fraction, int] | None:
    """The number before a unit; "an", "half an", "a quarter of an", nothing before Spanish "hora y media"."""
    if scan.word(at) in scan.lexicon.quarters:
        end = scan.phrase(at + 1, scan.lexicon.of)
        return Fraction(1, 4), end
    article = scan.language == "de" and scan.word(at) in {"eine", "einer"} and not scan.tokens[at].inner
    if article and _in_compound(scan, at + 1):
        at += 1  # "eine Dreiviertelstunde"
    found: Reading | None = scan.number(at, inner=True)
    if found is None:
        if scan.word(at) in scan.numbers.words.articles:
            return Fraction(1), at + 1
        if scan.lexicon.units.get(scan.word(at)) == "hour" and scan.language in {"es", "en"}:
            after = scan.word(at + 1)
            if after in scan.numbers.words.joiners and _fraction_after(scan, at + 2) is not None:
                return Fraction(1), at
        return None
    if found.value < 0:
        return None
    end = found.end
    if found.fraction and scan.word(end) not in scan.lexicon.units:
        end = scan.phrase(end, scan.lexicon.of)
    return found.value, end


def _in_compound(scan: Scan, at: int) -> bool:
    return (
        at < len(scan.tokens)
        and scan.tokens[at].inner
        and scan.word(at) not in scan.numbers.words.denominators
    )


def _fraction_after(scan: Scan, at: int) -> tuple[Fraction, int] | None:
    """A half or quarter after the unit, that isn't the amount of a next part ("and half a minute")."""
    if scan.word(at) in scan.lexicon.quarters | scan.lexicon.halves and not _unit_at(scan, at + 1):
        return (Fraction(1, 4) if scan.word(at) in scan.lexicon.quarters else Fraction(1, 2)), at + 1
    found = scan.number(at)
    if found is None or not found.fraction or found.value >= 1 or _unit_at(scan, found.end):
        return None
    return found.value, found.end


def _unit_at(scan: Scan, at: int) -> bool:
    return scan.word(scan.phrase(at, scan.lexicon.of)) in scan.lexicon.units


def _bare_part(scan: Scan, at: int, last: int) -> tuple[Fraction, int] | None:
    """A number without a unit counts the next smaller one: "2 h 30", "une heure trente"."""
    if last not in {_ORDER.index("hour"), _ORDER.index("minute")}:
        return None
    found = scan.number(at)
    if found is None or found.fraction or not 0 < found.value < 60 or scan.word(at - 1) in {","}:
        return None
    return found.value * (60 if last == _ORDER.index("hour") else 1), found.end
