"""The stable prefix: the part of a growing hypothesis that is never taken back. Pure logic."""

from __future__ import annotations

_TRAILING = ".,;:!?…-–—\"'’”)"


class StablePrefix:
    """Keeps the words on which two successive hypotheses agree (LocalAgreement-2; Liu et al., 2020).

    The last word of a hypothesis is never kept: the sound may have been cut within it. Nor are the marks
    behind the last kept word, which change as the sentence goes on.
    """

    def __init__(self) -> None:
        self.stable = ""
        """The prefix, as a text; every text that `update` gives begins with it."""
        self._previous: list[str] = []

    def update(self, hypothesis: str) -> str:
        """Takes the next hypothesis; gives the text to show, which begins with the stable prefix.

        Where the hypothesis doesn't begin with what is stable, the stable words stand and the
        hypothesis gives what comes after them.
        """
        text = self._continued(" ".join(hypothesis.split()))
        words = text.split(" ") if text else []
        agreed = self._agreed(words)
        if len(agreed) > len(self.stable) and _begins(agreed, self.stable):
            self.stable = agreed
        self._previous = words
        return text

    def commit(self, text: str) -> None:
        """Makes a text that was shown stable as a whole: what comes later is recognized without it.

        Raises:
            ValueError: It would take back what is stable.
        """
        text = text.rstrip(_TRAILING + " ")
        if not _begins(text, self.stable):
            raise ValueError("a stable prefix is never taken back")
        self.stable = text
        self._previous = text.split(" ")

    def agrees(self, final: str) -> bool:
        """Whether a final text begins with the stable prefix."""
        return _begins(final, self.stable)

    def _agreed(self, words: list[str]) -> str:
        count = 0
        for word, before in zip(words[:-1], self._previous, strict=False):
            # Behind the last agreed word the marks may differ: "large" and "large,".
            if word != before:
                if bare(word) == bare(before) != "" and word[:1] == before[:1]:
                    count += 1
                break
            count += 1
        return " ".join(words[:count]).rstrip(_TRAILING + " ")

    def _continued(self, text: str) -> str:
        if not self.stable or _begins(text, self.stable):
            return text
        kept = [bare(word) for word in self.stable.split(" ")]
        words = text.split(" ") if text else []
        heard = [bare(word) for word in words]
        rest = words[_behind(kept, heard) :]
        return " ".join([self.stable, *rest])


def bare(word: str) -> str:
    """A word without case and marks, for comparing."""
    return "".join(c for c in word.casefold() if c.isalnum())


def _begins(text: str, prefix: str) -> bool:
    """Whether a text begins with a prefix that ends where a word ends."""
    return not prefix or (text.startswith(prefix) and not text[len(prefix) : len(prefix) + 1].isalnum())


def _behind(kept: list[str], heard: list[str]) -> int:
    """How many of the words heard are said already: up to the end of the kept words' last ones."""
    for length in (3, 2, 1):
        tail = kept[-length:]
        ends = [i + length for i in range(len(heard) - length + 1) if heard[i : i + length] == tail]
        near = [end for end in ends if abs(end - len(kept)) <= 3]
        if near and len(tail) == length:
            return min(near, key=lambda end: abs(end - len(kept)))
    return min(len(kept), len(heard))
