"""Cutting a text into the words and numerals that the number reader works on. One pass, linear."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from voxedge.errors import LanguageUnsupported, TextInvalid
from voxedge.numbers.tables import WORDS, NumberWords

MAX_TEXT_CHARS = 20_000
"""Longest text that is looked at. An utterance is far shorter; a document is cut up by its reader."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a numeral or a mark.

    Attributes:
        text: Folded (see `fold`).
        start: Where it starts in the text, in characters.
        end: Where it ends. The parts of a German compound share the compound's end.
        number: Value of a numeral.
        inner: Whether more of the same compound follows, so that nothing may end here.
    """

    text: str
    start: int
    end: int
    number: Fraction | None = None
    inner: bool = False


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """Lower case, no accents, ``ss`` for ``ß``: "Fünf" and "funf" are one."""
    plain = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'")


def words_of(language: str) -> NumberWords:
    """The number words of a language; a region (``en-GB``) is looked past.

    Raises:
        LanguageUnsupported: The language has no table.
    """
    words = WORDS.get(language.replace("_", "-").partition("-")[0].lower())
    if words is None:
        raise LanguageUnsupported(
            f"Numbers in {language!r} can't be read.", remedy=f"Use one of: {', '.join(WORDS)}."
        )
    return words


_GERMAN_PARTS = sorted(
    {
        *(w for table in (WORDS["de"].small, WORDS["de"].tens, WORDS["de"].scales) for w in table),
        *WORDS["de"].ordinals, *WORDS["de"].denominators, *WORDS["de"].nouns,
        "hundert", "und", "stunde", "stunden", "jahr", "jahre", "jahren",
    },
    key=lambda word: (-len(word), word),
)  # fmt: skip
_GERMAN_COMPOUND = re.compile("|".join(_GERMAN_PARTS))
_GERMAN_TAILS = frozenset({"stunde", "stunden", "jahr", "jahre", "jahren"})
_GLYPHS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4),
    "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
_LETTER = f"[^\\W\\d_{''.join(_GLYPHS)}]"
_WORD = rf"{_LETTER}+(?:['’]{_LETTER}+)*"


def _pattern(comma_decimal: bool) -> re.Pattern[str]:
    group, point = (r"[.\u00a0\u202f']", "[,.]") if comma_decimal else (r"[,\u00a0\u202f']", r"\.")
    # ASCII digits only: other scripts' digits are read by nobody here, and int() of a mix would surprise.
    numeral = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+(?![0-9])(?:{point}[0-9]+)?|[0-9]+(?:{point}[0-9]+)?"
    return re.compile(rf"(?P<number>{numeral})|(?P<word>{_WORD})|(?P<mark>[^\w\s]|_|\w)")


_PATTERNS = {language: _pattern(words.comma_decimal) for language, words in WORDS.items()}


def _numeral_value(text: str, comma_decimal: bool) -> Fraction:
    if comma_decimal:
        if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+", text):
            text = text.replace(".", "")
        elif "," in text:
            text = text.replace(".", "").replace(",", ".")
    else:
        text = text.replace(",", "")
    text = re.sub(r"[\u00a0\u202f']", "", text)
    return Fraction(text)


@lru_cache(maxsize=4096)
def _compound(word: str) -> tuple[str, ...]:
    """The parts of a German number compound; empty when it is none."""
    parts: list[str] = []
    at = 0
    while at < len(word):
        match = _GERMAN_COMPOUND.match(word, at)
        if match is None:
            return ()
        parts.append(match.group())
        at = match.end()
    if len(parts) < 2 or parts[0] in _GERMAN_TAILS or parts[0] == "und" or parts[-1] == "und":
        return ()
    return tuple(parts)


def check_text(text: object, limit: int = MAX_TEXT_CHARS) -> str:
    """The text, when it is one and not too long.

    Raises:
        TextInvalid: It is no string, or longer than ``limit`` characters.
    """
    if not isinstance(text, str):
        raise TextInvalid(f"A text is needed, not {type(text).__name__}.", remedy="Hand in a str.")
    if len(text) > limit:
        raise TextInvalid(
            f"The text has {len(text)} characters; at most {limit} are read.",
            remedy="Hand it in by sentences.",
        )
    return text


def tokenize(text: str, language: str) -> list[Token]:
    """Cuts a text into tokens. A hyphen between letters parts words and is no token itself.

    Args:
        text: At most `MAX_TEXT_CHARS` characters.
        language: ISO 639-1 code.

    Raises:
        LanguageUnsupported: The language has no number words here.
        TextInvalid: The text is too long or no string.
    """
    text = check_text(text)
    words = words_of(language)
    code = language[:2].lower()
    tokens: list[Token] = []
    for match in _PATTERNS[code].finditer(text):
        raw, start, end = match.group(), match.start(), match.end()
        if match.lastgroup == "number":
            # Python refuses int() of more than 4300 digits; so long a run is no number anyway.
            value = _numeral_value(raw, words.comma_decimal) if len(raw) <= 30 else None
            tokens.append(Token(raw, start, end, value))
        elif match.lastgroup == "mark":
            if raw in _GLYPHS:
                tokens.append(Token(raw, start, end, Fraction(*_GLYPHS[raw])))
            elif not (raw in "-‐‑" and text[start - 1 : start].isalpha() and text[end : end + 1].isalpha()):
                tokens.append(Token(raw, start, end))
        else:
            folded = fold(raw)
            parts = _compound(folded) if code == "de" else ()
            if not parts:
                tokens.append(Token(folded, start, end))
            for at, part in enumerate(parts):
                tokens.append(Token(part, start, end, inner=at < len(parts) - 1))
    return tokens
