"""A bounded, fair queue. Pure logic: no threads, no clock of its own; every call is told the time.

Order: by priority; within one priority the client that has used least goes first (start-time fair queueing,
Goyal, Vin and Cheng 1996, with measured instead of foretold costs); within a client, first come first served.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from voxedge.daemon.faults import Busy, TooManyRequests

T = TypeVar("T")


class Priority(IntEnum):
    """What goes first.

    ``FINAL``: the words of somebody who has just stopped speaking. ``INTERACTIVE``: somebody waits (a
    request of a few seconds' work, a partial). ``BATCH``: a file, a document; given step by step.
    """

    FINAL = 0
    INTERACTIVE = 1
    BATCH = 2


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks.

    Attributes:
        name: Of the token; what limits count by. "" for one without (on loopback), which only its
            connection tells from others.
        connection: Tells apart what one client does at once; the cores are shared among these.
    """

    name: str = ""
    connection: str = ""

    @property
    def key(self) -> str:
        """What the limits of one client count by."""
        return self.name or self.connection


LOCAL = Client("local")
"""This process itself."""


@dataclass(eq=False, slots=True)
class Entry(Generic[T]):
    """One piece of work in the queue.

    Attributes:
        item: The work.
        client: Whose.
        priority: Of the work.
        deadline: Time by which it must have begun, or None.
        number: In order of arrival.
    """

    item: T
    client: Client
    priority: Priority
    deadline: float | None
    number: int


@dataclass(slots=True)
class FairQueue(Generic[T]):
    """See the module.

    Args:
        limit: Entries that may wait; those of priority ``FINAL`` are always taken in, since their number is
            that of the live streams.
        limit_per_client: Of one client.
    """

    limit: int
    limit_per_client: int
    _entries: list[Entry[T]] = field(default_factory=list)
    _used: dict[Client, float] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _floor: float = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def put(
        self,
        item: T,
        *,
        client: Client = LOCAL,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        retry_after_s: float = 1.0,
    ) -> Entry[T]:
        """Takes work in.

        Raises:
            TooManyRequests: The client has as many waiting as it may.
            Busy: The queue is full.
        """
        if priority is not Priority.FINAL:
            own = sum(1 for entry in self._entries if entry.client.key == client.key)
            if own >= self.limit_per_client:
                raise TooManyRequests(
                    f"{own} requests of this client are waiting already.", retry_after_s=retry_after_s
                )
            if len(self._entries) >= self.limit:
                raise Busy(f"{len(self._entries)} requests are waiting already.", retry_after_s=retry_after_s)
        # A client that was away doesn't come back with a claim to all the time it didn't use.
        self._used[client] = max(self._used.get(client, 0.0), self._floor)
        entry = Entry(item, client, priority, deadline, next(self._numbers))
        self._entries.append(entry)
        return entry

    def take(self, now: float, least: Priority = Priority.BATCH) -> Entry[T] | None:
        """Takes out what is next, of what is not too late and urgent enough; None where there is nothing."""
        ready = [
            e for e in self._entries if e.priority <= least and (e.deadline is None or now <= e.deadline)
        ]
        if not ready:
            return None
        chosen = min(ready, key=lambda e: (e.priority, self._used.get(e.client, 0.0), e.number))
        self._entries.remove(chosen)
        self._floor = max(self._floor, self._used.get(chosen.client, 0.0))
        self._forget_idle()
        return chosen

    def charge(self, client: Client, cost_s: float) -> None:
        """Notes what the work of a client has cost."""
        self._used[client] = max(self._used.get(client, 0.0), self._floor) + cost_s

    def remove(self, entry: Entry[T]) -> bool:
        """Takes out what is no longer wanted; whether it was still there."""
        if entry in self._entries:
            self._entries.remove(entry)
            return True
        return False

    def expired(self, now: float) -> list[Entry[T]]:
        """Takes out what is too late to begin."""
        late = [e for e in self._entries if e.deadline is not None and now > e.deadline]
        for entry in late:
            self._entries.remove(entry)
        return late

    def ahead_of(self, priority: Priority) -> list[Entry[T]]:
        """What goes before new work of a priority, roughly: everything that is as urgent, or more."""
        return [entry for entry in self._entries if entry.priority <= priority]

    def next_deadline(self) -> float | None:
        """The earliest deadline of what waits."""
        return min((e.deadline for e in self._entries if e.deadline is not None), default=None)

    def drain(self) -> list[Entry[T]]:
        """Takes out everything."""
        everything, self._entries = self._entries, []
        return everything

    def _forget_idle(self) -> None:
        """Clients come and go: those with nothing waiting and no debt are forgotten."""
        if len(self._used) > 4 * self.limit + 64:
            waiting = {entry.client for entry in self._entries}
            self._used = {c: v for c, v in self._used.items() if c in waiting or v > self._floor}
