"""How many seconds to encode, and how many tokens to allow. Pure logic."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

FULL_S = 30.0
GRID_S = (
    *(half / 2 for half in range(1, 20)),
    *(float(second) for second in range(10, 20)),
    *(float(second) for second in range(20, 32, 2)),
)
"""Lengths that windows come in: steps of 0.5 s up to 10 s, of 1 s up to 20 s, of 2 s up to 30 s.

The engine (oneDNN in it) keeps up to 0.5 MB for each length of window that it ever saw, a thousand of them:
with windows of any length, ten minutes of speech left 50 MB behind.
"""


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """What windows are tried.

    The defaults did as well as any wider first window when chosen on the sets of ``voxedge bench
    recognition``: they fit those recordings a little better than others.

    Attributes:
        least_s: No window is shorter: below this the decoder loops (whatever was said).
        silence_s: Silence wanted behind the speech, so that the decoder sees that it is over.
        tokens_a_second: Cap of the decoder; fast readers reach 6 to 7.
        likely_tokens_a_second: Cap of a first try in English, whose words are mostly one token each.
        spare_tokens: Added to the cap: time marks and punctuation.
    """

    least_s: float = 5.0
    silence_s: float = 1.0
    tokens_a_second: float = 10.0
    likely_tokens_a_second: float = 6.0
    spare_tokens: int = 8

    def windows_s(self, speech_s: float) -> tuple[float, ...]:
        """Lengths of the windows to try, in order, for so many seconds of speech."""
        first = on_grid(max(self.least_s, speech_s + self.silence_s))
        second = on_grid(max(1.6 * first, 15.0))
        return tuple(dict.fromkeys((first, second, FULL_S)))

    def most_tokens(self, speech_s: float) -> int:
        """Tokens that so many seconds of speech can have."""
        return min(224, int(speech_s * self.tokens_a_second) + self.spare_tokens)

    def likely_tokens(self, speech_s: float, language: str) -> int:
        """Tokens that nearly all speech of that length stays below: a decoder that loops stops there."""
        if language != "en":
            return self.most_tokens(speech_s)
        return min(224, int(speech_s * self.likely_tokens_a_second) + self.spare_tokens)

    def hinted_tokens(self, speech_s: float, heard: int) -> int:
        """Tokens that another decoding may have where a first one heard so many.

        It may find words that the first one missed, up to the pace of quick speech.
        """
        wanted = max(int(1.25 * heard) + 4, int(5.0 * speech_s) + 4)
        return min(self.most_tokens(speech_s), wanted)


def on_grid(window_s: float) -> float:
    """The least length of `GRID_S` that isn't shorter; 30 s for all that is longer."""
    return GRID_S[min(len(GRID_S) - 1, bisect_left(GRID_S, window_s - 1e-6))]
