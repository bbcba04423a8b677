"""Noise mixed into speech as the origin of the coffee orders does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from voxedge.audio.contract import MonoF32

FRAME_SAMPLES = 2048
PEAK = 0.5


def _loudest(samples: MonoF32) -> float:
    """Mean square of the loudest frame."""
    import numpy as np

    whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    if whole == 0:
        return float(np.mean(samples.astype(np.float64) ** 2)) + 1e-12
    frames = samples[:whole].astype(np.float64).reshape(-1, FRAME_SAMPLES)
    return float(np.max(np.mean(frames**2, axis=1))) + 1e-12


def mix(speech: MonoF32, noise: MonoF32, snr_db: float, random: np.random.Generator) -> MonoF32:
    """Adds a random stretch of noise; the loudest frames compare as ``snr_db``; the peak becomes 0.5.

    Args:
        speech: float32, shape ``(n,)``.
        noise: float32, shape ``(m,)``; repeated where it is shorter than the speech.
        snr_db: Signal-to-noise ratio of the loudest frames of 2,048 samples.
        random: Chooses the stretch.
    """
    import numpy as np

    if len(noise) <= len(speech):
        noise = np.tile(noise, len(speech) // len(noise) + 2)
    start = int(random.integers(0, len(noise) - len(speech)))
    stretch = noise[start : start + len(speech)]
    scale = np.sqrt(_loudest(speech) / (_loudest(stretch) * 10 ** (snr_db / 10)))
    mixed = speech + np.float32(scale) * stretch
    scaled: MonoF32 = (mixed * (PEAK / max(float(np.max(np.abs(mixed))), 1e-9))).astype(np.float32)
    return scaled
