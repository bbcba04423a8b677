"""A conversation with a language model: what was said so far, kept in memory and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from voxedge.conversation.contract import LanguageModel, Message, ReplyOptions
from voxedge.conversation.prompt import with_facts
from voxedge.events import NEVER, CancelToken

MAX_TURNS = 200
"""A conversation keeps between half of these and all; the model's window is far smaller."""


_DEFAULTS = ReplyOptions()


class Conversation:
    """One conversation. Several may share a model; each call takes its turn at it.

    Args:
        model: The language model; the conversation doesn't close it.
        system_prompt: What the model is told about itself. It never changes, so that the model's cache
            holds; what does change goes into `ReplyOptions.facts`.

    Example:
        >>> conversation = Conversation(model, "You are a coffee machine.")     # doctest: +SKIP
        >>> for piece in conversation.say("Good morning"):                      # doctest: +SKIP
        ...     print(piece, end="", flush=True)
    """

    def __init__(self, model: LanguageModel, system_prompt: str = "") -> None:
        self._model = model
        self._system = (Message("system", system_prompt),) if system_prompt.strip() else ()
        self._said: list[Message] = []
        self._lock = threading.Lock()

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages, the system's first. With each of the user's stand the facts of its moment."""
        with self._lock:
            return (*self._system, *self._said)

    def say(self, text: str, options: ReplyOptions = _DEFAULTS, cancel: CancelToken = NEVER) -> Iterator[str]:
        """Says something to the model; gives the reply piece by piece.

        The user's words enter the history with the facts of their moment, exactly as the model read them:
        so its cache holds. A reply that was cut short (cancelled, closed, failed after the first piece)
        stays as far as it was given; if nothing was given, nothing is kept.

        Raises:
            VoxedgeError: As `voxedge.conversation.LanguageModel.reply`.
        """
        said = Message("user", with_facts(text.strip(), options.facts) if text.strip() else text)
        plain = ReplyOptions(
            max_tokens=options.max_tokens, temperature=options.temperature, stop=options.stop
        )
        pieces = self._model.reply((*self.messages, said), plain, cancel)
        return self._collected(said, pieces)

    def add(self, text: str, answer: str) -> None:
        """Enters a turn that something else has answered (an intent's handler), so that the model knows."""
        with self._lock:
            self._said += [Message("user", text), Message("assistant", answer)]

    def wipe(self) -> None:
        """Forgets everything that was said, in this conversation and in the model's cache."""
        with self._lock:
            self._said.clear()
        forget = getattr(self._model, "forget", None)
        if forget is not None:
            forget()

    def _collected(self, said: Message, pieces: Iterator[str]) -> Iterator[str]:
        given: list[str] = []
        try:
            for piece in pieces:
                given.append(piece)
                yield piece
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
            if given:
                self._keep(said, Message("assistant", "".join(given)))

    def _keep(self, said: Message, answer: Message) -> None:
        with self._lock:
            self._said += [said, answer]
            if len(self._said) > 2 * MAX_TURNS:
                # Half at once: each cut changes the beginning of the prompt, which the model must read again.
                del self._said[:MAX_TURNS]
