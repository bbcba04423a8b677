"""Calls that wait for a place among the engine's, brought together where they may be one call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Generic, TypeVar

from voxedge.events import CancelToken
from voxedge.recognition.slots import LOOK_S, Pending, Slots

MOST_TOGETHER = 4
"""Four in one call took 38 % less time each than one by one, six a tenth less than four (`bench threads`)."""
COMING_S = 0.004
"""Who was worked on together asks for the next step at nearly the same time: so long they are waited for."""

_T = TypeVar("_T")
_U = TypeVar("_U")


@dataclass(frozen=True, slots=True)
class Result(Generic[_T]):
    """The result of a call that ended at once."""

    value: _T

    def done(self) -> bool:
        """It ended."""
        return True

    def result(self) -> _T:
        """What it gave."""
        return self.value


@dataclass(eq=False, slots=True)
class _Wish:
    """A call that waits; once it was taken, another thread or its own works on it."""

    key: Hashable
    item: object
    taken: bool = False
    pending: Pending[object] | None = None
    error: Exception | None = None


class Gathering:
    """A line of calls in front of `Slots`, first come first served. Safe to use from several threads.

    Where more calls of the same kind wait than places are free, the first one takes others along: the engine
    reads its weights once for all of them. Side by side in two places they get on faster.

    Args:
        slots: The places.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._lock = threading.Lock()
        self._waiting: list[_Wish] = []
        self._coming, self._coming_until = 0, 0.0

    def run(
        self,
        key: Hashable,
        item: _T,
        work: Callable[[Sequence[_T]], Sequence[Pending[_U]]],
        cancel: CancelToken,
        *,
        goes_on: bool = False,
    ) -> _U:
        """Has an item worked on, perhaps with those of other threads.

        Args:
            key: Items of an equal key may be worked on together; None for one that must be alone.
            item: What ``work`` gets.
            work: Begins the call for one or more items, and gives as many calls, in their order.
            cancel: Gives this item up.
            goes_on: Whether each item is asked for once more right afterwards: then those that were
                together are waited for, to stay together.

        Raises:
            Cancelled: The token was cancelled; others that were taken along don't notice.
            EngineHung: All places are held by calls that don't come back.
        """
        wish = _Wish(key, item)
        group: list[_Wish] = []
        try:
            try:
                with self._lock:
                    self._coming -= self._coming > 0
                    self._waiting.append(wish)
                self._gather(wish, group, cancel)
            finally:
                with self._lock:
                    if wish in self._waiting:
                        self._waiting.remove(wish)
            if not group:
                return self._follow(wish, cancel)  # type: ignore[return-value]  # the leader's work is ours
            return self._slots.outcome(self._lead(group, work, goes_on=goes_on), cancel)
        except BaseException as exc:
            for other in group[1:]:
                if other.pending is None:
                    other.error = exc if isinstance(exc, Exception) else RuntimeError("it was interrupted")
            raise
        finally:
            if group:
                self._slots.give()

    def _gather(self, wish: _Wish, group: list[_Wish], cancel: CancelToken) -> None:
        """Waits for a place, and puts into the group who is to go along; nothing where another one leads."""
        while True:
            with self._lock:
                if wish.taken:
                    return
                if self._waiting[0] is wish and self._ripe() and self._slots.try_take():
                    same = [wish] if wish.key is None else [w for w in self._waiting if w.key == wish.key]
                    # What can go side by side isn't put together.
                    count = min(MOST_TOGETHER, -(-len(same) // (1 + self._slots.free)))
                    group += same[:count]
                    for one in group:
                        one.taken = True
                        self._waiting.remove(one)
                    return
            cancel.raise_if_cancelled()
            sleep(LOOK_S)

    def _ripe(self) -> bool:
        """Whether nobody is to be waited for who comes from being worked on together."""
        return not self._coming or self._slots.free > 1 or monotonic() >= self._coming_until

    def _lead(
        self,
        group: list[_Wish],
        work: Callable[[Sequence[_T]], Sequence[Pending[_U]]],
        *,
        goes_on: bool,
    ) -> Pending[_U]:
        items: Sequence[_T] = [wish.item for wish in group]  # type: ignore[misc]  # equal keys, equal types
        calls = work(items)
        if goes_on and len(group) > 1:
            with self._lock:
                self._coming, self._coming_until = len(group), monotonic() + COMING_S
        for wish, call in zip(group[1:], calls[1:], strict=True):
            wish.pending = call
        return calls[0]

    def _follow(self, wish: _Wish, cancel: CancelToken) -> object:
        """Waits for what another thread began."""
        while wish.pending is None or not wish.pending.done():
            if wish.error is not None:
                raise wish.error
            cancel.raise_if_cancelled()
            sleep(LOOK_S)
        return wish.pending.result()
