"""What a value is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from voxedge.events import Slot

Kind: TypeAlias = Literal[
    "datetime",
    "date",
    "time",
    "duration",
    "temperature",
    "percent",
    "color",
    "digits",
    "letters",
    "ordinal",
    "fraction",
    "number",
]
"""The kinds of values, the most telling first."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was read from a text.

    Attributes:
        kind: What it is.
        value: Typed: int or float for amounts; a text in ISO 8601 for ``date`` (``2026-03-03``), ``time``
            (``15:30``) and ``datetime`` (``2026-03-03T15:30:00``); ``#rrggbb`` for ``color``; the string that
            was spelled for ``digits`` and ``letters``.
        unit: ``s`` or ``month`` (durations), ``celsius``, ``fahrenheit``, ``kelvin`` or ``degree``
            (temperatures without a scale), ``percent``; else None.
        text: The words, as they stood in the text.
        start: Where the words start, in characters.
        end: Where they end.
    """

    kind: Kind
    value: int | float | str
    unit: str | None
    text: str
    start: int
    end: int

    def to_slot(self) -> Slot:
        """The value as a slot of an event."""
        return Slot(self.text, self.value, self.unit)
