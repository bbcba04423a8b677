"""Sound that grows: samples are appended, views of all so far are handed out without copying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32


class SampleBuffer:
    """The sound of one utterance.

    Views stay valid while the buffer grows: samples once written never change, and a greater array
    replaces the old one, which lives as long as a view of it.

    Args:
        start_sample: Number, in the stream, of the first sample that will be appended.
    """

    def __init__(self, start_sample: int) -> None:
        import numpy as np

        self.start_sample = start_sample
        self._samples: MonoF32 = np.empty(4 * SAMPLE_RATE_HZ, dtype=np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def end_sample(self) -> int:
        """Number, in the stream, of the sample behind the last one."""
        return self.start_sample + self._length

    def append(self, samples: MonoF32) -> None:
        """Appends samples; copies them."""
        import numpy as np

        needed = self._length + len(samples)
        if needed > len(self._samples):
            larger = np.empty(max(needed, 2 * len(self._samples)), dtype=np.float32)
            larger[: self._length] = self._samples[: self._length]
            self._samples = larger
        self._samples[self._length : needed] = samples
        self._length = needed

    def view(self, upto_sample: int | None = None) -> MonoF32:
        """All samples so far, or those before a sample of the stream; read-only."""
        end = self._length if upto_sample is None else min(self._length, upto_sample - self.start_sample)
        view = self._samples[:end]
        view.flags.writeable = False
        return view
