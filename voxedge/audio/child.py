"""The process that PortAudio runs in on Linux: captures into a pipe, plays what comes out of one.

Requests: ``open`` (answered with ``opened`` or ``error``; then ``sound`` after ``sound``, and ``ended`` when
the device gave up), ``close`` (``closed``), ``play`` (``played`` or ``error``), ``cancel`` of what plays,
``get_ready`` to play (no answer).
"""

from __future__ import annotations

import base64
import os
import queue
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from voxedge.audio.capture import OpenStream, open_stream
from voxedge.audio.portaudio import close_stream
from voxedge.errors import DeviceError, VoxedgeError
from voxedge.events import CancelToken

if TYPE_CHECKING:
    from voxedge.audio.sinks import LoudspeakerSink
    from voxedge.children.frames import Frame
    from voxedge.children.inside import Requests

MOST_BLOCKS = 320
"""Ten seconds wait here for a parent that takes nothing; more is lost, and counted."""
_LOOK_S = 0.25


def serve(requests: Requests) -> None:
    """Answers until the parent goes away."""
    devices = _Devices(requests)
    requests.at_once(devices.at_once)
    while True:
        frame = requests.next()
        try:
            devices.answer(frame)
        except VoxedgeError as error:
            requests.answer(
                {
                    "type": "error",
                    "error": type(error).__name__,
                    "message": error.message,
                    "remedy": error.remedy,
                }
            )


class _Devices:
    """One microphone and one loudspeaker, each opened when it is first asked for."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._open: OpenStream | None = None
        self._blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._lost = 0
        self._told = threading.Event()
        self._sink: tuple[str, LoudspeakerSink] | None = None
        self._playing = CancelToken()
        threading.Thread(target=self._send_sound, name="voxedge-child-sound", daemon=True).start()

    def at_once(self, frame: Frame) -> bool:
        """Cancels what plays while it plays, or waits for its turn."""
        if frame["do"] == "play":
            self._playing = CancelToken()
        if frame["do"] != "cancel":
            return False
        self._playing.cancel()
        return True

    def answer(self, frame: Frame) -> None:
        """Does what is asked."""
        if frame["do"] == "open":
            self._listen(frame)
        elif frame["do"] == "close":
            self._close()
            self._requests.answer({"type": "closed"})
        elif frame["do"] == "play":
            self._play(frame)
        elif frame["do"] == "get_ready":
            import_module("voxedge.audio.sinks")
            import_module("numpy")

    def _close(self) -> None:
        self._told.clear()
        stream, self._open = self._open, None
        if stream is not None and not close_stream(stream.stream):
            os._exit(1)  # it hangs, perhaps spinning: the parent takes another process
        while not self._blocks.empty():
            self._blocks.get_nowait()

    def _listen(self, frame: Frame) -> None:
        self._close()
        found = open_stream(
            str(frame["device"]),
            int(str(frame["rate_hz"])),
            int(str(frame["channels"])),
            lambda _rate_hz, _channels: self._captured,
            raw=True,
        )
        self._open = found
        # Before the first sound: the parent has to know how to read it.
        self._requests.answer({"type": "opened", "rate_hz": found.rate_hz, "channels": found.channels})
        self._told.set()

    def _captured(self, block: Any, _frames: int, _time: object, _status: object) -> None:
        # PortAudio's thread only copies; putting into this queue waits for nobody.
        if self._blocks.qsize() < MOST_BLOCKS:
            self._blocks.put(bytes(block))
        else:
            self._lost += len(block)

    def _send_sound(self) -> None:
        told_lost = 0
        while True:
            self._told.wait()
            try:
                block = self._blocks.get(timeout=_LOOK_S)
            except queue.Empty:
                found = self._open
                if found is not None and self._told.is_set() and not found.stream.active:
                    self._told.clear()
                    self._requests.answer({"type": "ended"})
                continue
            lost, told_lost = self._lost - told_lost, self._lost
            data = base64.b64encode(block).decode("ascii")
            self._requests.answer({"type": "sound", "data": data, "lost_bytes": lost})

    def _play(self, frame: Frame) -> None:
        import numpy as np

        from voxedge.audio.sinks import LoudspeakerSink

        device = str(frame["device"])
        if self._sink is None or self._sink[0] != device:
            if self._sink is not None:
                self._sink[1].close()
            self._sink = (device, LoudspeakerSink(device))
        samples = np.frombuffer(base64.b64decode(str(frame["sound"])), np.float32)
        try:
            complete = self._sink[1].play(samples, int(str(frame["rate_hz"])), self._playing)
        except DeviceError:
            self._sink = None
            raise
        self._requests.answer({"type": "played", "complete": complete})
