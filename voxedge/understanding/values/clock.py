"""Times of day, spoken and written. The value is a text in ISO 8601: ``15:30``, or ``15:30:05``."""

from __future__ import annotations

import re

from voxedge.understanding.values.scan import Read, Scan

_WRITTEN = re.compile(r"([01]?[0-9]|2[0-4])(?::|[hH](?=[0-5][0-9]))([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:])")
_DOTTED = re.compile(r"([01]?[0-9]|2[0-4])\.([0-5][0-9])(?![0-9.])")


def read_time(scan: Scan, at: int, *, strict: bool = False) -> Read | None:
    """A time of day.

    Args:
        scan: The text.
        at: Index of the first token.
        strict: Whether a bare number is not enough: in running text "three" is no time, "at three" may be.
    """
    start = scan.phrase(at, scan.lexicon.at_time)
    part: str | None = None
    lead = scan.lookup(start, scan.lexicon.parts)
    if lead is not None:  # "tomorrow morning at nine"
        after = scan.phrase(lead[1], scan.lexicon.at_time)
        if after == lead[1]:
            return None
        part, start = lead[0], after
    found = _named(scan, start) or _written(scan, start) or _spoken(scan, start)
    if found is None:
        return None
    hour, minute, second, end, sure = found
    if part is None:
        tail = scan.lookup(end, scan.lexicon.parts)
        if tail is not None:
            part, end, sure = tail[0], tail[1], True
    if strict and not sure and start == at and lead is None:
        return None
    if part is not None:
        shifted = _in_part(hour, part, scan.language)
        if shifted is None:
            return None
        hour = shifted
    hour %= 24
    seconds = f":{second:02d}" if second is not None else ""
    return Read(f"{hour:02d}:{minute:02d}{seconds}", None, end)


_Clock = tuple[int, int, "int | None", int, bool]


def _in_part(hour: int, part: str, language: str) -> int | None:
    """The hour on a 24-hour clock, by the part of the day; None where they don't go together."""
    if hour > 12:
        return hour if part != "am" else None
    if part == "am":
        return 0 if hour == 12 else hour
    if part == "pm":
        return 12 if hour == 12 else hour + 12
    if part == "noon":
        return hour + 12 if hour < 11 else hour
    if hour == 12:
        return 0
    return hour + 12 if hour >= 6 else hour  # at night: eleven is before midnight, three is after


