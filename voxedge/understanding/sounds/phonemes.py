"""What sounds alike: costs of hearing one sound for another, from their articulation.

Vowels are points (height, backness, rounding), consonants triples (place, manner, voice). The weights were
fitted by hand on recognized coffee orders; `docs/understanding.md` has what they give.
"""

from __future__ import annotations

import math
import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (0.0, 0.0, 0.0), "y": (0.0, 0.0, 1.0), "ɪ": (0.6, 0.4, 0.0), "e": (1.0, 0.0, 0.0),
    "ø": (1.0, 0.0, 1.0), "ɛ": (2.0, 0.3, 0.0), "œ": (2.0, 0.3, 1.0), "æ": (2.6, 0.4, 0.0),
    "a": (3.0, 1.0, 0.0), "ɑ": (3.0, 2.0, 0.0), "ɔ": (2.0, 2.0, 1.0), "o": (1.0, 2.0, 1.0),
    "ʊ": (0.6, 1.7, 1.0), "u": (0.0, 2.0, 1.0), "ʌ": (2.2, 1.6, 0.0), "ə": (1.5, 1.0, 0.0),
    "ɜ": (1.6, 1.0, 0.0),
    "A": (0.8, 0.2, 0.0), "I": (2.0, 0.8, 0.0), "O": (1.0, 1.9, 1.0), "W": (2.1, 1.5, 0.5),
    "Y": (1.2, 1.3, 0.7),
}  # fmt: skip
_CONSONANTS: dict[str, tuple[float, float, float]] = {
    "p": (0.0, 0.0, 0.0), "b": (0.0, 0.0, 1.0), "m": (0.0, 2.0, 1.0), "f": (0.4, 1.0, 0.0),
    "v": (0.4, 1.0, 1.0), "θ": (1.0, 1.0, 0.0), "ð": (1.0, 1.0, 1.0), "t": (1.4, 0.0, 0.0),
    "d": (1.4, 0.0, 1.0), "ɾ": (1.4, 0.2, 0.6), "n": (1.4, 2.0, 1.0), "s": (1.5, 1.0, 0.0),
    "z": (1.5, 1.0, 1.0), "l": (1.5, 2.6, 1.0), "ɹ": (1.8, 2.8, 1.0), "r": (1.6, 2.7, 1.0),
    "ʃ": (2.0, 1.0, 0.0), "ʒ": (2.0, 1.0, 1.0), "ʧ": (2.0, 0.5, 0.0), "ʤ": (2.0, 0.5, 1.0),
    "ç": (2.6, 1.0, 0.0), "x": (3.0, 1.0, 0.0), "j": (2.5, 3.0, 1.0), "ɲ": (2.4, 2.0, 1.0),
    "ʎ": (2.4, 2.6, 1.0), "k": (3.0, 0.0, 0.0), "ɡ": (3.0, 0.0, 1.0), "ŋ": (3.0, 2.0, 1.0),
    "ʁ": (3.4, 2.4, 1.0), "h": (4.0, 1.3, 0.0), "w": (2.6, 3.0, 1.0),
}  # fmt: skip

SYMBOLS = tuple(_VOWELS) + tuple(_CONSONANTS)
"""The sounds that have an articulation; anything else (letters of other scripts) is like only itself."""

_WEAK = {"ə": 0.4, "h": 0.5, "j": 0.5}
_LIGHT = 0.35
_VOWEL_DROPPED, _CONSONANT_DROPPED, _UNLIKE = 0.7, 0.8, 1.2


@cache
def likeness(first: str, second: str) -> float:
    """Cost of hearing one sound for the other; 0 for the same, about 1 for unlike ones."""
    if first == second:
        return 0.0
    if first in _VOWELS and second in _VOWELS:
        a, b = _VOWELS[first], _VOWELS[second]
        cost = 0.15 + 0.28 * math.dist(a, b)
        return min(cost, 0.45 if "ə" in (first, second) else 1.1)
    if first in _CONSONANTS and second in _CONSONANTS:
        a, b = _CONSONANTS[first], _CONSONANTS[second]
        cost = 0.15 + 0.22 * abs(a[0] - b[0]) + 0.25 * abs(a[1] - b[1]) + 0.2 * abs(a[2] - b[2])
        return min(cost, 1.1)
    return _UNLIKE


def dropped(sound: str) -> float:
    """Cost of a sound that was not heard, or heard and not meant."""
    if sound in _WEAK:
        return _WEAK[sound]
    return _VOWEL_DROPPED if sound in _VOWELS else _CONSONANT_DROPPED


def drops(sounds: str) -> list[float]:
    """Cost of dropping each sound of a word, from its neighbours as well.

    The last t or d of a cluster ("iced coffee") and an r after a vowel ("mocha", "mocker") come and go.
    """
    costs = [dropped(sound) for sound in sounds]
    for at, sound in enumerate(sounds):
        before = sounds[at - 1] if at else ""
        if (sound in "td" and at == len(sounds) - 1 and before in _CONSONANTS) or (
            sound == "ɹ" and before in _VOWELS
        ):
            costs[at] = _LIGHT
    return costs


class Inventory:
    """Sounds by number, with their costs as arrays; grows when a new symbol is met.

    Attributes:
        numbers: Symbol to number.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {symbol: number for number, symbol in enumerate(SYMBOLS)}
        self._costs: NDArray[np.float32] | None = None
        self._lock = threading.Lock()

    def encode(self, sounds: str) -> tuple[int, ...]:
        """Numbers of a string of sounds."""
        if any(sound not in self.numbers for sound in sounds):
            with self._lock:
                for sound in sounds:
                    self.numbers.setdefault(sound, len(self.numbers))
        return tuple(self.numbers[sound] for sound in sounds)

    def costs(self) -> NDArray[np.float32]:
        """Substitution costs, shape ``(n, n)``."""
        import numpy as np

        known = self._costs
        if known is None or len(known) < len(self.numbers):
            with self._lock:
                symbols = list(self.numbers)
            known = np.array([[likeness(a, b) for b in symbols] for a in symbols], dtype=np.float32)
            self._costs = known
        return known
