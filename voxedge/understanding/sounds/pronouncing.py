"""Text to sounds: English by a dictionary, other languages and unknown words by spelling."""

from __future__ import annotations

import mmap
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from voxedge.understanding.numerals import spell
from voxedge.understanding.sounds.spelling import sound_of

_LEXICON = Path(__file__).with_name("english.lex")
_PIECE = re.compile(r"\d{1,2}(?:st|nd|rd|th)\b|\d+(?:[.,]\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*'?|[%°&+$€£]")
_LETTER = re.compile(r"(?:[a-z]\.){2,}[a-z]?|[bcdfghjklmnpqrstvwxz]{2,5}")
MAX_DIGITS = 9

_WRITTEN: dict[str, dict[str, str]] = {
    "en": {
        "oz": "ounce", "ozs": "ounces", "%": "percent", "°": "degrees", "&": "and", "$": "dollars",
        "€": "euros", "£": "pounds", "ml": "milliliters", "kg": "kilograms", "km": "kilometers",
        "cm": "centimeters", "mph": "miles per hour", "ok": "okay", "tv": "tee vee", "c": "see",
        "mr": "mister", "mrs": "missus", "dr": "doctor", "st": "street", "vs": "versus", "+": "plus",
    },
    "es": {"%": "por ciento", "°": "grados", "&": "y", "€": "euros", "+": "más"},
    "de": {"%": "prozent", "°": "grad", "&": "und", "€": "euro", "+": "plus"},
    "fr": {"%": "pour cent", "°": "degrés", "&": "et", "€": "euros", "+": "plus"},
}  # fmt: skip
_SUFFIXES = (
    ("ies", "y", "z"), ("es", "", "ᵻz"), ("'s", "", "z"), ("s", "", "z"), ("ing", "", "ɪŋ"),
    ("ing", "e", "ɪŋ"), ("ed", "", "d"), ("d", "", "d"), ("er", "", "əɹ"), ("ly", "", "li"),
)  # fmt: skip
_FRAGMENTS = {"s": "z", "es": "z", "'s": "z", "ed": "d", "d": "d", "t": "t", "n't": "nt", "'": ""}

_ENDINGS = {"s": ("z", "s", "ɛs"), "es": ("ɪz",), "'s": ("z", "s"), "ed": ("d", "t", "ɪd"), "d": ("d", "di")}


_ORDINALS = {"st", "nd", "rd", "th"}
_IRREGULAR = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}


def _ordinal(number: int) -> str:
    """An English ordinal below 100 in words."""
    if number in _IRREGULAR:
        return _IRREGULAR[number]
    if number > 20 and number % 10:
        return f"{spell('en', number // 10 * 10)[0]} {_ordinal(number % 10)}"
    words = spell("en", number)[0]
    return words[:-1] + "ieth" if words.endswith("y") else words + "th"


class Lexicon:
    """Pronunciations in a sorted file, found by bisection: nothing is read before it is needed."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def find(self, word: str) -> tuple[str, ...]:
        """The pronunciations of a word in lower case, commonest first."""
        key = word.encode() + b"\t"
        low, high, data = 0, len(self._data), self._data
        while low < high:
            middle = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = data.find(b"\n", middle)
            line = data[middle:end]
            if line.startswith(key):
                return tuple(line[len(key) :].decode().split(" "))
            if line < key:
                low = end + 1
            else:
                high = middle
        return ()


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon | None:
    return Lexicon(_LEXICON) if _LEXICON.is_file() else None


def _english(word: str) -> tuple[str, ...]:
    lexicon = _lexicon()
    if lexicon is None:
        return (sound_of(word, "en"),)
    found = lexicon.find(word)
    if found:
        return found
    if word in _FRAGMENTS:
        return (_FRAGMENTS[word],)
    for suffix, instead, sounds in _SUFFIXES:
        if word.endswith(suffix) and len(word) > len(suffix) + 1:
            stem = lexicon.find(word[: -len(suffix)] + instead)
            if stem:
                return tuple(_joined(item, sounds) for item in stem)
    if _LETTER.fullmatch(word):
        letters = [lexicon.find(letter) for letter in word.replace(".", "")]
        if all(letters):
            return ("".join(item[0] for item in letters),)
    compound = _compound(lexicon, word)
    return (compound or sound_of(word.replace("'", ""), "en"),)


def _compound(lexicon: Lexicon, word: str) -> str:
    """Two known words written as one ("thermopot")."""
    for cut in range(3, len(word) - 2):
        first, second = lexicon.find(word[:cut]), lexicon.find(word[cut:])
        if first and second:
            return first[0] + second[0]
    return ""


def _joined(stem: str, suffix: str) -> str:
    if suffix in ("z", "ᵻz"):
        if stem[-1:] in "szʃʒʧʤ":
            return stem + "ɪz"
        return stem + ("s" if stem[-1:] in "ptkfθ" else "z")
    if suffix == "d":
        if stem[-1:] in "td":
            return stem + "ɪd"
        return stem + ("t" if stem[-1:] in "pkfsθʃʧ" else "d")
    return stem + suffix


@lru_cache(maxsize=8192)
def word_sounds(word: str, language: str) -> tuple[str, ...]:
    """The ways to say a word (folded), commonest first; ("",) where it has no sound."""
    family = language.split("-")[0].split("_")[0]
    if family == "en" and word[:1].isdecimal() and word[-2:] in _ORDINALS:
        return (text_sounds(_ordinal(int(word[:-2])), language),)
    if word[:1].isdecimal():
        if len(word) > MAX_DIGITS:
            return ("",)
        number = float(word.replace(",", "."))  # decimal digits of any script
        spelled = spell(language, int(number) if number.is_integer() else number)
        return (text_sounds(spelled[0], language),) if spelled else (word,)
    written = _WRITTEN.get(family, {}).get(word)
    if written is not None:
        return (text_sounds(written, language),)
    return _english(word) if family == "en" else (sound_of(word, family),)


def part_sounds(part: str, language: str) -> tuple[str, ...]:
    """The ways to say a word of a template, which may be the end of a word ("light[s]")."""
    if language[:2] == "en" and part in _ENDINGS:
        return _ENDINGS[part]
    return variants(pieces(part), language)


def pieces(text: str) -> list[str]:
    """The parts of a folded text that are spoken each for itself."""
    return _PIECE.findall(text.replace("-", " "))


def text_sounds(text: str, language: str) -> str:
    """The commonest sounds of a folded text."""
    return "".join(word_sounds(piece, language)[0] for piece in pieces(text))


def variants(words: Sequence[str], language: str, limit: int = 3) -> tuple[str, ...]:
    """The ways to say several words, at most ``limit``."""
    out = [""]
    for word in words:
        out = [before + sounds for before in out for sounds in word_sounds(word, language)[:2]][:limit]
    return tuple(dict.fromkeys(out))
