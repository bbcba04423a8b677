"""Dates, and dates with times, counted from a moment that is handed in."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from voxedge.understanding.values.amounts import read_duration
from voxedge.understanding.values.clock import read_time
from voxedge.understanding.values.scan import Read, Scan

_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?![0-9-])")
_NUMERIC = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![0-9])")
_DAY_MONTH = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.(?![0-9])")
_YEARS = range(1000, 3000)
_CENTURY_SPLIT = 70


def read_date(scan: Scan, at: int) -> Read | None:
    """A date. One without a year, and one like "tomorrow", need the moment to count from."""
    found = _date(scan, at)
    return Read(found[0].isoformat(), None, found[1]) if found is not None else None


def read_datetime(scan: Scan, at: int) -> Read | None:
    """A date with a time, a time with a date, or a distance ("in two hours"); needs the moment for these."""
    moved = _moved_moment(scan, at)
    if moved is not None:
        return moved
    found = _date(scan, at)
    if found is not None:
        day, end = found
        if scan.word(end) == ",":
            end += 1
        clock = read_time(scan, end)
        part = scan.lookup(at, scan.lexicon.parts)
        if clock is not None and part is not None and part[1] == found[1]:
            again = _with_part(str(clock.value), part[0])
            return Read(_joined(scan, day, again), None, clock.end)
        return Read(_joined(scan, day, str(clock.value)), None, clock.end) if clock is not None else None
    clock = read_time(scan, at)
    if clock is None:
        return None
    found = _date(scan, clock.end)
    if found is not None:
        return Read(_joined(scan, found[0], str(clock.value)), None, found[1])
    return None


def next_time(scan: Scan, at: int) -> Read | None:
    """A time alone, as the next moment at which the clock shows it."""
    clock = read_time(scan, at)
    if clock is None or scan.now is None:
        return None
    candidates = [str(clock.value)]
    hour = int(candidates[0][:2])
    spoken = scan.text[scan.tokens[at].start : scan.tokens[clock.end - 1].end]
    exact = any(part[1] == clock.end for part in _parts_in(scan, at, clock.end)) or re.match(
        r"\D*0\d", spoken
    )
    if 1 <= hour <= 12 and not exact and not _is_named(scan, at):
        # "seven" may be in the morning or in the evening: the one that comes first.
        candidates.append(f"{(hour + 12) % 24:02d}{candidates[0][2:]}")
    days = (scan.now.date() + timedelta(days=ahead) for ahead in (0, 1))
    moments = [_joined(scan, day, value) for day in days for value in candidates]
    later = sorted(moment for moment in moments if datetime.fromisoformat(moment) > scan.now)
    return Read(later[0], None, clock.end)


def _is_named(scan: Scan, at: int) -> bool:
    start = scan.phrase(at, scan.lexicon.at_time)
    return any(scan.phrase(start, group) != start for group in (scan.lexicon.noon, scan.lexicon.midnight))


def _parts_in(scan: Scan, at: int, end: int) -> list[tuple[str, int]]:
    return [
        found for place in range(at, end) if (found := scan.lookup(place, scan.lexicon.parts)) is not None
    ]


def _with_part(value: str, part: str) -> str:
    hour = int(value[:2])
    if part in {"pm", "night"} and (hour < 12 and (part == "pm" or hour >= 6)):
        hour += 12
    return f"{hour:02d}{value[2:]}"


def _joined(scan: Scan, day: date, value: str) -> str:
    hour, minute, second = (int(piece) for piece in [*value.split(":"), "0"][:3])
    zone = scan.now.tzinfo if scan.now is not None else None
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone).isoformat()


def _moved_moment(scan: Scan, at: int) -> Read | None:
    moved = _distance(scan, at)
    if moved is None or scan.now is None or moved[1] != "s" or moved[0] % 86_400 == 0:
        return None
    try:
        if scan.now.tzinfo is None:
            moment = scan.now + timedelta(seconds=moved[0])
        else:
            # By the universal clock: "in two hours" is two hours on the day when summer time begins, too.
            universal = scan.now.astimezone(timezone.utc) + timedelta(seconds=moved[0])
            moment = universal.astimezone(scan.now.tzinfo)
    except OverflowError:
        return None
    return Read(moment.replace(microsecond=0).isoformat(), None, moved[2])


def _distance(scan: Scan, at: int) -> tuple[float, str, int] | None:
    """A signed distance from now: "in three days", "three days ago"."""
    for before, after, sign in (
        (scan.lexicon.ahead, scan.lexicon.ahead_after, 1),
        (scan.lexicon.ago, scan.lexicon.ago_after, -1),
    ):
        start = scan.phrase(at, before)
        found = read_duration(scan, start)
        if found is None:
            continue
        end = scan.phrase(found.end, after)
        if start == at and end == found.end:
            continue
        return sign * float(found.value), found.unit or "s", end
    return None


def _date(scan: Scan, at: int) -> tuple[date, int] | None:
    if at >= len(scan.tokens):
        return None
    try:
        return _relative(scan, at) or _written(scan, at) or _weekday(scan, at) or _named_month(scan, at)
    except (ValueError, OverflowError):
        return None  # the 31st of June


def _relative(scan: Scan, at: int) -> tuple[date, int] | None:
    if scan.now is None:
        return None
    found = scan.lookup(at, scan.lexicon.days)
    if found is not None:
        return scan.now.date() + timedelta(days=found[0]), found[1]
    moved = _distance(scan, at)
    if moved is None:
        return None
    amount, unit, end = moved
    if unit == "month":
        return _add_months(scan.now.date(), int(amount)), end
    if amount % 86_400:
        return None
    return scan.now.date() + timedelta(seconds=amount), end


def _add_months(day: date, months: int) -> date:
    """The same day of another month; its last day where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(last, day.day))
        except ValueError:
            if not 1 <= year <= 9999:
                raise
    raise ValueError("no such date")


