"""Writing WAV files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import wave
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from voxedge.audio.samples import check_rate, check_samples
from voxedge.errors import ClosedError, UsageError
from voxedge.files import check_target, is_special, write_failure

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

MAX_SAMPLES = (2**32 - 1 - 44) // 2
"""The header counts bytes with 32 bits."""


class WavWriter:
    """Writes mono sound of 16 bits, block by block.

    The file appears under its name when `close` is called, complete; until then the sound is in a temporary
    file beside it. Used in a ``with`` block, an exception leaves nothing behind, nor an older file changed.

    Args:
        path: Where to; an existing file is replaced. A name that is no regular file (``/dev/stdout``) is
            written to directly.
        rate_hz: Samples a second.

    Raises:
        UsageError: The place can't be written to.
    """

    def __init__(self, path: str | Path, rate_hz: int) -> None:
        self.path = Path(path)
        self.rate_hz = check_rate(rate_hz)
        self.samples = 0
        self._temporary: Path | None = None
        self._writer: wave.Wave_write | None = None
        check_target(self.path, "speech.wav")
        try:
            self._file = self._open()
            self._writer = wave.open(self._file, "wb")  # noqa: SIM115 -- closed by close() and discard()
        except OSError as exc:
            raise write_failure(self.path, exc, "audio") from exc
        self._writer.setnchannels(1)
        self._writer.setsampwidth(2)
        self._writer.setframerate(rate_hz)

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, samples: MonoF32) -> None:
        """Appends a block.

        Args:
            samples: float32, shape ``(n,)``; what is beyond -1..1 is clipped.

        Raises:
            AudioInvalid: No such samples, or more than a WAV file can hold.
            DiskFull: No space is left.
            ClosedError: The file was closed.
        """
        import numpy as np

        if self._writer is None:
            raise ClosedError(f"{self.path} is written already.", remedy="Open another one.", room="audio")
        check_samples(samples, allow_empty=True)
        if self.samples + samples.size > MAX_SAMPLES:
            raise UsageError(
                f"{self.path} would grow beyond 4 GB, which a WAV file can't.", remedy="Start another file."
            )
        data = np.clip(np.rint(samples * np.float32(32768.0)), -32768, 32767).astype("<i2")
        try:
            self._writer.writeframes(data.tobytes())
        except OSError as exc:
            raise write_failure(self.path, exc, "audio") from exc
        self.samples += samples.size

    def close(self) -> None:
        """Completes the file. May be called twice.

        Raises:
            DiskFull: No space is left; nothing is left behind.
        """
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
            self._file.flush()
            if self._temporary is not None:
                os.fsync(self._file.fileno())
                self._file.close()
                self._temporary.replace(self.path)
                self._temporary = None
            else:
                self._file.close()
        except OSError as exc:
            self._remove()
            raise write_failure(self.path, exc, "audio") from exc

    def discard(self) -> None:
        """Gives up: nothing is left behind, and a file that was there stays as it was."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(OSError):  # the disk is full, say: there is nothing to save
                writer.close()
        self._remove()

    def _open(self) -> BinaryIO:
        if is_special(self.path):
            return self.path.open("wb")
        # Not by `tempfile`: its files are for their owner only, and a sound file is an ordinary one.
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}-{id(self):x}.part")
        return self._temporary.open("xb")

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None


def write_wav(path: str | Path, samples: MonoF32, rate_hz: int) -> None:
    """Writes one sound. See `WavWriter` for arguments and errors."""
    with WavWriter(path, rate_hz) as writer:
        writer.write(samples)
