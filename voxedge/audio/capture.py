"""Sound from a microphone, in blocks: by PortAudio in this process, or in one that can be ended.

On Linux PortAudio's thread for a stream can spin for ever when the audio server dies, and closing the stream
then never returns (https://github.com/PortAudio/portaudio/issues/1037, in all releases that distributions
ship). So there it runs in a process of its own.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from voxedge import errors
from voxedge.audio.devices import SampleRing
from voxedge.audio.portaudio import close_stream, device_error, find_device, portaudio, refresh
from voxedge.children.process import ChildProcess
from voxedge.errors import DeviceError, DeviceLost, DeviceNotFound, DeviceRateRefused, VoxedgeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.children.frames import Frame

Taker: TypeAlias = "Callable[[Any, int, object, object], None]"
RATE_HZ = 16_000
"""Asked of a device first: what all rooms work with."""
BLOCK_S = 0.032
_RING_S = 10.0
"""The listening thread may be held up for so long before sound is lost."""
_OPEN_S = 8.0
"""A process that opened no device after so long hangs; a slow board needs two seconds."""
_POLL_S = 0.012
_OPEN_AGAIN_S = 2.0
_CLOSE_S = 0.5


def apart() -> bool:
    """Whether PortAudio runs in a process of its own."""
    return sys.platform.startswith("linux")


class Capture(Protocol):
    """An open microphone."""

    @property
    def rate_hz(self) -> int:
        """Its samples a second."""
        ...

    @property
    def channels(self) -> int:
        """Its channels."""
        ...

    @property
    def blocks(self) -> int:
        """How many blocks came."""
        ...

    @property
    def active(self) -> bool:
        """Whether the driver takes it for a running one."""
        ...

    @property
    def lost(self) -> int:
        """Samples (of all channels together) that nobody took in time."""
        ...

    def read(self, wait_s: float = 0.0) -> NDArray[np.float32]:
        """Takes what was heard since the last call; waits a moment where that is nothing.

        Returns:
            float32, shape ``(n, channels)``, n perhaps 0.
        """
        ...

    def close(self, *, broken: bool = False) -> None:
        """Gives the device back. ``broken``: it hung or went away, so nothing of it is used again."""
        ...


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A running stream of PortAudio.

    Attributes:
        stream: The stream.
        rate_hz: Its samples a second.
        channels: Its channels.
    """

    stream: Any
    rate_hz: int
    channels: int


def open_capture(device: str, rate_hz: int, channels: int, *, again: bool = False) -> Capture:
    """Opens a microphone.

    Args:
        device: Number, name or a part of the name; "" is the system's default.
        rate_hz: The device's rate; 0 takes 16 kHz or else what the device likes.
        channels: 1, 2, ...; 0 takes one or else two.
        again: It was lost: the devices that there are have to be looked for anew.

    Raises:
        DeviceNotFound: There is no such microphone.
        DeviceBusy: Something else has it.
        DeviceRateRefused: It takes none of the sample rates.
        DeviceLost: The audio system doesn't answer.
    """
    if apart():
        return ChildCapture(device, rate_hz, channels)
    if again:
        refresh()
    return LocalCapture(device, rate_hz, channels)


def open_stream(
    device: str, rate_hz: int, channels: int, taker: Callable[[int, int], Taker], *, raw: bool = False
) -> OpenStream:
    """Starts a stream of PortAudio in this process; tries other rates and channels where that is allowed.

    Args:
        device: See `open_capture`.
        rate_hz: See `open_capture`.
        channels: See `open_capture`.
        taker: Makes, for a rate and channels, what takes the blocks in PortAudio's thread.
        raw: Give it buffers in place of NumPy arrays.

    Raises:
        DeviceError: As `open_capture`.
    """
    sd = portaudio()
    number = find_device(device, "input")
    info = sd.query_devices(number)
    rates = [rate_hz] if rate_hz else [RATE_HZ, 0, 48_000, 44_100]
    counts = [channels] if channels else [1, min(2, int(info["max_input_channels"]))]
    make = sd.RawInputStream if raw else sd.InputStream
    failure: Exception | None = None
    for count in dict.fromkeys(counts):
        for rate in dict.fromkeys(rate or int(info["default_samplerate"]) for rate in rates):
            options = {"samplerate": rate, "blocksize": int(BLOCK_S * rate), "device": number}
            try:
                stream = make(**options, channels=count, dtype="float32", callback=taker(rate, count))
                try:
                    stream.start()
                except sd.PortAudioError:
                    close_stream(stream)
                    raise
            except sd.PortAudioError as exc:
                error = device_error(exc, device, "input")
                if not isinstance(error, (DeviceRateRefused, DeviceNotFound)):
                    raise error from exc
                failure = exc
            else:
                return OpenStream(stream, rate, count)
    raise device_error(failure or ValueError(), device, "input") from failure


