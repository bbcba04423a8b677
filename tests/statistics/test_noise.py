"""The noise is exactly discrete Laplace, and a report costs no more epsilon than it says."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_helpers import SeededBits

from voxedge.statistics.noise import SystemBits, bernoulli_exp, discrete_laplace
from voxedge.statistics.report import contribution, noised
from voxedge.statistics.schema import CLIP_UNITS, EPSILON_PER_REPORT, METRICS, SHARED

DRAWS = 60_000


class NeedsMore(Exception):
    """The prefix of choices is over and another number is wanted."""

    def __init__(self, bound):
        self.bound = bound


class Scripted:
    """Gives the numbers of a script; then says how many ways there are to go on."""

    def __init__(self, script):
        self.script, self.at = script, 0

    def below(self, bound):
        if self.at == len(self.script):
            raise NeedsMore(bound)
        self.at += 1
        return self.script[self.at - 1]


def all_outcomes(sample, smallest):
    """The exact chance of each outcome, by walking the tree of choices; what is below `smallest` is left."""
    chances, left = Counter(), Fraction(0)
    todo = [((), Fraction(1))]
    while todo:
        script, chance = todo.pop()
        if chance < smallest:
            left += chance
            continue
        try:
            chances[sample(Scripted(script))] += chance
        except NeedsMore as more:
            todo += [((*script, i), chance / more.bound) for i in range(more.bound)]
    return chances, left


def laplace_chance(x, scale):
    q = math.exp(-1 / scale)
    return (1 - q) / (1 + q) * q ** abs(x)


@pytest.mark.parametrize("gamma", [Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5, 2)])
def test_every_path_of_the_coin_adds_up_to_the_exponential(gamma):
    chances, left = all_outcomes(lambda bits: bernoulli_exp(gamma, bits), Fraction(1, 10**7))
    assert left < 1e-3
    assert float(chances[True]) <= math.exp(-gamma) <= float(chances[True] + left)


@pytest.mark.parametrize("scale", [Fraction(1), Fraction(1, 2), Fraction(2)])
def test_every_path_of_the_sampler_adds_up_to_the_formula(scale):
    """Not a test of samples: the tree of choices is walked, and the chances are compared."""
    chances, left = all_outcomes(lambda bits: discrete_laplace(scale, bits), Fraction(1, 300_000))
    assert left < 0.1
    for x in range(-3, 4):
        assert float(chances[x]) <= laplace_chance(x, scale) <= float(chances[x] + left)
        assert chances[x] == chances[-x] or abs(float(chances[x] - chances[-x])) <= float(left)
    assert all(float(chance) <= laplace_chance(x, scale) for x, chance in chances.items())


def chi_square_critical(freedom, z=4.75):
    """Exceeded once in a million (Wilson and Hilferty, 1931)."""
    return freedom * (1 - 2 / (9 * freedom) + z * math.sqrt(2 / (9 * freedom))) ** 3


def binned(samples, edge):
    return Counter(max(-edge, min(edge, x)) for x in samples)


def expected(edge, scale, draws):
    inner = {x: laplace_chance(x, scale) for x in range(-edge + 1, edge)}
    tail = (1 - sum(inner.values())) / 2
    return {x: draws * chance for x, chance in {**inner, -edge: tail, edge: tail}.items()}


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(3), Fraction(10)])
def test_samples_follow_the_table(scale):
    bits = SeededBits(7)
    found = binned((discrete_laplace(scale, bits) for _ in range(DRAWS)), edge := int(3 * scale) + 1)
    wanted = expected(edge, float(scale), DRAWS)
    statistic = sum((found[x] - want) ** 2 / want for x, want in wanted.items())
    assert statistic < chi_square_critical(len(wanted) - 1)


def test_the_test_of_samples_would_see_a_sampler_that_doubles_zero():
    """The counter-test: the well-known mistake of not throwing the negative zero away."""
    bits, scale = SeededBits(7), 3

    def wrong():
        x = discrete_laplace(Fraction(scale), bits)
        return 0 if x == 0 or bits.below(20) == 0 else x

    wanted = expected(10, scale, DRAWS)
    found = binned((wrong() for _ in range(DRAWS)), 10)
    assert sum((found[x] - want) ** 2 / want for x, want in wanted.items()) > chi_square_critical(20)


def test_opendp_agrees_on_distribution_and_epsilon():
    dp = pytest.importorskip("opendp.prelude", reason="opendp isn't installed (extra check)")
    dp.enable_features("contrib")
    metric = METRICS["turn_outcome"]
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    theirs = dp.m.make_geometric(*space, scale=float(metric.noise_scale))
    assert theirs.map(metric.sensitivity) == pytest.approx(float(EPSILON_PER_REPORT), rel=1e-9)
    bits, edge = SeededBits(3), 30
    ours = binned((discrete_laplace(metric.noise_scale, bits) for _ in range(DRAWS)), edge)
    other = binned(theirs([0] * DRAWS), edge)
    statistic = sum((ours[x] - other[x]) ** 2 / (ours[x] + other[x]) for x in range(-edge, edge + 1))
    assert statistic < chi_square_critical(2 * edge)


def test_the_simulation_s_vectorized_noise_and_clipping_are_the_same():
    np = pytest.importorskip("numpy")
    from voxedge.statistics.simulate import contributions, draw_counts, reports

    rng, metric = np.random.default_rng(5), METRICS["response_ms"]
    counts = draw_counts(metric, 500, rng)
    assert contributions(counts).tolist() == [list(contribution(row)) for row in counts.tolist()]
    noise = reports(metric, np.zeros((DRAWS, 1), dtype=np.int64), rng)[:, 0].tolist()
    wanted, found = expected(30, 10, DRAWS), binned(noise, 30)
    assert sum((found[x] - want) ** 2 / want for x, want in wanted.items()) < chi_square_critical(60)


COUNTS = st.lists(st.one_of(st.integers(0, 30), st.integers(0, 10**12)), min_size=1, max_size=9)


@settings(max_examples=300, deadline=None)
@given(COUNTS)
def test_a_contribution_is_bounded_whatever_was_counted(counts):
    units = contribution(counts)
    assert len(units) == len(counts)
    assert min(units) >= 0
    assert sum(units) <= CLIP_UNITS
    assert all(unit == 0 for unit, count in zip(units, counts, strict=True) if count < 5)
    assert sum(units) == min(CLIP_UNITS, sum(c for c in counts if c >= 5))


def test_epsilon_holds_for_the_worst_pair_of_devices_and_every_output():
    """The log of the ratio of chances, over all pairs of contributions to three cells and many outputs."""
    everything = [c for c in itertools.product(range(CLIP_UNITS + 1), repeat=3) if sum(c) <= CLIP_UNITS]
    metric = METRICS["reply_by"]
    scale = float(metric.noise_scale)
    outputs = list(itertools.product((-40, 0, 5, 10, 50), repeat=3))
    logs = {
        c: [-sum(abs(o - x) for o, x in zip(out, c, strict=True)) / scale for out in outputs]
        for c in everything
    }
    worst = 0.0
    for i in range(len(outputs)):
        column = [logs[c][i] for c in everything]
        worst = max(worst, max(column) - min(column))
    assert worst == pytest.approx(float(EPSILON_PER_REPORT))


@pytest.mark.parametrize("metric", SHARED, ids=lambda metric: metric.name)
def test_the_scale_is_the_sensitivity_over_epsilon(metric):
    ends = [
        contribution([1000 if i == j else 0 for i in range(len(metric.cells))])
        for j in range(len(metric.cells))
    ]
    furthest = max(sum(abs(x - y) for x, y in zip(a, b, strict=True)) for a in ends for b in ends)
    assert furthest <= metric.sensitivity
    assert metric.sensitivity / metric.noise_scale == EPSILON_PER_REPORT


def test_noise_comes_from_the_system_where_nothing_else_is_given():
    metric = METRICS["trouble"]
    drawn = {noised(metric, [0] * len(metric.cells), SystemBits()) for _ in range(20)}
    assert len(drawn) == 20
    assert len({SystemBits().below(2**64) for _ in range(20)}) == 20
