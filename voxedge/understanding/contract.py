"""Contract of understanding: hypotheses go in, an intent or a refusal comes out. Pure logic, no threads."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent, Slot, SlotValue

Context: TypeAlias = Mapping[str, SlotValue]
"""What is known beside the words, such as ``{"area": "kitchen"}``."""


class Understander(Protocol):
    """Finds the intent of an utterance. Safe to call from several threads."""

    def understand(
        self, hypotheses: Sequence[Alternative], context: Context | None = None
    ) -> IntentMatched | NoIntent:
        """Finds the intent.

        Args:
            hypotheses: Readings of the utterance, best first, with scores; typed text is one with score 0.
            context: What is known beside the words.

        Returns:
            The match, or the refusal with its reason. ``turn`` and ``time`` are left for the caller to set.
        """
        ...

    def completeness(self, text: str) -> Completeness:
        """Whether a command could go on, for the choice of how long to wait for more."""
        ...

    def bias(self, limit: int = 16) -> tuple[str, ...]:
        """Sentences of the grammar that give a recognizer its vocabulary, most useful first."""
        ...


# What an understander may offer beside that.


@runtime_checkable
class Gate(Protocol):
    """What an understander offers that can say how near words are to a command."""

    def nearness(self, text: str, context: Context | None = None) -> float:
        """Cost a sound of the nearest command, 0..1."""
        ...


@runtime_checkable
class Closed(Protocol):
    """What an understander offers that knows all words of its commands."""

    def vocabulary(self) -> tuple[str, ...]:
        """The words; empty where others may be said as well."""
        ...


class Candidate(NamedTuple):
    """A command that words are near to.

    Attributes:
        command: Which one; equal for the same intent with the same values (see `command_of`).
        cost: What must be forgiven for it: 0 for nothing, about 1 for each sound that is another one.
    """

    command: Hashable
    cost: float


@runtime_checkable
class Ranker(Protocol):
    """What an understander offers that can say how near words are to several commands."""

    def candidates(self, text: str, context: Context | None = None) -> Sequence[Candidate] | None:
        """The commands nearest to the words, nearest first: those about as near as the first one.

        Empty where none is near; None where just now it can't be told.
        """
        ...


def command_of(intent: str, slots: Mapping[str, Slot]) -> Hashable:
    """What is equal for two readings that would make an app do the same; small letters or not."""
    return intent, tuple((name, _comparable(slot.value)) for name, slot in sorted(slots.items()))


def _comparable(value: SlotValue) -> Hashable:
    if isinstance(value, str):
        return value.casefold()
    return repr(value) if isinstance(value, (list, dict)) else value
