"""Whisper's tokens: text, prompts and time marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STOPS = (".", ",", "?", "!", "-", " -", "...")
SECONDS_A_MARK = 0.02
"""Time marks count in steps of 20 ms."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text tokens between two time marks.

    Attributes:
        tokens: Ids of text tokens.
        start: Seconds of the window; None where the model set no mark.
        end: Seconds of the window; None where the model set no mark.
    """

    tokens: tuple[int, ...]
    start: float | None
    end: float | None


class WhisperTokenizer:
    """Text to tokens and back. Safe to use from several threads.

    Args:
        folder: A model's folder with ``tokenizer.json`` and ``config.json``.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.sot = self._id("<|startoftranscript|>")
        self.eot = self._id("<|endoftext|>")
        self.previous = self._id("<|startofprev|>")
        self.no_marks = self._id("<|notimestamps|>")
        self.first_mark = self.no_marks + 1
        self.tasks = {task: self._id(f"<|{task}|>") for task in ("transcribe", "translate")}
        lowest, highest = self.sot + 1, min(self.tasks.values())
        self.languages: dict[str, int] = {}
        for token, number in self._tokenizer.get_vocab(with_added_tokens=True).items():
            if lowest <= number < highest and token.startswith("<|"):
                self.languages[token[2:-2]] = number
        self.stops = tuple(sorted({token for stop in STOPS for token in self.encode(stop)}))
        self.alignment_heads = len(config.get("alignment_heads", ()))

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ValueError(f"no token {token}")
        return int(number)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without special tokens."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def tokens_of(self, words: Sequence[str], language: str) -> frozenset[int]:
        """Ids of all tokens that may stand for the words: at the start and later, in capitals, as digits."""
        from voxedge.numbers import LANGUAGES, to_digits

        forms = {form for word in words for form in (word, word[:1].upper() + word[1:])}
        if language in LANGUAGES:
            forms |= {to_digits(word, language) for word in words}
        allowed: set[int] = set()
        for form in forms:
            allowed |= {*self.encode(form), *self.encode(" " + form)}
        return frozenset(allowed.difference(self.stops))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones and time marks are left out."""
        return str(self._tokenizer.decode([token for token in tokens if token < self.eot]))

    def mark_s(self, token: int) -> float | None:
        """Seconds of a time mark; None for any other token."""
        return (token - self.first_mark) * SECONDS_A_MARK if token >= self.first_mark else None

    def pieces(self, tokens: Sequence[int]) -> list[Piece]:
        """Splits a generated sequence at its time marks."""
        found: list[Piece] = []
        start: float | None = None
        text: list[int] = []
        for token in tokens:
            mark = self.mark_s(token)
            if mark is None:
                if token < self.eot:
                    text.append(token)
                continue
            if text:
                found.append(Piece(tuple(text), start, mark))
                text, start = [], None
            else:
                start = mark
        if text:
            found.append(Piece(tuple(text), start, None))
        return found

    def words(self, tokens: Sequence[int]) -> list[tuple[str, list[int]]]:
        """Splits text tokens into words: each its text (with the blank before it) and its tokens.

        Scripts without blanks (Chinese, Japanese, Thai, ...) give a word a character or the least group of
        tokens that decodes.
        """
        groups: list[tuple[str, list[int]]] = []
        pending: list[int] = []
        for token in tokens:
            pending.append(token)
            text = self.decode(pending)
            if "\ufffd" in text:
                continue
            groups.append((text, pending))
            pending = []
        if pending:
            groups.append((self.decode(pending), pending))
        words: list[tuple[str, list[int]]] = []
        for text, group in groups:
            starts = text.startswith(" ") or not words or _is_unspaced(text) or _is_unspaced(words[-1][0])
            only_marks = text.strip() != "" and not any(c.isalnum() for c in text)
            if words and (not starts or (only_marks and not text.startswith(" "))):
                before, ids = words[-1]
                words[-1] = (before + text, ids + group)
            else:
                words.append((text, list(group)))
        return words


_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),  # Chinese characters
    (0xF900, 0xFAFF),
)


def _is_unspaced(text: str) -> bool:
    last = text.strip()[-1:]
    return bool(last) and any(low <= ord(last) <= high for low, high in _UNSPACED)
