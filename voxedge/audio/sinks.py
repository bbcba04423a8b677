"""Where replies sound: a loudspeaker, a WAV file, nowhere."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from voxedge.audio.portaudio import before_refresh, close_stream, device_error, find_device, portaudio
from voxedge.audio.resample import Resampler
from voxedge.audio.samples import check_rate, check_samples
from voxedge.audio.wav import WavWriter
from voxedge.errors import ClosedError, DeviceError, DeviceLost, DeviceRateRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32
    from voxedge.events import CancelToken

_POLL_S = 0.01
_LATENCY_S = 0.1
"""Asked of PortAudio: enough to outlast a busy moment of the Python interpreter."""
_TAIL_S = 0.06
"""Waited beyond the latency that PortAudio tells, which leaves out a block or two."""
_STALLED_S = 2.0
"""A device that takes nothing for so long is gone; its driver may never say so."""


class NullSink:
    """Takes sound and lets nobody hear it.

    Args:
        paced: Take as long as a loudspeaker would; for tests of what happens meanwhile.
    """

    def __init__(self, *, paced: bool = False) -> None:
        self._paced = paced

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        """Gives True when all of it "sounded", False when it was cancelled."""
        check_samples(samples, allow_empty=True)
        over = time.monotonic() + (samples.size / check_rate(rate_hz) if self._paced else 0.0)
        while not cancel.cancelled:
            left = over - time.monotonic()
            if left <= 0:
                return True
            time.sleep(min(left, _POLL_S))
        return False

    def close(self) -> None:
        """Nothing to give back."""


class WavSink:
    """Writes what is played into one WAV file, end to end; the file is there after `close`.

    The first sound's rate is the file's; other rates are converted to it. With nothing played there is no
    file. Several threads may play; each sound is whole.

    Args:
        path: The file; an existing one is replaced.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._writer: WavWriter | None = None
        self._lock = threading.Lock()
        self._closed = False

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        """Writes the sound; False, and nothing written, when it was cancelled before.

        Raises:
            UsageError: The place can't be written to.
            DiskFull: No space is left.
        """
        if cancel.cancelled:
            return False
        with self._lock:
            if self._closed:
                raise ClosedError(f"{self._path} is written already.", remedy="Open another.", room="audio")
            if self._writer is None:
                self._writer = WavWriter(self._path, rate_hz)
            resampler = Resampler(rate_hz, self._writer.rate_hz)
            self._writer.write(resampler.feed(samples))
            self._writer.write(resampler.flush())
        return True

    def close(self) -> None:
        """Completes the file."""
        with self._lock:
            self._closed = True
            if self._writer is not None:
                self._writer.close()

    def discard(self) -> None:
        """Leaves no file."""
        with self._lock:
            self._closed = True
            if self._writer is not None:
                self._writer.discard()


class LoudspeakerSink:
    """Plays on a device of PortAudio, opened when first needed and kept open between sounds.

    Several threads may play; they take turns. PortAudio asks for the sound from a thread of its own, which
    only copies: blocking writes get stuck on some devices (ALSA's PulseAudio plug-in) after a cancel.

    Args:
        device: Number, name or a part of the name; "" is the system's default.

    Raises:
        SystemPackageMissing: The PortAudio library isn't there.
        DeviceNotFound: There is no such device.
    """

    def __init__(self, device: str = "") -> None:
        self._device = device
        self._number = find_device(device, "output")
        self._stream: Any = None
        self._asked_hz = self._rate_hz = 0
        self._playing = _Playing()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        before_refresh(self)

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        """Plays and waits until it has sounded. See `voxedge.audio.contract.AudioSink`.

        Raises:
            DeviceLost: The device or the audio server went away, or takes nothing any more.
            DeviceBusy: Something else has it.
            DeviceRateRefused: It takes neither the sound's rate nor its own.
            ClosedError: The sink was closed.
        """
        check_samples(samples, allow_empty=True)
        with self._lock:
            if self._closed.is_set():
                raise ClosedError("The loudspeaker was closed.", remedy="Open it again.", room="audio")
            sd = portaudio()
            try:
                self._open(sd, rate_hz)
                self._playing.load(self._converted(samples, rate_hz))
                self._stream.start()
                complete = self._wait(cancel)
                # `stop` would wait for what is queued: that has sounded by now, or isn't wanted any more.
                self._stream.abort()
                return complete
            except sd.PortAudioError as exc:
                self._drop()
                raise device_error(exc, self._device, "output") from exc
            except DeviceError:
                self._drop()
                raise

    def close(self) -> None:
        """Gives the device back; a sound that plays is cut off within a moment."""
        self._closed.set()
        with self._lock:
            self._drop()

    def release(self) -> None:
        """Lets go of the device after the sound that plays; the next sound opens it again."""
        with self._lock:
            self._drop()

    def _open(self, sd: ModuleType, rate_hz: int) -> None:
        if self._stream is not None and self._asked_hz == rate_hz:
            return
        self._drop()
        own_rate_hz = int(sd.query_devices(self._number)["default_samplerate"])
        failure: Exception | None = None
        for candidate in dict.fromkeys((rate_hz, own_rate_hz, 48_000, 44_100)):
            try:
                self._stream = sd.OutputStream(
                    samplerate=candidate,
                    device=self._number,
                    channels=1,
                    dtype="float32",
                    latency=_LATENCY_S,
                    callback=self._playing.callback,
                )
            except sd.PortAudioError as exc:
                if not isinstance(device_error(exc, self._device, "output"), DeviceRateRefused):
                    raise
                failure = exc
                continue
            self._asked_hz, self._rate_hz = rate_hz, candidate
            return
        raise device_error(failure or ValueError(), self._device, "output") from failure

    def _converted(self, samples: MonoF32, rate_hz: int) -> MonoF32:
        import numpy as np

        resampler = Resampler(rate_hz, self._rate_hz)
        return np.concatenate([resampler.feed(samples), resampler.flush()])

    def _wait(self, cancel: CancelToken) -> bool:
        asked, since, over = 0, time.monotonic(), None
        while not (cancel.cancelled or self._closed.is_set()):
            now = time.monotonic()
            if self._playing.calls != asked:
                asked, since = self._playing.calls, now
            elif now - since > _STALLED_S:
                raise DeviceLost(
                    "The loudspeaker takes no sound any more.",
                    remedy="Plug it in again, or start the audio server again.",
                )
            if over is None and self._playing.handed_over:
                over = now + float(self._stream.latency) + _TAIL_S
            if over is not None and now >= over:
                return True
            time.sleep(_POLL_S)
        return False

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            close_stream(stream)


class _Playing:
    """The sound that PortAudio's thread takes from; silence once it is used up."""

    def __init__(self) -> None:
        self.calls = 0
        self._at = 0
        self._sound: MonoF32 | None = None

    @property
    def handed_over(self) -> bool:
        """Whether PortAudio has taken all of it."""
        return self._sound is None or self._at >= self._sound.size

    def load(self, sound: MonoF32) -> None:
        """Puts the next sound in place; the stream must not be running."""
        self._sound, self._at, self.calls = sound, 0, 0

    def callback(self, out: NDArray[np.float32], frames: int, _time: object, _status: object) -> None:
        """Fills PortAudio's buffer, shape ``(frames, 1)``."""
        self.calls += 1
        piece = self._sound[self._at : self._at + frames] if self._sound is not None else ()
        out[: len(piece), 0] = piece
        out[len(piece) :] = 0.0
        self._at += len(piece)
