"""The words of a language that values are made of. All are folded as `voxedge.numbers.fold` does."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from voxedge.numbers import LANGUAGES, fold, tokenize

Phrase: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word lists of one language. Phrases are tuples of folded words.

    Attributes:
        percent: Ways to say percent.
        degrees: Words for degrees.
        scales: Words for a temperature scale, to its unit.
        below_zero: Phrases after a temperature that make it negative.
        units: Words for units of time, to ``second`` .. ``year``.
        quarters: Words for a quarter that stand without an article.
        of: Words between a fraction and its unit ("of an").
        joiners: Words between the parts of a duration.
        hours: Words after the hour ("o'clock", "Uhr").
        noon: Phrases for 12:00.
        midnight: Phrases for 00:00.
        parts: Phrases for parts of the day, to ``am``, ``pm``, ``noon`` or ``night``.
        at_time: Phrases before a time.
        past: Words between minutes and the hour before them.
        to: Words between minutes and the hour to come.
        minutes: Words for minutes after a number.
        halves: Words for the half hour.
        months: Words for months, to 1..12.
        weekdays: Words for days of the week, Monday 0.
        days: Phrases for days near today, to their distance.
        next: Words for the next weekday, before or after it.
        last: Words for the weekday before, before or after it.
        this: Words for the weekday of this week.
        at_date: Phrases before a date.
        of_month: Words between day, month and year.
        ahead: Phrases before a distance in the future ("in").
        ahead_after: Phrases after it ("from now").
        ago: Phrases before a distance in the past ("vor", "hace").
        ago_after: Phrases after it ("ago").
        colors: Phrases for colours, to ``#rrggbb``.
        light: Words that make a colour lighter, before or after it.
        dark: Words that make a colour darker.
        letters: Names of letters beside the letters themselves, and words of spelling alphabets.
        spelled_as: Words between a letter and its example ("as in").
    """

    percent: tuple[Phrase, ...]
    degrees: frozenset[str]
    scales: Mapping[str, str]
    below_zero: tuple[Phrase, ...]
    units: Mapping[str, str]
    quarters: frozenset[str]
    of: tuple[Phrase, ...]
    joiners: frozenset[str]
    hours: frozenset[str]
    noon: tuple[Phrase, ...]
    midnight: tuple[Phrase, ...]
    parts: Mapping[Phrase, str]
    at_time: tuple[Phrase, ...]
    past: tuple[Phrase, ...]
    to: tuple[Phrase, ...]
    minutes: frozenset[str]
    halves: frozenset[str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    days: Mapping[Phrase, int]
    next: tuple[Phrase, ...]
    last: tuple[Phrase, ...]
    this: tuple[Phrase, ...]
    at_date: tuple[Phrase, ...]
    of_month: tuple[Phrase, ...]
    ahead: tuple[Phrase, ...]
    ahead_after: tuple[Phrase, ...]
    ago: tuple[Phrase, ...]
    ago_after: tuple[Phrase, ...]
    colors: Mapping[Phrase, str]
    light: frozenset[str]
    dark: frozenset[str]
    letters: Mapping[Phrase, str]
    spelled_as: tuple[Phrase, ...]


def phrases(text: str) -> tuple[Phrase, ...]:
    """Phrases from a text, separated by ``|``; longest first, so that the first that fits is the longest."""
    found = {tuple(fold(word) for word in phrase.split()) for phrase in text.split("|") if phrase.strip()}
    return tuple(sorted(found, key=lambda phrase: (-len(phrase), phrase)))


def words(text: str) -> frozenset[str]:
    """Words from a text, separated by blanks."""
    return frozenset(fold(word) for word in text.split())


def table(text: str, start: int) -> dict[str, int]:
    """Words that count upwards; those of one number are separated by a slash."""
    return {
        fold(word): start + number for number, group in enumerate(text.split()) for word in group.split("/")
    }


def phrase_table(**named: str) -> dict[Phrase, str]:
    """Phrases to the name that they stand for."""
    return {phrase: name for name, text in named.items() for phrase in phrases(text)}


def word_table(**named: str) -> dict[str, str]:
    """Words to the name that they stand for."""
    return {word: name for name, text in named.items() for word in words(text)}


def letter_table(names: str, alphabet: str) -> dict[Phrase, str]:
    """Names of letters (``w=double+u``), and words of a spelling alphabet, which begin with their letter."""
    found: dict[Phrase, str] = {(fold(word),): word[0] for word in alphabet.split()}
    for entry in names.split():
        letter, _, name = entry.partition("=")
        found[tuple(fold(word) for word in name.split("+"))] = letter
    return found


def color_table(text: str, language: str) -> dict[Phrase, str]:
    """Colours, one a line: ``rrggbb name, name``."""
    found: dict[Phrase, str] = {}
    for line in text.strip().splitlines():
        code, _, names = line.strip().partition(" ")
        for name in names.split(","):
            found[tuple(token.text for token in tokenize(name, language))] = "#" + code
    return found


@lru_cache(maxsize=8)
def lexicon_of(language: str) -> Lexicon:
    """The lexicon of a language that `voxedge.numbers` knows; read once."""
    code = language[:2].lower()
    if code not in LANGUAGES:
        code = "en"
    found: Lexicon = importlib.import_module(f"voxedge.understanding.values.languages.{code}").LEXICON
    return found
