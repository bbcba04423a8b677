"""Rewriting the numbers of a text: words to digits, digits to words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from voxedge.errors import TextInvalid
from voxedge.numbers.reading import NumberReader
from voxedge.numbers.small import Reading
from voxedge.numbers.tokens import Token, tokenize, words_of

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number in a text.

    Attributes:
        value: Its value.
        start: Where it starts, in characters.
        end: Where it ends.
        ordinal: Whether it is an ordinal.
        written: Whether it stood there in digits.
    """

    value: int | float
    start: int
    end: int
    ordinal: bool
    written: bool


@lru_cache(maxsize=8)
def reader(language: str) -> NumberReader:
    """The reader of a language, made once."""
    return NumberReader(language)


def parse_number(text: str, language: str, *, ordinals: bool = True) -> int | float | None:
    """The number that a text is, as a whole: ``parse_number("twenty one", "en")`` gives 21.

    Args:
        text: Words or digits; blanks around them don't matter.
        language: ISO 639-1 code: en, es, de or fr.
        ordinals: Whether "third" counts as a number.

    Returns:
        The value, or None where the text is something else or more than one number.

    Raises:
        LanguageUnsupported: The language has no number words here.
        TextInvalid: The text is longer than 20,000 characters.
    """
    tokens = tokenize(text, language)
    found = reader(language).read(tokens, 0, ordinals=ordinals)
    return found.plain() if found is not None and found.end == len(tokens) else None


def find_numbers(text: str, language: str) -> list[FoundNumber]:
    """All numbers in a text, from left to right.

    A word that is more often something else ("one", "un", "second") counts only as part of a longer number.

    Raises:
        LanguageUnsupported: The language has no number words here.
        TextInvalid: The text is longer than 20,000 characters.
    """
    tokens = tokenize(text, language)
    return [
        FoundNumber(found.plain(), tokens[at].start, tokens[found.end - 1].end, found.ordinal, found.written)
        for at, found in _scan(tokens, language)
    ]


def _scan(tokens: Sequence[Token], language: str) -> list[tuple[int, Reading]]:
    numbers, words = reader(language), words_of(language)
    result: list[tuple[int, Reading]] = []
    at = 0
    while at < len(tokens):
        found = numbers.read(tokens, at) if not (at and tokens[at - 1].inner) else None
        if found is None or (found.words == 1 and tokens[at].text in words.ambiguous):
            at += 1
            continue
        result.append((at, found))
        at = found.end
    return result


def read_digits(tokens: Sequence[Token], at: int, language: str) -> tuple[str, int]:
    """A run of digits said one by one: "oh", "double five" and digits written apart, too.

    Returns:
        The digits and the index of the first token after them; ``("", at)`` where there is no digit.
    """
    words = words_of(language)
    digits = ""
    while at < len(tokens):
        token = tokens[at]
        times = words.repeats.get(token.text, 1) if at + 1 < len(tokens) else 1
        digit_at = at + 1 if times > 1 else at
        digit = _digit(tokens[digit_at], language)
        if not digit or tokens[digit_at].inner:
            break
        digits += digit * times
        at = digit_at + 1
        mark = tokens[at] if at + 1 < len(tokens) else None
        if mark is not None and mark.text in {"-", ".", "/"} and mark.start == tokens[at - 1].end:
            at += bool(_digit(tokens[at + 1], language))
    return digits, at


def _digit(token: Token, language: str) -> str:
    if token.number is not None:
        return token.text if token.text.isdecimal() else ""
    words = words_of(language)
    value = words.small.get(token.text, words.digits.get(token.text))
    return str(value) if value is not None and value < 10 else ""


def _ordinal_suffix(value: int, language: str) -> str:
    if language == "en":
        return "th" if value % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return {"de": ".", "es": ".º", "fr": "er" if value == 1 else "e"}[language]


def _digits(value: int | float, language: str) -> str:
    text = format(Decimal(repr(value)).quantize(Decimal("0.000001")).normalize(), "f")
    return text if language == "en" else text.replace(".", ",")


def to_digits(text: str, language: str) -> str:
    """Writes the spoken numbers of a text in digits: "twenty one lamps" becomes "21 lamps".

    Three or more digits said one by one are joined ("one two three" is 123). Words that are more often no
    number ("one" alone, ordinals up to ninth alone, fractions) stay as they are.

    Raises:
        LanguageUnsupported: The language has no number words here.
        TextInvalid: The text is longer than 20,000 characters.
    """
    tokens, code = tokenize(text, language), language[:2].lower()
    pieces: list[str] = []
    done = at = 0
    spans = dict(_scan(tokens, language))
    while at < len(tokens):
        run, after = read_digits(tokens, at, language)
        found = spans.get(at)
        new = ""
        if len(run) >= 3 and after - at >= 3 and all(t.number is None for t in tokens[at:after]):
            new = run
        elif found is not None and not found.written:
            after = found.end
            new = _rewritten(found, code)
        else:
            after = found.end if found is not None else at + 1
        if new:
            pieces += [text[done : tokens[at].start], new]
            done = tokens[after - 1].end
        at = max(after, at + 1)
    return "".join(pieces) + text[done:]


