"""Who is let in while the cores are in use: told in advance, and forgotten as soon as the load is gone."""

from __future__ import annotations

from voxedge.daemon.admission import LiveLoad

LIMIT_S = 0.4


def run(load, streams, seconds, share):
    """So many streams for so long, each of which asks for a share of the lane in steps of 0.15 s."""
    steps = max(1, int(streams * share * seconds / 0.15))
    for _ in range(steps):
        load.heard(streams * seconds / steps)
        load.worked(0.15)


def most(load):
    """How many streams are let in, one after the other."""
    count = 0
    while load.foretold_s() <= LIMIT_S and count < 100:
        load.opened()
        count += 1
    for _ in range(count):
        load.closed()
    return count


def test_a_stream_that_costs_more_leaves_room_for_fewer():
    cheap, dear = LiveLoad(), LiveLoad()
    for load, share in ((cheap, 0.04), (dear, 0.08)):
        run(load, 8, 30.0, share)
    assert most(cheap) > 1.6 * most(dear) > 1.6 * 5


def test_after_overload_streams_are_let_in_again_at_once():
    load = LiveLoad()
    run(load, 16, 10.0, 0.05)
    for late in range(10):
        load.waited(10.0 - late / 10, 2.0)
    assert load.recent_s(10.0) > 1.0
    assert load.recent_s(13.0) == 0.0
    assert most(load) >= 8


def test_what_is_let_in_counts_before_it_has_cost_anything():
    load = LiveLoad()
    run(load, 8, 30.0, 0.05)
    before = load.foretold_s()
    for _ in range(5):
        load.opened()
    assert load.foretold_s() > before


def test_a_change_of_what_streams_cost_is_learned_within_a_minute_of_sound():
    load = LiveLoad()
    run(load, 8, 60.0, 0.02)
    many = most(load)
    run(load, 8, 15.0, 0.1)
    assert most(load) < many / 2


def test_one_late_wait_among_many_shuts_nobody_out():
    load = LiveLoad()
    for number in range(20):
        load.waited(number / 10, 3.0 if number == 10 else 0.01)
    assert load.recent_s(2.0) < 0.1
