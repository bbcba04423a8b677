"""The collector's estimates are within their error bars as often as they claim, in fleets of every size."""

from __future__ import annotations

import math
import random

import pytest
from statistics_helpers import SeededBits

from voxedge.errors import UsageError
from voxedge.statistics.estimate import MIN_REPORTS, Tally, estimate, noise_variance, student_quantile
from voxedge.statistics.noise import discrete_laplace
from voxedge.statistics.report import noised
from voxedge.statistics.schema import METRICS, SHARED

pytest.importorskip("numpy")


@pytest.mark.parametrize(("devices", "runs"), [(100, 150), (1_000, 100), (10_000, 40)])
@pytest.mark.parametrize("periods", [1, 12])
def test_error_bars_hold_in_95_of_100_runs_and_more(devices, runs, periods):
    from voxedge.statistics.simulate import simulate

    runs = runs if periods == 1 else runs // 2
    result = simulate(devices, periods=periods, runs=runs, seed=11)
    assert result.held >= 0.98  # the bars are made for 99 %
    # For each single cell, too: 95 % and more, less three deviations of a count of so many runs.
    assert result.worst_held >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
    if result.shares_given > 0.5:
        assert result.shares_held >= 0.98


def test_small_fleets_tell_little_and_large_ones_more():
    from voxedge.statistics.simulate import simulate

    bars = [simulate(devices, runs=10).bar_units for devices in (100, 1_000, 10_000)]
    assert bars[0] > 10  # wider than anything that a device can give
    assert bars[0] > 2.5 * bars[1] > 6 * bars[2]
    assert simulate(100, runs=10).bar_share is None


def test_bars_that_are_too_narrow_would_be_found(monkeypatch):
    """The counter-test: bars of half the length don't hold."""
    from voxedge.statistics import estimate as module
    from voxedge.statistics.simulate import simulate

    monkeypatch.setattr(module, "student_quantile", lambda freedom: 1.3)
    assert simulate(1_000, runs=40).held < 0.9


def test_equal_seeds_give_equal_fleets():
    from voxedge.statistics.simulate import simulate

    assert simulate(200, runs=5, seed=3) == simulate(200, runs=5, seed=3) != simulate(200, runs=5, seed=4)


@pytest.mark.parametrize("numbers", [(0, 1, 1), (10**7, 1, 1), (10, 0, 1), (10, 1, 0)])
def test_odd_fleets_are_refused(numbers):
    from voxedge.statistics.simulate import simulate

    devices, periods, runs = numbers
    with pytest.raises(UsageError):
        simulate(devices, periods=periods, runs=runs)


@pytest.mark.parametrize("metric", SHARED, ids=lambda metric: metric.name)
def test_real_reports_average_to_the_truth(metric):
    """Drawn by the device's own code and not by the simulation's."""
    bits, chance, tally, truth = SeededBits(2), random.Random(6), Tally(), []
    for _ in range(600):
        counts = [chance.choice([0, 0, 20, 60]) for _ in metric.cells]
        total = sum(counts)
        truth.append([10 * count / total if total else 0 for count in counts])
        tally.add(noised(metric, counts, bits))
    for found, column in zip(estimate(metric, tally), zip(*truth, strict=True), strict=True):
        assert abs(found.units - sum(column) / 600) <= 1.6 * found.bar  # beyond it once in 40,000


def test_the_variance_is_that_of_the_noise():
    bits, scale = SeededBits(5), METRICS["trouble"].noise_scale
    drawn = [discrete_laplace(scale, bits) for _ in range(20_000)]
    assert sum(x * x for x in drawn) / 20_000 == pytest.approx(noise_variance(scale), rel=0.06)


def test_quantiles_are_those_of_the_tables():
    table = {4: 4.604, 5: 4.032, 7: 3.499, 10: 3.169, 20: 2.845, 50: 2.678, 100_000: 2.576}
    for freedom, value in table.items():
        assert student_quantile(freedom) == pytest.approx(value, rel=0.02)


def test_too_few_reports_give_nothing():
    tally, metric = Tally(), METRICS["reply_by"]
    for _ in range(MIN_REPORTS - 1):
        tally.add((1, 2, 3))
    assert estimate(metric, tally) == []
    tally.add((1, 2, 3))
    assert [cell.cell for cell in estimate(metric, tally)] == ["handler", "dialogue", "llm"]


def test_tallies_add_up():
    one, two, both = Tally(), Tally(), Tally()
    for tally, cells in ((one, (1, -2)), (two, (5, 7)), (two, (0, 3))):
        tally.add(cells)
        both.add(cells)
    one.merge(two)
    assert one == both
    assert both == Tally(3, [6, 8], [26, 62], [59, 95], 14, 154)
