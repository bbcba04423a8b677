"""What a frame passes before it is listened to: pausing, push-to-talk, and deafness while speaking aloud."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from voxedge.audio.contract import SAMPLE_RATE_HZ, Frame
from voxedge.events import Event, SpeakingEnded, SpeakingStarted

ECHO_TAIL_S = 0.3
"""A room goes on sounding for about so long after the loudspeaker fell silent."""


class ListeningGate:
    """The gate of one stream. Its buttons may be pressed from any thread.

    Without echo cancelling, an assistant that listens while it speaks aloud hears itself. So, where
    ``deaf_while_speaking`` is set, frames are replaced by silence until it has finished.

    Args:
        push_to_talk: Whether only what is said between `press` and `release` is listened to.
        deaf_while_speaking: Whether the microphone would hear the loudspeaker.
        paused: Whether it begins closed: who paused before the stream began meant it.
    """

    def __init__(
        self, *, push_to_talk: bool = False, deaf_while_speaking: bool = False, paused: bool = False
    ) -> None:
        self._push_to_talk, self._deaf_while_speaking = push_to_talk, deaf_while_speaking
        self._paused = paused
        self._pressed = self._speaking = False
        self._deaf_until_sample = 0
        self._verdict: Literal["", "flush", "cancel"] = ""
        self._lock = threading.Lock()
        self._mute: Callable[[], None] | None = None
        self._unmute: Callable[[], None] | None = None

    def attach(self, mute: Callable[[], None] | None, unmute: Callable[[], None] | None) -> None:
        """Names what stops and restarts the source while nothing is listened to."""
        self._mute, self._unmute = mute, unmute
        if (self._push_to_talk or self._paused) and mute is not None:
            mute()

    @property
    def paused(self) -> bool:
        """Whether `pause` was called last, and not `resume`."""
        return self._paused

    def pause(self) -> None:
        """Stops listening; an utterance that is open is given up."""
        with self._lock:
            self._paused, self._verdict = True, "cancel"

    def resume(self) -> None:
        """Listens again."""
        with self._lock:
            self._paused, self._verdict = False, ""
        self._open_source()

    def press(self) -> None:
        """The button of push-to-talk goes down."""
        with self._lock:
            self._pressed, self._verdict = True, ""
        self._open_source()

    def release(self) -> None:
        """The button goes up: what was said is an utterance, at once."""
        with self._lock:
            self._pressed, self._verdict = False, "flush"

    def observe(self, event: Event) -> None:
        """Sees the events go by, to know when the loudspeaker sounds."""
        if isinstance(event, SpeakingStarted):
            self._speaking = True
        elif isinstance(event, SpeakingEnded):
            self._speaking = False

    def admit(self, frame: Frame) -> Frame | None:
        """See `runtime.Gate`."""
        if self._paused or (self._push_to_talk and not self._pressed):
            return None
        if self._deaf_while_speaking:
            if self._speaking:
                self._deaf_until_sample = frame.start_sample + int(ECHO_TAIL_S * SAMPLE_RATE_HZ)
            if frame.start_sample < self._deaf_until_sample:
                return Frame(frame.samples * 0, frame.start_sample)
        return frame

    def take_verdict(self) -> Literal["", "flush", "cancel"]:
        """See `runtime.Gate`."""
        with self._lock:
            verdict, self._verdict = self._verdict, ""
            closed = self._paused or (self._push_to_talk and not self._pressed)
        if verdict and closed and self._mute is not None:
            self._mute()
            self._open_source()  # where it was opened again meanwhile, by another thread
        return verdict

    def _open_source(self) -> None:
        if self._unmute is not None and not self._paused and (self._pressed or not self._push_to_talk):
            self._unmute()
