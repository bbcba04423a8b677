"""Shares the cores: worker threads that take work from fair queues, one queue a lane.

The lanes: ``compute`` (recognition, translation, speech: as many at once as the engine has places, and finals
beyond that, so that those that wait there for the same can become one call; voices and Apertium take one, a
second one waits),
``text`` (milliseconds of work with no engine: intents), ``language`` (the language model, which runs in a
process of its own). Long work is put in step by step, so that what is urgent waits for one step at most.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Generic, Literal, TypeAlias, TypeVar

from voxedge.daemon.admission import LiveLoad
from voxedge.daemon.fairness import LOCAL, Client, Entry, FairQueue, Priority
from voxedge.daemon.faults import DeadlineMissed, Stopping
from voxedge.daemon.progress import Progress
from voxedge.errors import Cancelled
from voxedge.events import CancelToken

__all__ = ["LOCAL", "Client", "Lane", "LaneStatistics", "Priority", "Scheduler", "Terms", "Ticket"]

T = TypeVar("T")
Lane: TypeAlias = Literal["compute", "text", "language"]
LANES: tuple[Lane, ...] = ("compute", "text", "language")
STEP_LIMIT_S: Mapping[Lane, float] = {"compute": 30.0, "text": 10.0, "language": 60.0}
"""A step that takes longer counts as stuck."""
_FIRST_COST_S = 0.1
_KEPT_WAITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms work is taken in.

    Attributes:
        client: Whose it is.
        priority: How urgent it is.
        deadline_s: Seconds from now within which it must have begun; 0 for no limit.
    """

    client: Client = LOCAL
    priority: Priority = Priority.INTERACTIVE
    deadline_s: float = 0.0


class Ticket(Generic[T]):
    """One piece of work that was taken in. Safe to use from any thread.

    Attributes:
        future: Gets the result or the error; may be awaited through ``asyncio.wrap_future``.
        cancel_token: What the work polls.
    """

    def __init__(self, scheduler: Scheduler, lane: Lane, token: CancelToken) -> None:
        self.future: Future[T] = Future()
        self.cancel_token = token
        self._scheduler, self._lane = scheduler, lane

    def cancel(self) -> None:
        """Gives the work up: at once where it waits, at its next step where it runs."""
        self.cancel_token.cancel()
        self._scheduler._give_up(self._lane, self)

    def result(self, timeout_s: float | None = None) -> T:
        """Waits for the result.

        Raises:
            DeadlineMissed: It couldn't be begun in time.
            Cancelled: It was given up.
            VoxedgeError: The work failed.
        """
        return self.future.result(timeout_s)


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """How a lane does.

    Attributes:
        waiting: Pieces of work that wait now.
        running: That run now.
        done: That ended, well or not.
        refused: That weren't taken in, or too late to begin.
        cancelled: That were given up.
        busy_s: Seconds of work so far, of all places together.
        wait_p95_ms: Of the last finals, how long 95 % waited at most.
    """

    waiting: int
    running: int
    done: int
    refused: int
    cancelled: int
    busy_s: float
    wait_p95_ms: float


@dataclass(slots=True)
class _Work(Generic[T]):
    ticket: Ticket[T]
    run: Callable[[CancelToken], T]
    since: float


@dataclass(slots=True)
class _Lane:
    queue: FairQueue[_Work[object]]
    changed: threading.Condition
    workers: int
    places: int
    running: int = 0
    share_s: float = 0.0
    share_at: float = field(default_factory=monotonic)
    done: int = 0
    refused: int = 0
    cancelled: int = 0
    busy_s: float = 0.0
    cost_s: dict[Priority, float] = field(default_factory=dict)
    waits_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_WAITS))

    @property
    def takes(self) -> Priority:
        """The least urgent work that may begin now: beyond the places only finals."""
        return Priority.BATCH if self.running < self.places else Priority.FINAL

    def ran(self, now: float, change: int) -> float:
        """Notes that so many more pieces of work run from now on.

        Returns:
            A clock that runs as fast as one of those that run gets on: between two of its times lie the
            seconds that a piece of work has cost the whole lane.
        """
        self.share_s += (now - self.share_at) / max(self.running, self.places)
        self.share_at = now
        self.running += change
        return self.share_s


