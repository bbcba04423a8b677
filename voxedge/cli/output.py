"""What commands share: printing JSON lines and notes, progress bars, reading standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from types import TracebackType


def emit_json(value: Mapping[str, object]) -> None:
    """Prints one JSON object as a line, and flushes, so that a pipeline gets it at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def note(text: str) -> None:
    """Says something to the person, not to the pipeline."""
    print(text, file=sys.stderr, flush=True)


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
