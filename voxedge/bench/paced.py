"""Recordings one after the other at the pace of a microphone, and when what of them sounded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.events import CancelToken


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance of the stream.

    Attributes:
        start_s: Where its speech starts, in seconds of the stream.
        end_s: Where it ends.
    """

    start_s: float
    end_s: float


class PacedSource:
    """An `AudioSource` of prepared sound, as live as a microphone.

    Args:
        sound: float32, shape ``(n,)``, 16 kHz.
        realtime: Whether frames come only when a microphone would have given them.
    """

    def __init__(self, sound: MonoF32, *, realtime: bool = True) -> None:
        self._sound = sound
        self._realtime = realtime
        self.started_at = 0.0
        self.late_s = 0.0
        """How long a frame had to wait, at most, because the listener was busy."""
        self._closed = False

    @property
    def live(self) -> bool:
        """True: the assistant runs it in threads."""
        return True

    def frames(self, cancel: CancelToken) -> Iterator[Frame]:
        """Gives the frames; the last, incomplete one is left out."""
        self.started_at = time.monotonic()
        for start in range(0, len(self._sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            due = self.clock_at((start + FRAME_SAMPLES) / SAMPLE_RATE_HZ)
            while self._realtime and (wait := due - time.monotonic()) > 0:
                if cancel.cancelled or self._closed:
                    return
                time.sleep(min(wait, 0.1))
            if cancel.cancelled or self._closed:
                return
            self.late_s = max(self.late_s, time.monotonic() - due)
            yield Frame(self._sound[start : start + FRAME_SAMPLES], start)

    def clock_at(self, stream_s: float) -> float:
        """The monotonic clock when that second of the stream sounded."""
        return self.started_at + stream_s

    def close(self) -> None:
        """Ends `frames`."""
        self._closed = True


def joined(
    clips: Sequence[MonoF32], ends: Sequence[tuple[float, float]], gap_s: float
) -> tuple[MonoF32, list[Spoken]]:
    """Puts recordings one behind the other, quiet noise between; gives where each speaks.

    The noise is far below a 16-bit microphone's own (-80 dB): digital silence would be no room at all.
    """
    import numpy as np

    rng = np.random.default_rng(11)
    pieces: list[MonoF32] = []
    spoken, at = [], 0

    def add(piece: MonoF32) -> None:
        nonlocal at
        pieces.append(piece)
        at += len(piece)

    def quiet() -> MonoF32:
        return rng.normal(scale=1e-4, size=int(gap_s * SAMPLE_RATE_HZ)).astype(np.float32)

    add(quiet())
    for clip, (start, end) in zip(clips, ends, strict=True):
        spoken.append(Spoken(at / SAMPLE_RATE_HZ + start, at / SAMPLE_RATE_HZ + end))
        add(clip)
        add(quiet())
    return np.concatenate(pieces), spoken
