"""From a transcript to its answer: intent and handler, or the language model. No threads of its own.

The work has two steps, so that a runtime can give the second a thread of its own: `Answering.understand`
is quick; `Answering.converse` may write for seconds, or hang, while intents go on being answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Protocol

from voxedge.conversation.contract import ReplyOptions
from voxedge.errors import HandlerFailed, VoxedgeError
from voxedge.events import (
    Alternative,
    CancelToken,
    DialogueState,
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
from voxedge.understanding.contract import Context, Understander


class Said(Protocol):
    """What a dialogue makes of an utterance; see `voxedge.understanding.dialogue.Step`."""

    @property
    def found(self) -> IntentMatched | NoIntent | None:
        """The command or refusal; None where the dialogue only says something."""
        ...

    @property
    def say(self) -> str:
        """What the dialogue says."""
        ...

    @property
    def otherwise(self) -> str:
        """What it says where the app has no handler for it."""
        ...

    @property
    def states(self) -> tuple[DialogueState, ...]:
        """Where it stands now."""
        ...


class Talk(Protocol):
    """A dialogue: it asks for what is missing, and takes commands up again."""

    def take(
        self, readings: Sequence[Alternative], context: Context | None, now_s: float, turn: int = 0
    ) -> Said:
        """Takes an utterance."""
        ...

    def failed(self) -> None:
        """The handler of the last command raised an exception."""
        ...


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
        dialogue: Asks for what commands miss; None where each utterance stands for itself.
        now_s: The dialogue's clock.
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
        dialogue: Talk | None = None,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._understander, self._handlers, self._converser = understander, handlers, converser
        self._health, self._context, self._options, self._turn_of = health, context, options, turn_of
        self._dialogue, self._now_s = dialogue, now_s

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
        readings = transcript.alternatives or (Alternative(transcript.text, 0.0),)
        if self._dialogue is None:
            return self._answered(self._match(readings), "", "", transcript, emit, cancel)
        said = self._dialogue.take(readings, self._context(), self._now_s(), transcript.turn)
        for state in said.states:
            emit(dataclasses.replace(state, turn=transcript.turn, time=transcript.time))
        try:
            return self._answered(said.found, said.say, said.otherwise, transcript, emit, cancel)
        except HandlerFailed:
            self._dialogue.failed()
            raise

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

    def _match(self, readings: Sequence[Alternative]) -> IntentMatched | NoIntent:
        if self._understander is None:
            return NoIntent(reason="none_near", text=readings[0].text)
        return self._understander.understand(readings, self._context())

    def _answered(
        self,
        found: IntentMatched | NoIntent | None,
        say: str,
        otherwise: str,
        transcript: Transcript,
        emit: Emit,
        cancel: CancelToken,
    ) -> Outcome | None:
        """Tells what was found and lets handler, grammar or dialogue reply to it."""
        turn = self._turn_of(transcript)
        if found is not None:
            found = dataclasses.replace(found, turn=transcript.turn, time=transcript.time)
            emit(found)
        cancel.raise_if_cancelled()
        if isinstance(found, IntentMatched):
            handled = self._handlers.has(found)
            said = handled and self._reply(
                self._handlers.answer(found, turn), "handler", transcript, emit, cancel
            )
            if not said and found.relation == "undo":
                can = handled or self._handlers.empty
                self._reply([say if can else otherwise], "dialogue", transcript, emit, cancel)
            elif not handled and (found.response or say):
                self._reply([found.response or say], "dialogue", transcript, emit, cancel)
            return "intent"
        if say:
            self._reply([say], "dialogue", transcript, emit, cancel)
            return "reply"
        if found is None:
            return "reply"
        if self._reply(self._handlers.answer_no_intent(found, turn), "handler", transcript, emit, cancel):
            return "reply"
        return "no_intent" if self._converser is None else None

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
