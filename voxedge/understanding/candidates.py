"""Which commands words are near to: what several decodings of an utterance are compared by."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from voxedge.events import Slot
from voxedge.understanding.contract import Context


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
    return intent, tuple(sorted((name, repr(slot.value).casefold()) for name, slot in slots.items()))
