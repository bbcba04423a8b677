"""Threads that are kept, and those that are left behind."""

from __future__ import annotations

import threading
import time

import pytest

from voxedge.errors import ClosedError
from voxedge.workers import Workers


def test_a_name_keeps_its_thread():
    workers = Workers()
    seen = []
    for _ in range(50):
        job = workers.run("one", lambda: seen.append(threading.get_ident()))
        assert job.wait(5.0)
    assert len(set(seen)) == 1
    workers.close(1.0)


def test_a_busy_thread_is_left_behind_and_ends_with_its_work():
    workers, hold = Workers(), threading.Event()
    stuck = [workers.run("one", lambda: hold.wait(10.0)) for _ in range(3)]
    assert workers.busy("one") == 3
    assert workers.busy("other") == 0
    job = workers.run("other", lambda: 42)
    assert job.wait(5.0)
    assert job.result() == 42
    hold.set()
    assert all(job.wait(5.0) for job in stuck)
    assert workers.busy("one") == 0
    workers.close(1.0)


def test_what_the_work_raises_reaches_the_one_who_asks_and_the_thread_goes_on():
    workers = Workers()

    def fail():
        raise ValueError("no")

    job = workers.run("one", fail)
    assert job.wait(5.0)
    with pytest.raises(ValueError, match="no"):
        job.result()
    after = workers.run("one", threading.get_ident)
    assert after.wait(5.0)
    assert after.result() != threading.get_ident()
    workers.close(1.0)


def test_closing_doesn_t_wait_for_work_and_refuses_more():
    workers, hold = Workers(), threading.Event()
    before = threading.active_count()
    idle = workers.run("idle", lambda: None)
    busy = workers.run("busy", lambda: hold.wait(10.0))
    assert idle.wait(5.0)
    began = time.monotonic()
    workers.close(0.1)
    assert time.monotonic() - began < 2.0
    with pytest.raises(ClosedError):
        workers.run("idle", lambda: None)
    hold.set()
    assert busy.wait(5.0)
    for _ in range(200):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert threading.active_count() == before