def _rewritten(found: Reading, language: str) -> str:
    value = found.plain()
    if found.ordinal:
        return f"{value}{_ordinal_suffix(int(value), language)}" if value >= 10 else ""
    if found.fraction and found.value.denominator in {3, 6, 7, 9}:
        return ""
    if found.fraction and abs(found.value) < 1 and found.words <= 2:
        return ""
    return _digits(value, language)


_UNIT_WORDS = {
    "en": {"%": "percent", "°": "degrees"},
    "es": {"%": "por ciento", "°": "grados"},
    "de": {"%": "Prozent", "°": "Grad"},
    "fr": {"%": "pour cent", "°": "degrés"},
}
_CLOCK_WORDS = {"en": " ", "es": " ", "de": " Uhr ", "fr": " heures "}
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_MAX_SPELLED = 10**15
_MASCULINE = "spellout-ordinal-masculine"


@lru_cache(maxsize=8)
def _speller(language: str) -> RbnfEngine:
    from unicode_rbnf import RbnfEngine

    return RbnfEngine.for_language(language)


def spell_number(value: int | float, language: str, *, ordinal: bool = False) -> str:
    """A number in words: ``spell_number(21, "fr")`` gives "vingt-et-un".

    The words come from the spell-out rules of the Unicode CLDR, through the package ``unicode-rbnf``.

    Args:
        value: A finite number between -10^15 and 10^15; whole and from 0 on for an ordinal.
        language: ISO 639-1 code: en, es, de or fr.
        ordinal: "third" instead of "three"; masculine where the language has genders.

    Raises:
        LanguageUnsupported: The language has no number words here.
        TextInvalid: The value is out of range or no number.
    """
    words_of(language)
    valid = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _MAX_SPELLED
    if not valid or (ordinal and (value < 0 or value != int(value))):
        raise TextInvalid(f"{value!r} can't be put in words.", remedy="Hand in a number below 10^15.")
    from unicode_rbnf import FormatPurpose

    code = language[:2].lower()
    exact = format(Decimal(repr(value)), "f")
    if exact.endswith(".0"):
        exact = exact[:-2]
    purpose = FormatPurpose.ORDINAL if ordinal else FormatPurpose.CARDINAL
    spelled = _speller(code).format_number(exact, purpose=purpose)
    text = spelled.text_by_ruleset.get(_MASCULINE, spelled.text) if ordinal else spelled.text
    return str(text).replace("\u00ad", "")


def to_words(text: str, language: str) -> str:
    """Writes the numerals of a text in words: "21 lamps" becomes "twenty-one lamps".

    Times of day ("7:30"), ordinals ("21st"), the percent and degree signs are spoken, too. Numbers with
    leading zeros or more than 15 digits are said digit by digit.

    Raises:
        LanguageUnsupported: The language has no number words here.
        TextInvalid: The text is longer than 20,000 characters.
    """
    tokens, code = tokenize(text, language), language[:2].lower()
    clocks = {m.start(): m for m in _CLOCK.finditer(text)}
    pieces: list[str] = []
    done = at = 0
    while at < len(tokens):
        token = tokens[at]
        clock = clocks.get(token.start)
        if clock is not None:
            new, end = _spoken_clock(clock, code), clock.end()
        else:
            new, end = _spoken(tokens, at, code)
        if new and token.start >= done:
            pieces += [text[done : token.start], new]
            done = end
        at += 1
    return "".join(pieces) + text[done:]


def _spoken_clock(clock: re.Match[str], language: str) -> str:
    hour, minute = int(clock[1]), int(clock[2])
    if language == "en" and 0 < minute < 10:
        return f"{spell_number(hour, language)} oh {spell_number(minute, language)}"
    spoken = spell_number(hour, language) + _CLOCK_WORDS[language]
    return (spoken + (spell_number(minute, language) if minute else "")).strip()


def _spoken(tokens: Sequence[Token], at: int, language: str) -> tuple[str, int]:
    token = tokens[at]
    if token.text in _UNIT_WORDS[language] and at and tokens[at - 1].number is not None:
        gap = "" if tokens[at - 1].end < token.start else " "
        return gap + _UNIT_WORDS[language][token.text], token.end
    if token.number is None:
        return "", token.end
    if token.text.isdecimal() and (len(token.text) > 15 or (token.text[0] == "0" and len(token.text) > 1)):
        return " ".join(spell_number(int(digit), language) for digit in token.text), token.end
    found = reader(language).read(tokens, at)
    plain = int(token.number) if token.number.denominator == 1 else float(token.number)
    if found is not None and found.ordinal and found.value == token.number:
        return spell_number(plain, language, ordinal=True), tokens[found.end - 1].end
    if token.text in "½¼¾⅓⅔⅛⅜⅝⅞":
        return "", token.end
    return spell_number(plain, language), token.end
