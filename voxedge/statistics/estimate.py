"""What many noised reports say together, and how sure that is. Used by the collector and by simulations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from voxedge.statistics.schema import Metric

CONFIDENCE = 0.99
"""An error bar is made to hold the truth so often."""

_Z = 2.5758293035489004
"""The normal distribution's quantile for it: 0.5 % lie above."""

MIN_REPORTS = 5
"""Fewer reports give no estimate."""

_SHARE_NEEDS_BARS = 2.0
"""Shares are given when the sum over all cells is at least so many of its own error bars."""


@dataclass(slots=True)
class Tally:
    """Sums over the reports about one metric: all that has to be kept of them.

    Attributes:
        reports: How many.
        sums: Of each cell.
        squares: Of each cell's square.
        crosses: Of each cell times the report's sum.
        total: Of the reports' sums.
        total_squares: Of their squares.
    """

    reports: int = 0
    sums: list[int] = field(default_factory=list)
    squares: list[int] = field(default_factory=list)
    crosses: list[int] = field(default_factory=list)
    total: int = 0
    total_squares: int = 0

    def add(self, cells: Sequence[int]) -> None:
        """Takes one report."""
        whole = sum(cells)
        self.merge(
            Tally(
                1,
                list(cells),
                [cell * cell for cell in cells],
                [cell * whole for cell in cells],
                whole,
                whole * whole,
            )
        )

    def merge(self, other: Tally) -> None:
        """Takes the reports of another tally."""
        if not self.sums:
            zeros = [0] * len(other.sums)
            self.sums, self.squares, self.crosses = zeros, list(zeros), list(zeros)
        self.reports += other.reports
        for mine, theirs in (
            (self.sums, other.sums),
            (self.squares, other.squares),
            (self.crosses, other.crosses),
        ):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
        self.total += other.total
        self.total_squares += other.total_squares


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the reports say about one cell.

    Attributes:
        cell: What the cell stands for.
        units: Mean over devices of what they gave to it, 0 to `CLIP_UNITS`; noise may push it out of that.
        bar: The truth is within ``units`` plus or minus this, 99 times in 100.
        share: The cell's share of all cells, 0..1; None while that is too uncertain.
        share_bar: Its error bar.
    """

    cell: str
    units: float
    bar: float
    share: float | None = None
    share_bar: float | None = None


def noise_variance(scale: Fraction) -> float:
    """Variance of discrete Laplace noise: ``2 q / (1 - q)**2`` with ``q = exp(-1 / scale)``."""
    q = math.exp(-1 / scale)
    return 2 * q / (1 - q) ** 2


def estimate(metric: Metric, tally: Tally) -> list[Estimate]:
    """Estimates every cell of a metric; empty when there are too few reports.

    The noise has mean zero, so the mean of the reports is unbiased for the mean of the contributions. Its
    error is Student's, with the variance of the reports themselves (noise and differences of devices), and
    never less than the noise's own.
    """
    n = tally.reports
    if n < MIN_REPORTS:
        return []
    noise = noise_variance(metric.noise_scale)
    cells = len(metric.cells)
    quantile = student_quantile(n - 1)

    def variance(squares: float, sums: float, floor: float) -> float:
        return max(floor, (squares - sums * sums / n) / (n - 1))

    total_mean = tally.total / n
    total_variance = variance(tally.total_squares, tally.total, cells * noise)
    total_bar = quantile * math.sqrt(total_variance / n)
    certain = cells > 1 and total_mean >= _SHARE_NEEDS_BARS * total_bar
    found = []
    for i, label in enumerate(metric.cells):
        own = variance(tally.squares[i], tally.sums[i], noise)
        share = share_bar = None
        if certain:
            # The ratio estimator: its error is that of the residuals (cell - share * sum) over the mean sum.
            share = tally.sums[i] / tally.total
            together = (tally.crosses[i] - tally.sums[i] * tally.total / n) / (n - 1)
            floor = noise * (1 - 2 * share + cells * share * share)
            residual = max(floor, own - 2 * share * together + share * share * total_variance)
            share_bar = quantile * math.sqrt(residual / n) / total_mean
        found.append(
            Estimate(label, tally.sums[i] / n, quantile * math.sqrt(own / n), share, share_bar),
        )
    return found


def student_quantile(freedom: int) -> float:
    """Quantile of Student's distribution for `CONFIDENCE`, from 4 degrees of freedom on, within 2 %.

    Source: the expansion 26.7.5 in Abramowitz and Stegun, "Handbook of Mathematical Functions".
    """
    z, v = _Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
