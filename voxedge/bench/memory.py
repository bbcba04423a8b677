"""How much the process grows while it recognizes one file after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.bench.process import resident_mb

if TYPE_CHECKING:
    from voxedge.recognition.contract import Recognizer

WARM_UP = 60
"""Files before the first look: allocators keep what the longest utterances needed."""


def growth(
    recognizer: Recognizer, files: Sequence[Path], count: int, advance: Callable[[int], None]
) -> dict[str, object]:
    """Recognizes so many files (the list over and over) and gives the growth after warm-up, in MB."""
    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions

    before = 0.0
    for number in range(count):
        options = RecognitionOptions(words=number % 2 == 0, beam=5 if number % 5 == 0 else 1)
        recognizer.recognize(read(files[number % len(files)])[: 28 * 16_000], options)
        if number == min(WARM_UP, count // 2):
            before = resident_mb()
        advance(1)
    after = resident_mb()
    return {"files": count, "after_warm_up_mb": round(before, 1), "growth_mb": round(after - before, 1)}
