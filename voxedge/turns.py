"""Book-keeping behind two promises: every turn ends exactly once, and a room's trouble is told once."""

from __future__ import annotations

import threading

from voxedge.errors import VoxedgeError
from voxedge.events import (
    Degraded,
    Emit,
    ErrorNote,
    Event,
    Outcome,
    Recovered,
    SpeechStarted,
    TurnEnded,
)


class Turns:
    """Lets the events of open turns through, ends each turn once, and nothing of a turn after its end.

    Safe to use from any thread.

    Args:
        emit: Takes the events that are let through, one at a time.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._open: dict[int, float] = {}
        self._lock = threading.RLock()

    def emit(self, event: Event) -> None:
        """Lets an event through if it belongs to no turn or to an open one; ``SpeechStarted`` opens one."""
        with self._lock:
            if isinstance(event, SpeechStarted):
                self._open[event.turn] = event.time
            if event.turn == 0 or event.turn in self._open:
                if event.turn:
                    self._open[event.turn] = max(self._open[event.turn], event.time)
                self._emit(event)

    def open(self, turn: int, time: float) -> None:
        """Opens a turn that doesn't begin with speech (typed text)."""
        with self._lock:
            self._open[turn] = time

    def end(self, turn: int, outcome: Outcome, error: ErrorNote | None = None) -> bool:
        """Ends a turn; does nothing, and says so, if it has ended."""
        with self._lock:
            if turn not in self._open:
                return False
            time = self._open.pop(turn)
            self._emit(TurnEnded(turn=turn, time=time, outcome=outcome, error=error))
            return True

    def end_all(self, outcome: Outcome, error: ErrorNote | None = None) -> None:
        """Ends all open turns, oldest first."""
        with self._lock:
            for turn in sorted(self._open):
                self.end(turn, outcome, error)

    @property
    def open_turns(self) -> tuple[int, ...]:
        """Numbers of the turns that are open."""
        with self._lock:
            return tuple(sorted(self._open))


class Health:
    """Tells of a room's trouble once, and of its end once.

    Args:
        emit: Takes ``Degraded`` and ``Recovered``.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._troubles: dict[str, str] = {}
        self._lock = threading.Lock()

    def failed(self, room: str, error: VoxedgeError) -> None:
        """A room failed with an error."""
        with self._lock:
            if self._troubles.get(room) == error.code:
                return
            self._troubles[room] = error.code
        self._emit(Degraded(room=room, reason=error.code, remedy=error.remedy))

    def worked(self, room: str) -> None:
        """A room did its work."""
        with self._lock:
            reason = self._troubles.pop(room, None)
        if reason is not None:
            self._emit(Recovered(room=room, reason=reason))

    @property
    def degraded(self) -> dict[str, str]:
        """Rooms that are in trouble, with the code of the error."""
        with self._lock:
            return dict(self._troubles)


def note_of(error: VoxedgeError) -> ErrorNote:
    """The note about an error that a turn ends with."""
    return ErrorNote(code=error.code, hint=error.remedy)
