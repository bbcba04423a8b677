"""Text to words for matching: one place for typed text, recognized text and the words of templates.

The rules are those that Home Assistant's sentences were written for: white space and the kind of
apostrophe don't count, punctuation at the edges of words doesn't count, hyphens and underscores are
spaces, case doesn't count.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_TEXT_CHARS = 2000
"""Longer utterances are cut here: half a minute of speech has fewer than 700 characters."""

_EDGE = '。,，?¿？؟!¡！;；:：’…—–―"“”„«»‹›'
_SPACED = str.maketrans({"-": " ", "_": " ", "\u00a0": " "})
_INITIALISM = re.compile(r"(?:\w\.){2,}")
_CJK_CHARS = "一-鿿㐀-䶿぀-ヿ가-힯"
_CJK_OR_WORD = re.compile(rf"[{_CJK_CHARS}]|[^\s{_CJK_CHARS}]+")
_TOKEN = re.compile(r"\S+")
_MINUS = re.compile(r"(?<![\w])-(?=\d)")
_MINUS_MARK = "\ue000"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an utterance.

    Attributes:
        text: Folded: lower case, no punctuation around it.
        start: Where it starts in the utterance's text.
        end: Where it ends.
    """

    text: str
    start: int
    end: int


def tidy(text: str) -> str:
    """Composes characters (NFC) and unites apostrophes. Keeps case and punctuation."""
    return unicodedata.normalize("NFC", text).replace("’", "'").replace("ʼ", "'")


def fold(text: str) -> str:
    """Lower case in the way that comparisons need."""
    return text.casefold()


def _without_edges(word: str) -> tuple[int, int]:
    """Bounds of a word without the punctuation around it; initialisms ("A.C.") keep their dots."""
    start, end = 0, len(word)
    while start < end and (word[start] in _EDGE or word[start] == "."):
        start += 1
    while end > start and word[end - 1] in _EDGE:
        end -= 1
    if end > start and word[end - 1] == "." and not _INITIALISM.fullmatch(word[start:end]):
        while end > start and (word[end - 1] in _EDGE or word[end - 1] == "."):
            end -= 1
    return start, end


def tokenize(text: str, *, by_character: bool = False) -> list[Token]:
    """Splits an utterance into words.

    Args:
        text: What was said or typed, already `tidy`.
        by_character: Whether Chinese, Japanese and Korean characters stand each for itself, for
            languages that put no spaces between words.
    """
    spaced = _MINUS.sub(_MINUS_MARK, text[:MAX_TEXT_CHARS]).translate(_SPACED)
    tokens = []
    for match in (_CJK_OR_WORD if by_character else _TOKEN).finditer(spaced):
        word = match.group().replace(_MINUS_MARK, "-")
        start, end = _without_edges(word)
        if end > start:
            tokens.append(Token(fold(word[start:end]), match.start() + start, match.start() + end))
    return tokens


def split_chunk(text: str, *, by_character: bool = False) -> list[str]:
    """Splits the literal text of a template into words; ``" "`` stands for each gap between words."""
    spaced = _MINUS.sub(_MINUS_MARK, tidy(text)).translate(_SPACED)
    parts: list[str] = []
    for piece in re.findall(r"\s+|\S+", spaced):
        if piece.isspace():
            parts.append(" ")
            continue
        words = _CJK_OR_WORD.findall(piece) if by_character else [piece]
        parts += [fold(word.replace(_MINUS_MARK, "-")) for word in words]
    return parts
