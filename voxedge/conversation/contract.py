"""Contract of conversation: messages go in, a reply comes out in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from voxedge.events import NEVER, CancelToken


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: Who speaks.
        text: What is said.
    """

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyOptions:
    """What is wanted of one reply.

    Attributes:
        max_tokens: The reply is cut off there.
        temperature: 0 always gives the likeliest token.
        facts: What changes from turn to turn (the time, the room); put at the end of the prompt, so that
            the cache of what stands before holds.
        stop: The reply ends before the first of these strings.
    """

    max_tokens: int = 80
    temperature: float = 0.0
    facts: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


class LanguageModel(Protocol):
    """Writes replies. One reply at a time; another caller waits."""

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    def reply(
        self, messages: Sequence[Message], options: ReplyOptions, cancel: CancelToken = NEVER
    ) -> Iterator[str]:
        """Gives the reply piece by piece.

        Raises:
            EngineCrashed: Its process died; it is restarted for the next reply.
            EngineHung: No token came in time; it is restarted for the next reply.
            EngineLoadFailed: The model can't be loaded.
            Cancelled: The token was cancelled.
        """
        ...

    def close(self) -> None:
        """Ends its process."""
        ...
