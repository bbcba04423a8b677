"""A live stream has one piece of work at a time, however its tickets come to the workers."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
import pytest

from voxedge.audio.contract import UtteranceAudio
from voxedge.daemon.scheduler import LOCAL
from voxedge.daemon.streams import LiveStream


class Tickets:
    """A scheduler whose workers are the test: it says when, and by whom, a step is taken."""

    def __init__(self):
        self.steps = []

    def submit(self, lane, run, terms, cancel=None):
        ticket = SimpleNamespace(future=Future(), cancel=lambda: None)
        self.steps.append((run, ticket))
        return ticket

    def take(self, number):
        """One of two workers does a step; what is done with its future is what the scheduler does."""
        run, ticket = self.steps[number]
        run(None)
        ticket.future.set_result(None)


class Recognized:
    """A chain that notes what it recognizes, and goes on when the test says so."""

    def __init__(self):
        self.items, self.begun, self.may_end = [], threading.Event(), threading.Event()
        self.at_once = self.most_at_once = 0
        self.recognition = SimpleNamespace()
        self.watch = SimpleNamespace(heard=lambda item: None)
        self.turns = SimpleNamespace(end_all=lambda how: None, emit=lambda event: None)

    def recognize(self, item, token):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.items.append(item.kind)
        self.begun.set()
        assert self.may_end.wait(10.0)
        self.at_once -= 1


def sound(kind, turn=1):
    return UtteranceAudio(turn, np.zeros(16_000, np.float32), 0, 15_000, kind)


@pytest.fixture
def stream():
    chain, tickets = Recognized(), Tickets()
    stream = LiveStream(lambda deliver: chain, lambda event: None, scheduler=tickets, client=LOCAL)
    yield stream, chain, tickets
    chain.may_end.set()
    stream.close()


def test_a_ticket_that_came_too_late_to_be_cancelled_doesnt_work_beside_the_urgent_one(stream):
    stream, chain, tickets = stream
    stream._put(sound("growing"))
    stream._put(sound("final"))  # a ticket of its own; the first is in a worker's hands already
    assert len(tickets.steps) == 2
    first = threading.Thread(target=tickets.take, args=(0,))
    first.start()
    assert chain.begun.wait(10.0)
    tickets.take(1)  # the other worker finds the stream at work
    stream._put(sound("final", turn=2))
    assert chain.items == ["final"]
    chain.may_end.set()
    first.join(10.0)
    assert len(tickets.steps) == 3  # what came meanwhile isn't forgotten
    tickets.take(2)
    assert chain.items == ["final", "final"]
    assert chain.most_at_once == 1
    assert stream.wait_idle(1.0)
