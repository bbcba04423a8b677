"""Which commands words are near to: what several decodings of an utterance are compared by."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from voxedge.events import Alternative, IntentMatched, NoIntent, Slot
from voxedge.understanding.contract import Context, Understander


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

    def candidates(self, text: str, context: Context | None = None) -> Sequence[Candidate]:
        """The commands nearest to the words, nearest first; empty where none is near."""
        ...


def command_of(intent: str, slots: Mapping[str, Slot]) -> Hashable:
    """What is equal for two readings that would make an app do the same."""
    return intent, tuple(sorted((name, repr(slot.value)) for name, slot in slots.items()))


def candidates_of(
    understander: Understander, text: str, context: Context | None = None
) -> Sequence[Candidate]:
    """The commands nearest to a text; of an understander that doesn't tell, the one that it finds."""
    if isinstance(understander, Ranker):
        return understander.candidates(text, context)
    return found_in(text, understander.understand((Alternative(text, 0.0),), context))


def found_in(text: str, result: IntentMatched | NoIntent | None) -> tuple[Candidate, ...]:
    """The command that was found in a text; a refusal is none."""
    if not isinstance(result, IntentMatched):
        return ()
    letters = sum(letter.isalnum() for letter in text)  # about as many as it has sounds
    return (Candidate(command_of(result.intent, result.slots), (1.0 - result.score) * letters),)
