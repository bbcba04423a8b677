"""How many calls an engine works on at once, and what becomes of one that nobody waits for any more."""

from __future__ import annotations

import threading
from time import monotonic, sleep
from typing import Protocol, TypeVar

from voxedge.errors import EngineHung
from voxedge.events import NEVER, CancelToken

LOOK_S = 0.002
"""How often a decoding is looked at whether it ended or was given up: the most that looking adds."""
HUNG_S = 30.0
"""A call that was left behind for so long doesn't come back: the slowest device needs seconds."""

_T_co = TypeVar("_T_co", covariant=True)
_T = TypeVar("_T")


class Pending(Protocol[_T_co]):
    """A call that the engine works on in a thread of its own."""

    def done(self) -> bool:
        """Whether it ended."""

    def result(self) -> _T_co:
        """Waits for its result."""


class Slots:
    """Places of calls that run at the same time. Safe to use from several threads.

    A decoding of CTranslate2 can't be interrupted. One that is given up is left behind: it keeps its place
    until it ends by itself, and others go on in the places that are left.

    Args:
        count: How many calls run at once.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._working = 0
        self._left: list[tuple[Pending[object], float]] = []

    def try_take(self) -> bool:
        """Takes a place if one is free; whether it did.

        Raises:
            EngineHung: All places are held by calls that don't come back.
        """
        with self._lock:
            self._left = [left for left in self._left if not left[0].done()]
            free = self._working + len(self._left) < self._count
            self._working += free
            if len(self._left) == self._count and monotonic() - self._left[-1][1] > HUNG_S:
                raise EngineHung(
                    "The recognizer doesn't come back from what it was given.",
                    remedy="Restart voxedge; if it happens again, take another model.",
                    room="recognition",
                )
            return free

    @property
    def free(self) -> int:
        """Places that are free now."""
        with self._lock:
            return self._count - self._working - sum(not pending.done() for pending, _ in self._left)

    def give(self) -> None:
        """Gives a place back."""
        with self._lock:
            self._working -= 1

    def outcome(self, pending: Pending[_T], cancel: CancelToken) -> _T:
        """Waits for the end of a call; whoever calls has a place.

        Raises:
            Cancelled: The token was cancelled meanwhile; the call is left behind.
        """
        if cancel is NEVER:
            return pending.result()
        try:
            while not pending.done():
                cancel.raise_if_cancelled()
                sleep(LOOK_S)
        except BaseException:  # Ctrl-C as well: the engine works on
            with self._lock:
                self._left.append((pending, monotonic()))
            raise
        return pending.result()

    def idle(self, timeout_s: float) -> bool:
        """Waits until nothing works; whether that came about."""
        deadline = monotonic() + timeout_s
        while True:
            with self._lock:
                if not self._working and all(pending.done() for pending, _ in self._left):
                    return True
            if monotonic() >= deadline:
                return False
            sleep(LOOK_S)
