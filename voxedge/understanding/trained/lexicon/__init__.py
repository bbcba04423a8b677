"""General words of a language, as data: classes of single words, and names of countries and regions.

With few examples a model can't know that "Uruguay" and "Chad" are one kind of thing. Languages without a
file have an empty lexicon and lose nothing but this help.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from voxedge.numbers import LANGUAGES, fold
from voxedge.numbers.tables import WORDS
from voxedge.understanding.trained.words import Words


class Lexicon:
    """Word classes and names of one language.

    Args:
        language: ISO 639-1; one without a file gives an empty lexicon.
    """

    def __init__(self, language: str) -> None:
        code = language.replace("_", "-").partition("-")[0].lower()
        self._classes: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        if code in LANGUAGES:
            words = WORDS[code]
            for table in (words.ordinals, words.small, words.tens, words.hundreds, words.scales):
                self._classes.update(dict.fromkeys(table, "ordinal" if table is words.ordinals else "number"))
        path = Path(__file__).with_name(f"{code}.json") if code.isalpha() else None
        if path is not None and path.is_file():
            content = json.loads(path.read_text(encoding="utf-8"))
            for name, listed in content["classes"].items():
                self._classes.update(dict.fromkeys((fold(word) for word in listed.split("|")), name))
            for name, listed in content["names"].items():
                for entry in listed.split("|"):
                    key = " ".join(Words.of(entry).lower)
                    self._names[key] = (*self._names.get(key, ()), name)
        self._longest = max((key.count(" ") + 1 for key in self._names), default=0)

    def word_class(self, word: str) -> str:
        """The class of a word in lower case, ``"digits"`` for numerals, or ``"-"``."""
        if word[0].isdigit():
            return "digits" if word.isdigit() else "digits+"
        found = self._classes.get(word)
        return found or (self._classes.get(fold(word), "-") if not word.isascii() else "-")

    def names(self, sentence: Words) -> list[list[str]]:
        """For every word, which names it is part of; an abbreviation counts where it is in upper case."""
        rows: list[list[str]] = [[] for _ in sentence.lower]
        for at in range(len(rows)):
            for length in range(min(self._longest, len(rows) - at), 0, -1):
                kinds = self._names.get(" ".join(sentence.lower[at : at + length]))
                short = length == 1 and len(sentence.lower[at]) < 3
                if not kinds or (short and not sentence.raw[at][0].isupper()):
                    continue
                for inner in range(length):
                    place = "B" if inner == 0 else "I"
                    rows[at + inner] += (f"x{place}:{kind}{'.' if short else ''}" for kind in kinds)
                break
        return rows


@lru_cache(maxsize=16)
def lexicon_of(language: str) -> Lexicon:
    """The lexicon of a language, read once."""
    return Lexicon(language)
