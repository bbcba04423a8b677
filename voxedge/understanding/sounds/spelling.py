"""Spelling to sound by rules: longest letters first, one table a language.

Rough on purpose: what counts is that a word and its mishearing come out alike by the same rules.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_ENGLISH = {
    "tion": "ʃən", "sion": "ʒən", "cian": "ʃən", "ture": "ʧəɹ", "ough": "O", "augh": "ɔ", "eigh": "A",
    "igh": "I", "tch": "ʧ", "dge": "ʤ", "que": "k", "sch": "sk", "ous": "əs", "air": "ɛɹ", "ear": "iɹ",
    "eer": "iɹ", "our": "ɔɹ", "oor": "ɔɹ", "ing": "ɪŋ", "ck": "k", "ch": "ʧ", "sh": "ʃ", "th": "θ",
    "ph": "f", "wh": "w", "gh": "ɡ", "ng": "ŋ", "qu": "kw", "kn": "n", "wr": "ɹ", "ee": "i", "ea": "i",
    "ai": "A", "ay": "A", "oa": "O", "oo": "u", "ou": "W", "ow": "O", "oi": "Y", "oy": "Y", "au": "ɔ",
    "aw": "ɔ", "ew": "u", "ie": "i", "ei": "A", "ey": "i", "ue": "u", "ui": "u", "ar": "ɑɹ", "er": "əɹ",
    "ir": "əɹ", "or": "ɔɹ", "ur": "əɹ", "ce": "s", "ci": "sɪ", "cy": "si", "ge": "ʤ", "gi": "ʤɪ",
    "a": "æ", "b": "b", "c": "k", "d": "d", "e": "ɛ", "f": "f", "g": "ɡ", "h": "h", "i": "ɪ", "j": "ʤ",
    "k": "k", "l": "l", "m": "m", "n": "n", "o": "ɑ", "p": "p", "q": "k", "r": "ɹ", "s": "s", "t": "t",
    "u": "ʌ", "v": "v", "w": "w", "x": "ks", "y": "i", "z": "z",
}  # fmt: skip
_SPANISH = {
    "que": "ke", "qui": "ki", "gue": "ɡe", "gui": "ɡi", "güe": "ɡwe", "güi": "ɡwi", "ch": "ʧ", "ll": "j",
    "rr": "r", "ce": "se", "ci": "si", "cé": "se", "cí": "si", "ge": "xe", "gi": "xi", "gé": "xe",
    "gí": "xi", "qu": "k", "hu": "w", "a": "a", "á": "a", "b": "b", "c": "k", "d": "d", "e": "e", "é": "e",
    "f": "f", "g": "ɡ", "h": "", "i": "i", "í": "i", "j": "x", "k": "k", "l": "l", "m": "m", "n": "n",
    "ñ": "ɲ", "o": "o", "ó": "o", "p": "p", "q": "k", "r": "r", "s": "s", "t": "t", "u": "u", "ú": "u",
    "ü": "u", "v": "b", "w": "w", "x": "ks", "y": "j", "z": "s",
}  # fmt: skip
_GERMAN = {
    "tsch": "ʧ", "sch": "ʃ", "chs": "ks", "ieh": "i", "tion": "tsion", "äu": "Y", "eu": "Y", "ei": "I",
    "ai": "I", "ie": "i", "au": "W", "ee": "e", "aa": "a", "oo": "o", "ah": "a", "eh": "e", "ih": "i",
    "oh": "o", "uh": "u", "äh": "ɛ", "öh": "ø", "üh": "y", "ch": "x", "ck": "k", "ph": "f", "th": "t",
    "qu": "kv", "ng": "ŋ", "pf": "pf", "tz": "ts", "dt": "t", "ss": "s", "ß": "s", "sp": "ʃp", "st": "st",
    "er": "əʁ", "en": "ən", "el": "əl", "a": "a", "ä": "ɛ", "b": "b", "c": "k", "d": "d", "e": "ɛ",
    "f": "f", "g": "ɡ", "h": "h", "i": "ɪ", "j": "j", "k": "k", "l": "l", "m": "m", "n": "n", "o": "ɔ",
    "ö": "œ", "p": "p", "q": "k", "r": "ʁ", "s": "s", "t": "t", "u": "ʊ", "ü": "y", "v": "f", "w": "v",
    "x": "ks", "y": "y", "z": "ts",
}  # fmt: skip
_FRENCH = {
    "eaux": "o", "aient": "ɛ", "eau": "o", "tion": "sjɔ", "oin": "wɛ", "ain": "ɛ", "ein": "ɛ", "ien": "jɛ",
    "ille": "ij", "ail": "aj", "eil": "ɛj", "euil": "œj", "oeu": "ø", "gn": "ɲ", "ch": "ʃ", "ph": "f",
    "qu": "k", "gu": "ɡ", "ge": "ʒ", "gi": "ʒi", "ce": "s", "ci": "si", "ou": "u", "où": "u", "oi": "wa",
    "oî": "wa", "au": "o", "ai": "ɛ", "aî": "ɛ", "ei": "ɛ", "eu": "ø", "an": "ɑ", "am": "ɑ", "en": "ɑ",
    "em": "ɑ", "in": "ɛ", "im": "ɛ", "on": "ɔ", "om": "ɔ", "un": "œ", "er": "e", "ez": "e", "et": "e",
    "a": "a", "à": "a", "â": "a", "b": "b", "c": "k", "ç": "s", "d": "d", "e": "ə", "é": "e", "è": "ɛ",
    "ê": "ɛ", "ë": "ɛ", "f": "f", "g": "ɡ", "h": "", "i": "i", "î": "i", "ï": "i", "j": "ʒ", "k": "k",
    "l": "l", "m": "m", "n": "n", "o": "o", "ô": "o", "p": "p", "q": "k", "r": "ʁ", "s": "s", "t": "t",
    "u": "y", "û": "y", "ù": "y", "v": "v", "w": "w", "x": "ks", "y": "i", "z": "z",
}  # fmt: skip
_ANY = {**_SPANISH, "z": "z", "v": "v", "j": "j", "h": "h", "ge": "ɡe", "gi": "ɡi", "hu": "hu"}
_TABLES = {"en": _ENGLISH, "es": _SPANISH, "de": _GERMAN, "fr": _FRENCH}
_BEFORE_SILENT_E = {"a": "A", "e": "i", "i": "I", "o": "O", "u": "u"}
"""A vowel, a consonant and a silent e ("resune")."""
_SILENT_FRENCH = re.compile(r"(?:es|e|s|t|d|x|p|ent)$")


@cache
def _pattern(language: str) -> re.Pattern[str]:
    table = _TABLES.get(language, _ANY)
    keys = sorted(table, key=lambda key: (-len(key), key))
    return re.compile("|".join(map(re.escape, keys)) + "|.", re.DOTALL)


def _plain(letter: str) -> str:
    """The letter without its marks, where no rule knows it with them."""
    return unicodedata.normalize("NFD", letter)[0]


def sound_of(word: str, language: str) -> str:
    """Sounds of a word by the rules of a language; letters of other scripts stand for themselves."""
    table = _TABLES.get(language, _ANY)
    if language == "fr" and len(word) > 3:
        word = _SILENT_FRENCH.sub("", word)
    ending = ""
    if language == "en" and len(word) > 3 and word.endswith("e") and not word.endswith(("ee", "ie", "ue")):
        word = word[:-1]
        if word[-2] in _BEFORE_SILENT_E and word[-3] not in "aeiouy" and word[-1] in "bdfklmnptvz":
            word, ending = word[:-2], _BEFORE_SILENT_E[word[-2]] + table[word[-1]]
    out: list[str] = []
    for piece in _pattern(language).findall(word):
        sounds = table.get(piece)
        if sounds is None:
            sounds = table.get(_plain(piece), piece if piece.isalpha() else "")
        if not (out and len(sounds) == 1 and out[-1] == sounds):  # double letters sound once
            out.append(sounds)
    return "".join(out) + ending
