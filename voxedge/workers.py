"""Threads that are kept from one stream to the next, and left behind when what they do never ends.

A stream that started threads of its own would leave memory behind in each of them: the C library gives a new
thread a pool of its own, and engines keep caches for every thread that ever called them.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from time import monotonic
from typing import Generic, Protocol, TypeVar

from voxedge.errors import ClosedError

T = TypeVar("T")


class _Runnable(Protocol):
    def run(self) -> None: ...
    def end(self) -> None: ...


class Job(Generic[T]):
    """Something that a worker does once. Safe to use from any thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Callable[[], T] | None = work
        self._ended = threading.Event()
        self._result: list[T] = []
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    @property
    def ended(self) -> bool:
        """Whether the work is over, one way or the other."""
        return self._ended.is_set()

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread is the one that does it."""
        return self._thread is threading.current_thread()

    def wait(self, timeout_s: float) -> bool:
        """Waits for the end of the work, for so long at most; says whether it is over."""
        return self._ended.wait(max(0.0, timeout_s))

    def result(self) -> T:
        """What the work gave, once it is over; raises what it raised."""
        if self._failure is not None:
            raise self._failure
        return self._result[0]

    def run(self) -> None:
        """Does the work. For the worker."""
        work, self._work = self._work, None
        self._thread = threading.current_thread()
        try:
            if work is not None:
                self._result.append(work())
        except BaseException as exc:  # noqa: BLE001 - whoever asks for the result gets it
            self._failure = exc

    def end(self) -> None:
        """Tells those who wait. For the worker."""
        self._ended.set()


class _Worker:
    """One thread. It knows nothing of the pool, so that a forgotten pool can be collected."""

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._job: _Runnable | None = None
        self._leave = False
        self.thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self.thread.start()

    @property
    def busy(self) -> bool:
        with self._changed:
            return self._job is not None

    def take(self, job: _Runnable) -> bool:
        """Takes a job, unless there is one already or the thread is to end."""
        with self._changed:
            if self._job is not None or self._leave:
                return False
            self._job = job
            self._changed.notify_all()
            return True

    def leave(self) -> None:
        """The thread ends: at once, or when its job does."""
        with self._changed:
            self._leave = True
            self._changed.notify_all()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while self._job is None and not self._leave:
                    self._changed.wait()
                job = self._job
            if job is None:
                return
            job.run()
            with self._changed:
                # Free before anybody hears of the end: whoever waited for it may have the next job ready.
                self._job = None
            job.end()
            del job


class Workers:
    """A thread for each name, started when first needed and kept. Safe to use from any thread.

    A name whose thread is still at work when there is something new to do gets another one; the old one is
    left behind and ends when its work does. It can't be stopped: that is up to what it does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: dict[str, _Worker] = {}
        self._left: list[tuple[str, _Worker]] = []
        self._closed = False
        weakref.finalize(self, _dismiss, self._current).atexit = False

    def run(self, name: str, work: Callable[[], T]) -> Job[T]:
        """Lets the thread of that name do something.

        Raises:
            ClosedError: The pool was closed.
        """
        job = Job(work)
        with self._lock:
            if self._closed:
                raise ClosedError("The threads were ended.", remedy="Start anew.", room="runtime")
            worker = self._current.get(name)
            if worker is None or not worker.take(job):
                if worker is not None:
                    worker.leave()
                    self._left.append((name, worker))
                worker = self._current[name] = _Worker(name)
                worker.take(job)
        return job

    def busy(self, name: str) -> int:
        """How many threads of that name are at work: those left behind, and the current one."""
        with self._lock:
            self._left = [(of, worker) for of, worker in self._left if worker.thread.is_alive()]
            current = self._current.get(name)
            at_work = current is not None and current.busy
            return sum(1 for of, _ in self._left if of == name) + at_work

    def close(self, timeout_s: float = 0.0) -> None:
        """Ends the threads, each when its work does; waits for those without work, for so long at most."""
        deadline = monotonic() + timeout_s
        with self._lock:
            self._closed = True
            workers = [*self._current.values()]
            _dismiss(self._current)
            self._left.clear()
        for worker in workers:
            if worker.thread is not threading.current_thread():
                worker.thread.join(max(0.0, deadline - monotonic()))


def _dismiss(workers: dict[str, _Worker]) -> None:
    for worker in workers.values():
        worker.leave()
    workers.clear()
