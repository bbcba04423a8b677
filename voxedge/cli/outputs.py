"""Where commands that work through sound files write: standard output, one file, or a folder with many."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import TextIO

from voxedge.cli.output import Progress
from voxedge.errors import UsageError
from voxedge.subtitles import Writer, writer_for


class Output:
    """Where the results go: standard output, one file, or a folder with a file for each."""

    def __init__(self, path: str | None, kind: str, files: int) -> None:
        self._kind, self._many = kind, files > 1
        self._folder: Path | None = None
        self._path: Path | None = None
        self._stream: TextIO | None = None
        if path is not None and (path.endswith(("/", os.sep)) or Path(path).is_dir()):
            self._folder = Path(path)
            self._folder.mkdir(parents=True, exist_ok=True)
        elif path is not None:
            self._path = Path(path)
            if not self._path.parent.is_dir():
                raise UsageError(
                    f"There is no folder {self._path.parent}.",
                    remedy=f"Make it: mkdir -p {self._path.parent}",
                )
        if kind in {"srt", "vtt"} and self._many and self._folder is None:
            raise UsageError(
                f"Subtitles of several files can't be in one {kind} file.",
                remedy="Give a folder: -o subtitles/",
            )

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def writer_for(self, file: str) -> Writer:
        """The writer for the next file. What it has written is in the file at once, so Ctrl-C keeps it."""
        heading = file if self._many and self._kind == "text" and self._folder is None else ""
        return writer_for(self._kind, lambda: self.opened(file), heading)

    def quiet_progress(self, file: str, duration_s: float) -> Progress | NoProgress:
        """A progress bar, where it doesn't run into text on the same terminal."""
        on_terminal = self._path is None and self._folder is None and sys.stdout.isatty()
        if (on_terminal and self._kind != "json") or not sys.stderr.isatty():
            return NoProgress()
        return Progress(file, int(duration_s), "s")

    def opened(self, file: str) -> TextIO:
        """The stream for a file's result; opened when it is first asked for."""
        if self._folder is not None:
            self._close()
            name = "standard-input" if file == "-" else Path(file).stem
            suffix = {"text": "txt", "json": "json"}.get(self._kind, self._kind)
            self._stream = _open(self._folder / f"{name}.{suffix}")
        elif self._path is not None and self._stream is None:
            self._stream = _open(self._path)
        return self._stream or sys.stdout

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class NoProgress:
    """No progress bar."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as exc:
        raise UsageError(
            f"{path} can't be written: {exc.strerror}.", remedy=f"Check its folder: ls -ld {path.parent}"
        ) from exc
