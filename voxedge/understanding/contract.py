"""Contract of understanding: hypotheses go in, an intent or a refusal comes out. Pure logic, no threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent, SlotValue

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
