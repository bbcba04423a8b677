"""Changing the sample rate of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.audio.samples import check_rate

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32


class Resampler:
    """Resamples one stream, block by block, with FFmpeg's libswresample (through PyAV).

    The result does not depend on how the stream is cut into blocks, begins without a delay and has
    ``round(n * to_hz / rate_hz)`` samples, give or take one. Equal rates pass through untouched.
    Not to be used by two threads at once.

    Args:
        rate_hz: Samples a second of what is fed.
        to_hz: Samples a second of what comes out.
    """

    def __init__(self, rate_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> None:
        self.rate_hz = check_rate(rate_hz)
        self.to_hz = check_rate(to_hz)
        # PyAV has no usable types for its Cython classes.
        self._engine: Any = None

    def feed(self, samples: MonoF32) -> MonoF32:
        """Takes the next block; gives what is ready, perhaps nothing.

        Args:
            samples: float32, shape ``(n,)``.

        Returns:
            float32, shape ``(m,)``, ``to_hz`` samples a second.
        """
        if self.rate_hz == self.to_hz or samples.size == 0:
            return samples
        import av
        import numpy as np

        if self._engine is None:
            self._engine = av.AudioResampler(format="flt", layout="mono", rate=self.to_hz)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples)[np.newaxis], format="flt", layout="mono"
        )
        frame.sample_rate = self.rate_hz
        return self._joined(self._engine.resample(frame))

    def flush(self) -> MonoF32:
        """Gives the rest of the stream and is ready for another one."""
        engine, self._engine = self._engine, None
        return self._joined([] if engine is None else engine.resample(None))

    @staticmethod
    def _joined(frames: list[Any]) -> MonoF32:
        import numpy as np

        if not frames:
            return np.zeros(0, dtype=np.float32)
        # to_ndarray() copies, so the result outlives the frame.
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def resample(samples: MonoF32, rate_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> MonoF32:
    """Resamples a whole sound. See `Resampler`."""
    import numpy as np

    resampler = Resampler(rate_hz, to_hz)
    return np.concatenate([resampler.feed(samples), resampler.flush()])
