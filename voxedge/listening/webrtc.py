"""Voice activity by WebRTC's detector: six bands, two Gaussian mixtures, 1.5 us a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge.registry import need

if TYPE_CHECKING:
    from typing import Protocol

    from voxedge.audio.contract import MonoF32

    class _Vad(Protocol):
        def is_speech(self, buf: bytes, sample_rate: int) -> bool: ...


CHUNK_SAMPLES = 160
"""10 ms: WebRTC takes 10, 20 or 30 ms; ten leave the least over of 512 samples."""


class WebRtcActivity:
    """WebRTC's voice activity detector: the share of a frame's 10 ms pieces that it takes for speech.

    Args:
        aggressiveness: 0 takes most for speech, 3 least.
    """

    def __init__(self, aggressiveness: int = 1) -> None:
        self._aggressiveness = aggressiveness
        self.reset()

    def reset(self) -> None:
        """Forgets the stream."""
        module = need("webrtcvad", "test", "Voice activity by WebRTC")
        self._vad: _Vad = module.Vad(self._aggressiveness)  # type: ignore[attr-defined]
        self._left = b""

    def probability(self, samples: MonoF32) -> float:
        """0, 1 or a share between; the last pieces of a frame are judged with the next one."""
        import numpy as np

        pcm = (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        data = self._left + pcm
        size = 2 * CHUNK_SAMPLES
        count = len(data) // size
        speech = sum(self._vad.is_speech(data[i * size : (i + 1) * size], 16_000) for i in range(count))
        self._left = data[count * size :]
        return speech / count
