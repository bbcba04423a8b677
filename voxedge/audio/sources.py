"""Sources of sound other than the microphone: files, a stream of PCM, arrays."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame
from voxedge.audio.decode import Damage, Decoder
from voxedge.audio.framing import Framer
from voxedge.audio.resample import Resampler
from voxedge.audio.samples import MAX_CHANNELS, check_rate, to_mono
from voxedge.errors import AudioEmpty, AudioInvalid, AudioUnreadable, VoxedgeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32
    from voxedge.events import CancelToken

SampleFormat = Literal["s16le", "f32le"]

_SAMPLE_BYTES = {"s16le": 2, "f32le": 4}
_READ_BYTES = 65_536
_POLL_S = 0.02


class FileSource:
    """The sound of a file.

    Args:
        path: The file: wav, flac, mp3, ogg, opus, m4a, ...
        realtime: Give each frame only when a microphone would have: for demonstrations, and for measuring.

    Raises:
        AudioUnreadable: The file can't be read or isn't audio.
        AudioEmpty: The file has no bytes.
    """

    def __init__(self, path: str | Path, *, realtime: bool = False) -> None:
        self._decoder = Decoder(path)
        self._realtime = realtime
        self._started = self._closed = False

    @property
    def live(self) -> bool:
        """Whether the frames come at the pace of a microphone."""
        return self._realtime

    @property
    def damage(self) -> Damage:
        """What is wrong with the file, as far as it was read. See `voxedge.audio.decode.Decoder`."""
        return self._decoder.damage

    @property
    def duration_s(self) -> float:
        """What the file's header says; 0 when it says nothing."""
        return self._decoder.duration_s

    def frames(self, cancel: CancelToken) -> Iterator[Frame]:
        """Gives the frames. Once only: a second listening needs a second source."""
        self._started = True
        frames = _framed(self._decoder.blocks(), cancel)
        try:
            for frame in _paced(frames, cancel) if self._realtime else frames:
                if self._closed:
                    return
                yield frame
        finally:
            self._decoder.close()

    def close(self) -> None:
        """Ends `frames` at its next frame; the file is closed there, by the thread that reads it."""
        self._closed = True
        if not self._started:
            self._decoder.close()


