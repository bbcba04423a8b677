"""The fair queue and the scheduler: who goes first, who is refused, what is given up."""

from __future__ import annotations

import threading
import time

import pytest

from voxedge.daemon import scheduler as scheduler_module
from voxedge.daemon.fairness import Client, FairQueue, Priority
from voxedge.daemon.faults import Busy, DeadlineMissed, Stopping, TooManyRequests
from voxedge.daemon.progress import Progress
from voxedge.daemon.scheduler import Scheduler, Terms
from voxedge.errors import Cancelled

ANNA, BERT = Client("anna"), Client("bert")


def taken(queue, now=0.0):
    found = []
    while (entry := queue.take(now)) is not None:
        found.append(entry.item)
    return found


def test_more_urgent_work_goes_first_and_equals_in_order():
    queue = FairQueue(10, 10)
    queue.put("file", priority=Priority.BATCH)
    queue.put("request 1")
    queue.put("final", priority=Priority.FINAL)
    queue.put("request 2")
    assert taken(queue) == ["final", "request 1", "request 2", "file"]


def test_a_client_with_much_work_doesnt_hold_up_one_with_little():
    queue = FairQueue(100, 100)
    for number in range(5):
        queue.put(f"anna {number}", client=ANNA)
    first = queue.take(0)
    queue.charge(first.client, 1.0)
    queue.put("bert", client=BERT)
    assert queue.take(0).item == "bert"


def test_a_client_that_was_away_has_no_claim_to_the_time_it_didnt_use():
    queue = FairQueue(100, 100)
    for number in range(3):
        queue.put(number, client=ANNA)
        queue.charge(queue.take(0).client, 10.0)
    queue.put("anna", client=ANNA)
    queue.take(0)  # anna's 30 s are the floor now
    queue.put("bert 1", client=BERT)
    queue.charge(BERT, 1.0)
    queue.put("anna 2", client=ANNA)
    queue.put("bert 2", client=BERT)
    assert [queue.take(0).item for _ in range(3)] == ["anna 2", "bert 1", "bert 2"]


def test_a_full_queue_refuses_but_never_a_final():
    queue = FairQueue(2, 2)
    queue.put("a", client=ANNA)
    queue.put("b", client=BERT)
    with pytest.raises(Busy) as caught:
        queue.put("c", client=Client("carl"), retry_after_s=3)
    assert caught.value.retry_after_s >= 3
    assert "Try again" in caught.value.remedy
    queue.put("final", client=ANNA, priority=Priority.FINAL)
    assert len(queue) == 3


def test_one_client_cant_fill_the_queue():
    queue = FairQueue(10, 2)
    queue.put("1", client=ANNA)
    queue.put("2", client=ANNA)
    with pytest.raises(TooManyRequests) as caught:
        queue.put("3", client=ANNA)
    assert caught.value.http_status == 429
    queue.put("bert", client=BERT)


def test_connections_without_a_name_are_counted_one_by_one():
    queue = FairQueue(10, 1)
    queue.put("1", client=Client("", "127.0.0.1:1"))
    queue.put("2", client=Client("", "127.0.0.1:2"))
    with pytest.raises(TooManyRequests):
        queue.put("3", client=Client("", "127.0.0.1:2"))


def test_what_is_too_late_isnt_begun():
    queue = FairQueue(10, 10)
    queue.put("late", deadline=1.0)
    queue.put("in time", deadline=3.0)
    assert queue.next_deadline() == 1.0
    assert [entry.item for entry in queue.expired(2.0)] == ["late"]
    assert taken(queue, 2.0) == ["in time"]


@pytest.fixture
def scheduler():
    made = Scheduler(limit=8, limit_per_client=8)
    yield made
    made.close(2.0)


def held(scheduler, lane="compute"):
    """Keeps a lane busy until the event that it gives is set."""
    begun, go = threading.Event(), threading.Event()

    def work(_token):
        begun.set()
        go.wait(10)

    ticket = scheduler.submit(lane, work)
    assert begun.wait(5)
    return go, ticket


def test_the_urgent_overtakes_what_waits(scheduler):
    go, _ = held(scheduler)
    seen = []
    tickets = [
        scheduler.submit("compute", lambda _t, p=p: seen.append(p), Terms(priority=p))
        for p in (Priority.BATCH, Priority.INTERACTIVE, Priority.FINAL)
    ]
    go.set()
    for ticket in tickets:
        ticket.result(5)
    assert seen == [Priority.FINAL, Priority.INTERACTIVE, Priority.BATCH]


def test_a_missed_deadline_is_told_while_the_worker_is_still_busy(scheduler):
    go, running = held(scheduler)
    ticket = scheduler.submit("compute", lambda _t: "never", Terms(deadline_s=0.3))
    began = time.monotonic()
    with pytest.raises(DeadlineMissed):
        ticket.result(5)
    assert time.monotonic() - began < 3
    assert not running.future.done()
    go.set()
    assert scheduler.statistics["compute"].refused == 1