class Scheduler:
    """Takes work in, lets the most urgent go first, and refuses what can't be done in time.

    Args:
        limit: Pieces of work that may wait in a lane.
        limit_per_client: Of one client.
        workers: Threads a lane; 1 where none are named.
        places: How many of a lane's threads get on at full speed; all where none are named. The others work
            on finals only.
        progress: Where the workers' beats go.

    Attributes:
        stages: Names of the workers' stages there.
    """

    def __init__(
        self,
        *,
        limit: int = 64,
        limit_per_client: int = 16,
        workers: Mapping[Lane, int] | None = None,
        places: Mapping[Lane, int] | None = None,
        progress: Progress | None = None,
    ) -> None:
        counts, fast = workers or {}, places or {}
        self._progress = progress or Progress()
        self._closed = threading.Event()
        self._live = LiveLoad()
        self._lanes: dict[Lane, _Lane] = {}
        self._threads: list[threading.Thread] = []
        stages: list[str] = []
        for name in LANES:
            count = counts.get(name, 1)
            queue: FairQueue[_Work[object]] = FairQueue(limit, limit_per_client)
            lane = _Lane(queue, threading.Condition(), count, min(count, fast.get(name, count)))
            self._lanes[name] = lane
            for number in range(lane.workers):
                # A stage each: one that is stuck isn't hidden by another one that moves.
                stage = f"{name}-{number}" if number else name
                stages.append(stage)
                self._start(f"voxedge-{name}-{number}", partial(self._work, name, lane, stage))
            self._start(f"voxedge-{name}-deadlines", partial(self._keep_deadlines, lane))
        self.stages = tuple(stages)

    def submit(
        self,
        lane: Lane,
        run: Callable[[CancelToken], T],
        terms: Terms | None = None,
        *,
        cancel: CancelToken | None = None,
    ) -> Ticket[T]:
        """Takes work in.

        Args:
            lane: Where it belongs.
            run: The work; polls the token it is given. Runs in a worker's thread.
            terms: Client, priority and deadline.
            cancel: A token whose cancelling gives the work up as well, at its next step.

        Raises:
            TooManyRequests: The client has too much waiting.
            Busy: Too much is waiting, or it is plain that the deadline can't be held.
            Stopping: The scheduler is closed.
        """
        terms = terms or Terms()
        own = self._lanes[lane]
        ticket: Ticket[T] = Ticket(self, lane, CancelToken(cancel))
        now = monotonic()
        with own.changed:
            if self._closed.is_set():
                raise Stopping("The service is stopping.", retry_after_s=5)
            wait_s = _foretold_s(own, terms.priority)
            if terms.deadline_s and wait_s > terms.deadline_s:
                own.refused += 1
                raise DeadlineMissed(
                    f"There is work for {wait_s:.0f} s before this, which has {terms.deadline_s:.0f} s.",
                    retry_after_s=wait_s - terms.deadline_s,
                )
            work = _Work(ticket, run, now)
            try:
                own.queue.put(
                    work,  # type: ignore[arg-type]  # what waits is of any result
                    client=terms.client,
                    priority=terms.priority,
                    deadline=now + terms.deadline_s if terms.deadline_s else None,
                    retry_after_s=wait_s,
                )
            except Exception:
                own.refused += 1
                raise
            own.changed.notify_all()
        return ticket

    def foretold_wait_s(self, lane: Lane, priority: Priority = Priority.INTERACTIVE) -> float:
        """Seconds that new work would wait, from what waits now and what such work has cost so far."""
        own = self._lanes[lane]
        with own.changed:
            return _foretold_s(own, priority)

    def live_opened(self) -> None:
        """A live stream began: it will need its words."""
        with self._lanes["compute"].changed:
            self._live.opened()

    def live_closed(self) -> None:
        """A live stream ended."""
        with self._lanes["compute"].changed:
            self._live.closed()

    def live_heard(self, seconds: float) -> None:
        """So much sound came in by a live stream."""
        with self._lanes["compute"].changed:
            self._live.heard(seconds)

    def live_wait_ms(self) -> float:
        """How long 95 % of the finals would wait at most, were there one live stream more.

        What is waited now counts as well, and what was waited in the last seconds.
        """
        own = self._lanes["compute"]
        with own.changed:
            now = monotonic()
            waiting = (now - entry.item.since for entry in own.queue.ahead_of(Priority.FINAL))
            found = max(self._live.foretold_s(), self._live.recent_s(now), *waiting, 0.0)
        return 1000 * found

    @property
    def statistics(self) -> dict[str, LaneStatistics]:
        """Counts of each lane."""
        found: dict[str, LaneStatistics] = {}
        for name, lane in self._lanes.items():
            with lane.changed:
                found[name] = LaneStatistics(
                    len(lane.queue),
                    lane.running,
                    lane.done,
                    lane.refused,
                    lane.cancelled,
                    lane.busy_s,
                    _p95_ms(lane),
                )
        return found

    def close(self, timeout_s: float = 5.0) -> None:
        """Refuses what waits, lets what runs end, and joins the threads for ``timeout_s`` at most."""
        self._closed.set()
        deadline = monotonic() + timeout_s
        for lane in self._lanes.values():
            with lane.changed:
                left = lane.queue.drain()
                lane.changed.notify_all()
            for entry in left:
                _fail(entry.item, Stopping("The service is stopping.", retry_after_s=5))
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - monotonic()))

    def _start(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, name: Lane, lane: _Lane, stage: str) -> None:
        while True:
            with lane.changed:
                while (entry := lane.queue.take(monotonic(), lane.takes)) is None:
                    if self._closed.is_set():
                        return
                    lane.changed.wait()
                began = monotonic()
                share_s = lane.ran(began, +1)
            with self._progress.working(stage, STEP_LIMIT_S[name]):
                cancelled = _run(entry.item)
            with lane.changed:
                ended = monotonic()
                cost_s = lane.ran(ended, -1) - share_s
                lane.changed.notify_all()  # less urgent work may have waited for a place, not for a worker
                lane.done += 1
                lane.cancelled += cancelled
                lane.busy_s += cost_s * lane.places
                if entry.priority is Priority.FINAL:
                    # Beyond the places it is waited in the engine: all the time that isn't its own share.
                    waited_s = max(0.0, ended - entry.item.since - cost_s * lane.places)
                    lane.waits_s.append(waited_s)
                    if name == "compute":
                        self._live.worked(cost_s)
                        self._live.waited(ended, waited_s)
                known = lane.cost_s.get(entry.priority, cost_s)
                lane.cost_s[entry.priority] = 0.8 * known + 0.2 * cost_s
                lane.queue.charge(entry.client, cost_s)

    def _keep_deadlines(self, lane: _Lane) -> None:
        """Refuses in time what nobody gets round to."""
        while not self._closed.is_set():
            with lane.changed:
                now = monotonic()
                late = lane.queue.expired(now)
                lane.refused += len(late)
                retry_s = _foretold_s(lane, Priority.BATCH)
                if not late:
                    upto = lane.queue.next_deadline()
                    lane.changed.wait(None if upto is None else max(0.01, upto - now))
            for entry in late:
                _fail(
                    entry.item,
                    DeadlineMissed("More urgent work took all the time it had.", retry_after_s=retry_s),
                )

    def _give_up(self, lane_name: Lane, ticket: Ticket[T]) -> None:
        lane = self._lanes[lane_name]
        found: Entry[_Work[object]] | None = None
        with lane.changed:
            for entry in lane.queue.ahead_of(Priority.BATCH):
                if entry.item.ticket is ticket:
                    lane.queue.remove(entry)
                    lane.cancelled += 1
                    found = entry
                    break
        if found is not None:
            _fail(found.item, Cancelled())


