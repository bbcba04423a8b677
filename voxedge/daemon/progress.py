"""Which stages make progress: the heart-beats that a watchdog looks at. Safe to use from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(slots=True)
class _Stage:
    busy: int = 0
    last: float = 0.0
    limit_s: float = 0.0


class Progress:
    """The stages of the service and when each last moved.

    A stage is stuck when it has work and hasn't moved for longer than its limit. One that waits for work is
    never stuck.

    Args:
        limit_s: Of stages that name no limit of their own.
        clock: Gives seconds.

    Example:
        >>> progress = Progress(clock=lambda: 0.0)
        >>> with progress.working("compute"):
        ...     progress.beat("compute")
        >>> progress.stuck()
        ()
    """

    def __init__(self, limit_s: float = 30.0, clock: Callable[[], float] = monotonic) -> None:
        self._limit_s, self._clock = limit_s, clock
        self._stages: dict[str, _Stage] = {}
        self._lock = threading.Lock()

    def beat(self, stage: str) -> None:
        """The stage has moved."""
        with self._lock:
            self._stage(stage).last = self._clock()

    @contextmanager
    def working(self, stage: str, limit_s: float = 0.0) -> Iterator[None]:
        """While inside, the stage has work, and must `beat` within ``limit_s`` (0: the common limit)."""
        with self._lock:
            own = self._stage(stage)
            own.busy += 1
            own.last, own.limit_s = self._clock(), limit_s or self._limit_s
        try:
            yield
        finally:
            with self._lock:
                own.busy -= 1
                own.last = self._clock()

    def stuck(self) -> tuple[str, ...]:
        """Names of the stages that have work and don't move."""
        now = self._clock()
        with self._lock:
            return tuple(sorted(n for n, s in self._stages.items() if s.busy and now - s.last > s.limit_s))

    def ages_s(self) -> dict[str, float]:
        """Seconds since each stage last moved; of those that have work."""
        now = self._clock()
        with self._lock:
            return {name: now - stage.last for name, stage in sorted(self._stages.items()) if stage.busy}

    def _stage(self, name: str) -> _Stage:
        return self._stages.setdefault(name, _Stage(limit_s=self._limit_s, last=self._clock()))
