"""Who is let in while the cores are in use: told in advance, and forgotten as soon as the load is gone."""

from __future__ import annotations

from voxedge.daemon.admission import LiveLoad

LIMIT_S = 0.4


def run(load, now, streams, seconds, share):
    """So many streams for so long, each of which asks for a share of the lane in steps of 0.15 s."""
    for _ in range(streams):
        load.opened(now)
    steps = int(streams * share * seconds / 0.15)
    for step in range(steps):
        load.worked(now + seconds * (step + 1) / (steps + 1), 0.15)
    now += seconds
    for _ in range(streams):
        load.closed(now)
    return now


def most(load, now):
    """How many streams are let in, one after the other."""
    count = 0
    while load.foretold_s(now) <= LIMIT_S and count < 100:
        load.opened(now)
        count += 1
    for _ in range(count):
        load.closed(now)
    return count


def test_a_stream_that_costs_more_leaves_room_for_fewer():
    cheap, dear = LiveLoad(0.0), LiveLoad(0.0)
    counts = [most(load, run(load, 0.0, 8, 30.0, share)) for load, share in ((cheap, 0.04), (dear, 0.08))]
    assert counts[0] > 1.6 * counts[1] > 1.6 * 5


def test_after_overload_streams_are_let_in_again_at_once():
    load = LiveLoad(0.0)
    now = run(load, 0.0, 16, 10.0, 0.05)
    for late in range(10):
        load.waited(now - late / 10, 2.0)
    load.opened(now)
    assert load.recent_s(now) > 1.0
    assert load.recent_s(now + 3.0) == 0.0
    assert most(load, now + 3.0) >= 8


def test_what_is_let_in_counts_before_it_has_cost_anything():
    load = LiveLoad(0.0)
    now = run(load, 0.0, 8, 30.0, 0.05)
    before = load.foretold_s(now)
    for _ in range(5):
        load.opened(now)
    assert load.foretold_s(now) > before


def test_silence_of_an_empty_service_teaches_nothing():
    load = LiveLoad(0.0)
    now = run(load, 0.0, 8, 30.0, 0.05)
    assert load.foretold_s(now) == load.foretold_s(now + 3600.0)


def test_one_late_wait_among_many_shuts_nobody_out():
    load = LiveLoad(0.0)
    for number in range(20):
        load.waited(number / 10, 3.0 if number == 10 else 0.01)
    assert load.recent_s(2.0) < 0.1
