"""What sound recognition takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge.errors import AudioEmpty, AudioInvalid

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

RATE_HZ = 16_000


def check_samples(samples: MonoF32, most_s: float | None) -> None:
    """Refuses what isn't sound that can be recognized.

    Args:
        samples: To be float32, shape ``(n,)``.
        most_s: Longest sound allowed; None for any length.

    Raises:
        AudioEmpty: No samples.
        AudioInvalid: Wrong type or shape, too long, or values that are no numbers.
    """
    import numpy as np

    given: object = samples
    if not isinstance(given, np.ndarray):
        raise _invalid(f"Sound must be a NumPy array of float32, not {type(given).__name__}.")
    if given.dtype != np.float32 or given.ndim != 1:
        raise _invalid(f"Sound must be float32 with one dimension, not {given.dtype} with {given.ndim}.")
    if not len(samples):
        raise AudioEmpty(
            "There are no samples to recognize.",
            remedy="Hand in at least 30 ms of sound.",
            room="recognition",
        )
    if most_s is not None and len(samples) > (most_s + 0.1) * RATE_HZ:
        raise AudioInvalid(
            f"The sound is {len(samples) / RATE_HZ:.1f} s long; one utterance may have {most_s:.0f} s.",
            remedy="Use voxedge.recognition.long.recognize_long, or cut it at pauses.",
            room="recognition",
        )
    if not np.isfinite(samples).all():
        raise AudioInvalid(
            "The sound holds values that are no numbers (NaN or infinite).",
            remedy="Check the source; samples must be between -1 and 1.",
            room="recognition",
        )


def _invalid(message: str) -> AudioInvalid:
    return AudioInvalid(
        message,
        remedy="Convert it: samples.astype('float32') / 32768 for 16-bit samples; mix channels down to one.",
        room="recognition",
    )
