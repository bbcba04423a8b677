"""The rooms of one assistant, wired: what each stage does with what the one before gives it.

Both runtimes drive a `Chain`; it has no threads and no queues. Errors of a stage end the turn with a note;
nothing escapes from here but what is a fault of ours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from voxedge.answering import Answering
from voxedge.audio.contract import Frame, UtteranceAudio
from voxedge.errors import Cancelled, InternalFault, VoxedgeError
from voxedge.events import (
    CancelToken,
    Completeness,
    Event,
    Outcome,
    Partial,
    ReplyDelta,
    SpeechEnded,
    Transcript,
)
from voxedge.handlers import place_of
from voxedge.interpreting import Interpreting
from voxedge.turns import Health, Turns, note_of

_log = logging.getLogger("voxedge.chain")


def _nobody_counts(_turn: int, _seconds: float) -> None:
    """Where nothing is counted."""


class ListeningRoom(Protocol):
    """What the chain needs of listening."""

    def feed(self, frame: Frame, emit: Callable[[Event | UtteranceAudio], None], cancel: CancelToken) -> None:
        """Takes the next frame of the stream."""
        ...

    def flush(self, emit: Callable[[Event | UtteranceAudio], None]) -> None:
        """Ends an utterance that is open: the stream, or the press of the button, is over."""
        ...

    def cancel_utterance(self, emit: Callable[[Event | UtteranceAudio], None]) -> None:
        """Gives up an utterance that is open."""
        ...


class RecognitionRoom(Protocol):
    """What the chain needs of recognition."""

    def feed(self, item: UtteranceAudio, emit: Callable[[Event], None], cancel: CancelToken) -> None:
        """Recognizes; emits ``Partial`` and, for a final, exactly one ``Transcript``."""
        ...


class SpeakingRoom(Protocol):
    """What the chain needs of speaking."""

    def feed(self, piece: ReplyDelta, emit: Callable[[Event], None], cancel: CancelToken) -> bool:
        """Takes a piece of a reply; speaks each sentence when it is whole. Says whether anything sounded."""
        ...

    def finish(self, turn: int, emit: Callable[[Event], None], cancel: CancelToken) -> bool:
        """Speaks what is left of the turn's reply; emits ``SpeakingEnded`` if any of it sounded."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a turn is to end.

    Attributes:
        turn: Its number.
        outcome: What became of it.
        error: The error that failed it, if one did.
    """

    turn: int
    outcome: Outcome
    error: VoxedgeError | None = None


class CommandWatch:
    """Remembers what understanding makes of the words before a pause, for listening to know how long to wait.

    Only the hypothesis made of that very pause counts: an older one knows less than was said since.

    Args:
        completeness: Judges what was heard, readings of it, best first; None where there is no grammar.
    """

    def __init__(self, completeness: Callable[[Sequence[str]], Completeness] | None) -> None:
        self._judge = completeness
        self._latest: tuple[int, int, Completeness] | None = None
        self._awaited: tuple[int, int] | None = None

    @property
    def judges(self) -> bool:
        """Whether there is a grammar to judge with."""
        return self._judge is not None

    def heard(self, item: UtteranceAudio) -> None:
        """Listening handed on this sound: what was known before is out of date."""
        self._awaited = (item.turn, item.speech_end_sample)

    def hypothesis(self, item: UtteranceAudio, readings: Sequence[str]) -> None:
        """Recognition made these readings of that sound."""
        if self._judge is not None and item.kind == "pause":
            self._latest = (item.turn, item.speech_end_sample, self._judge(readings))

    def __call__(self, turn: int) -> Completeness:
        """What is known of the turn's words at this pause; asked by listening."""
        latest, awaited = self._latest, self._awaited
        if latest is None or awaited is None or latest[:2] != awaited or latest[0] != turn:
            return "unknown"
        return latest[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """The half of the chain behind recognition: from a transcript to the end of its turn.

    Attributes:
        answering: Transcripts to replies.
        speaking: Replies to sound; None where nothing is spoken.
        turns: Ends each turn once; all events go out through it.
        health: Tells of troubles once.
        interpreting: Translates what no intent takes; None where nothing is translated.
    """

    answering: Answering
    speaking: SpeakingRoom | None
    turns: Turns
    health: Health
    interpreting: Interpreting | None = None

    def understand(
        self, transcript: Transcript, emit: Callable[[Event], None], cancel: CancelToken
    ) -> Verdict | None:
        """Finds the intent and answers it; None when it is left to `converse`."""
        translated = self.interpreting
        if translated is not None and translated.alone and transcript.text.strip():
            return None
        verdict = self._guarded(transcript, lambda: self.answering.understand(transcript, emit, cancel))
        if translated is not None and verdict is not None and verdict.outcome == "no_intent":
            return None
        return verdict

    def converse(self, transcript: Transcript, emit: Callable[[Event], None], cancel: CancelToken) -> Verdict:
        """Lets the language model answer, or translates, where that is wanted in its place."""
        translated = self.interpreting
        if translated is not None:
            verdict = self._guarded(transcript, lambda: translated.final(transcript, emit, cancel))
            return verdict or Verdict(transcript.turn, "nothing_said")
        verdict = self._guarded(transcript, lambda: self.answering.converse(transcript, emit, cancel))
        return verdict or Verdict(transcript.turn, "no_intent")

    def to_speak(self, event: Event) -> ReplyDelta | None:
        """What is to be spoken of an event; None where there is nothing."""
        if self.speaking is None:
            return None
        if isinstance(event, ReplyDelta):
            return event
        return self.interpreting.to_speak(event) if self.interpreting is not None else None

    def speak(self, piece: ReplyDelta, cancel: CancelToken) -> None:
        """Speaks a piece of a reply, if anything is spoken at all."""
        if self.speaking is not None:
            speaking = self.speaking
            self._sounded(lambda: speaking.feed(piece, self.turns.emit, cancel))

    def finish(self, verdict: Verdict, cancel: CancelToken) -> None:
        """Speaks the rest of the turn's reply and ends the turn."""
        if self.speaking is not None:
            speaking = self.speaking
            self._sounded(lambda: speaking.finish(verdict.turn, self.turns.emit, cancel))
        self.turns.end(verdict.turn, verdict.outcome, note_of(verdict.error) if verdict.error else None)

    def answer(self, transcript: Transcript, cancel: CancelToken) -> None:
        """All of it, one after the other, in the caller's thread."""

        def emit(event: Event) -> None:
            self.turns.emit(event)
            piece = self.to_speak(event)
            if piece is not None:
                self.speak(piece, cancel)

        verdict = self.understand(transcript, emit, cancel)
        self.finish(verdict or self.converse(transcript, emit, cancel), cancel)

    def _guarded(self, transcript: Transcript, work: Callable[[], Outcome | None]) -> Verdict | None:
        try:
            outcome = work()
        except Cancelled:
            return Verdict(transcript.turn, "cancelled")
        except VoxedgeError as error:
            return Verdict(transcript.turn, "failed", error)
        except Exception as exc:  # noqa: BLE001 - a device that nobody can log into must live on
            return Verdict(transcript.turn, "failed", as_fault("answering", exc))
        return None if outcome is None else Verdict(transcript.turn, outcome)

    def _sounded(self, work: Callable[[], bool]) -> None:
        try:
            sounded = work()
        except Cancelled:
            return
        except Exception as exc:  # noqa: BLE001 - a device that nobody can log into must live on
            # A reply that can't be spoken has still been given: the turn's outcome stays.
            error = exc if isinstance(exc, VoxedgeError) else as_fault("speaking", exc)
            self.health.failed("speaking", error)
        else:
            if sounded:
                self.health.worked("speaking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Replies):
    """All the wired rooms.

    Attributes:
        listening: Frames to utterances.
        recognition: Utterances to transcripts.
        watch: Knows what understanding makes of the words before a pause.
        worked: Told the turn and the seconds that recognition worked for it, each time.
    """

    listening: ListeningRoom
    recognition: RecognitionRoom
    watch: CommandWatch
    worked: Callable[[int, float], None] = _nobody_counts

    @property
    def asks_at_pauses(self) -> bool:
        """Whether anybody wants to know the words at a pause before the utterance ends."""
        return self.watch.judges or bool(getattr(self.recognition, "partials", True))

    def recognize(
        self,
        item: UtteranceAudio,
        cancel: CancelToken,
        on_partial: Callable[[Partial], object] | None = None,
    ) -> Transcript | Verdict | None:
        """Recognizes one item; gives the transcript of a final one, or how the turn ends without one.

        Args:
            item: The sound.
            cancel: Gives up.
            on_partial: Takes the partials that are to be translated; None translates them here and now.
        """
        translated = self.interpreting
        if translated is not None:
            translated.heard(item)
        found: list[Transcript] = []

        def emit(event: Event) -> None:
            if isinstance(event, Partial) and cancel.cancelled:
                return  # of a recognizer that came back too late: newer ones may have been shown
            if isinstance(event, Transcript):
                found.append(event)
            self.turns.emit(event)
            if translated is not None and isinstance(event, Partial):
                if on_partial is None:
                    translated.partial(event, self.turns.emit, cancel)
                else:
                    on_partial(event)

        started = monotonic()
        try:
            try:
                self.recognition.feed(item, emit, cancel)
            finally:
                self.worked(item.turn, monotonic() - started)
        except Cancelled:
            return Verdict(item.turn, "cancelled") if item.kind == "final" else None
        except Exception as exc:  # noqa: BLE001 - a device that nobody can log into must live on
            error = exc if isinstance(exc, VoxedgeError) else as_fault("recognition", exc)
            self.health.failed("recognition", error)
            return Verdict(item.turn, "failed", error) if item.kind == "final" else None
        self.health.worked("recognition")
        if item.kind == "pause":
            # The hypothesis itself: what is shown begins with the stable prefix, and may not be shown at all.
            readings: Callable[[UtteranceAudio], Sequence[str]] | None
            readings = getattr(self.recognition, "readings", None)
            heard = readings(item) if readings is not None else ()
            if heard:
                self.watch.hypothesis(item, heard)
        return found[-1] if found else None


def as_fault(room: str, exc: Exception) -> VoxedgeError:
    """Makes a named error of an exception that nobody foresaw, and logs where it came from."""
    place = place_of(exc)
    _log.error("%s failed with %s at %s", room, type(exc).__name__, place)
    fault = InternalFault(
        f"A fault in {room}: {type(exc).__name__} at {place}.",
        remedy="Report it with this message; the next turn is tried as usual.",
        room=room,
    )
    fault.__cause__ = exc
    return fault


def verdict_without_words(event: Event) -> Verdict | None:
    """How a turn ends whose speech ended with nothing to recognize; None for all other events."""
    if isinstance(event, SpeechEnded) and event.reason == "cancelled":
        return Verdict(event.turn, "cancelled")
    return None
