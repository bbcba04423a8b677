"""Bounded queues between threads: each has a size, a rule for when it is full, and statistics."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from voxedge.errors import ClosedError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MailboxStatistics:
    """What went through a mailbox.

    Attributes:
        waiting: Items in it now.
        accepted: Items taken in since the start.
        superseded: Items thrown away because a newer one made them pointless.
        dropped: Items thrown away because the mailbox was full.
    """

    waiting: int
    accepted: int
    superseded: int
    dropped: int


class Mailbox(Generic[T]):
    """A queue for one reader and any number of writers.

    When it is full, the oldest droppable item goes; if none is droppable, the writer waits. So what must
    not be lost (finals, audio of an utterance) is never lost, and a writer of it feels the load.

    Args:
        limit: Items that fit.
        droppable: Whether an item may be dropped when there is no room.
        supersedes: Whether the first item (new) makes the second (waiting) pointless.
        on_drop: Told of each item dropped for want of room; called without the lock.
    """

    def __init__(
        self,
        limit: int,
        *,
        droppable: Callable[[T], bool] = lambda _item: False,
        supersedes: Callable[[T, T], bool] = lambda _new, _old: False,
        on_drop: Callable[[T], None] = lambda _item: None,
    ) -> None:
        self._limit = max(1, limit)
        self._droppable, self._supersedes, self._on_drop = droppable, supersedes, on_drop
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._accepted = self._superseded = self._dropped = 0

    def put(self, item: T, timeout_s: float | None = None) -> bool:
        """Puts an item in; waits for room if it must.

        Returns:
            Whether the item was taken in (a droppable one may be refused; so is any one after
            ``timeout_s`` without room).

        Raises:
            ClosedError: The mailbox is closed.
        """
        lost: T | None = None
        taken = True
        with self._changed:
            kept = deque(old for old in self._items if not self._supersedes(item, old))
            self._superseded += len(self._items) - len(kept)
            self._items = kept
            if len(self._items) >= self._limit:
                lost = next((old for old in self._items if self._droppable(old)), None)
                if lost is not None:
                    self._items.remove(lost)
                elif self._droppable(item):
                    lost, taken = item, False
                elif not self._wait(lambda: len(self._items) < self._limit or self._closed, timeout_s):
                    return False
            if self._closed:
                raise ClosedError("The queue is closed.", remedy="Start anew.", room="runtime")
            if lost is not None:
                self._dropped += 1
            if taken:
                self._items.append(item)
                self._accepted += 1
                self._changed.notify_all()
        if lost is not None:
            self._on_drop(lost)
        return taken

    def get(self, timeout_s: float | None = None) -> T | None:
        """Takes the oldest item out; None when nothing came in time, or when closed and empty."""
        with self._changed:
            self._wait(lambda: bool(self._items) or self._closed, timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self, *, discard: bool = False) -> None:
        """Takes nothing more in; what waits can still be taken out, unless it is to be discarded."""
        with self._changed:
            self._closed = True
            if discard:
                self._items.clear()
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Closed, and everything was taken out."""
        with self._changed:
            return self._closed and not self._items

    @property
    def statistics(self) -> MailboxStatistics:
        """The counts so far."""
        with self._changed:
            return MailboxStatistics(len(self._items), self._accepted, self._superseded, self._dropped)

    def _wait(self, ready: Callable[[], bool], timeout_s: float | None) -> bool:
        deadline = None if timeout_s is None else monotonic() + timeout_s
        while not ready():
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return False
            self._changed.wait(left)
        return True
