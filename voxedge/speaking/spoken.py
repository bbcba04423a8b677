"""From written text to what is said: numbers, times, dates, money, units, addresses, abbreviations.

Pure, by rules. English is done with care, Spanish, German and French well enough to be understood; of
other languages only the markup is cleaned, and the voice reads the rest as it can.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from voxedge.errors import TextInvalid
from voxedge.speaking.numerals import MAX_DIGITS, cardinal, digits, ordinal, year
from voxedge.speaking.sentences import sentences
from voxedge.speaking.words import WORDS, SpokenWords

MAX_TEXT_CHARS = 100_000

_Rule = tuple["re.Pattern[str]", "Callable[[re.Match[str]], str]"]

_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"```\w*"), " "),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"(?m)^\s{0,3}(?:#{1,6}|>|[-*•])\s+"), ""),
    (re.compile(r"(?<![\w*])(\*{1,3}|_{1,3}|`+)(?=\S)(.+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"[`*|\\]"), " "),
)
_DEGREE_SCALES = {"C": "Celsius", "F": "Fahrenheit", "": ""}


def spoken_form(text: str, language: str = "en") -> str:
    """Writes out what a voice is to say.

    Args:
        text: As written; Markdown marks and emoji are left out.
        language: ISO 639-1, with or without a region.

    Raises:
        TextInvalid: More than 100,000 characters, or nothing in it that can be said.

    Example:
        >>> spoken_form("It's 7:30 pm and 21°C.")
        "It's seven thirty P M and twenty-one degrees Celsius."
    """
    _check_length(text)
    cleaned = _cleaned(text)
    code = language[:2].lower()
    if code in WORDS:
        for pattern, replace in _rules(code):
            cleaned = pattern.sub(replace, cleaned)
    cleaned = re.sub(r"[ \t]+", " ", cleaned)
    cleaned = re.sub(r" +([,.;:!?])", r"\1", cleaned).strip()
    if not any(character.isalnum() for character in cleaned):
        raise _nothing_to_say()
    return cleaned


def spoken_sentences(text: str, language: str = "en") -> Iterator[str]:
    """Cuts a text into sentences and gives what is to be said for each; those without a word are left out.

    The cut comes first: "It's 7. 8 is too late" shows where it is only while the digits are there.

    Raises:
        TextInvalid: As `spoken_form`, of the whole text.
    """
    _check_length(text)
    any_word = False
    for sentence in sentences([text], language):
        if any(character.isalnum() for character in _cleaned(sentence)):
            any_word = True
            yield spoken_form(sentence, language)
    if not any_word:
        raise _nothing_to_say()


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT_CHARS:
        raise TextInvalid(
            f"The text has {len(text)} characters; at most {MAX_TEXT_CHARS} can be spoken at once.",
            remedy="Speak it in parts.",
            room="speaking",
        )


def _nothing_to_say() -> TextInvalid:
    return TextInvalid(
        "There is nothing in the text that can be spoken.",
        remedy="Give it at least one word.",
        room="speaking",
    )


def _cleaned(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")
    text = text.replace("−", "-").replace("½", " 1/2").replace("¼", " 1/4").replace("¾", " 3/4")
    for pattern, put in _MARKUP:
        text = pattern.sub(put, text)
    # Emoji (So), control and format characters (Cc, Cf), surrogates, private use; the degree sign stays.
    kept = (
        c if c in "\n°" or unicodedata.category(c) not in {"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn"} else " "
        for c in text
    )
    return "".join(kept)


@lru_cache(maxsize=8)
def _rules(code: str) -> tuple[_Rule, ...]:
    """The rules of a language, in the order they are applied: what is special before what is general."""
    words = WORDS[code]
    number = _Numbers(code, words)
    rules: list[_Rule] = [
        (
            re.compile(r"\b(?:https?://|www\.)\S+?(?=[.,;:!?)]*(?:\s|$))"),
            lambda m: _address(m.group(), words),
        ),
        (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), lambda m: _address(m.group(), words)),
        (re.compile(rf"(?<![^\W\d_])(?<!\.)(?:{_any(words.abbreviations)})(?!\w)"), _abbreviation(words)),
        *number.date_rules(),
        *number.time_rules(),
        *number.amount_rules(),
        *number.plain_rules(),
        (
            re.compile(rf"(?<=\s)({_any(words.signs)})(?=\s)|(?<=\w)(&)(?=\w)"),
            lambda m: f" {words.signs[m.group(1) or m.group(2)]} ",
        ),
    ]
    return tuple(rules)


class _Numbers:
    """The rules that have numbers in them."""

    def __init__(self, code: str, words: SpokenWords) -> None:
        self.code, self.words = code, words
        if words.decimal_comma:
            self.number = r"\d{1,3}(?:[. ]\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?"
        else:
            self.number = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?"

    def plain(self, text: str) -> str:
        """A number as written here, as ``cardinal`` takes it."""
        text = text.replace(" ", "")
        if not self.words.decimal_comma:
            return text.replace(",", "")
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", text):
            text = text.replace(".", "")
        return text.replace(",", ".")

    def say(self, text: str) -> str:
        """A number as written here, in words."""
        return cardinal(self.plain(text), self.code)

    def counted(self, sign: str, text: str, one: str, many: str) -> str:
        """A number with what it counts."""
        single = self.plain(text) == "1"
        said = self.say(text)
        if single and self.code == "de":
            said = "eine" if one in {"Stunde", "Minute", "Sekunde"} else "ein"
        elif single and self.code == "es":
            said = "una" if one in {"hora", "libra"} else "un"
        elif single and self.code == "fr":
            said = "une" if one in {"minute", "seconde", "livre"} else "un"
        minus = cardinal("-1", self.code).split()[0] + " " if sign else ""
        return f"{minus}{said} {one if single else many}"

    def date_rules(self) -> list[_Rule]:
        """2024-03-05; 5.3.2024 and 5/3/2024 (in English 3/5/2024); German "3. Mai"."""
        months = "|".join(self.words.months)
        rules: list[_Rule] = [
            (
                re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"),
                lambda m: self._date(m, int(m.group(1)), int(m.group(2)), int(m.group(3))),
            )
        ]
        if self.code == "en":
            rules += [
                (
                    re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"),
                    lambda m: self._date(m, int(m.group(3)), int(m.group(1)), int(m.group(2))),
                ),
                (
                    re.compile(rf"\b({months}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:\d])"),
                    lambda m: f"{m.group(1)} {ordinal(int(m.group(2)), 'en')}",
                ),
            ]
            return rules
        rules.append(
            (
                re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b"),
                lambda m: self._date(m, int(m.group(3)), int(m.group(2)), int(m.group(1))),
            )
        )
        if self.code == "de":
            rules.append(
                (
                    re.compile(
                        rf"\b(?:((?:am|vom|zum|dem|den|im|beim|bis)\s+))?(\d{{1,2}})\.\s?(?={months})", re.I
                    ),
                    lambda m: (
                        f"{m.group(1) or ''}{ordinal(int(m.group(2)), 'de', 'n' if m.group(1) else 'r')} "
                    ),
                )
            )
        if self.code == "fr":
            rules.append((re.compile(rf"\b1er(?= (?:{months}))"), lambda m: "premier"))
        return rules

    def _date(self, match: re.Match[str], y: int, m: int, d: int) -> str:
        if not (1 <= m <= 12 and 1 <= d <= 31):
            return match.group()
        month, said_year = self.words.months[m - 1], year(y, self.code)
        if self.code == "en":
            return f"{month} {ordinal(d, 'en')}, {said_year}"
        if self.code == "de":
            return f"{ordinal(d, 'de', 'r')} {month} {said_year}"
        day = "premier" if self.code == "fr" and d == 1 else cardinal(str(d), self.code)
        of = " de " if self.code == "es" else " "
        return f"{day}{of}{month}{of}{said_year}"

    def time_rules(self) -> list[_Rule]:
        """7:30, 19:05 Uhr, 7h30."""
        tail = {"de": r"(?:\s?Uhr)?", "en": "", "es": r"(?:\s?h)?", "fr": ""}[self.code]
        between = "[:h]" if self.code == "fr" else ":"
        return [
            (
                re.compile(rf"(?<![\d:.])([01]?\d|2[0-3])\s?{between}\s?([0-5]\d)(?![\d:]){tail}(?!\w)"),
                self._time,
            )
        ] + (
            [(re.compile(r"(?<![\d.,])(\d{1,2})(?=\s?(?:A M|P M)\b)"), lambda m: f"{self.say(m.group(1))} ")]
            if self.code == "en"
            else []
        )

    def _time(self, match: re.Match[str]) -> str:
        hour, minute = int(match.group(1)), int(match.group(2))
        said = cardinal(str(hour), self.code)
        minutes = cardinal(str(minute), self.code)
        if self.code == "de":
            said = "ein" if hour == 1 else said
            return f"{said} Uhr {minutes}" if minute else f"{said} Uhr"
        if self.code == "fr":
            said = "une" if hour == 1 else said.replace("vingt-et-un", "vingt-et-une")
            return f"{said} heure{'s' if hour > 1 else ''}" + (f" {minutes}" if minute else "")
        if self.code == "es":
            said = {1: "una", 21: "veintiuna"}.get(hour, said)
            return f"{said} {minutes}" if minute else f"{said} en punto"
        if minute:
            return f"{said} {'oh ' if minute < 10 else ''}{minutes}"
        return said if re.match(r"\s?(?:A M|P M)\b", match.string[match.end() :]) else f"{said} o'clock"

    def amount_rules(self) -> list[_Rule]:
        """Money, degrees, percentages, units."""
        money, units = _any(self.words.money), _any(self.words.units)
        number, start = self.number, r"(?<![\w.,])"
        percent, degrees = self.words.percent, self.words.degrees
        rules: list[_Rule] = [
            (
                re.compile(rf"{start}(-?)({money})\s?({number})(?![\d])"),
                lambda m: self._money(m.group(1), m.group(2), m.group(3)),
            ),
            (
                re.compile(rf"{start}(-?)({number})\s?({money})"),
                lambda m: self._money(m.group(1), m.group(3), m.group(2)),
            ),
            (
                re.compile(rf"{start}(-?)({number})\s?°\s?([CF]?)(?!\w)"),
                lambda m: (
                    f"{self.counted(m.group(1), m.group(2), *degrees)} {_DEGREE_SCALES[m.group(3)]}".rstrip()
                ),
            ),
            (
                re.compile(rf"{start}(-?)({number})\s?%"),
                lambda m: self.counted(m.group(1), m.group(2), percent, percent).replace(
                    "ein Pro", "ein Pro"
                ),
            ),
            (
                re.compile(rf"{start}(-?)({number})\s?({units})(?![\w/])"),
                lambda m: self.counted(m.group(1), m.group(2), *self.words.units[m.group(3)]),
            ),
        ]
        return rules

    def _money(self, sign: str, unit: str, text: str) -> str:
        one, many, cent, cents = self.words.money[unit]
        whole, _, part = self.plain(text).partition(".")
        if len(part) != 2 or part == "00":
            return self.counted(sign, text if part != "00" else whole, one, many)
        hundredths = str(int(part))
        small = self.counted("", hundredths, cent, cents)
        if whole == "0":
            return small
        large = self.counted(sign, whole, one, many)
        if self.words.cents_join is None:
            return f"{large} {cardinal(hundredths, self.code)}"
        return f"{large}{self.words.cents_join}{small}"

    def plain_rules(self) -> list[_Rule]:
        """Ordinals, fractions, versions, telephone numbers, ranges, years, numbers."""
        words, say = self.words, self.say
        marks = {"en": "(?:st|nd|rd|th)", "es": "[ºª]|\\.[ºª]", "de": "(?!)", "fr": "(?:er|re|e|ème)"}[
            self.code
        ]
        return [
            (
                re.compile(rf"(?<![\w.,])(\d{{1,6}})({marks})(?!\w)"),
                lambda m: ordinal(
                    int(m.group(1)),
                    self.code,
                    "feminine" if m.group(2)[-1] in "ªr" and m.group(2) != "er" else "",
                ),
            ),
            (re.compile(rf"(?<![\w/.])({_any(words.halves)})(?![\w/])"), lambda m: words.halves[m.group(1)]),
            (re.compile(r"#\s?(?=\d)"), lambda m: f"{words.number_sign} "),
            (
                re.compile(
                    r"(?<![\w.,-])\+?\d{2,4}(?:[ -]\d{2,4}){2,4}(?![\w-])|(?<![\w.,-])\d{3}-\d{4}(?![\w-])"
                ),
                self._telephone,
            ),
            (
                re.compile(r"(?<![\w.])v?\d+(?:\.\d+){2,}(?![\w])"),
                lambda m: f" {_point(self.code)} ".join(
                    cardinal(p, self.code) for p in m.group().strip("v").split(".")
                ),
            ),
            (
                re.compile(rf"(?<![\w.,-])({self.number})\s?[-–]\s?({self.number})(?![\w-])"),
                lambda m: f"{self._bare(m.group(1))} {words.minus_to} {self._bare(m.group(2))}",
            ),
            (re.compile(r"(?<![\w.,-])0\d+(?![\w.,]*\d)"), lambda m: digits(m.group(), self.code)),
            (
                re.compile(rf"(?<![\w.,])-({self.number})(?!\w)"),
                lambda m: cardinal("-" + self.plain(m.group(1)), self.code),
            ),
            (re.compile(rf"(?<![^\W\d_])({self.number})"), lambda m: self._bare(m.group(1), m)),
            (re.compile(r"\d+"), lambda m: f" {say(m.group())} "),
        ]

    def _bare(self, text: str, match: re.Match[str] | None = None) -> str:
        if text.isdigit():
            if len(text) > MAX_DIGITS:
                return digits(text, self.code)
            if self.words.spelled_years and len(text) == 4 and 1100 <= int(text) <= 2099:
                return year(int(text), self.code)
        said = self.say(text)
        # "3D", "10x": what follows at once is a word of its own.
        follows = match.string[match.end() : match.end() + 1] if match else ""
        return f"{said} " if follows.isalpha() else said

    def _telephone(self, match: re.Match[str]) -> str:
        text = match.group()
        plus = f"{self.words.signs['+']} " if text.startswith("+") else ""
        return plus + ", ".join(digits(part, self.code) for part in re.split(r"[ -]", text))


def _any(table: object) -> str:
    return "|".join(re.escape(key) for key in sorted(table, key=len, reverse=True))  # type: ignore[call-overload]


def _point(code: str) -> str:
    return {"en": "point", "de": "Punkt", "es": "punto", "fr": "point"}[code]


def _abbreviation(words: SpokenWords) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        text = match.group()
        if text in {"am", "pm"} and not re.search(r"\d\s?$", match.string[: match.start()]):
            return text  # "I am", not a time of day
        glued = match.string[: match.start()][-1:].isdigit()
        said = (" " if glued else "") + words.abbreviations[text]
        rest = match.string[match.end() :]
        # The full stop of an abbreviation is the sentence's as well where the sentence ends.
        ends = (
            text.endswith(".")
            and (not rest.strip() or re.match(r"\s+[A-ZÄÖÜÉ]", rest))
            and text in _AT_AN_END
        )
        return f"{said}." if ends else said

    return replace


_AT_AN_END = {"etc.", "usw.", "a.m.", "p.m.", "a. m.", "p. m.", "Jr.", "Sr."}


def _address(text: str, words: SpokenWords) -> str:
    text = re.sub(r"^https?://|^www\.|(?<=//)www\.|/$", "", text)
    text = re.sub(r"^www\.", "", text)
    for sign, word in (("@", words.at), (".", words.dot), ("/", words.slash)):
        text = text.replace(sign, f" {word} ")
    return re.sub(r"[-_?=&#%]+", " ", text)
