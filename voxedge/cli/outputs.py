"""Where commands that work through sound files write: standard output, one file, or a folder with many."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from voxedge.cli.output import Progress
from voxedge.errors import UsageError
from voxedge.files import check_target, write_failure
from voxedge.subtitles import Writer, writer_for


class Output:
    """Where the results go: standard output, one file, or a folder with a file for each.

    Args:
        path: Of the file or folder; None for standard output.
        kind: One of `voxedge.subtitles.FORMATS`.
        inputs: The files whose results are to be written.

    Raises:
        UsageError: There can't be such an output, or it would be written over an input or another result.
    """

    def __init__(self, path: str | None, kind: str, inputs: Sequence[str]) -> None:
        self._kind, self._many = kind, len(inputs) > 1
        self._folder: Path | None = None
        self._path: Path | None = None
        self._stream: TextIO | None = None
        if path is not None and (path.endswith(("/", os.sep)) or Path(path).is_dir()):
            self._folder = Path(path)
            refuse_overwriting(inputs, [self._in_folder(self._folder, file) for file in inputs])
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise write_failure(self._folder, exc) from exc
        elif path is not None:
            self._path = Path(path)
            check_target(self._path, f"result.{kind}")
            refuse_overwriting(inputs, [self._path])
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
            self._stream = _open(self._in_folder(self._folder, file))
        elif self._path is not None and self._stream is None:
            self._stream = _open(self._path)
        return self._stream or sys.stdout

    def _in_folder(self, folder: Path, file: str) -> Path:
        name = "standard-input" if file == "-" else Path(file).stem
        return folder / f"{name}.{'txt' if self._kind == 'text' else self._kind}"

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def refuse_overwriting(inputs: Sequence[str | Path], outputs: Sequence[Path]) -> None:
    """Sees to it that no result is written over what it is made of, or over another result.

    Args:
        inputs: All files that are read; ``-`` is standard input.
        outputs: Of each input, or of all of them together.

    Raises:
        UsageError: One would be.
    """
    made: dict[str, int] = {}
    sources = {os.path.realpath(file) for file in inputs if file != "-"}
    for number, output in enumerate(outputs):
        place = os.path.realpath(output)
        if place in sources:
            raise UsageError(
                f"{output} is an input, and would be written over.", remedy="Give another name with -o."
            )
        if place in made:
            raise UsageError(
                f"{inputs[made[place]]} and {inputs[number]} would both be written to {output}.",
                remedy="Give them one after the other, with another name for each.",
            )
        made[place] = number


@contextlib.contextmanager
def printed_to(path: str | None) -> Iterator[None]:
    """What is printed goes into a file, where one is named. An older one stays until there is something.

    Raises:
        UsageError: There can't be such a file.
    """
    if path is None:
        yield
        return
    check_target(Path(path), "result.txt")
    with _LateFile(Path(path)) as file:
        with contextlib.redirect_stdout(file):
            yield
        file.write("")


class _LateFile(io.TextIOBase):
    """A file that is opened when something is written to it."""

    encoding = "utf-8"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: TextIO | None = None

    def write(self, text: str) -> int:
        self._stream = self._stream or _open(self._path)
        return self._stream.write(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        super().close()
        if self._stream is not None:
            self._stream.close()


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
        raise write_failure(path, exc) from exc
