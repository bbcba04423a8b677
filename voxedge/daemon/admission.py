"""How long the words of one live stream more would have to wait. Pure logic: every call is told the time.

What was waited lately tells of overload too late: a stream that is let in needs its words seconds afterwards,
and one that is refused for what others had to wait would be refused for nothing. So the wait is foretold from
what a stream costs: the seconds of urgent work (finals, pauses) for each second of its sound.
"""

from __future__ import annotations

from collections import deque
from math import exp, inf

MEMORY_STREAM_S = 60.0
"""Seconds of sound after which what streams cost before counts for a third."""
RECENT_S = 2.5
"""Waits longer ago say nothing of now."""
FIRST_SHARE = 0.03
"""What a stream costs, before anything is known: this share of the lane..."""
FIRST_STREAM_S = 10.0
"""...which counts as if so many seconds of sound had been heard."""
FIRST_STEP_S = 0.15
MOST_LOAD = 0.8
"""Share of the lane that urgent work may take; beyond, waits depend on chance alone."""
TAIL = 3.0
"""95 % of waits are within so many times their mean, where waits are many and independent."""


class LiveLoad:
    """What the open live streams ask of the lane that recognizes.

    Example:
        >>> load = LiveLoad()
        >>> load.foretold_s() < 0.1
        True
    """

    def __init__(self) -> None:
        self.streams = 0
        self._work_s = FIRST_SHARE * FIRST_STREAM_S
        self._stream_s = FIRST_STREAM_S
        self._step_s = FIRST_STEP_S
        self._waits: deque[tuple[float, float]] = deque(maxlen=256)

    @property
    def share(self) -> float:
        """The share of the lane that a stream takes while sound comes in at its own pace."""
        return self._work_s / self._stream_s

    def opened(self) -> None:
        """A stream began."""
        self.streams += 1

    def closed(self) -> None:
        """A stream ended."""
        self.streams = max(0, self.streams - 1)

    def heard(self, seconds: float) -> None:
        """So much sound came in by one of the streams."""
        kept = exp(-seconds / MEMORY_STREAM_S)
        self._work_s *= kept
        self._stream_s = kept * self._stream_s + seconds

    def worked(self, seconds: float) -> None:
        """A step of urgent work took so long."""
        self._work_s += seconds
        self._step_s = 0.8 * self._step_s + 0.2 * seconds

    def waited(self, now: float, seconds: float) -> None:
        """A step of urgent work had waited so long when it began."""
        self._waits.append((now, seconds))

    def recent_s(self, now: float) -> float:
        """What half of the steps that began lately had waited at least; 0 where there was none."""
        while self._waits and now - self._waits[0][0] > RECENT_S:
            self._waits.popleft()
        waits = sorted(seconds for _at, seconds in self._waits)
        return waits[len(waits) // 2] if waits else 0.0

    def foretold_s(self) -> float:
        """The 95th percentile of the waits, were there one stream more (the queue M/D/1)."""
        load = self.share * (self.streams + 1)
        if load >= MOST_LOAD:
            return inf
        return TAIL * self._step_s / 2 * load / (1 - load)