def _written(scan: Scan, at: int) -> tuple[date, int] | None:
    start = scan.phrase(at, scan.lexicon.at_date)
    if start >= len(scan.tokens) or scan.tokens[start].number is None:
        return None
    found = scan.written(start, _ISO)
    if found is not None:
        match, end = found
        return date(int(match[1]), int(match[2]), int(match[3])), end
    found = scan.written(start, _NUMERIC)
    if found is not None:
        match, end = found
        day, month = int(match[1]), int(match[3])
        if scan.month_first and match[2] != ".":
            day, month = month, day
        return date(_full_year(int(match[4]), len(match[4])), month, day), end
    found = scan.written(start, _DAY_MONTH) if scan.language == "de" else None
    if found is not None:
        match, end = found
        return _coming(scan, int(match[2]), int(match[1]), None, end)
    return None


def _full_year(year: int, digits: int) -> int:
    return year if digits == 4 else year + (1900 if year >= _CENTURY_SPLIT else 2000)


def _weekday(scan: Scan, at: int) -> tuple[date, int] | None:
    """A day of the week: the coming one (never today), "last" the one before."""
    lexicon = scan.lexicon
    start, back = scan.phrase(at, lexicon.at_date), False
    for phrases, past in ((lexicon.next, False), (lexicon.last, True), (lexicon.this, False)):
        after = scan.phrase(start, phrases)
        if after != start:
            start, back = after, past
            break
    weekday = lexicon.weekdays.get(scan.word(start))
    if weekday is None:
        return None
    end = start + 1
    exact = _named_month(scan, scan.phrase(end, ((",",),))) or (
        _written(scan, scan.phrase(end, ((",",),))) if scan.word(end) == "," else None
    )
    if exact is not None:
        return exact  # "Monday, the third of March": the date counts
    for phrases, past in ((lexicon.next, False), (lexicon.last, True)):
        if scan.language in {"es", "fr"} and scan.phrase(end, phrases) != end:
            end, back = scan.phrase(end, phrases), past
            break
    if scan.now is None:
        return None
    today = scan.now.weekday()
    distance = -((today - weekday - 1) % 7 + 1) if back else (weekday - today - 1) % 7 + 1
    return scan.now.date() + timedelta(days=distance), end


def _named_month(scan: Scan, at: int) -> tuple[date, int] | None:
    start = scan.phrase(at, scan.lexicon.at_date)
    month = scan.lexicon.months.get(scan.word(start))
    if month is not None:
        if scan.language != "en":
            return None
        found = _day(scan, scan.phrase(_past_dot(scan, start + 1), (("the",),)))
        return _finish(scan, month, found[0], found[1]) if found is not None else None
    found = _day(scan, start)
    if found is None:
        return None
    day, end = found
    month_at = scan.phrase(end, scan.lexicon.of_month)
    month = scan.lexicon.months.get(scan.word(month_at))
    if month is None and scan.language == "de":
        second = scan.numbers.read(scan.tokens, month_at)  # "am dritten fuenften"
        if second is not None and second.ordinal and second.value <= 12 and not second.written:
            return _finish(scan, int(second.value), day, second.end)
    return _finish(scan, month, day, _past_dot(scan, month_at + 1)) if month is not None else None


def _past_dot(scan: Scan, at: int) -> int:
    """Past the full stop of "Jan."."""
    short = len(scan.word(at - 1)) <= 4 and scan.word(at) == "." and at + 1 < len(scan.tokens)
    return at + 1 if short else at


def _day(scan: Scan, at: int) -> tuple[int, int] | None:
    found = scan.numbers.read(scan.tokens, at, whole=True)
    if found is None or found.fraction or not 1 <= found.value <= 31:
        return None
    return int(found.value), found.end


def _finish(scan: Scan, month: int, day: int, end: int) -> tuple[date, int] | None:
    year_at = scan.phrase(end, scan.lexicon.of_month)
    year = _year(scan, year_at)
    return (
        _coming(scan, month, day, year[0], year[1])
        if year is not None
        else _coming(scan, month, day, None, end)
    )


def _year(scan: Scan, at: int) -> tuple[int, int] | None:
    """A year, as a number or in pairs ("nineteen eighty four", "twenty twenty six")."""
    found = scan.number(at, whole=True)
    if found is None or found.fraction:
        return None
    if found.value in _YEARS:
        return int(found.value), found.end
    if scan.language == "en" and not found.written and 10 <= found.value <= 29:
        zero = scan.word(found.end) in {"oh", "o"}
        rest = scan.number(found.end + zero, whole=True)
        if rest is not None and not rest.fraction and (10 <= rest.value <= 99 or (zero and rest.value < 10)):
            return int(found.value * 100 + rest.value), rest.end
    return None


def _coming(scan: Scan, month: int, day: int, year: int | None, end: int) -> tuple[date, int] | None:
    """The date; without a year, the next one from today on."""
    if year is not None:
        return date(year, month, day), end
    if scan.now is None:
        return None
    today = scan.now.date()
    for ahead in range(9):  # the 29th of February may be eight years away
        try:
            found = date(today.year + ahead, month, day)
        except ValueError:
            continue
        if found >= today:
            return found, end
    return None
