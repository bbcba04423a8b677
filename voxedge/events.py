"""The events: the only thing that crosses from room to room and out to the app.

Every event is frozen and slotted, safe to hand between threads, and becomes one JSON object through
``to_json()``: ``type``, ``turn``, ``time``, ``clock``, then the event's own fields. A turn is one
utterance and what follows from it; every turn ends with exactly one ``TurnEnded``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal, TypeAlias

from voxedge.cancelling import NEVER, CancelToken
from voxedge.values import (
    Alternative,
    Earlier,
    ErrorNote,
    Forgiven,
    Slot,
    SlotValue,
    Word,
    fields_to_json,
)

__all__ = [
    "NEVER",
    "SCHEMA_VERSION",
    "Alternative",
    "CancelToken",
    "Completeness",
    "Degraded",
    "DialogueState",
    "DialogueStateName",
    "Dropped",
    "Earlier",
    "Emit",
    "EndReason",
    "ErrorNote",
    "Event",
    "Forgiven",
    "IntentMatched",
    "NoIntent",
    "Outcome",
    "Partial",
    "Recovered",
    "Relation",
    "Reply",
    "ReplyBy",
    "ReplyDelta",
    "Slot",
    "SlotValue",
    "SpeakingEnded",
    "SpeakingStarted",
    "SpeechEnded",
    "SpeechStarted",
    "Started",
    "ToolCall",
    "Transcript",
    "Translation",
    "TurnEnded",
    "Word",
]

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or goes; new fields don't raise it."""