class LocalCapture:
    """A microphone opened in this process; PortAudio's thread copies into a ring. See `Capture`."""

    def __init__(self, device: str, rate_hz: int, channels: int) -> None:
        self._ring = SampleRing(1, 1)
        found = open_stream(device, rate_hz, channels, self._taker)
        self.rate_hz, self.channels = found.rate_hz, found.channels
        self._stream = found.stream

    @property
    def blocks(self) -> int:
        """How many blocks came."""
        return self._ring.blocks

    @property
    def active(self) -> bool:
        """Whether the driver takes it for a running one."""
        return bool(self._stream.active)

    @property
    def lost(self) -> int:
        """Samples that nobody took in time."""
        return self._ring.lost

    def read(self, wait_s: float = 0.0) -> NDArray[np.float32]:
        """Takes what was heard since the last call."""
        block = self._ring.read()
        if not len(block) and wait_s > 0:
            time.sleep(min(wait_s, _POLL_S))
            block = self._ring.read()
        return block

    def close(self, *, broken: bool = False) -> None:
        """Gives the device back."""
        del broken
        close_stream(self._stream)

    def _taker(self, rate_hz: int, channels: int) -> Taker:
        ring = self._ring = SampleRing(int(_RING_S * rate_hz), channels)
        return lambda block, _frames, _time, _status: ring.write(block)


class ChildCapture:
    """A microphone opened in a process of its own. See `Capture`.

    A process that closed its device in an orderly way is kept for the next one: who presses a button to
    talk doesn't wait for a process to start.
    """

    def __init__(self, device: str, rate_hz: int, channels: int) -> None:
        self.blocks = 0
        self._lost_bytes = 0
        self._ended = False
        self._reading = threading.Lock()
        wanted = {"do": "open", "device": device, "rate_hz": rate_hz, "channels": channels}
        kept = _take_kept()
        opened: Frame | None = None
        if kept is not None:
            # It knows the devices, and the audio server, of the time when it started.
            with contextlib.suppress(VoxedgeError):
                opened = self._opened(kept, wanted, _OPEN_AGAIN_S)
        if opened is None:
            opened = self._opened(start_child(), wanted, _OPEN_S)
        self.rate_hz, self.channels = int(str(opened["rate_hz"])), int(str(opened["channels"]))

    def _opened(self, child: ChildProcess, wanted: Frame, timeout_s: float) -> Frame:
        self._child = child
        child.send(wanted)
        frame = _answer(child, {"opened", "error"}, timeout_s)
        if frame["type"] == "opened":
            return frame
        child.end()
        raise error_of(frame)

    @property
    def active(self) -> bool:
        """Whether the driver takes it for a running one."""
        return not self._ended and self._child.alive

    @property
    def lost(self) -> int:
        """Samples that nobody took in time."""
        return self._lost_bytes // (4 * max(1, self.channels))

    def read(self, wait_s: float = 0.0) -> NDArray[np.float32]:
        """Takes what was heard since the last call."""
        import numpy as np

        parts: list[bytes] = []
        with self._reading:
            while not self._ended:
                frame = self._child.receive(0.0 if parts else wait_s)
                if frame is None:
                    break
                if frame["type"] == "sound":
                    parts.append(base64.b64decode(str(frame["data"])))
                    self._lost_bytes += int(str(frame["lost_bytes"]))
                    self.blocks += 1
                else:
                    self._ended = True
        return np.frombuffer(b"".join(parts), np.float32).reshape(-1, self.channels)

    def close(self, *, broken: bool = False) -> None:
        """Gives the device back."""
        if not broken and self.active:
            try:
                with self._reading:  # else `read` might take the answer
                    self._child.send({"do": "close"})
                    _answer(self._child, {"closed"}, _CLOSE_S)
            except DeviceError:
                pass
            else:
                _keep(self._child)
                return
        self._child.end()


_kept: list[ChildProcess] = []
_keeping = threading.Lock()


def _take_kept() -> ChildProcess | None:
    with _keeping:
        while _kept:
            child = _kept.pop()
            if child.alive:
                return child
            child.end()
    return None


def forget_kept() -> None:
    """Ends the process that is kept for the next microphone."""
    child = _take_kept()
    if child is not None:
        child.end()


def _keep(child: ChildProcess) -> None:
    with _keeping:
        if not _kept:
            _kept.append(child)
            return
    child.end()


def start_child() -> ChildProcess:
    """A process for sound devices.

    Raises:
        DeviceLost: It can't be started.
    """
    try:
        return ChildProcess("voxedge.audio.child", "audio")
    except OSError as exc:
        raise DeviceLost(
            f"The sound device's process can't be started: {exc.strerror}.",
            remedy="Free memory or processes, and try again.",
        ) from exc


def _answer(child: ChildProcess, kinds: set[str], timeout_s: float) -> Frame:
    """The next frame of these kinds; sound on the way is dropped."""
    deadline = time.monotonic() + timeout_s
    while (left := deadline - time.monotonic()) > 0:
        frame = child.receive(left)
        if frame is None or frame["type"] == "end":
            break
        if frame["type"] in kinds:
            return frame
    child.end()
    raise DeviceLost(
        "The audio system doesn't answer.",
        remedy="Start the audio server again, or plug the device in again.",
    )


def error_of(frame: Frame) -> VoxedgeError:
    """The error that a child told of."""
    kind = getattr(errors, str(frame["error"]), None)
    if not (isinstance(kind, type) and issubclass(kind, VoxedgeError)):
        kind = DeviceError
    return kind(str(frame["message"]), remedy=str(frame["remedy"]))
