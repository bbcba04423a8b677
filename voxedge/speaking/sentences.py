"""Cutting text that is still being written into sentences, so that the first sounds while others follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from voxedge.speaking.words import WORDS, row

MAX_SENTENCE_CHARS = 300
"""Longer sentences are cut at a comma, else at a blank: a voice needs a whole piece before it can begin."""

# A closing mark, what may stand behind it, then a blank and the next character: without that character
# "3.5", "e.g. this" and "the end. Next" can't be told apart.
_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s+\S)|[。！？]+[」』”]*(?=[^。！？」』”])|(?=\n)")
_CLAUSE = re.compile(r"[,;:—–][\"'”’»)]*\s")
_NO_ENDS = frozenset(
    row(
        "dr mr mrs ms prof st mt no vs approx fig vol jr sr inc ltd co e.g i.e p.m a.m gen col sgt capt lt"
        " rev hon etc sra srta ud aprox z.b d.h bzw bzgl ca nr str inkl evtl ggf u.a usw m mme mlle env p.ex"
    )
)


class SentenceSplitter:
    """Takes pieces of a text as they come, gives its sentences as soon as each is certain to be whole.

    Nothing is lost and nothing said twice: the sentences together are the text without the blanks between.
    The result does not depend on how the text is cut into pieces.

    Args:
        language: ISO 639-1; German has ordinals with a full stop.
    """

    def __init__(self, language: str = "en") -> None:
        self._text = ""
        code = language[:2].lower()
        self._ordinals = code == "de"
        known = WORDS.get(code)
        self._abbreviations = _NO_ENDS | {
            key.rstrip(".").casefold() for key in (known.abbreviations if known else ()) if key.endswith(".")
        }

    def feed(self, piece: str) -> list[str]:
        """Takes the next piece; gives the sentences that are complete with it."""
        self._text += piece
        found = []
        while (cut := self._cut()) is not None:
            sentence, self._text = self._text[:cut].strip(), self._text[cut:].lstrip()
            if sentence:
                found.append(sentence)
        return found

    def flush(self) -> list[str]:
        """Gives the rest, which ends without a mark or with the text."""
        rest, self._text = self._text.strip(), ""
        return [rest] if rest else []

    def _cut(self) -> int | None:
        """Where the first sentence ends, or None while that isn't known."""
        for match in _END.finditer(self._text):
            if match.end() > MAX_SENTENCE_CHARS:
                break
            if self._ends(match):
                # A line's end is used up with its line.
                return match.end() + (1 if match.group() == "" else 0)
        # A mark near the limit needs a look at what follows it, blanks included.
        if len(self._text) <= MAX_SENTENCE_CHARS + 40:
            return None
        window = self._text[: MAX_SENTENCE_CHARS + 1]
        clauses = [m.end() for m in _CLAUSE.finditer(window)]
        if clauses and clauses[-1] > MAX_SENTENCE_CHARS // 3:
            return clauses[-1]
        blank = window.rfind(" ")
        return blank if blank > 0 else MAX_SENTENCE_CHARS

    def _ends(self, match: re.Match[str]) -> bool:
        mark = match.group()
        if mark == "" or mark[0] not in ".…":
            return True
        following = self._text[match.end() :].lstrip()
        if following[:1].islower():
            return False
        word = self._text[: match.start()].split()[-1:] or [""]
        before = word[0].lstrip("(\"'“‘«[*_").casefold()
        if mark.startswith(("..", "…")):
            return True
        if before in self._abbreviations and before not in {"etc", "usw", "p.m", "a.m"}:
            return False
        if len(before) == 1 and before.isalpha() and word[0].isupper() and before != "i":
            return False  # an initial: "J. Smith"
        # "Am 3. Mai"; and in every language a list's "1. First".
        return not (before.isdigit() and (self._ordinals or match.start() == len(before)))


def sentences(pieces: Iterable[str], language: str = "en") -> Iterator[str]:
    """Gives the sentences of a text that comes in pieces, each as soon as it is whole.

    Args:
        pieces: The text, cut anywhere: tokens of a language model, lines, one string.
        language: ISO 639-1.
    """
    splitter = SentenceSplitter(language)
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.flush()
