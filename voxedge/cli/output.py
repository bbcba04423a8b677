"""What commands share: printing JSON lines and notes, progress bars, reading standard input and numbers."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType

from voxedge.errors import TextInvalid

_MOST_LINE_BYTES = 16_000_000


def emit_json(value: Mapping[str, object]) -> None:
    """Prints one JSON object as a line, and flushes, so that a pipeline gets it at once.

    Where standard output isn't UTF-8 (a pipe on Windows, an old locale), signs beyond ASCII are escaped.
    """
    unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not unicode), flush=True)


def read_lines(room: str) -> Iterator[str]:
    """The lines of standard input as they come, without their ends (LF or CR LF), in UTF-8.

    Args:
        room: Whose input it is, for the error.

    Raises:
        TextInvalid: A line isn't UTF-8, or longer than 16 MB.
    """
    encoding = "utf-8-sig"  # a byte order mark may stand at the beginning, and only there
    while raw := sys.stdin.buffer.readline(_MOST_LINE_BYTES):
        if len(raw) == _MOST_LINE_BYTES:
            raise TextInvalid(
                f"A line of standard input is longer than {_MOST_LINE_BYTES // 1_000_000} MB.",
                remedy="Hand in text with line ends.",
                room=room,
            )
        try:
            yield raw.decode(encoding).rstrip("\r\n")
        except UnicodeDecodeError as exc:
            raise TextInvalid(
                "Standard input isn't text in UTF-8.",
                remedy="Convert it: iconv -f latin1 -t utf-8 FILE | voxedge ...",
                room=room,
            ) from exc
        encoding = "utf-8"


def note(text: str) -> None:
    """Says something to the person, not to the pipeline."""
    print(text, file=sys.stderr, flush=True)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A type of `argparse`: a whole number between two others."""

    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} isn't {least} to {most}")
        return value

    return number


THREADS = whole_number(0, 256)
"""Of an engine; 0 leaves it to voxedge."""


class Progress:
    """A progress bar on standard error; silent where that is no terminal, but for a line at the start.

    Args:
        label: What is going on.
        total: How much there is in all, in ``unit``; 0 when unknown.
        unit: ``"B"`` (scaled to kB, MB), ``"s"``, ``"file"``, ...
    """

    def __init__(self, label: str, total: int, unit: str = "B") -> None:
        self._label, self._total, self._unit = label, total, unit
        self._bar: object = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._total or None,
                desc=self._label,
                unit=self._unit,
                unit_scale=self._unit == "B",
                leave=False,
                file=sys.stderr,
            )
        else:
            note(self._label)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        close: Callable[[], None] | None = getattr(self._bar, "close", None)
        if close is not None:
            close()

    def advance(self, amount: int) -> None:
        """Adds to what is done."""
        update: Callable[[int], object] | None = getattr(self._bar, "update", None)
        if update is not None:
            update(amount)
