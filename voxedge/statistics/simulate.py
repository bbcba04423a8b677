"""Fleets that exist in memory only: how much do so many devices tell, and do the error bars hold?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.errors import UsageError
from voxedge.statistics.estimate import Estimate, Tally, estimate
from voxedge.statistics.schema import CLIP_UNITS, SHARED, SUPPRESS_BELOW, Metric

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    IntArray: TypeAlias = "NDArray[np.int64]"

MAX_DEVICES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResult:
    """How well the estimates of a simulated fleet did, over all runs.

    Attributes:
        devices: Size of the fleet.
        periods: Reports that each device sent.
        runs: How often metrics and noise were drawn anew.
        held: Share of estimates (mean units of a cell) whose error bar held the truth.
        worst_held: The same for the one cell that did worst.
        shares_held: The same for shares; None where no share was certain enough to be given.
        shares_given: Share of the runs and metrics in which shares were given.
        bar_units: Median error bar, in units of at most 10.
        bar_share: Median error bar of a share, 0..1; None where none was given.
    """

    devices: int
    periods: int
    runs: int
    held: float
    worst_held: float
    shares_held: float | None
    shares_given: float
    bar_units: float
    bar_share: float | None


def simulate(devices: int, *, periods: int = 1, runs: int = 50, seed: int = 1) -> FleetResult:
    """Draws a fleet of uneven use, lets it report, and compares the estimates with the truth.

    The truth is the mean over all devices of what each gives before the noise.

    Args:
        devices: 1 to a million.
        periods: Reports of each device.
        runs: How often the reports are drawn.
        seed: Of NumPy's generator: equal seeds give equal results.

    Raises:
        UsageError: A number is out of range.
    """
    if not 1 <= devices <= MAX_DEVICES or periods < 1 or runs < 1:
        raise UsageError(
            "A fleet has 1 to 1,000,000 devices, and at least one period and one run.",
            remedy="Correct --devices, --periods or --runs.",
        )
    import numpy as np

    rng = np.random.default_rng(seed)
    fleets = {metric.name: contributions(draw_counts(metric, devices, rng)) for metric in SHARED}
    cell_hits: dict[str, list[list[bool]]] = {metric.name: [] for metric in SHARED}
    share_hits: list[bool] = []
    bars: list[float] = []
    share_bars: list[float] = []
    given = 0
    for _ in range(runs):
        chosen = rng.integers(0, len(SHARED), size=(periods, devices))
        for number, metric in enumerate(SHARED):
            fleet = fleets[metric.name]
            who = np.nonzero(chosen == number)[1]
            found = estimate(metric, tally_of(reports(metric, fleet[who], rng)))
            if not found:
                continue
            hits, shares = _judge(found, fleet)
            cell_hits[metric.name].append(hits)
            bars += [cell.bar for cell in found]
            share_hits += shares
            given += bool(shares)
            share_bars += [cell.share_bar for cell in found if cell.share_bar is not None]
    by_cell = [np.mean(rows, axis=0) for rows in cell_hits.values() if rows]
    every = [hit for rows in cell_hits.values() for row in rows for hit in row]
    return FleetResult(
        devices=devices,
        periods=periods,
        runs=runs,
        held=float(np.mean(every)) if every else float("nan"),
        worst_held=min(float(np.min(row)) for row in by_cell) if by_cell else float("nan"),
        shares_held=float(np.mean(share_hits)) if share_hits else None,
        shares_given=given / (runs * len(SHARED)),
        bar_units=float(np.median(bars)) if bars else float("nan"),
        bar_share=float(np.median(share_bars)) if share_bars else None,
    )


def draw_counts(metric: Metric, devices: int, rng: np.random.Generator) -> IntArray:
    """Counts of a period, shape ``(devices, cells)``: some devices are busy, some idle, no two alike."""
    import numpy as np

    cells = len(metric.cells)
    profile = rng.dirichlet(np.full(cells, 0.7))
    own = rng.dirichlet(profile * 6 + 0.02, size=devices)
    turns = rng.poisson(rng.lognormal(mean=3.5, sigma=1.2, size=devices))
    counts: IntArray = rng.multinomial(turns, own / own.sum(axis=1, keepdims=True))
    return counts


def contributions(counts: IntArray) -> IntArray:
    """`voxedge.statistics.report.contribution` for many devices at once."""
    import numpy as np

    kept = np.where(counts >= SUPPRESS_BELOW, counts, 0)
    total = kept.sum(axis=1, keepdims=True)
    divisor = np.maximum(total, 1)
    units, remainders = CLIP_UNITS * kept // divisor, CLIP_UNITS * kept % divisor
    order = np.argsort(-remainders, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    units = units + (rank < CLIP_UNITS - units.sum(axis=1, keepdims=True))
    clipped: IntArray = np.where(total > CLIP_UNITS, units, kept)
    return clipped


def reports(metric: Metric, units: IntArray, rng: np.random.Generator) -> IntArray:
    """`voxedge.statistics.report.noised` for many devices at once, by NumPy: for simulations only.

    The difference of two geometric numbers is discrete Laplace.
    """
    import numpy as np

    stop = 1 - np.exp(-1 / float(metric.noise_scale))
    noise = rng.geometric(stop, units.shape) - rng.geometric(stop, units.shape)
    cut: IntArray = np.clip(units + noise, -metric.cell_limit, metric.cell_limit)
    return cut


def tally_of(cells: IntArray) -> Tally:
    """The tally of many reports."""
    whole = cells.sum(axis=1)
    return Tally(
        reports=len(cells),
        sums=cells.sum(axis=0).tolist(),
        squares=(cells * cells).sum(axis=0).tolist(),
        crosses=(cells * whole[:, None]).sum(axis=0).tolist(),
        total=int(whole.sum()),
        total_squares=int((whole * whole).sum()),
    )


def _judge(found: list[Estimate], fleet: IntArray) -> tuple[list[bool], list[bool]]:
    truth = fleet.mean(axis=0)
    hits = [bool(abs(cell.units - true) <= cell.bar) for cell, true in zip(found, truth, strict=True)]
    shares = [
        bool(abs(cell.share - true / truth.sum()) <= cell.share_bar)
        for cell, true in zip(found, truth, strict=True)
        if cell.share is not None and cell.share_bar is not None
    ]
    return hits, shares
