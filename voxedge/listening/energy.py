"""Voice activity by loudness alone: how far a frame rises above the noise of the last seconds."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from typing import TYPE_CHECKING

from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

SILENCE_DB = -75.0
"""Below this level (of full scale) a frame is silence, whatever the noise floor: 16-bit sound has less
than six steps there."""
WINDOW_S = 3.0
"""The noise floor is the quiet tenth of the last seconds (minimum statistics, after R. Martin, 2001):
longer than a sentence goes without a dip, short enough to follow a fan that is switched on."""
QUIET_SHARE = 0.1
LEARN_FRAMES = 32
LEARN_DB = -60.0
"""In the first second the floor is taken for no higher: the stream may begin in the middle of a word."""
CERTAIN_DB = 25.0
"""So far above the floor the probability is 1."""


class EnergyActivity:
    """Loudness above an adaptive noise floor. Costs about 4 us a frame.

    As the only detector it takes every loud sound for speech; before others it says what surely is none.

    Attributes:
        level_db: Level of the last frame, in dB of full scale (root mean square); -120 for none.
        floor_db: The noise floor, in dB of full scale.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=int(WINDOW_S * SAMPLE_RATE_HZ / FRAME_SAMPLES))
        self._ordered: list[float] = []
        self.level_db = -120.0
        self.floor_db = SILENCE_DB

    def reset(self) -> None:
        """Forgets the stream."""
        self._recent.clear()
        self._ordered.clear()
        self.level_db, self.floor_db = -120.0, SILENCE_DB

    def probability(self, samples: MonoF32) -> float:
        """0 at the noise floor, 1 from 25 dB above it; 0 for a frame that is digital silence."""
        energy = float(samples @ samples) / len(samples)
        self.level_db = max(-120.0, 10 * math.log10(energy)) if energy > 0 else -120.0
        ordered = self._ordered
        if len(self._recent) == self._recent.maxlen:
            del ordered[bisect_left(ordered, self._recent[0])]
        self._recent.append(self.level_db)
        insort(ordered, self.level_db)
        floor = ordered[int(len(ordered) * QUIET_SHARE)]
        if len(ordered) < LEARN_FRAMES:
            floor = min(floor, LEARN_DB)
        self.floor_db = max(SILENCE_DB, floor)
        return min(1.0, max(0.0, (self.level_db - self.floor_db) / CERTAIN_DB))
