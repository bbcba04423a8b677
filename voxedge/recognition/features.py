"""Sound to log-mel frames, as Whisper was trained on, for just the seconds that are needed.

Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2: 25 ms windows
every 10 ms, mel bands on the Slaney scale, log10, clipped 8 below the maximum, moved to about -1..1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32

HOP_SAMPLES = 160
_FFT_SAMPLES = 400
_RATE_HZ = 16_000
_BLOCK_FRAMES = 16
"""Frames multiplied at once. Products as small as this stay in one thread: with more, the linear algebra
library wakes its own threads, which fight the recognizer's for the same cores (measured: 16 ms for 1 ms)."""


def log_mel(samples: MonoF32, bands: int = 80) -> NDArray[np.float32]:
    """Log-mel frames of a piece of sound.

    Args:
        samples: float32, shape ``(n,)``, 16 kHz, at least 400 samples.
        bands: Mel bands: 80, or 128 for the models of the third large generation.

    Returns:
        float32, shape ``(bands, n // 160)``, C order.
    """
    half = _FFT_SAMPLES // 2
    padded = np.pad(samples, half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::HOP_SAMPLES]
    frames = frames[: len(samples) // HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window(), axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    filters = _filters(bands)
    mel = np.empty((len(power), bands), np.float32)
    for begin in range(0, len(power), _BLOCK_FRAMES):
        np.matmul(power[begin : begin + _BLOCK_FRAMES], filters, out=mel[begin : begin + _BLOCK_FRAMES])
    log = np.log10(np.maximum(mel, 1e-10))
    log = np.maximum(log, log.max() - 8.0)
    return np.ascontiguousarray(((log + 4.0) / 4.0).T)


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    return np.hanning(_FFT_SAMPLES + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=2)
def _filters(bands: int) -> NDArray[np.float32]:
    """Triangular filters on the Slaney mel scale, each of unit area: shape ``(201, bands)``."""
    edges_hz = _mel_to_hz(np.linspace(0.0, _hz_to_mel(_RATE_HZ / 2), bands + 2))
    bins_hz = np.fft.rfftfreq(_FFT_SAMPLES, 1.0 / _RATE_HZ)
    low, centre, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rising = (bins_hz[:, None] - low) / (centre - low)
    falling = (high - bins_hz[:, None]) / (high - centre)
    weights = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return np.ascontiguousarray(weights, np.float32)


_BREAK_HZ = 1000.0
_HZ_A_MEL = 200.0 / 3.0
_LOG_STEP = float(np.log(6.4)) / 27.0
"""Slaney's scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above."""


def _hz_to_mel(hz: float) -> float:
    if hz < _BREAK_HZ:
        return hz / _HZ_A_MEL
    return _BREAK_HZ / _HZ_A_MEL + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    start = _BREAK_HZ / _HZ_A_MEL
    return np.where(mel < start, mel * _HZ_A_MEL, _BREAK_HZ * np.exp(_LOG_STEP * (mel - start)))
