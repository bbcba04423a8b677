"""From events to counts: the one place that sees events, and nothing but cells comes out of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from voxedge import errors
from voxedge.events import (
    Degraded,
    Dropped,
    Event,
    IntentMatched,
    NoIntent,
    Partial,
    Reply,
    ReplyDelta,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Started,
    Transcript,
    Translation,
    TurnEnded,
)
from voxedge.statistics.schema import METRICS

Count: TypeAlias = Callable[[str, int, int], None]
"""Takes the name of a metric, the number of a cell and how often."""

_OPEN_TURNS = 64
_MIN_PACE_TOKENS = 5
_RESTARTS = {"engine_crashed", "engine_hung"}


@dataclass(slots=True)
class _TurnState:
    speech_start: float | None = None
    ended_clock: float | None = None
    text_clock: float | None = None
    speech_s: float = 0.0
    work_s: float = 0.0
    answered: bool = False
    sounded: bool = False
    tokens: int = 0
    first_token_clock: float = 0.0
    last_token_clock: float = 0.0


class Observer:
    """Counts what happens in one stream of events. Safe to call from any thread; quick; never raises.

    Args:
        count: Takes the counts.
    """

    def __init__(self, count: Count) -> None:
        self._count = count
        self._turns: dict[int, _TurnState] = {}
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Takes the next event."""
        with self._lock:
            if isinstance(event, Started):
                self._turns.clear()
            elif isinstance(event, (SpeechStarted, SpeechEnded, Partial, Transcript)):
                self._heard(event)
            elif isinstance(event, (IntentMatched, NoIntent)):
                self._matched(event)
            elif isinstance(event, (ReplyDelta, Reply, SpeakingStarted, SpeakingEnded)):
                self._answered(event)
            elif isinstance(event, TurnEnded):
                self._ended(event)
            else:
                self._elsewhere(event)

    def worked(self, turn: int, seconds: float) -> None:
        """Recognition worked for so long for a turn, on a partial or a final."""
        with self._lock:
            if turn in self._turns:
                self._turns[turn].work_s += seconds

    def _turn(self, number: int) -> _TurnState:
        if number not in self._turns:
            while len(self._turns) >= _OPEN_TURNS:
                del self._turns[next(iter(self._turns))]
            self._turns[number] = _TurnState()
        return self._turns[number]

    def _add(self, metric: str, label: str) -> None:
        self._count(metric, METRICS[metric].cell(label), 1)

    def _put(self, metric: str, value: float) -> None:
        self._count(metric, METRICS[metric].bucket(value), 1)

    def _heard(self, event: SpeechStarted | SpeechEnded | Partial | Transcript) -> None:
        turn = self._turn(event.turn)
        if isinstance(event, SpeechStarted):
            turn.speech_start = event.time
        elif isinstance(event, Partial):
            self._add("partials", "count")
        elif isinstance(event, SpeechEnded):
            turn.ended_clock = event.clock
            self._add("speech_end", event.reason)
            if event.reason in {"silence", "complete"}:
                self._put("endpoint_wait_ms", 1000 * (event.time - event.speech_end))
            if turn.speech_start is not None and event.speech_end > turn.speech_start:
                turn.speech_s = event.speech_end - turn.speech_start
                self._put("speech_s", turn.speech_s)
        else:
            self._final(turn, event)

    def _final(self, turn: _TurnState, event: Transcript) -> None:
        turn.text_clock = event.clock
        if turn.ended_clock is None:
            return  # typed, not said
        self._put("final_latency_ms", 1000 * max(0.0, event.clock - turn.ended_clock))
        if event.text:
            self._put("confidence_percent", 100 * event.confidence)
        elif event.suppressed:
            self._add("suppressed", event.suppressed)
        if not event.agrees:
            self._add("disagreements", "count")

    def _matched(self, event: IntentMatched | NoIntent) -> None:
        turn = self._turn(event.turn)
        if isinstance(event, NoIntent):
            self._add("matching", event.reason)
        else:
            self._add("matching", "forgiving" if event.forgiven else "exact")
            self._put("match_score_percent", 100 * event.score)
        if turn.text_clock is not None:
            self._put("understanding_ms", 1000 * (event.clock - turn.text_clock))

    def _answered(self, event: ReplyDelta | Reply | SpeakingStarted | SpeakingEnded) -> None:
        if event.turn == 0:
            return
        turn = self._turn(event.turn)
        waited = None if turn.ended_clock is None else 1000 * max(0.0, event.clock - turn.ended_clock)
        if isinstance(event, SpeakingEnded):
            self._add("spoken", "interrupted" if event.interrupted else "whole")
        elif isinstance(event, SpeakingStarted):
            if not turn.sounded and waited is not None:
                self._put("first_sound_ms", waited)
            turn.sounded = True
        else:
            if not turn.answered and waited is not None:
                self._put("response_ms", waited)
            turn.answered = True
            if isinstance(event, Reply):
                self._add("reply_by", event.by)
            elif event.by == "llm":
                turn.first_token_clock = turn.first_token_clock or event.clock
                turn.last_token_clock = event.clock
                turn.tokens += 1

    def _ended(self, event: TurnEnded) -> None:
        turn = self._turns.pop(event.turn, _TurnState())
        self._add("turn_outcome", event.outcome)
        if event.error is not None:
            self._add("failure", failure_kind(event.error.code))
        if turn.speech_s > 0 and turn.work_s > 0:
            self._put("recognition_load_percent", 100 * turn.work_s / turn.speech_s)
        took = turn.last_token_clock - turn.first_token_clock
        if turn.tokens >= _MIN_PACE_TOKENS and took > 0:
            self._put("tokens_per_second", (turn.tokens - 1) / took)

    def _elsewhere(self, event: Event) -> None:
        if isinstance(event, Degraded):
            self._add("trouble", event.room)
            if event.reason in _RESTARTS:
                self._add("engine_restarts", "count")
        elif isinstance(event, Dropped):
            self._count("dropped", METRICS["dropped"].cell(event.room), max(0, event.count))
        elif isinstance(event, Translation) and event.final:
            self._add("translations", "count")


_FAILURES: tuple[tuple[type[errors.VoxedgeError], str], ...] = (
    (errors.EngineError, "engine"),
    (errors.DeviceError, "device"),
    (errors.StoreError, "store"),
    (errors.InputError, "input"),
    (errors.HandlerFailed, "handler"),
    (errors.InternalFault, "internal"),
)


@cache
def failure_kind(code: str) -> str:
    """The cell of ``failure`` that an error's code falls into."""
    for root, label in _FAILURES:
        if code in {kind.code for kind in _with_children(root)}:
            return label
    return "other"


def _with_children(kind: type[errors.VoxedgeError]) -> list[type[errors.VoxedgeError]]:
    return [kind, *(child for sub in kind.__subclasses__() for child in _with_children(sub))]