def _named(scan: Scan, at: int) -> _Clock | None:
    """Noon and midnight, with what may follow in French ("midi et demi")."""
    for phrases, hour in ((scan.lexicon.noon, 12), (scan.lexicon.midnight, 0)):
        end = scan.phrase(at, phrases)
        if end == at:
            continue
        minute = 0
        if scan.language == "fr":
            rest = _after_hour(scan, end)
            if rest is not None:
                minute, end = rest
        total = hour * 60 + minute
        return (total // 60) % 24, total % 60, None, end, True
    return None


def _written(scan: Scan, at: int) -> _Clock | None:
    if at >= len(scan.tokens) or scan.tokens[at].number is None:
        return None
    found = scan.written(at, _WRITTEN)
    sure = found is not None
    if found is None:
        found = scan.written(at, _DOTTED)
        if found is None:
            return None
    match, end = found
    hour, minute = int(match[1]), int(match[2])
    second = int(match[3]) if match.lastindex is not None and match.lastindex >= 3 else None
    if hour == 24 and (minute or second):
        return None
    if scan.word(end) in scan.lexicon.hours:
        end, sure = end + 1, True
    if not sure and scan.lookup(end, scan.lexicon.parts) is None:
        return None  # "3.30" alone is a number
    return hour, minute, second, end, sure


def _spoken(scan: Scan, at: int) -> _Clock | None:
    return _half_to(scan, at) or _around(scan, at) or _hour_first(scan, at)


def _half_to(scan: Scan, at: int) -> _Clock | None:
    """German "halb vier", "viertel vier", "dreiviertel vier"; English "half three" (which is after)."""
    word, after = scan.word(at), at + 1
    if scan.language == "en" and word == "half":
        hour = _hour(scan, after)
        return (hour[0], 30, None, hour[1], True) if hour is not None and hour[0] <= 12 else None
    if scan.language != "de":
        return None
    back = {"halb": 30, "viertel": 45}.get(word)
    if word == "drei" and scan.word(after) == "viertel":
        back, after = 15, at + 2
    hour = _hour(scan, after) if back is not None else None
    if back is None or hour is None or hour[0] > 12:
        return None
    return (hour[0] - 1) % 12 if hour[0] != 1 else 0, 60 - back, None, hour[1], True


def _around(scan: Scan, at: int) -> _Clock | None:
    """Minutes before or after an hour: "quarter past three", "zehn vor halb vier"."""
    if scan.language not in {"en", "de"}:
        return None
    lexicon, start = scan.lexicon, at
    if scan.word(at) in scan.numbers.words.articles and scan.word(at + 1) in lexicon.quarters:
        start = at + 1
    if scan.word(start) in lexicon.quarters:
        minute, end = 15, start + 1
    elif scan.language == "en" and scan.word(start) in lexicon.halves:
        minute, end = 30, start + 1
    else:
        found = scan.number(start, whole=True)
        if found is None or found.fraction or not 0 < found.value < 60:
            return None
        minute, end = int(found.value), found.end
        if scan.word(end) in lexicon.minutes:
            end += 1
    after = scan.phrase(end, lexicon.past)
    sign = 1 if after != end else -1
    if after == end:
        after = scan.phrase(end, lexicon.to)
    if after == end:
        return None
    base = _half_to(scan, after) if scan.language == "de" else None
    if base is not None:
        total, end = base[0] * 60 + base[1], base[3]
    else:
        named = _named(scan, after)
        hour = (named[0], named[3]) if named is not None else _hour(scan, after)
        if hour is None:
            return None
        total, end = hour[0] * 60, hour[1]
    if scan.word(end) in lexicon.hours:
        end += 1
    total = total + sign * minute
    if total < 60 and base is None and total >= 0 and sign < 0:
        total += 0  # "ten to one" is 00:50 as spoken
    total %= 1440
    return total // 60, total % 60, None, end, True


def _hour(scan: Scan, at: int) -> tuple[int, int] | None:
    found = scan.number(at, whole=True)
    if found is None or found.fraction or not 0 <= found.value <= 24 or found.words > 3:
        return None
    return int(found.value), found.end


def _hour_first(scan: Scan, at: int) -> _Clock | None:
    """Hour and minutes: "three thirty", "15 Uhr 30", "las tres y media", "trois heures moins le quart"."""
    hour = _hour(scan, at)
    if hour is None:
        return None
    value, end = hour
    sure = False
    if scan.word(end) in scan.lexicon.hours:
        end, sure = end + 1, True
        if scan.language == "fr" and scan.word(end) == ".":
            return value, 0, None, end, True
    elif scan.language == "fr":
        return None if value > 24 else (value, 0, None, end, False)
    if scan.language == "es" and scan.word(end) == "en" and scan.word(end + 1) == "punto":
        return value, 0, None, end + 2, True
    rest = _after_hour(scan, end)
    if rest is None:
        return value, 0, None, end, sure
    minute, end = rest
    total = (value * 60 + minute) % 1440
    return total // 60, total % 60, None, end, True


def _after_hour(scan: Scan, at: int) -> tuple[int, int] | None:
    """Minutes after the hour, negative for "menos cuarto" and "moins le quart"."""
    lexicon, start, sign = scan.lexicon, at, 1
    if scan.language in {"es", "fr"}:
        after = scan.phrase(at, lexicon.past)
        back = scan.phrase(at, lexicon.to)
        start = max(after, back)
        sign = -1 if back > at else 1
        article = start + (scan.language == "fr" and scan.word(start) in {"le", "un"})
        if start > at and scan.word(article) in lexicon.quarters:
            return sign * 15, article + 1
        if start > at and scan.word(start) in lexicon.halves:
            return 30, start + 1
    zero = scan.language == "en" and scan.word(start) in {"oh", "o", "zero"}
    found = scan.number(start + zero, whole=True)
    if found is None or found.fraction or not 0 <= found.value < 60:
        return None
    minute = int(found.value)
    spoken_pair = scan.language == "en" and scan.word(at - 1) not in lexicon.hours
    if spoken_pair and not zero and minute < 10 and not (found.written and len(scan.word(start)) == 2):
        return None  # "three five" is no time
    end = found.end + (scan.word(found.end) in lexicon.minutes)
    if scan.word(end) in {"uhr"} or scan.word(end) in lexicon.degrees:
        return None
    return sign * minute, end
