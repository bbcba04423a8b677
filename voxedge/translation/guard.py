"""Noticing translations that went wrong: loops, runaway length, words out of nowhere.

Small models repeat themselves on odd input ("salad salad salad"). A loop is noticed, translated again
under a ban on repetition, and if it is still there it is cut to one round.
"""

from __future__ import annotations

import re

_LONGEST_LOOP_WORDS = 8
_ROUNDS = 3
_JUNK = re.compile(r"[♪♫�]")


def _loop(words: list[str]) -> tuple[int, int, int] | None:
    """The first loop: (start, length of a round, end), in words."""
    for size in range(1, _LONGEST_LOOP_WORDS + 1):
        start = 0
        while start + size * _ROUNDS <= len(words):
            end = start + size
            while words[end : end + size] == words[start : start + size]:
                end += size
            if end - start >= size * _ROUNDS:
                return start, size, end
            start += 1
    return None


def _words(text: str) -> list[str]:
    return [word.casefold().strip(".,;:!?¡¿\"'()") for word in text.split()]


def _stutters(text: str) -> bool:
    """Whether one syllable or word without blanks goes on and on (``hahahahahaha`` may be meant)."""
    return re.search(r"(.{2,8}?)\1{5,}", text) is not None


def suspicious(source: str, translation: str) -> bool:
    """Whether a translation looks like a loop or a runaway where its source doesn't."""
    if not translation.strip():
        return True
    if _JUNK.search(translation) and not _JUNK.search(source):
        return True
    if _loop(_words(translation)) is not None and _loop(_words(source)) is None:
        return True
    if _stutters(translation) and not _stutters(source):
        return True
    return len(translation) > 3 * len(source) + 40


def cut_loops(source: str, translation: str) -> str:
    """Keeps one round of each loop; a translation that is beyond help becomes the source itself."""
    if not translation.strip():
        return source
    for _ in range(20):
        words = translation.split()
        found = _loop(_words(translation))
        if found is None:
            break
        start, size, end = found
        translation = " ".join(words[: start + size] + words[end:])
    return translation if not suspicious(source, translation) else source
