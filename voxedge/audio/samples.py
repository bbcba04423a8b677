"""What counts as sound: the one place where samples from outside are checked and brought into shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge.errors import AudioEmpty, AudioInvalid

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

MIN_RATE_HZ = 4_000
MAX_RATE_HZ = 384_000
MAX_CHANNELS = 32
MAX_LEVEL = 16.0
"""Decoders and mixers overshoot 1 a little. Beyond this, somebody has put whole numbers (of 16 bits, say)
into floats, and what follows would only look like very loud sound."""


def check_samples(samples: object, *, allow_empty: bool = False) -> MonoF32:
    """Checks that samples are what the rooms hand to each other, and gives them back unchanged.

    Args:
        samples: Must be float32, shape ``(n,)``, finite, about -1..1.
        allow_empty: Whether ``n`` may be 0.

    Raises:
        AudioInvalid: Another type, shape or number of dimensions; not a number, infinite, or far too large.
        AudioEmpty: There are no samples.
    """
    import numpy as np

    if not isinstance(samples, np.ndarray):
        raise AudioInvalid(
            f"Samples must be a NumPy array, not {type(samples).__name__}.",
            remedy="Convert them: numpy.asarray(samples, dtype=numpy.float32).",
        )
    if samples.dtype != np.float32:
        raise AudioInvalid(
            f"Samples must be float32, not {samples.dtype}.",
            remedy="Use voxedge.audio.samples.to_mono(samples): it takes int16, float32 and float64.",
        )
    if samples.ndim != 1:
        raise AudioInvalid(
            f"Samples must have the shape (n,), not {samples.shape}.",
            remedy="Use voxedge.audio.samples.to_mono(samples): it mixes (n, channels) into one.",
        )
    if samples.size == 0:
        if allow_empty:
            return samples
        raise AudioEmpty("There are no samples.", remedy="Give at least one sample.")
    _check_values(float(samples.min()), float(samples.max()))
    return samples


def to_mono(samples: object) -> MonoF32:
    """Brings an array from outside into the rooms' form.

    Args:
        samples: int16 (full scale is 32768), float32 or float64 (full scale is 1); shape ``(n,)`` or
            ``(n, channels)``. ``n`` may be 0.

    Returns:
        float32, shape ``(n,)``; the mean of the channels. May share memory with ``samples``.

    Raises:
        AudioInvalid: Another type or shape, or values that are no sound.
    """
    import numpy as np

    if not isinstance(samples, np.ndarray):
        raise AudioInvalid(
            f"A block of sound must be a NumPy array, not {type(samples).__name__}.",
            remedy="Give arrays of int16 or float32, shape (n,) or (n, channels).",
        )
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= MAX_CHANNELS):
        raise AudioInvalid(
            f"A block of sound must have the shape (n,) or (n, channels), not {samples.shape}.",
            remedy="Turn (channels, n) round with samples.T; there may be 1 to 32 channels.",
        )
    if samples.dtype == np.int16:
        mono = samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float32)
        scaled: MonoF32 = np.asarray(mono, dtype=np.float32) / np.float32(32768.0)
        return scaled
    if samples.dtype not in (np.float32, np.float64):
        raise AudioInvalid(
            f"A block of sound must be int16, float32 or float64, not {samples.dtype}.",
            remedy="Convert it: samples.astype(numpy.float32), scaled to -1..1.",
        )
    if samples.size == 0:
        return np.zeros(0, dtype=np.float32)
    # Before the channels are mixed: the mean of +inf and -inf would hide both behind one NaN.
    _check_values(float(samples.min()), float(samples.max()))
    mono = samples if samples.ndim == 1 else samples.mean(axis=1, dtype=samples.dtype)
    return np.ascontiguousarray(mono, dtype=np.float32)


def check_rate(rate_hz: int) -> int:
    """Checks a sample rate that came from outside.

    Raises:
        AudioInvalid: No whole number from 4,000 to 384,000.
    """
    if isinstance(rate_hz, bool) or not isinstance(rate_hz, int) or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise AudioInvalid(
            f"A sample rate of {rate_hz!r} Hz can't be right.",
            remedy=f"Give the rate of the sound in hertz, {MIN_RATE_HZ} to {MAX_RATE_HZ} (often 16000).",
        )
    return rate_hz


def _check_values(low: float, high: float) -> None:
    # NaN spreads through min and max, and every comparison with it is false.
    if low >= -MAX_LEVEL and high <= MAX_LEVEL:
        return
    if low != low or high != high or low == float("-inf") or high == float("inf"):
        raise AudioInvalid(
            "Some samples are not numbers, or infinite.",
            remedy="Look where they come from; numpy.nan_to_num(samples) would hide the fault.",
        )
    raise AudioInvalid(
        f"Samples reach {max(-low, high):.0f}, and full scale is 1.",
        remedy="Scale them: for whole numbers of 16 bits, divide by 32768 (or hand in the int16 array).",
    )
