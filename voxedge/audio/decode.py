"""Decoding files (wav, flac, mp3, ogg, opus, m4a, webm, ...) through FFmpeg's libraries (PyAV).

A file that breaks off gives the sound up to there and says so in `Decoder.damage`; only a file without any
sound is an error. FFmpeg gets a file object and never a name: a name could be a URL, and playlists (which
name further files and URLs) are not on the list of formats that it may recognize.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.audio.resample import Resampler
from voxedge.audio.samples import MAX_CHANNELS, to_mono
from voxedge.errors import AudioEmpty, AudioUnreadable, ClosedError

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

Damage = Literal["", "truncated", "damaged"]

FORMATS = "wav,w64,aiff,au,caf,flac,mp3,ogg,mov,matroska,aac,amr,asf,avi,mpegts,mpeg,ac3,flv,ape,wv,tta"
"""Names of FFmpeg demuxers. No playlists, no pictures, no raw formats that take anything for sound."""

_KNOWS_ITS_LENGTH = {"wav", "w64", "aiff", "caf", "flac", "mov", "matroska", "wv", "tta", "ape"}
"""Formats whose header tells the length; the others' is an estimate, or follows from what is there."""

_TAKES = "voxedge takes wav, flac, mp3, ogg, opus, m4a, webm and others; convert it: ffmpeg -i FILE out.wav"


class Decoder:
    """Decodes one file into blocks of mono sound; at most a few seconds of it are in memory at a time.

    Not to be used by two threads at once.

    Args:
        source: Path of a file, or a binary stream (``io.BytesIO``, a pipe). A stream is left open.
        rate_hz: Samples a second of what comes out.

    Attributes:
        name: The file's name, for messages.
        duration_s: What the header says; 0 when it says nothing. The truth is known at the end.
        damage: ``""``, ``"truncated"`` (the file breaks off) or ``"damaged"`` (some of it couldn't be
            decoded and was left out). Final when `blocks` has ended.
        samples_out: How many samples have been given so far.

    Raises:
        AudioUnreadable: No such file, no permission, a folder, no audio, no sound track.
        AudioEmpty: The file has no bytes.
    """

    def __init__(self, source: str | Path | BinaryIO, rate_hz: int = SAMPLE_RATE_HZ) -> None:
        self._container: Any = None
        if isinstance(source, (str, Path)):
            self.name = str(source)
            self._file, self._owned = _open_file(source), True
        else:
            self.name = "the stream"
            self._file, self._owned = source, False
        self.damage: Damage = ""
        self.samples_out = 0
        self._bad_packets = self._bad_packets_at_end = 0
        self._rate_hz = rate_hz
        try:
            self._container, self._stream = self._open_container()
        except BaseException:
            self.close()
            raise
        self.duration_s = _duration_s(self._container, self._stream)

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. May be called twice."""
        container, self._container = self._container, None
        if container is not None:
            container.close()
        if self._owned:
            self._file.close()

    def blocks(self) -> Iterator[MonoF32]:
        """Gives the sound from its start, in blocks of about a second.

        Yields:
            float32, shape ``(n,)``, ``rate_hz``, about -1..1; the mean of the channels.

        Raises:
            AudioEmpty: The sound track has no samples.
            AudioUnreadable: There are samples, but none of them can be decoded.
            AudioInvalid: The file holds samples that are not numbers.
        """
        if self._container is None:
            raise ClosedError(f"{self.name} was closed.", remedy="Open it again.", room="audio")
        seconds_in = 0.0
        for block, seconds in self._resampled():
            seconds_in += seconds
            self.samples_out += block.size
            if block.size:
                yield block
        if self.samples_out == 0:
            if self.damage:
                raise AudioUnreadable(
                    f"{self.name}: nothing in it could be decoded.",
                    remedy="It is damaged: get it again. An m4a can't come through a pipe: name the file.",
                )
            raise AudioEmpty(f"{self.name} holds no sound.", remedy="Record it again.")
        # Some versions of FFmpeg call half a packet at the end a bad one, others give what there is of it.
        whole_until_end = not self.damage or self._bad_packets_at_end == self._bad_packets
        if whole_until_end and self._breaks_off(seconds_in):
            self.damage = "truncated"

    def _open_container(self) -> tuple[Any, Any]:
        import av

        try:
            container = av.open(
                _Nameless(self._file),
                # Titles in odd encodings are no reason to refuse the sound.
                metadata_errors="ignore",
                options={"format_whitelist": FORMATS, "protocol_whitelist": ""},
            )
        except (av.FFmpegError, ValueError, EOFError) as exc:
            raise AudioUnreadable(
                f"{self.name} is no audio that can be decoded, or breaks off before any sound.",
                remedy=f"Check that it is a sound file. {_TAKES}.",
            ) from exc
        except OSError as exc:
            raise AudioUnreadable(
                f"{self.name} can't be read: {exc.strerror or exc}.", remedy="Check the disk it is on."
            ) from exc
        if not container.streams.audio:
            container.close()
            raise AudioUnreadable(
                f"{self.name} has no sound track.", remedy="Choose a file with sound in it."
            )
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            container.close()
            raise AudioUnreadable(
                f"{self.name}: its codec isn't known here.", remedy=f"Convert the file. {_TAKES}."
            )
        return container, stream

    def _resampled(self) -> Iterator[tuple[MonoF32, float]]:
        """Blocks at ``rate_hz``, each with the seconds of the file that went into it."""
        import numpy as np

        resampler: Resampler | None = None
        waiting: list[MonoF32] = []
        waiting_samples = 0
        for mono, rate_hz in self._decoded():
            if resampler is not None and resampler.rate_hz != rate_hz:
                # Ogg files can be joined end to end, each part with a rate of its own.
                joined = np.concatenate([*waiting, np.zeros(0, np.float32)])
                rest = [resampler.feed(joined), resampler.flush()]
                yield np.concatenate(rest), waiting_samples / resampler.rate_hz
                resampler, waiting, waiting_samples = None, [], 0
            resampler = resampler or Resampler(rate_hz, self._rate_hz)
            waiting.append(mono)
            waiting_samples += mono.size
            if waiting_samples >= rate_hz:
                yield resampler.feed(np.concatenate(waiting)), waiting_samples / rate_hz
                waiting, waiting_samples = [], 0
        if resampler is not None:
            joined = np.concatenate([*waiting, np.zeros(0, np.float32)])
            yield (
                np.concatenate([resampler.feed(joined), resampler.flush()]),
                waiting_samples / resampler.rate_hz,
            )

    def _decoded(self) -> Iterator[tuple[MonoF32, int]]:
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except (av.EOFError, av.InvalidDataError, av.ArgumentError):
                # One bad packet: the decoder picks up at the next one. A demuxer that fails is at its end.
                self.damage = "damaged"
                self._bad_packets += 1
                self._bad_packets_at_end += 1
                continue
            except (av.FFmpegError, OSError):
                self.damage = "truncated"
                return
            if frames:
                self._bad_packets_at_end = 0
            for frame in frames:
                yield _mono(frame), int(frame.sample_rate)

    def _breaks_off(self, seconds_in: float) -> bool:
        formats = set(str(self._container.format.name).split(","))
        if "wav" in formats and not _riff_is_complete(self._file):
            return True
        if formats & _KNOWS_ITS_LENGTH:
            return seconds_in < self.duration_s - max(0.1, self.duration_s / 100)
        return "ogg" in formats and not _ogg_is_complete(self._file)


def _duration_s(container: Any, stream: Any) -> float:
    """The length of the sound as the header says, 0 where it doesn't; a film may go on in silence."""
    if stream.duration and stream.time_base:
        return max(0.0, float(stream.duration * stream.time_base))
    written = stream.metadata.get("DURATION", "")  # Matroska and WebM: "00:00:06.800000000"
    if found := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", written):
        return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    length = container.duration
    return length / 1_000_000 if length and length > 0 else 0.0