def _run(work: _Work[object]) -> bool:
    """Runs the work; whether it was given up."""
    future = work.ticket.future
    if future.cancelled():  # by asyncio, say, when its request was given up
        return True
    try:
        work.ticket.cancel_token.raise_if_cancelled()
        result = work.run(work.ticket.cancel_token)
    except Cancelled as error:
        _settle(future, error)
        return True
    except BaseException as exc:  # noqa: BLE001 - whoever waits must learn of it; the worker lives on
        _settle(future, exc)
    else:
        try:
            future.set_result(result)
        except InvalidStateError:
            return True
    return False


def _fail(work: _Work[object], error: Exception) -> None:
    _settle(work.ticket.future, error)


def _settle(future: Future[object], error: BaseException) -> None:
    try:
        future.set_exception(error)
    except InvalidStateError:
        return  # whoever waited has gone


def _foretold_s(lane: _Lane, priority: Priority) -> float:
    costs = [lane.cost_s.get(entry.priority, _FIRST_COST_S) for entry in lane.queue.ahead_of(priority)]
    running = min(lane.running, lane.places) * max(lane.cost_s.values(), default=_FIRST_COST_S) / 2
    return sum(costs) + running


def _p95_ms(lane: _Lane) -> float:
    waits = sorted(lane.waits_s)
    return 1000 * waits[min(len(waits) - 1, int(0.95 * len(waits)))] if waits else 0.0
