"""Counts in memory, writes them down once a minute, and never stands in anyone's way."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from voxedge.errors import StatisticsError
from voxedge.statistics import probes
from voxedge.statistics.counting import Observer
from voxedge.statistics.monitor import Monitor
from voxedge.statistics.places import folder_of, monitor_file, sharing_file
from voxedge.statistics.schema import METRICS
from voxedge.statistics.sharing import Sharing

_log = logging.getLogger("voxedge.statistics")
FLUSH_EVERY_S = 60.0
"""So much at most is lost when the power goes."""


class Recorder:
    """Where a program counts. Safe to use from any thread; counting only adds in memory, and never fails.

    If the disk is full or read-only, counts stay in memory (there are only so many cells) and are written
    when it can be written again.

    Args:
        folder: The folder of the statistics; the user's own where None.
        monitor: Whether the local counts are kept. What is shared hangs on the owner's consent alone.
        clock: Seconds since 1970; may jump.

    Example:
        >>> recorder = Recorder(); recorder.start()                       # doctest: +SKIP
        >>> assistant.on(Event)(recorder.observer())                      # doctest: +SKIP
        >>> recorder.count("requests", "served")                          # doctest: +SKIP
        >>> recorder.close()                                              # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        monitor: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._monitor = Monitor(monitor_file(folder)) if monitor else None
        self._sharing = Sharing(sharing_file(folder))
        self._clock = clock
        self._pending: dict[str, Counter[tuple[str, int]]] = {"monitor": Counter(), "sharing": Counter()}
        self._totals: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._troubles: set[str] = set()

    @classmethod
    def where_wanted(cls, folder: str | Path | None = None, *, monitor: bool) -> Recorder | None:
        """A recorder if anything is to be counted: local counts, or what the owner agreed to share."""
        return cls(folder, monitor=monitor) if monitor or sharing_file(folder).exists() else None

    def observer(self) -> Observer:
        """Counts the events of one stream: give it to ``assistant.on(Event)``."""
        return Observer(self._add)

    def count(self, metric: str, label: str = "count", amount: int = 1) -> None:
        """Counts something that isn't an event.

        Args:
            metric: Name of a counter or enumeration of the schema.
            label: One of its cells; another counts as ``other``, or as the last.
            amount: How often, 0 or more.
        """
        self._add(metric, METRICS[metric].cell(label), amount)

    def measure(self, metric: str, value: float) -> None:
        """Puts a value into a histogram of the schema, in its unit."""
        self._add(metric, METRICS[metric].bucket(value), 1)

    def totals(self) -> Mapping[str, tuple[int, ...]]:
        """What was counted since this recorder was made: name of a metric to its cells."""
        with self._lock:
            found = dict(self._totals)
        return {
            name: tuple(found.get((name, cell), 0) for cell in range(len(metric.cells)))
            for name, metric in METRICS.items()
        }

    def start(self) -> None:
        """Starts to write down once a minute, and to look at memory and temperature. Once; then nothing."""
        with self._lock:
            if self._thread is not None or self._stopping.is_set():
                return
            self._thread = threading.Thread(target=self._run, name="voxedge-statistics", daemon=True)
        self.count("starts")
        self._thread.start()

    def flush(self) -> bool:
        """Writes down what was counted; says whether everything could be written."""
        with self._flushing:
            now_s = self._clock()
            done = [self._write("sharing", lambda counts: self._sharing.add(counts, now_s))]
            monitor = self._monitor
            if monitor is not None:
                done.append(self._write("monitor", lambda counts: monitor.add(counts, now_s)))
            return all(done)

    def close(self, timeout_s: float = 2.0) -> None:
        """Writes down the last counts and ends the thread. Twice if you like."""
        self._stopping.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        if thread is None or not thread.is_alive():
            self.flush()

    def _add(self, metric: str, cell: int, amount: int) -> None:
        with self._lock:
            self._totals[metric, cell] += amount
            self._pending["sharing"][metric, cell] += amount
            if self._monitor is not None:
                self._pending["monitor"][metric, cell] += amount

    def _write(self, name: str, write: Callable[[Counter[tuple[str, int]]], None]) -> bool:
        with self._lock:
            counts, self._pending[name] = self._pending[name], Counter()
        if not counts:
            return True
        try:
            write(counts)
        except StatisticsError as error:
            with self._lock:
                self._pending[name].update(counts)
            if name not in self._troubles:
                self._troubles.add(name)
                _log.warning("%s %s", error.message, error.remedy)
            return False
        self._troubles.discard(name)
        return True

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_EVERY_S):
            for metric, value in probes.look():
                self.measure(metric, value)
            self.flush()


def delete_everything(folder: str | Path | None = None) -> None:
    """Deletes all statistics: counts, consent, budget, waiting reports; the folder, too, if it is empty then.

    Raises:
        StatisticsUnwritable: They can't be deleted.
    """
    where = folder_of(folder)
    Sharing(sharing_file(folder)).delete()
    Monitor(monitor_file(folder)).database.delete()
    if where.is_dir():
        with contextlib.suppress(OSError):
            where.rmdir()
