"""What the service gives for a whole request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxedge.recognition.contract import Segment


@dataclass(slots=True)
class Transcription:
    """What was written down of a recording.

    Attributes:
        segments: In order; times count from the recording's start.
        language: ISO 639-1; of the first segment, where it was to be found out.
        duration_s: Of the sound.
    """

    segments: list[Segment] = field(default_factory=list)
    language: str = ""
    duration_s: float = 0.0

    @property
    def text(self) -> str:
        """The words."""
        return " ".join(segment.text.strip() for segment in self.segments)


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the language model has written.

    Attributes:
        text: The whole reply.
        prompt_tokens: Length of what it read.
        reply_tokens: Length of what it wrote.
        cut: Whether it was cut off at the length that was asked for.
    """

    text: str
    prompt_tokens: int = 0
    reply_tokens: int = 0
    cut: bool = False
