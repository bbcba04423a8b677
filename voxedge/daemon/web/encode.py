"""Sound to bytes in the forms that clients ask for, piece by piece; FFmpeg's libraries (PyAV) do the rest."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from voxedge.errors import EngineError

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

Form: TypeAlias = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
MEDIA_TYPES: dict[Form, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
RATE_HZ = 24_000
"""Of everything that is given: what OpenAI's ``pcm`` has, and all of the encoders take."""
_CODECS: dict[Form, tuple[str, str, str]] = {
    # form: container, codec, sample format
    "mp3": ("mp3", "libmp3lame", "fltp"),
    "opus": ("ogg", "libopus", "flt"),
    "aac": ("adts", "aac", "fltp"),
    "flac": ("flac", "flac", "s16"),
}


class Encoder:
    """Encodes one sound. `feed` and `finish` give what is ready.

    Args:
        form: What to make. ``wav`` comes whole at the end, since its header says how long it is; the others
            come as they are made.

    Raises:
        EngineError: This build of FFmpeg lacks the encoder.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self._waiting: list[bytes] = []
        # PyAV has no usable types for its Cython classes.
        self._container: Any = None
        if form in _CODECS:
            import av

            kind, codec, self._layout = _CODECS[form]
            self._file = _Pipe()
            try:
                self._container = av.open(self._file, "w", format=kind)
                self._stream = self._container.add_stream(codec, rate=RATE_HZ)
                self._stream.layout = "mono"
            except (av.FFmpegError, ValueError) as exc:
                raise EngineError(
                    f"{form} can't be made here: FFmpeg lacks the encoder {codec}.",
                    remedy="Ask for wav, pcm or flac.",
                    room="daemon",
                ) from exc
            self._resampler = av.AudioResampler(format=self._layout, layout="mono", rate=RATE_HZ)

    def feed(self, samples: MonoF32) -> bytes:
        """Takes the next sound: float32, shape ``(n,)``, ``RATE_HZ``, -1..1."""
        if self._container is None:
            data = _pcm16(samples)
            if self._form == "pcm":
                return data
            self._waiting.append(data)
            return b""
        self._encode(samples)
        return self._file.take()

    def finish(self) -> bytes:
        """Gives the rest."""
        if self._container is None:
            data = b"".join(self._waiting)
            return _wav_header(len(data)) + data if self._form == "wav" else b""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        return self._file.take()

    def _encode(self, samples: MonoF32) -> None:
        import av
        import numpy as np

        if not samples.size:
            return
        frame = av.AudioFrame.from_ndarray(
            np.clip(np.ascontiguousarray(samples), -1.0, 1.0)[np.newaxis], format="flt", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        for converted in self._resampler.resample(frame):
            for packet in self._stream.encode(converted):
                self._container.mux(packet)


class _Pipe(io.RawIOBase):
    """Where FFmpeg writes to; what it wrote is taken away as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _pcm16(samples: MonoF32) -> bytes:
    import numpy as np

    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def _wav_header(size: int) -> bytes:
    """The 44 bytes before 16-bit mono samples (RIFF WAVE, format 1)."""
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
        + b"data"
        + struct.pack("<I", size)
    )
