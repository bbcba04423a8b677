"""Reading one value, and finding all values of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from voxedge.errors import UsageError
from voxedge.understanding.values.amounts import (
    read_duration,
    read_fraction,
    read_number,
    read_ordinal,
    read_percent,
    read_temperature,
)
from voxedge.understanding.values.calendar import next_time, read_date, read_datetime
from voxedge.understanding.values.clock import read_time
from voxedge.understanding.values.colors import read_color
from voxedge.understanding.values.contract import KINDS, Kind, Value
from voxedge.understanding.values.scan import Read, Scan
from voxedge.understanding.values.spelling import read_digit_string, read_letter_string

_Reader = Callable[[Scan, int], "Read | None"]

_READERS: Mapping[Kind, _Reader] = {
    "datetime": lambda scan, at: read_datetime(scan, at) or next_time(scan, at),
    "date": read_date,
    "time": read_time,
    "duration": read_duration,
    "temperature": read_temperature,
    "percent": read_percent,
    "color": read_color,
    "digits": read_digit_string,
    "letters": read_letter_string,
    "ordinal": read_ordinal,
    "fraction": read_fraction,
    "number": read_number,
}
_FINDERS: Mapping[Kind, _Reader] = {
    **_READERS,
    "datetime": read_datetime,
    "time": lambda scan, at: read_time(scan, at, strict=True),
}
_LEAST_SPELLED = 3


def parse(kind: Kind, text: str, language: str, now: datetime | None = None) -> Value | None:
    """Reads a text that is one value as a whole: ``parse("duration", "half an hour", "en").value`` is 1800.

    Args:
        kind: One of `KINDS`.
        text: Spoken or written; blanks and marks at the ends don't matter.
        language: ISO 639-1: en, es, de, fr; ``en-GB`` reads 3/4 as the third of April.
        now: The moment that "tomorrow" and dates without a year are counted from; with a time zone or
            without. Times of day without a hint stay as spoken in ``time`` ("seven" is 07:00); in
            ``datetime`` they are the next moment at which a clock shows them.

    Returns:
        The value, or None where the text is no such value, or counts from a moment that wasn't handed in.

    Raises:
        LanguageUnsupported: The language has no word lists.
        TextInvalid: The text is no string, or longer than 20,000 characters.
        UsageError: There is no such kind.
    """
    reader = _reader(kind, _READERS)
    scan = Scan(text, language, now)
    if not scan.tokens:
        return None
    found = reader(scan, 0)
    if found is None or any(
        scan.word(at) not in {".", ",", "!", "?", ";"} for at in range(found.end, len(scan.tokens))
    ):
        return None
    return _value(scan, kind, 0, found)


def find_all(
    text: str, language: str, now: datetime | None = None, kinds: Sequence[Kind] = KINDS
) -> tuple[Value, ...]:
    """Finds the values of a text, from left to right, without overlaps; where several begin, the longest.

    Words that are more often something else are left alone: "one", "second", a single letter, a number that
    might be an hour. What must be read that way is for `parse`.

    Args:
        text: Spoken or written.
        language: ISO 639-1: en, es, de, fr.
        now: As in `parse`.
        kinds: What to look for; of two equally long readings, the kind that comes first.

    Raises:
        LanguageUnsupported: The language has no word lists.
        TextInvalid: The text is no string, or longer than 20,000 characters.
        UsageError: There is no such kind.
    """
    readers = [(kind, _reader(kind, _FINDERS)) for kind in kinds]
    scan = Scan(text, language, now)
    found: list[Value] = []
    at = 0
    while at < len(scan.tokens):
        best: tuple[Kind, Read] | None = None
        if not (at and scan.tokens[at - 1].inner):
            for kind, reader in readers:
                read = reader(scan, at)
                if read is None or not _sure(scan, kind, at, read):
                    continue
                if best is None or read.end > best[1].end:
                    best = kind, read
        if best is None:
            at += 1
            continue
        found.append(_value(scan, best[0], at, best[1]))
        at = best[1].end
    return tuple(found)


def _reader(kind: Kind, readers: Mapping[Kind, _Reader]) -> _Reader:
    reader = readers.get(kind)
    if reader is None:
        raise UsageError(f"There is no kind of value {kind!r}.", remedy=f"Kinds: {', '.join(KINDS)}.")
    return reader


def _sure(scan: Scan, kind: Kind, at: int, read: Read) -> bool:
    """Whether a reading is likely meant in running text."""
    if kind == "digits":
        return len(str(read.value)) >= _LEAST_SPELLED and read.end - at >= _LEAST_SPELLED
    if kind == "letters":
        return read.end - at >= _LEAST_SPELLED and not str(read.value).isdigit()
    if kind == "duration":  # "a second" is a moment, "a second chance" is none
        return read.end - at > 2 or scan.word(read.end - 1) not in scan.numbers.words.ambiguous
    if kind in {"number", "ordinal", "fraction"}:
        return read.end - at > 1 or scan.word(at) not in scan.numbers.words.ambiguous
    return True


def _value(scan: Scan, kind: Kind, at: int, read: Read) -> Value:
    start, end = scan.tokens[at].start, scan.tokens[read.end - 1].end
    return Value(kind, read.value, read.unit, scan.text[start:end], start, end)
