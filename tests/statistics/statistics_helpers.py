"""A moment, and bits that a test can repeat."""

from __future__ import annotations

import random

NOW = 1_795_000_000.0
DAY = 86_400


class SeededBits:
    """Bits that a test can repeat."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)

    def below(self, bound: int) -> int:
        return self.random.randrange(bound)
