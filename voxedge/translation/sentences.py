"""Cutting text into lines and sentences so that joining them again gives the very same text.

Sentence ends come from sentencex (Wikimedia; rules for abbreviations in some 240 languages, no network).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voxedge.registry import need

_LINE = re.compile(r"[^\r\n\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]|$)")
_ENDS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_LEAD = re.compile(r"(?:\s|[-*+•‣◦–—]\s|\d{1,3}[.)]\s|[A-Za-z][.)]\s(?=\S+\s)|>+\s?|#{1,6}\s|\[[ xX]\]\s)*")
_CLAUSE = re.compile(r"(?<=[;:,，；：、…])\s+|\s+(?=[—–(])|(?<=\))\s+")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text.

    Attributes:
        text: The part.
        translatable: Whether it is a sentence; else it is kept as it is.
    """

    text: str
    translatable: bool


def has_letters(text: str) -> bool:
    """Whether there is anything to translate."""
    return _LETTER.search(text) is not None


def lines(text: str) -> Iterator[tuple[str, str]]:
    """Yields (line, its end); the ends are kept as they are, whatever their kind."""
    for match in _LINE.finditer(text):
        whole = match[0]
        if whole:
            body = whole.rstrip(_ENDS) if whole[-1] in _ENDS else whole
            # Only one end belongs to a line: what was stripped beyond it can't be (the pattern stops there).
            yield body, whole[len(body) :]


def pieces(text: str, language: str) -> list[Piece]:
    """Cuts a text into sentences and what lies between; joined they are the text again.

    Args:
        text: Any text.
        language: ISO 639-1; an unknown one gets the rules that are common to all.
    """
    need("sentencex", "translate", "Splitting sentences")
    import sentencex

    found: list[Piece] = []
    for body, end in lines(text):
        lead = _LEAD.match(body)
        start = lead.end() if lead is not None else 0
        if not has_letters(body[start:]):
            start = 0 if has_letters(body) else len(body)
        if start:
            found.append(Piece(body[:start], False))
        # The library joins back without loss; a check costs little and a lost word would be worse.
        parts = list(sentencex.segment(language, body[start:])) if start < len(body) else []
        if "".join(parts) != body[start:]:
            parts = [body[start:]]
        for part in parts:
            core = part.rstrip()
            if core and has_letters(core):
                stripped = core.lstrip()
                if len(stripped) < len(core):
                    found.append(Piece(core[: len(core) - len(stripped)], False))
                found.append(Piece(stripped, True))
                if len(core) < len(part):
                    found.append(Piece(part[len(core) :], False))
            elif part:
                found.append(Piece(part, False))
        if end:
            found.append(Piece(end, False))
    return found


def split_long(sentence: str, most: int, count: Callable[[str], int]) -> list[Piece]:
    """Cuts a sentence that is too long for a model: at clauses, else at blanks, else anywhere.

    Args:
        sentence: The sentence.
        most: Tokens that a part may have.
        count: Tells the tokens of a text.
    """
    # A token is at least a byte of text, so short sentences need no counting.
    if len(sentence.encode()) <= most or (len(sentence) <= 20 * most and count(sentence) <= most):
        return [Piece(sentence, True)]
    for pattern in (_CLAUSE, re.compile(r"\s+")):
        parts = _cut(sentence, pattern)
        if len(parts) > 1:
            return [
                smaller
                for piece in _pack(parts, most, count)
                for smaller in (split_long(piece.text, most, count) if piece.translatable else [piece])
            ]
    # No blank in it: a line of a megabyte without one must not stop the rest.
    if sentence.isascii():
        return [Piece(sentence, False)]  # no words, whatever it is: a key, a hash, base64
    step = max(1, most // 4)
    cuts = [sentence[i : i + step] for i in range(0, len(sentence), step)]
    return [Piece(cut, has_letters(cut)) for cut in cuts]


def _cut(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Parts and the blanks between them, alternating."""
    found: list[str] = []
    start = 0
    for match in pattern.finditer(text):
        if match.start() > start:
            found += [text[start : match.start()], match[0]]
            start = match.end()
    if start < len(text):
        found.append(text[start:])
    elif found:
        found.append("")
    return found


def _pack(parts: list[str], most: int, count: Callable[[str], int]) -> list[Piece]:
    """Joins neighbours as long as they fit, so that cuts are few."""
    found: list[Piece] = []
    current, tokens = "", 0
    for position in range(0, len(parts), 2):
        part = parts[position]
        gap = parts[position - 1] if position else ""
        size = count(part) if len(part) <= 20 * most else most + 1
        if current and tokens + size > most:
            found += [Piece(current, has_letters(current)), Piece(gap, False)]
            current, tokens = part, size
        else:
            current, tokens = (current + gap + part if current else part), tokens + size
    if current:
        found.append(Piece(current, has_letters(current)))
    return found
