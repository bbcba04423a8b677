"""From a transcript to its answer: intent and handler, or the language model. No threads of its own.

The work has two steps, so that a runtime can give the second a thread of its own: `Answering.understand`
is quick; `Answering.converse` may write for seconds, or hang, while intents go on being answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from voxedge.conversation.contract import ReplyOptions
from voxedge.errors import VoxedgeError
from voxedge.events import (
    Alternative,
    CancelToken,
    Emit,
    IntentMatched,
    NoIntent,
    Outcome,
    Reply,
    ReplyBy,
    ReplyDelta,
    SlotValue,
    Transcript,
)
from voxedge.handlers import Handlers, Turn
from voxedge.turns import Health
from voxedge.understanding.contract import Understander


class Converser(Protocol):
    """Answers in a conversation that it remembers."""

    def say(self, text: str, options: ReplyOptions, cancel: CancelToken) -> Iterator[str]:
        """Gives the reply piece by piece."""
        ...


class Answering:
    """The room between recognition and speaking.

    Args:
        understander: Finds intents; None where there are no templates.
        handlers: The app's own actions.
        converser: Answers what no intent takes; None where there is no language model.
        health: Told of the conversation's troubles.
        context: What is known beside the words; read at each turn.
        options: Gives what is wanted of the language model's reply, with the facts of the moment.
        turn_of: What handlers are told of a transcript.
    """

    def __init__(
        self,
        understander: Understander | None,
        handlers: Handlers,
        converser: Converser | None,
        *,
        health: Health,
        context: Callable[[], dict[str, SlotValue]],
        options: Callable[[], ReplyOptions],
        turn_of: Callable[[Transcript], Turn],
    ) -> None:
        self._understander, self._handlers, self._converser = understander, handlers, converser
        self._health, self._context, self._options, self._turn_of = health, context, options, turn_of

    def understand(self, transcript: Transcript, emit: Emit, cancel: CancelToken) -> Outcome | None:
        """Finds the intent and runs its handler.

        Returns:
            How the turn ends, or None when it goes on with `converse`.

        Raises:
            HandlerFailed: The app's handler raised an exception.
            Cancelled: The token was cancelled.
        """
        if not transcript.text.strip():
            return "nothing_said"
        cancel.raise_if_cancelled()
        found = self._match(transcript)
        emit(found)
        cancel.raise_if_cancelled()
        turn = self._turn_of(transcript)
        if isinstance(found, IntentMatched):
            if self._handlers.has(found.intent):
                self._reply(self._handlers.answer(found, turn), "handler", transcript, emit, cancel)
            elif found.response:
                self._reply([found.response], "dialogue", transcript, emit, cancel)
            return "intent"
        if self._reply(self._handlers.answer_no_intent(found, turn), "handler", transcript, emit, cancel):
            return "reply"
        return "no_intent" if self._converser is None else None

    def converse(self, transcript: Transcript, emit: Emit, cancel: CancelToken) -> Outcome:
        """Lets the language model answer.

        Raises:
            EngineError: It crashed, hung or can't be loaded; the next call starts it anew.
            Cancelled: The token was cancelled.
        """
        if self._converser is None:
            return "no_intent"
        try:
            pieces = self._converser.say(transcript.text, self._options(), cancel)
            said = self._reply(pieces, "llm", transcript, emit, cancel)
        except VoxedgeError as error:
            if error.code != "cancelled":
                self._health.failed("conversation", error)
            raise
        self._health.worked("conversation")
        return "reply" if said else "no_intent"

    def _match(self, transcript: Transcript) -> IntentMatched | NoIntent:
        if self._understander is None:
            found: IntentMatched | NoIntent = NoIntent(reason="none_near", text=transcript.text)
        else:
            readings = transcript.alternatives or (Alternative(transcript.text, 0.0),)
            found = self._understander.understand(readings, self._context())
        return dataclasses.replace(found, turn=transcript.turn, time=transcript.time)

    def _reply(
        self, pieces: Iterable[str], by: ReplyBy, transcript: Transcript, emit: Emit, cancel: CancelToken
    ) -> bool:
        """Emits each piece as it comes, then the whole."""
        whole: list[str] = []
        for piece in pieces:
            cancel.raise_if_cancelled()
            if piece:
                whole.append(piece)
                emit(ReplyDelta(turn=transcript.turn, time=transcript.time, text=piece, by=by))
        text = "".join(whole).strip()
        if text:
            emit(Reply(turn=transcript.turn, time=transcript.time, text=text, by=by))
        return bool(text)
