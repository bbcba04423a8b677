from __future__ import annotations

import threading

import pytest

from voxedge.errors import ClosedError
from voxedge.mailbox import Mailbox


def partials_first(limit, dropped):
    return Mailbox(limit, droppable=lambda item: item.startswith("partial"), on_drop=dropped.append)


def test_in_order():
    box: Mailbox[int] = Mailbox(3)
    for number in range(3):
        assert box.put(number)
    assert [box.get(0), box.get(0), box.get(0), box.get(0)] == [0, 1, 2, None]


def test_when_full_the_oldest_partial_goes_and_never_a_final():
    dropped: list[str] = []
    box = partials_first(3, dropped)
    for item in ("final 1", "partial 1", "partial 2"):
        box.put(item)
    assert box.put("final 2")
    assert dropped == ["partial 1"]
    assert [box.get(0) for _ in range(3)] == ["final 1", "partial 2", "final 2"]
    assert box.statistics.dropped == 1


def test_a_partial_that_finds_only_finals_is_refused():
    dropped: list[str] = []
    box = partials_first(1, dropped)
    box.put("final")
    assert not box.put("partial")
    assert dropped == ["partial"]


def test_a_writer_of_finals_waits_for_room():
    box: Mailbox[str] = Mailbox(1)
    box.put("first")
    assert not box.put("second", timeout_s=0.01)
    writer = threading.Thread(target=box.put, args=("second",))
    writer.start()
    assert box.get(1) == "first"
    assert box.get(1) == "second"
    writer.join(1)
    assert not writer.is_alive()


def test_newer_work_supersedes_older():
    box: Mailbox[tuple[int, int]] = Mailbox(8, supersedes=lambda new, old: new[0] == old[0])
    for item in ((1, 1), (2, 1), (1, 2)):
        box.put(item)
    assert [box.get(0), box.get(0), box.get(0)] == [(2, 1), (1, 2), None]
    assert box.statistics.superseded == 1


def test_closing_wakes_writers_and_readers_and_keeps_what_waits():
    box: Mailbox[str] = Mailbox(1)
    box.put("kept")
    failures: list[BaseException] = []

    def write():
        try:
            box.put("late")
        except ClosedError as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    box.close()
    writer.join(1)
    assert len(failures) == 1
    assert not box.finished
    assert box.get(0) == "kept"
    assert box.finished
    assert box.get(0) is None
    with pytest.raises(ClosedError):
        box.put("later")
