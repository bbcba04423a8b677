"""The microphone: blocks from a capture become numbered frames, also after it was lost and found again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from voxedge.audio.capture import Capture, apart, open_capture
from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame
from voxedge.audio.devices import START_S, Watchdog, server_has_microphone
from voxedge.audio.framing import Framer
from voxedge.audio.portaudio import before_refresh, find_device, portaudio, refresh
from voxedge.audio.resample import Resampler
from voxedge.errors import DeviceError, DeviceNotFound
from voxedge.events import CancelToken, Degraded, Event, Recovered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

StateCallback: TypeAlias = Callable[[Event], None]

_POLL_S = 0.012
_WAIT_S = 0.1
_RETRY_S = 0.5
_SILENT_S = 1.0
_TAIL_S = 4.0
"""So much silence is given after the microphone is lost, so that an open utterance comes to its end."""
_LOST = "microphone_lost"


class MicrophoneSource:
    """A microphone, by name or number; comes back by itself when it was unplugged or its server died.

    Frames are numbered without a gap. While the microphone is lost or muted the stream stands still; when
    it gets lost, silence is given first for a few seconds, so that an open utterance ends.

    Args:
        device: Number, name or a part of the name; "" is the system's default.
        on_state: Takes ``Degraded`` and ``Recovered``, in the thread that iterates `frames`.
        rate_hz: The device's rate; 0 takes 16 kHz or else what the device likes.
        channels: 1, 2, ... (mixed into one); 0 takes one or else two.

    Raises:
        SystemPackageMissing: The PortAudio library isn't there.
        DeviceNotFound: There is no such microphone; the remedy lists those that there are.
    """

    hears_loudspeaker = True
    """Without echo cancelling, what the assistant says is in the microphone."""

    def __init__(
        self,
        device: str = "",
        *,
        on_state: StateCallback | None = None,
        rate_hz: int = 0,
        channels: int = 0,
    ) -> None:
        self._device = device
        self._on_state = on_state
        self._wanted_rate_hz, self._wanted_channels = rate_hz, channels
        number = _found(device)
        # After replugging the numbers are others; the name stays.
        if device.isdigit():
            self._device = str(portaudio().query_devices(number)["name"])
        self._capture: Capture | None = None
        self._resampler = Resampler(SAMPLE_RATE_HZ)
        self._framer = Framer()
        self._watchdog = Watchdog(0.0)
        self._lock = threading.RLock()
        self._muted = threading.Event()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._settled = threading.Event()
        self._lost_since: float | None = None
        self._retry_at = 0.0
        self._retried = False
        self._tail_given = 0
        self._zero_since: float | None = None
        self._lost_samples = 0
        self.rate_hz = 0
        self.channels = 0
        before_refresh(self)

    @property
    def live(self) -> bool:
        """Always: a microphone has its own pace."""
        return True

    @property
    def lost_samples(self) -> int:
        """Samples (of the device's rate) that were lost because nobody took them for ten seconds."""
        capture = self._capture
        return self._lost_samples + (capture.lost if capture is not None else 0)

    def watch(self, on_state: StateCallback) -> None:
        """Names who takes ``Degraded`` and ``Recovered``."""
        self._on_state = on_state

    def wait_open(self, timeout_s: float = START_S) -> bool:
        """Waits until sound arrives, or it is clear that for now none will (muted, lost, closed, an error).

        Returns:
            Whether that came to pass within the time.
        """
        return self._settled.wait(timeout_s)

    def mute(self) -> None:
        """Stops the device: it costs nothing until `unmute`. From any thread."""
        self._muted.set()

    def unmute(self) -> None:
        """Starts the device again. From any thread."""
        self._muted.clear()
        self._wake.set()

    def close(self) -> None:
        """Gives the device back; `frames` ends. From any thread, twice if you like."""
        self._closed.set()
        self._settled.set()
        self._wake.set()
        self.release()

    def release(self) -> None:
        """Lets go of the device; `frames` opens it again unless the source was closed."""
        with self._lock:
            capture, self._capture = self._capture, None
        if capture is not None:
            self._lost_samples += capture.lost
            capture.close(broken=self._lost_since is not None)

    def frames(self, cancel: CancelToken) -> Iterator[Frame]:
        """Gives the frames as they are heard, until the source is closed or the token cancelled.

        Raises:
            DeviceNotFound: The microphone went away before the first frame.
            DeviceBusy: Something else has it.
            DeviceRateRefused: It takes none of the sample rates.
        """
        try:
            if not self._muted.is_set():
                self._open()
            while not (cancel.cancelled or self._closed.is_set()):
                if self._muted.is_set():
                    self._rest(cancel)
                    continue
                now = time.monotonic()
                if self._lost_since is None:
                    yield from self._heard(now)
                    continue
                frames = self._while_lost(now)
                yield from frames
                if not frames:
                    time.sleep(_POLL_S)
        finally:
            self._settled.set()
            self.release()

    def _rest(self, cancel: CancelToken) -> None:
        self._settled.set()
        self.release()
        while self._muted.is_set() and not (cancel.cancelled or self._closed.is_set()):
            self._wake.wait(0.25)
            self._wake.clear()
        if self._lost_since is None and not (cancel.cancelled or self._closed.is_set()):
            try:
                self._open()
            except DeviceError:
                self._lose(time.monotonic())

    def _heard(self, now: float) -> list[Frame]:
        with self._lock:
            capture = self._capture
        block = capture.read(_WAIT_S) if capture is not None else None
        if self._is_gone(now, capture, block):
            self._lose(now)
            return []
        return self._framed(block) if block is not None else []

    def _framed(self, block: NDArray[np.float32]) -> list[Frame]:
        import numpy as np

        if not len(block):
            return []
        self._settled.set()
        mono = np.ascontiguousarray(block[:, 0]) if block.shape[1] == 1 else block.mean(axis=1)
        # A driver that hands out garbage must not end the stream: what is no number is silence.
        if not np.isfinite(mono @ mono):
            mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
        return self._framer.feed(self._resampler.feed(np.clip(mono, -1.0, 1.0)))

    def _is_gone(self, now: float, capture: Capture | None, block: NDArray[np.float32] | None) -> bool:
        if self._closed.is_set() or self._muted.is_set():
            return False
        if capture is None or block is None or self._watchdog.gone(now, capture.blocks, capture.active):
            return True
        if len(block):
            if block.any():
                self._zero_since = None
            elif self._zero_since is None:
                self._zero_since = now
            elif now - self._zero_since > _SILENT_S:
                # Digital silence: a muted device, or an audio server that lost its last microphone.
                self._zero_since = now + 10 * _SILENT_S
                return not server_has_microphone()
        return False

    def _lose(self, now: float) -> None:
        self._lost_since, self._retry_at, self._tail_given, self._retried = now, now, 0, False
        self._zero_since = None
        self._settled.set()
        with self._lock:
            capture = self._capture
        if capture is not None and self._watchdog.gone(now, capture.blocks, capture.active):
            self.release()
        self._tell(
            Degraded(
                room="audio",
                time=self._framer.samples_in / SAMPLE_RATE_HZ,
                reason=_LOST,
                remedy="Plug the microphone in again, or start the audio server; it resumes by itself.",
            )
        )

    def _while_lost(self, now: float) -> list[Frame]:
        assert self._lost_since is not None
        if now >= self._retry_at:
            self._retry_at = now + _RETRY_S
            if self._is_back(now):
                self._lost_since = None
                self._resampler.flush()
                self._tell(
                    Recovered(
                        room="audio", time=self._framer.samples_in / SAMPLE_RATE_HZ, reason=_LOST, remedy=""
                    )
                )
                return []
        return self._tail(now)

    def _is_back(self, now: float) -> bool:
        """Looks for the microphone again, a step at a time: open it, wait for sound, ask the server."""
        with self._lock:
            capture = self._capture
        if capture is not None and not self._watchdog.gone(now, capture.blocks, capture.active):
            fresh = len(capture.read()) > 0
            if not server_has_microphone():
                # Opened again once a microphone is there: the server may have tied this stream elsewhere.
                self._retried = False
                return False
            if self._retried:
                return fresh
        if not server_has_microphone():
            return False
        self.release()
        try:
            self._open(again=True)
            self._retried = True
        except DeviceError:
            self.release()
        return False

    def _tail(self, now: float) -> list[Frame]:
        import numpy as np

        assert self._lost_since is not None
        due = int(min(now - self._lost_since, _TAIL_S) * SAMPLE_RATE_HZ) - self._tail_given
        if due < FRAME_SAMPLES:
            return []
        self._tail_given += due
        return self._framer.feed(np.zeros(due, dtype=np.float32))

    def _tell(self, event: Event) -> None:
        if self._on_state is not None:
            self._on_state(event)

    def _open(self, *, again: bool = False) -> None:
        capture = open_capture(self._device, self._wanted_rate_hz, self._wanted_channels, again=again)
        with self._lock:
            if self._closed.is_set():
                capture.close()
                return
            self._capture = capture
        self._resampler = Resampler(capture.rate_hz)
        self._watchdog = Watchdog(time.monotonic())
        self._zero_since = None
        self.rate_hz, self.channels = capture.rate_hz, capture.channels


def _found(device: str) -> int:
    try:
        return find_device(device, "input")
    except DeviceNotFound:
        if not apart():
            raise
        refresh()  # plugged in since this process looked; it has no streams of its own that would end
        return find_device(device, "input")