class _Nameless:
    """A file object without a name and without ``close``: FFmpeg is to judge by the content alone."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        if file.seekable():
            self.seek, self.tell = file.seek, file.tell


def decode(source: str | Path | BinaryIO, rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[MonoF32]:
    """Gives the sound of a file in blocks of about a second. See `Decoder` for arguments and errors."""
    with Decoder(source, rate_hz) as decoder:
        yield from decoder.blocks()


def read(source: str | Path | BinaryIO, rate_hz: int = SAMPLE_RATE_HZ) -> MonoF32:
    """The whole sound of a (short) file as one array. See `Decoder` for arguments and errors."""
    import numpy as np

    return np.concatenate(list(decode(source, rate_hz)))


def _open_file(path: str | Path) -> BinaryIO:
    try:
        file = Path(path).open("rb")  # noqa: SIM115 -- closed by Decoder.close()
    except FileNotFoundError as exc:
        raise AudioUnreadable(f"There is no file {path}.", remedy="Check the path: ls -l") from exc
    except IsADirectoryError as exc:
        raise AudioUnreadable(f"{path} is a folder.", remedy=f"Name the files in it: {path}/*.wav") from exc
    except PermissionError as exc:
        raise AudioUnreadable(
            f"{path} may not be read.", remedy=f"Give yourself the right: chmod u+r {path}"
        ) from exc
    except (OSError, ValueError) as exc:
        raise AudioUnreadable(f"{path} can't be opened: {exc}.", remedy="Check the path: ls -l") from exc
    if file.seekable():
        if file.seek(0, 2) == 0:
            file.close()
            raise AudioEmpty(f"{path} is empty.", remedy="Record it or copy it again.")
        file.seek(0)
    return file


def _mono(frame: Any) -> MonoF32:
    """The mean of a frame's channels.

    Not by FFmpeg: for floats, its mix of stereo is 3 dB louder than either channel (libswresample
    normalizes the mixing matrix for whole numbers only).
    """
    import numpy as np

    data = frame.to_ndarray()
    channels = len(frame.layout.channels)
    samples = data.T if frame.format.is_planar else data.reshape(-1, channels)
    if data.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128.0) / 128.0
    elif data.dtype in (np.int32, np.int64):
        samples = samples / np.float64(2.0 ** (8 * data.dtype.itemsize - 1))
    return to_mono(samples[:, :MAX_CHANNELS])


def _riff_is_complete(file: BinaryIO) -> bool:
    """Whether a WAV file is as long as its header says; FFmpeg silently takes what is there."""
    if not file.seekable():
        return True
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(8)
    said = int.from_bytes(head[4:8], "little")
    # Programs that write to a pipe don't know the length, and put 0 or (nearly) the greatest number.
    return head[:4] != b"RIFF" or said == 0 or said >= 0x7FFF0000 or said + 8 <= size


def _ogg_is_complete(file: BinaryIO) -> bool:
    """Whether the last page of an Ogg stream is marked as the last one (RFC 3533, section 6)."""
    if not file.seekable():
        return True
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_536))
    tail = file.read()
    at = tail.rfind(b"OggS")
    return at < 0 or at + 5 >= len(tail) or bool(tail[at + 5] & 0x04)
