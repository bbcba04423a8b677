"""The loudspeaker: in a process of its own on Linux, for the reason that `voxedge.audio.capture` gives."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING

from voxedge.audio.capture import apart, error_of, start_child
from voxedge.audio.portaudio import find_device, refresh
from voxedge.audio.samples import check_rate, check_samples
from voxedge.audio.sinks import LoudspeakerSink
from voxedge.children.process import ChildProcess
from voxedge.errors import ClosedError, DeviceLost, DeviceNotFound

if TYPE_CHECKING:
    from voxedge.audio.contract import AudioSink, MonoF32
    from voxedge.children.frames import Frame
    from voxedge.events import CancelToken

_POLL_S = 0.02
_STUCK_S = 15.0
"""A sound that isn't over so long after it should be is stuck: time for a slow board to start a process and
open the device. (That a device takes nothing is noticed in the process, within two seconds.)"""
_CANCEL_S = 1.0


def open_loudspeaker(device: str = "") -> AudioSink:
    """A loudspeaker: number, name or a part of the name; "" is the system's default.

    Raises:
        SystemPackageMissing: The PortAudio library isn't there.
        DeviceNotFound: There is no such device.
    """
    return ChildLoudspeaker(device) if apart() else LoudspeakerSink(device)


class ChildLoudspeaker:
    """Plays on a device that a process of its own opens. Several threads may play; they take turns.

    Args:
        device: See `open_loudspeaker`.

    Raises:
        SystemPackageMissing: The PortAudio library isn't there.
        DeviceNotFound: There is no such device.
    """

    def __init__(self, device: str = "") -> None:
        try:
            find_device(device, "output")
        except DeviceNotFound:
            refresh()
            find_device(device, "output")
        self._device = device
        self._child: ChildProcess | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        # What a process needs to get ready shall not delay the first reply.
        self._running().send({"do": "get_ready"})

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        """Plays and waits until it has sounded. See `voxedge.audio.contract.AudioSink`.

        Raises:
            DeviceLost: The device or the audio server went away, or takes nothing any more.
            DeviceBusy: Something else has it.
            DeviceRateRefused: It takes neither the sound's rate nor its own.
            ClosedError: The sink was closed.
        """
        check_samples(samples, allow_empty=True)
        sound = base64.b64encode(samples.astype("float32", copy=False).tobytes()).decode("ascii")
        with self._lock:
            if self._closed.is_set():
                raise ClosedError("The loudspeaker was closed.", remedy="Open it again.", room="audio")
            child = self._running()
            child.send({"do": "play", "device": self._device, "rate_hz": check_rate(rate_hz), "sound": sound})
            answer = self._wait(child, time.monotonic() + samples.size / rate_hz + _STUCK_S, cancel)
            if answer is None:
                self._end()
                if cancel.cancelled or self._closed.is_set():
                    return False  # a process that doesn't stop when it is told to is stopped
                raise DeviceLost(
                    "The loudspeaker takes no sound any more.",
                    remedy="Plug it in again, or start the audio server again.",
                )
            if answer["type"] == "played":
                return bool(answer["complete"])
            self._end()  # the next one looks anew which devices there are
            raise error_of(answer)

    def close(self) -> None:
        """Gives the device back; a sound that plays is cut off within a moment."""
        self._closed.set()
        with self._lock:
            self._end()

    def _running(self) -> ChildProcess:
        if self._child is None or not self._child.alive:
            self._end()
            self._child = start_child()
        return self._child

    def _wait(self, child: ChildProcess, deadline: float, cancel: CancelToken) -> Frame | None:
        """The answer; None when none came in time."""
        cancelled = False
        while time.monotonic() < deadline:
            frame = child.receive(_POLL_S)
            if frame is not None:
                return None if frame["type"] == "end" else frame
            if not cancelled and (cancel.cancelled or self._closed.is_set()):
                cancelled, deadline = True, time.monotonic() + _CANCEL_S
                child.send({"do": "cancel"})
        return None

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()
