"""From a model's bytes to text that can be shown and spoken. Pure logic."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Turns the bytes of tokens into pieces of text, each whole in itself.

    A token may be a part of a character, the reply may begin with a blank, and a stop string may arrive in
    parts: what could still become one of these is held back until it is clear.

    Args:
        stops: The reply ends before the first of these.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        # Tokens that are no UTF-8 at all happen; dropping the bytes beats speaking U+FFFD.
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._held = ""
        self._begun = False
        self.stopped = False
        """Whether a stop string was met; nothing comes after it."""

    def feed(self, data: bytes) -> str:
        """Takes the bytes of one token; gives the text that is certain now, often ""."""
        return self._release(self._decoder.decode(data), final=False)

    def flush(self) -> str:
        """Gives what was held back. Half a character at the end is dropped, and so are trailing blanks."""
        return self._release(self._decoder.decode(b"", final=True), final=True).rstrip()

    def _release(self, new: str, *, final: bool) -> str:
        if self.stopped:
            return ""
        text = self._held + new
        if not self._begun:
            text = text.lstrip()
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            text, self._held = text[: min(found)].rstrip(), ""
        elif not final:
            keep = self._undecided(text)
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        else:
            self._held = ""
        self._begun = self._begun or bool(text)
        return text

    def _undecided(self, text: str) -> int:
        """How many characters at the end may be the beginning of a stop string, or blanks before the end."""
        blanks = len(text) - len(text.rstrip())
        longest = blanks
        for stop in self._stops:
            for size in range(min(len(stop) - 1, len(text)), 0, -1):
                if text.endswith(stop[:size]):
                    before = len(text) - size
                    longest = max(longest, len(text) - len(text[:before].rstrip()))
                    break
        return longest
