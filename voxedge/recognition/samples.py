"""What sound recognition takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge.audio.samples import check_samples
from voxedge.errors import AudioInvalid

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

RATE_HZ = 16_000


def check_utterance(samples: MonoF32, most_s: float) -> None:
    """Refuses what isn't the sound of one utterance.

    Raises:
        AudioEmpty: No samples.
        AudioInvalid: Wrong type, shape or values, or longer than ``most_s`` seconds.
    """
    check_samples(samples)
    if len(samples) > (most_s + 0.1) * RATE_HZ:
        raise AudioInvalid(
            f"The sound is {len(samples) / RATE_HZ:.1f} s long; one utterance may have {most_s:.0f} s.",
            remedy="Use voxedge.recognition.long.recognize_long, or cut it at pauses.",
            room="recognition",
        )
