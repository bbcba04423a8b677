"""The local counts in a form that people read: totals, quantiles, small bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voxedge.statistics.monitor import Slot
from voxedge.statistics.schema import METRICS, Kind, Metric

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric over some hours or days.

    Attributes:
        metric: Which.
        cells: Counts of its cells, over all slots.
        by_slot: Counts of all its cells, a slot each.
    """

    metric: Metric
    cells: tuple[int, ...]
    by_slot: tuple[int, ...]

    @property
    def count(self) -> int:
        """How much was counted in all."""
        return sum(self.cells)

    @property
    def median(self) -> str:
        """Bound that half of the values don't exceed, such as ``<= 100``; "" of what isn't a histogram."""
        return self._quantile(0.5)

    @property
    def p95(self) -> str:
        """Bound that 95 % of the values don't exceed."""
        return self._quantile(0.95)

    @property
    def shares(self) -> str:
        """The cells of an enumeration, most frequent first, with their shares; else ""."""
        if self.metric.kind is not Kind.ENUMERATION:
            return ""
        ranked = sorted(zip(self.cells, self.metric.cells, strict=True), key=lambda pair: -pair[0])
        return ", ".join(f"{label} {100 * count / self.count:.0f} %" for count, label in ranked if count)

    def _quantile(self, part: float) -> str:
        edges, below = self.metric.edges, 0
        if not edges or not self.count:
            return ""
        for edge, count in zip(edges, self.cells, strict=False):
            below += count
            if below >= part * self.count:
                return f"<= {edge}"
        return f"> {edges[-1]}"


def summarize(slots: Sequence[Slot]) -> list[Summary]:
    """Sums up hours or days, metric by metric; what was never counted is left out."""
    found = []
    for name, metric in METRICS.items():
        rows = [slot.counts.get(name, [0] * len(metric.cells)) for slot in slots]
        cells = tuple(map(sum, zip(*rows, strict=True))) if rows else ()
        if any(cells):
            found.append(Summary(metric, cells, tuple(map(sum, rows))))
    return found


def sparkline(values: Sequence[int]) -> str:
    """A bar of text a value; zero is a blank."""
    top = max(values, default=0)
    return "".join(
        " " if not value else _BARS[min(len(_BARS) - 1, (value * len(_BARS) - 1) // top)] for value in values
    )


def filled(slots: Sequence[Slot], span_s: int, number: int, now_s: float) -> list[Slot]:
    """The last so many hours or days up to now, those without counts too.

    If nothing was counted in that time (or the clock is wrong), the last ones in which something was.
    """
    by_start = {slot.start_s: slot for slot in slots}
    last = int(now_s) // span_s * span_s
    recent = [last - span_s * back for back in reversed(range(number))]
    if not any(start in by_start for start in recent):
        return list(slots[-number:])
    return [by_start.get(start, Slot(start)) for start in recent]