EndReason: TypeAlias = Literal["silence", "complete", "limit", "end_of_stream", "cancelled"]
Outcome: TypeAlias = Literal[
    "intent", "reply", "translation", "no_intent", "nothing_said", "failed", "cancelled"
]
ReplyBy: TypeAlias = Literal["handler", "llm", "dialogue"]
Completeness: TypeAlias = Literal["complete", "open", "unfinished", "unknown"]
"""What understanding says of the words so far: nothing can follow; complete, but could go on; must go on;
or nothing (no grammar, or the words fit no command)."""
Relation: TypeAlias = Literal["new", "correction", "addition", "undo"]
"""What a command is to the one before: nothing, in its place, the same with other slots, its undoing."""
DialogueStateName: TypeAlias = Literal["idle", "asking", "confirming", "completed", "cancelled", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have.

    Attributes:
        turn: Number of the turn, from 1; 0 for what belongs to no turn.
        time: Seconds of the stream, counted by samples. Deterministic.
        clock: Seconds of the monotonic clock when the event was made; shows latency, which ``time`` can't.
    """

    turn: int = 0
    time: float = 0.0
    clock: float = field(default_factory=monotonic, compare=False)

    def to_json(self) -> dict[str, object]:
        """One JSON object: ``type``, ``turn``, ``time``, ``clock``, then the own fields."""
        return {"type": type(self).__name__, **fields_to_json(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """The stream's first event.

    Attributes:
        schema: Version of the events' form.
        version: Version of voxedge.
        models: What does the work, by room (``{"recognition": "whisper-tiny.en"}``).
    """

    schema: int = SCHEMA_VERSION
    version: str = ""
    models: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Event):
    """Somebody began to speak; ``time`` is where the speech starts, the pre-roll not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded(Event):
    """The utterance is over.

    Attributes:
        reason: ``silence``, ``complete`` (the grammar says so), ``limit``, ``end_of_stream``, ``cancelled``.
        speech_end: Seconds of the stream at which the last speech was heard.
    """

    reason: EndReason
    speech_end: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(Event):
    """What has been understood of the utterance so far.

    Attributes:
        text: The whole hypothesis.
        stable: A prefix of ``text`` that is never taken back.
        language: ISO 639-1, or "" while unknown.
    """

    text: str
    stable: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Event):
    """What was said, final.

    Attributes:
        text: The words; empty when nothing was said, with ``suppressed`` saying why.
        language: ISO 639-1.
        confidence: 0..1.
        start: Seconds of the stream.
        end: Seconds of the stream.
        words: The words with times, where they were asked for.
        alternatives: Other readings, best first, where they were asked for.
        suppressed: Why ``text`` is empty: ``""``, ``"no_speech"``, ``"low_score"``, ``"loop"``, ...
        agrees: Whether ``text`` begins with the words of the last stable prefix (case and marks don't count).
    """

    text: str
    language: str = ""
    confidence: float = 0.0
    start: float = 0.0
    end: float = 0.0
    words: tuple[Word, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    suppressed: str = ""
    agrees: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentMatched(Event):
    """The utterance is a command.

    Attributes:
        intent: Name of the intent.
        slots: Name to value.
        score: 0..1; 1 is an exact match.
        forgiven: What was heard for what.
        alternatives: Other intents that were near, best first.
        text: The words that were matched.
        response: The reply that the grammar's own response template gives, or "".
        context: What the matched values bring with them (Home Assistant's ``context``/``metadata``).
        sentence: The sentence of the grammar that was taken, where it isn't ``text``; else "".
        relation: What it is to the command before: ``new``, ``correction`` ("no, the bedroom"), ``addition``
            ("and the kitchen too") or ``undo`` ("undo that").
        earlier: That command, where ``relation`` isn't ``new``.
    """

    intent: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    score: float = 1.0
    forgiven: tuple[Forgiven, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    text: str = ""
    response: str = ""
    context: Mapping[str, SlotValue] = field(default_factory=dict)
    sentence: str = ""
    relation: Relation = "new"
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoIntent(Event):
    """The utterance is no command of the grammar.

    Attributes:
        reason: ``none_near``, ``tie`` or ``empty``.
        nearest: The nearest sentence of the grammar, or "".
        unknown: The word or name that fitted nothing, or "".
        text: The words that were tried.
        score: 0..1, of the nearest sentence; 0 where there is none.
    """

    reason: Literal["none_near", "tie", "empty"]
    nearest: str = ""
    unknown: str = ""
    text: str = ""
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueState(Event):
    """Where the dialogue stands; emitted when it asks, and when the command that it asked for ends.

    Attributes:
        state: ``asking`` (for a slot), ``confirming`` (for a yes), ``completed``, ``cancelled``, ``expired``;
            ``idle`` where nothing is open.
        intent: The command that isn't complete, or that was.
        slots: Its slots so far.
        asked: The slots that the question asks for; one of them is enough.
        question: The question.
    """

    state: DialogueStateName
    intent: str = ""
    slots: Mapping[str, Slot] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDelta(Event):
    """A piece of a reply that is being written.

    Attributes:
        text: The piece.
        by: Who writes it.
        language: ISO 639-1, where it isn't the assistant's own; else "".
    """

    text: str
    by: ReplyBy = "llm"
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Event):
    """A whole reply."""

    text: str
    by: ReplyBy = "handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Event):
    """The language model used a tool of the app."""

    name: str
    arguments: Mapping[str, SlotValue] = field(default_factory=dict)
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingStarted(Event):
    """A reply begins to sound."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingEnded(Event):
    """A reply has sounded, or was interrupted."""

    text: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation(Event):
    """A translation of the utterance.

    Attributes:
        source: ISO 639-1 of what was said.
        target: ISO 639-1 of the translation.
        text: What was said.
        translation: The same in the target language.
        final: False while the utterance goes on.
        engine: What translated a final: ``"whisper"`` where it was the recognizer itself, from the sound;
            "" while the utterance goes on, and where there was nothing to translate.
    """

    source: str
    target: str
    text: str
    translation: str
    final: bool = True
    engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded(Event):
    """A room can't do its work for now; the others go on."""

    room: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """A degraded room works again."""

    room: str
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(Event):
    """Work was dropped because a queue was full; never audio of an utterance, never a final."""

    room: str
    what: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """The turn is over. Exactly one a turn, whatever failed on the way."""

    outcome: Outcome
    error: ErrorNote | None = None


Emit: TypeAlias = Callable[[Event], None]
"""Takes one event, at once, and never blocks for long."""
