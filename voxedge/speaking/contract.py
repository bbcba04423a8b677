"""Contract of speaking: text goes in, sound comes out sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from voxedge.events import NEVER, CancelToken

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesizerCapabilities:
    """What a synthesizer can do.

    Attributes:
        engine: Its name.
        languages: ISO 639-1 codes.
        voices: Names of voices.
        rate_hz: Samples a second of what it gives.
    """

    engine: str
    languages: tuple[str, ...]
    voices: tuple[str, ...]
    rate_hz: int


class Synthesizer(Protocol):
    """Turns text into sound."""

    @property
    def capabilities(self) -> SynthesizerCapabilities:
        """What this synthesizer can do."""
        ...

    def synthesize(self, text: str, cancel: CancelToken = NEVER) -> Iterator[MonoF32]:
        """Gives the sound in pieces, a sentence each, the first as soon as it is ready.

        Args:
            text: What to say, as written; numbers, units and abbreviations are spoken in full.
            cancel: Looked at between the pieces.

        Yields:
            float32, shape ``(n,)``, ``capabilities.rate_hz``, -1..1.

        Raises:
            TextInvalid: Nothing to say in it, or far too long.
            EngineError: The engine failed.
        """
        ...

    def close(self) -> None:
        """Gives the voice back."""
        ...
