"""What sound is, between the rooms: mono float32 at 16 kHz, in frames of 512 samples, numbered by sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from voxedge.events import CancelToken, EndReason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    MonoF32: TypeAlias = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
"""32 ms: what Silero asks for, and near enough to webrtcvad's 10, 20 and 30 ms to be cut into them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A piece of a stream.

    Attributes:
        samples: float32, shape ``(512,)`` (a stream's last frame is padded with zeros), -1..1. Not to be
            written to.
        start_sample: Number of its first sample in the stream.
    """

    samples: MonoF32
    start_sample: int

    @property
    def start_s(self) -> float:
        """Seconds of the stream at which the frame starts."""
        return self.start_sample / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class UtteranceAudio:
    """The sound of an utterance, from listening to recognition: while it grows, at a pause, complete.

    Attributes:
        turn: Number of the turn.
        samples: float32, shape ``(n,)``: everything from the pre-roll on. Not to be written to.
        start_sample: Number of ``samples[0]`` in the stream.
        speech_end_sample: Number (in the stream) of the sample behind the last speech heard so far.
        kind: ``growing`` (a partial is due), ``pause`` (the speaker paused: perhaps it was all, so
            recognizing it now makes the final text ready before the end is declared), ``final``.
        reason: Why it ended; None before ``final``.
        pause_end_sample: Of a ``final``: number (in the stream) of the sample behind the sound of the pause
            that turned out to be the end; 0 where there was none.
    """

    turn: int
    samples: MonoF32
    start_sample: int
    speech_end_sample: int
    kind: Literal["growing", "pause", "final"]
    reason: EndReason | None = None
    pause_end_sample: int = 0

    @property
    def spoken(self) -> MonoF32:
        """What to recognize: the same samples whether that is done at the last pause or at the end."""
        return (
            self.samples[: self.pause_end_sample - self.start_sample]
            if self.pause_end_sample
            else self.samples
        )


class AudioSource(Protocol):
    """Where sound comes from."""

    @property
    def live(self) -> bool:
        """Whether the sound comes at its own pace (a microphone) and not as fast as it is asked for."""
        ...

    def frames(self, cancel: CancelToken) -> Iterator[Frame]:
        """Gives the frames in order, without a gap in ``start_sample``; ends with the source or the token.

        Raises:
            AudioUnreadable: The sound can't be decoded.
            DeviceError: A device can't be used.
        """
        ...

    def close(self) -> None:
        """Gives everything back. May be called twice and from another thread."""
        ...


class AudioSink(Protocol):
    """Where sound goes to."""

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        """Plays and waits until it has sounded.

        Args:
            samples: float32, shape ``(n,)``, -1..1.
            rate_hz: Samples a second.
            cancel: Stops the sound within 50 ms.

        Returns:
            Whether all of it was played.

        Raises:
            DeviceError: The device can't be used.
        """
        ...

    def close(self) -> None:
        """Gives the device back."""
        ...
