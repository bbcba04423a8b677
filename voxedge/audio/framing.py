"""Cutting a stream into frames of 512 samples, numbered by sample. Pure: no clock, no thread, no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from voxedge.audio.contract import FRAME_SAMPLES, Frame

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32


class Framer:
    """Takes blocks of any size and gives frames; the same sound gives the same frames however it is cut.

    Args:
        start_sample: Number of the stream's first sample.
    """

    def __init__(self, start_sample: int = 0) -> None:
        self._next_sample = start_sample
        self._waiting: list[MonoF32] = []
        self._waiting_samples = 0

    @property
    def samples_in(self) -> int:
        """Number of the sample that the next block begins with."""
        return self._next_sample + self._waiting_samples

    def feed(self, samples: MonoF32) -> list[Frame]:
        """Takes the next block; gives the frames that are complete with it.

        Args:
            samples: float32, shape ``(n,)``. Frames may share its memory: hand in a buffer that is
                written to again only as a copy.
        """
        if samples.size == 0:
            return []
        self._waiting.append(samples)
        self._waiting_samples += samples.size
        if self._waiting_samples < FRAME_SAMPLES:
            return []
        joined = self._take()
        whole = joined.size - joined.size % FRAME_SAMPLES
        frames = []
        for offset in range(0, whole, FRAME_SAMPLES):
            frames.append(Frame(joined[offset : offset + FRAME_SAMPLES], self._next_sample))
            self._next_sample += FRAME_SAMPLES
        if whole < joined.size:
            # A copy, so that a short rest doesn't hold a long block in memory.
            self._waiting = [joined[whole:].copy()]
            self._waiting_samples = joined.size - whole
        return frames

    def flush(self) -> list[Frame]:
        """Gives the rest as one frame padded with zeros, or nothing when there is no rest."""
        if self._waiting_samples == 0:
            return []
        import numpy as np

        rest = self._take()
        samples = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        samples[: rest.size] = rest
        frame = Frame(samples, self._next_sample)
        self._next_sample += FRAME_SAMPLES
        return [frame]

    def _take(self) -> MonoF32:
        import numpy as np

        joined = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        self._waiting, self._waiting_samples = [], 0
        return joined


def frames_of(blocks: Iterable[MonoF32], start_sample: int = 0) -> Iterator[Frame]:
    """Gives the frames of blocks of any size, the padded last one included."""
    framer = Framer(start_sample)
    for block in blocks:
        yield from framer.feed(block)
    yield from framer.flush()