def test_work_that_plainly_cant_be_begun_in_time_is_refused_at_once(scheduler):
    scheduler.submit("compute", lambda _t: time.sleep(0.6)).result(5)
    go, _ = held(scheduler)
    for _ in range(3):
        scheduler.submit("compute", lambda _t: None)
    with pytest.raises(DeadlineMissed) as caught:
        scheduler.submit("compute", lambda _t: None, Terms(deadline_s=0.2))
    assert caught.value.retry_after_s >= 1
    go.set()


def test_cancelling_takes_waiting_work_out_and_stops_running_work(scheduler):
    go, _ = held(scheduler)
    waiting = scheduler.submit("compute", lambda _t: "never")
    waiting.cancel()
    with pytest.raises(Cancelled):
        waiting.result(5)
    assert scheduler.statistics["compute"].waiting == 0
    go.set()
    begun = threading.Event()

    def polite(token):
        begun.set()
        while True:
            token.raise_if_cancelled()
            time.sleep(0.01)

    running = scheduler.submit("compute", polite)
    assert begun.wait(5)
    running.cancel()
    with pytest.raises(Cancelled):
        running.result(5)
    assert scheduler.submit("compute", lambda _t: "next").result(5) == "next"


def test_a_fault_in_the_work_reaches_its_caller_and_the_worker_lives_on(scheduler):
    def work(_token):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scheduler.submit("compute", work).result(5)
    assert scheduler.submit("compute", lambda _t: 1).result(5) == 1


def test_lanes_dont_wait_for_each_other(scheduler):
    go, _ = held(scheduler, "language")
    assert scheduler.submit("compute", lambda _t: 2).result(5) == 2
    go.set()


def test_closing_refuses_what_waits_and_lets_the_running_end():
    scheduler = Scheduler()
    go, running = held(scheduler)
    waiting = scheduler.submit("compute", lambda _t: None)
    closing = threading.Thread(target=scheduler.close, args=(5.0,))
    closing.start()
    with pytest.raises(Stopping):
        waiting.result(5)
    go.set()
    closing.join(5)
    assert running.result(1) is None
    with pytest.raises(Stopping):
        scheduler.submit("compute", lambda _t: None)


def test_a_stage_without_work_is_never_stuck_and_one_that_stands_still_is():
    now = [0.0]
    progress = Progress(limit_s=5.0, clock=lambda: now[0])
    assert progress.stuck() == ()
    with progress.working("compute"):
        now[0] = 4.0
        assert progress.stuck() == ()
        now[0] = 6.0
        assert progress.stuck() == ("compute",)
        progress.beat("compute")
        assert progress.stuck() == ()
        with progress.working("loop", limit_s=60.0):
            now[0] = 50.0
            assert progress.stuck() == ("compute",)
            assert progress.ages_s()["loop"] == pytest.approx(44.0)
    now[0] = 1000.0
    assert progress.stuck() == ()


def test_what_work_costs_the_lane_is_its_share_of_the_time():
    """Two places, three pieces of work: by itself one leaves a place free, three share two."""
    lane = scheduler_module._Lane(FairQueue(8, 8), threading.Condition(), 4, 2, share_at=0.0)
    first = lane.ran(0.0, +1)
    second = lane.ran(1.0, +1)  # 1 s alone: half of what the lane can do
    third = lane.ran(2.0, +1)  # 1 s of two
    first = lane.ran(5.0, -1) - first  # 3 s of three
    second = lane.ran(6.0, -1) - second
    third = lane.ran(7.0, -1) - third
    assert first == pytest.approx(0.5 + 0.5 + 1.0)
    assert second == pytest.approx(0.5 + 1.0 + 0.5)
    assert third == pytest.approx(1.0 + 0.5 + 0.5)
    assert lane.running == 0


def test_beyond_the_places_only_finals_begin():
    scheduler, go_on = Scheduler(workers={"compute": 3}, places={"compute": 1}), threading.Event()
    began = []

    def work(name):
        def run(_cancel):
            began.append(name)
            assert go_on.wait(10.0)

        return run

    try:
        tickets = [scheduler.submit("compute", work("file 1"), Terms(priority=Priority.BATCH))]
        while not began:
            time.sleep(0.001)
        tickets.append(scheduler.submit("compute", work("file 2"), Terms(priority=Priority.BATCH)))
        tickets.append(scheduler.submit("compute", work("partial")))
        tickets.append(scheduler.submit("compute", work("final 1"), Terms(priority=Priority.FINAL)))
        tickets.append(scheduler.submit("compute", work("final 2"), Terms(priority=Priority.FINAL)))
        deadline = time.monotonic() + 10.0
        while len(began) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.05)
        assert began == ["file 1", "final 1", "final 2"]
        go_on.set()
        for ticket in tickets:
            ticket.result(10.0)
        assert began[3:] == ["partial", "file 2"]
    finally:
        go_on.set()
        scheduler.close()


def test_every_worker_has_a_stage_of_its_own():
    scheduler = Scheduler(workers={"compute": 4}, places={"compute": 2})
    try:
        assert scheduler.stages == ("compute", "compute-1", "compute-2", "compute-3", "text", "language")
        done = [scheduler.submit("compute", lambda _cancel, n=n: n) for n in range(8)]
        assert [ticket.result(10.0) for ticket in done] == list(range(8))
    finally:
        scheduler.close()
