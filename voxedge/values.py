"""What the fields of events hold: words, slots, notes; and how they become JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

SlotValue: TypeAlias = "str | int | float | bool | list[SlotValue] | dict[str, SlotValue] | None"


def _plain(value: object) -> object:
    """Turns what an event may hold into what ``json.dumps`` takes."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 4)
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)


def fields_to_json(value: object) -> dict[str, object]:
    """The fields of a dataclass, as ``json.dumps`` takes them."""
    names = (f.name for f in dataclasses.fields(value))  # type: ignore[arg-type]
    return {name: _plain(getattr(value, name)) for name in names}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a transcript.

    Attributes:
        word: The word as written, without surrounding blanks.
        start: Seconds of the stream at which it starts.
        end: Seconds of the stream at which it ends; at least ``start``.
        probability: 0..1, the model's own.
    """

    word: str
    start: float
    end: float
    probability: float

    def to_json(self) -> dict[str, object]:
        """One JSON object with the four fields."""
        return fields_to_json(self)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading: of an utterance (``text`` is what may have been said) or of its intent.

    Attributes:
        text: The words, or the name of the intent.
        score: Greater is likelier; comparable only within one event.
    """

    text: str
    score: float

    def to_json(self) -> dict[str, object]:
        """One JSON object with the two fields."""
        return fields_to_json(self)


@dataclass(frozen=True, slots=True)
class Slot:
    """The value of a slot. ``str()`` gives the words, as they are to be said or shown.

    Attributes:
        text: The words that were heard for it, spelled as the grammar does.
        value: The typed value: a string, a number, a date in ISO 8601.
        unit: Unit of a number (``"celsius"``, ``"s"``), or None.
    """

    text: str
    value: SlotValue = None
    unit: str | None = None

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, object]:
        """``{"value", "text", "unit"}``."""
        return {"value": _plain(self.value), "text": self.text, "unit": self.unit}


@dataclass(frozen=True, slots=True)
class Forgiven:
    """A place where the matcher overlooked a difference.

    Attributes:
        heard: The words that were heard; empty where a word was missing.
        meant: The words of the grammar that they were taken for; empty where words were skipped.
        cost: What it cost; 0 would be exact.
    """

    heard: str
    meant: str
    cost: float

    def to_json(self) -> dict[str, object]:
        """One JSON object with the three fields."""
        return fields_to_json(self)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A command that a later one corrects, adds to or takes back.

    Attributes:
        intent: Name of the intent.
        slots: Its slots.
        turn: Number of its turn.
    """

    intent: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    turn: int = 0

    def to_json(self) -> dict[str, object]:
        """One JSON object with the three fields."""
        return fields_to_json(self)


@dataclass(frozen=True, slots=True)
class ErrorNote:
    """What went wrong in a turn.

    Attributes:
        code: Code of the error (``errors.VoxedgeError.code``).
        hint: What to do about it.
    """

    code: str
    hint: str

    def to_json(self) -> dict[str, object]:
        """One JSON object with the two fields."""
        return fields_to_json(self)
