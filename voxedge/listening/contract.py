"""Contracts of listening: who decides whether a frame is speech, and how long to wait for the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from voxedge.events import Completeness

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

CompletenessHook: TypeAlias = Callable[[int], Completeness]
"""Asked with the turn's number while a pause lasts; answers at once from what is known."""


class VoiceActivity(Protocol):
    """Says how likely a frame is speech."""

    def probability(self, samples: MonoF32) -> float:
        """The probability of speech in the next frame of the stream.

        Args:
            samples: float32, shape ``(512,)``, 16 kHz, -1..1.

        Returns:
            0..1.
        """
        ...

    def reset(self) -> None:
        """Forgets the stream: the next frame is the first of another."""
        ...
