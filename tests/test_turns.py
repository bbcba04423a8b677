from __future__ import annotations

import threading

from voxedge.errors import DeviceLost, EngineCrashed
from voxedge.events import Degraded, Partial, Recovered, SpeechStarted, Transcript, TurnEnded
from voxedge.turns import Health, Turns


def test_a_turn_ends_once_and_nothing_of_it_comes_after():
    seen = []
    turns = Turns(seen.append)
    turns.emit(SpeechStarted(turn=1, time=1.0))
    turns.emit(Transcript(turn=1, time=2.5, text="stop"))
    assert turns.end(1, "intent")
    assert not turns.end(1, "failed")
    turns.emit(Partial(turn=1, text="too late"))
    turns.end_all("cancelled")
    assert [type(e).__name__ for e in seen] == ["SpeechStarted", "Transcript", "TurnEnded"]
    assert (seen[-1].outcome, seen[-1].time) == ("intent", 2.5)


def test_what_belongs_to_no_turn_always_gets_through():
    seen = []
    turns = Turns(seen.append)
    turns.emit(Degraded(room="audio", reason="device_lost", remedy="Plug it in."))
    assert len(seen) == 1


def test_many_threads_ending_one_turn_end_it_once():
    seen = []
    turns = Turns(seen.append)
    for number in range(1, 51):
        turns.emit(SpeechStarted(turn=number))
    start = threading.Barrier(8)

    def end_all():
        start.wait()
        for number in range(1, 51):
            turns.end(number, "cancelled")

    threads = [threading.Thread(target=end_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(e.turn for e in seen if isinstance(e, TurnEnded)) == list(range(1, 51))
    assert turns.open_turns == ()


def test_trouble_is_told_once_and_its_end_once():
    seen = []
    health = Health(seen.append)
    health.worked("conversation")
    health.failed("conversation", EngineCrashed("gone", remedy="Wait."))
    health.failed("conversation", EngineCrashed("gone", remedy="Wait."))
    health.failed("audio", DeviceLost("gone", remedy="Plug it in."))
    assert health.degraded == {"conversation": "engine_crashed", "audio": "device_lost"}
    health.worked("conversation")
    health.worked("conversation")
    assert [(type(e), e.room, e.reason) for e in seen] == [
        (Degraded, "conversation", "engine_crashed"),
        (Degraded, "audio", "device_lost"),
        (Recovered, "conversation", "engine_crashed"),
    ]
