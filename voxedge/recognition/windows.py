"""How many seconds to encode, and how many tokens to allow. Pure logic."""

from __future__ import annotations

from dataclasses import dataclass

FULL_S = 30.0


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """What windows are tried.

    The defaults did as well as any wider first window when chosen on the sets of ``voxedge bench
    recognition``: they fit those recordings a little better than others.

    Attributes:
        least_s: No window is shorter: below this the decoder loops (whatever was said).
        silence_s: Silence wanted behind the speech, so that the decoder sees that it is over.
        tokens_a_second: Cap of the decoder; fast readers reach 6 to 7.
        spare_tokens: Added to the cap: time marks and punctuation.
    """

    least_s: float = 5.0
    silence_s: float = 1.0
    tokens_a_second: float = 10.0
    spare_tokens: int = 8

    def windows_s(self, speech_s: float) -> tuple[float, ...]:
        """Lengths of the windows to try, in order, for so many seconds of speech."""
        first = min(FULL_S, max(self.least_s, speech_s + self.silence_s))
        second = min(FULL_S, max(1.6 * first, 15.0))
        return tuple(dict.fromkeys((first, second, FULL_S)))

    def most_tokens(self, speech_s: float) -> int:
        """Tokens that so many seconds of speech can have."""
        return min(224, int(speech_s * self.tokens_a_second) + self.spare_tokens)