class PcmSource:
    """Raw samples from a binary stream, such as standard input.

    What breaks off within a sample counts as truncated: the rest is left out and `damage` says so.

    Args:
        stream: Where the bytes come from; the source closes it only where it is not standard input.
        rate_hz: Samples a second.
        channels: How many, interleaved; they are mixed into one.
        sample_format: ``s16le`` or ``f32le``: whole numbers of 16 bits or floats, little-endian.
        live: Whether the other end sends at its own pace (``arecord | voxedge``).

    Raises:
        AudioInvalid: Rate, channels or format can't be right.
    """

    def __init__(
        self,
        stream: BinaryIO,
        rate_hz: int = SAMPLE_RATE_HZ,
        channels: int = 1,
        sample_format: SampleFormat = "s16le",
        *,
        live: bool = False,
    ) -> None:
        if not 1 <= channels <= MAX_CHANNELS:
            raise AudioInvalid(
                f"There can't be {channels} channels.", remedy=f"Give 1 to {MAX_CHANNELS} (2 for stereo)."
            )
        if sample_format not in _SAMPLE_BYTES:
            raise AudioInvalid(
                f"There is no sample format {sample_format!r}.", remedy=f"Known: {', '.join(_SAMPLE_BYTES)}."
            )
        self._stream = stream
        self._rate_hz = check_rate(rate_hz)
        self._channels = channels
        self._format = sample_format
        self._live = live
        self._closed = False
        self.damage: Damage = ""

    @property
    def live(self) -> bool:
        """Whether the other end sends at its own pace."""
        return self._live

    def frames(self, cancel: CancelToken) -> Iterator[Frame]:
        """Gives the frames until the stream ends.

        Raises:
            AudioEmpty: The stream ended before its first sample.
            AudioUnreadable: Reading failed.
            AudioInvalid: Floats that are no sound.
        """
        yield from _framed(self.blocks(cancel), cancel)

    def blocks(self, cancel: CancelToken) -> Iterator[MonoF32]:
        """Gives the sound at 16 kHz in blocks as they arrive. Raises as `frames` does."""
        import numpy as np

        step = _SAMPLE_BYTES[self._format] * self._channels
        kind = np.dtype("<i2" if self._format == "s16le" else "<f4")
        resampler = Resampler(self._rate_hz)
        rest, any_sample = b"", False
        for data in self._chunks(cancel):
            data = rest + data
            whole = len(data) - len(data) % step
            rest = data[whole:]
            if not whole:
                continue
            any_sample = True
            block = np.frombuffer(data, kind, count=whole // kind.itemsize).reshape(-1, self._channels)
            yield resampler.feed(to_mono(block.astype(kind.newbyteorder("="), copy=False)))
        if rest:
            self.damage = "truncated"
        if not any_sample and not self._stopped(cancel):
            raise AudioEmpty(
                "Standard input ended before any sound."
                if self._is_stdin()
                else "The stream ended before any sound.",
                remedy="Send raw samples: arecord -f S16_LE -r 16000 -c 1 -t raw | voxedge ...",
            )
        yield resampler.flush()

    def close(self) -> None:
        """Ends `frames` within a moment, also while it waits for data. May be called twice."""
        self._closed = True

    def _stopped(self, cancel: CancelToken) -> bool:
        return self._closed or cancel.cancelled

    def _is_stdin(self) -> bool:
        return self._stream is getattr(sys.stdin, "buffer", None)

    def _chunks(self, cancel: CancelToken) -> Iterator[bytes]:
        # read1 gives what is there instead of waiting for the whole amount.
        read = getattr(self._stream, "read1", self._stream.read)
        while not self._stopped(cancel):
            if not self._ready():
                continue
            try:
                data: bytes | None = read(_READ_BYTES)
            except (OSError, ValueError) as exc:
                raise AudioUnreadable(
                    f"The stream can't be read any more: {exc}.", remedy="Start the sending program again."
                ) from exc
            if data is None:
                time.sleep(_POLL_S)  # a stream that doesn't wait and has nothing
            elif not data:
                return
            else:
                yield data

    def _ready(self) -> bool:
        """Waits a moment for data where the system can tell, so that cancelling is noticed meanwhile."""
        if os.name != "posix":
            return True
        try:
            return bool(select.select([self._stream.fileno()], [], [], _POLL_S)[0])
        except (OSError, ValueError, AttributeError):
            return True  # no file behind it (io.BytesIO): reading never waits


class ArraySource:
    """Arrays that the app has: one, or an iterable of blocks of any size.

    Args:
        blocks: int16 (full scale 32768) or float32/float64 (full scale 1), each of shape ``(n,)`` or
            ``(n, channels)``; empty ones are skipped. They are read when they are needed, so a generator
            may wait for its sound.
        rate_hz: Samples a second, of all blocks.
        live: Whether the blocks come at the pace of a microphone.

    Raises:
        AudioInvalid: The rate can't be right.
    """

    def __init__(
        self,
        blocks: NDArray[np.generic] | Iterable[NDArray[np.generic]],
        rate_hz: int = SAMPLE_RATE_HZ,
        *,
        live: bool = False,
    ) -> None:
        self._blocks: Iterable[object] = [blocks] if hasattr(blocks, "dtype") else blocks
        self._rate_hz = check_rate(rate_hz)
        self._live = live
        self._closed = False

    @property
    def live(self) -> bool:
        """Whether the blocks come at the pace of a microphone."""
        return self._live

    def frames(self, cancel: CancelToken) -> Iterator[Frame]:
        """Gives the frames.

        Raises:
            AudioInvalid: A block of wrong type or shape, or with values that are no sound. The frames of
                the blocks before it have been given.
            AudioEmpty: No block had a sample.
        """
        for frame in _framed(self._mono_blocks(), cancel):
            if self._closed:
                return
            yield frame

    def close(self) -> None:
        """Ends `frames` at its next frame."""
        self._closed = True

    def _mono_blocks(self) -> Iterator[MonoF32]:
        resampler = Resampler(self._rate_hz)
        any_sample = False
        for block in self._blocks:
            mono = to_mono(block)
            any_sample = any_sample or mono.size > 0
            # A copy: frames stay with whoever takes them, and the app may use its buffer again.
            yield resampler.feed(mono.copy())
        if not any_sample:
            raise AudioEmpty("The arrays hold no samples.", remedy="Give at least one sample.")
        yield resampler.flush()


def _framed(blocks: Iterator[MonoF32], cancel: CancelToken) -> Iterator[Frame]:
    framer = Framer()
    try:
        for block in blocks:
            for frame in framer.feed(block):
                if cancel.cancelled:
                    return
                yield frame
    except VoxedgeError:
        # The sound before the fault is good: it goes out to its last sample, then the error.
        yield from framer.flush()
        raise
    if not cancel.cancelled:
        yield from framer.flush()


def _paced(frames: Iterator[Frame], cancel: CancelToken) -> Iterator[Frame]:
    """Gives each frame when its last sample would have been recorded."""
    started = time.monotonic()
    for frame in frames:
        due = started + (frame.start_sample + FRAME_SAMPLES) / SAMPLE_RATE_HZ
        while (left := due - time.monotonic()) > 0:
            if cancel.cancelled:
                return
            time.sleep(min(left, _POLL_S))
        yield frame
