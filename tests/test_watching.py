"""A recognizer that hangs: the turn ends with the error, and those after it are served when it comes back."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from voxedge.assistant import Assistant
from voxedge.bench.paced import PacedSource
from voxedge.build import Parts
from voxedge.config import Config
from voxedge.events import NEVER, Degraded, Partial, Recovered, Transcript
from voxedge.recognition.contract import Recognition, RecognizerCapabilities
from voxedge.testing import turns
from voxedge.watching import MOST_HUNG


class Hanging:
    """A recognizer that heeds no token and hangs, as if in an engine, in some of its calls.

    Args:
        calls: Numbers of the calls that hang until `release` is set.
        shared: Whether a call that hangs holds up all others, as the lock of a model does.
    """

    def __init__(self, calls, shared=False):
        self.calls, self.release = set(calls), threading.Event()
        self.count, self._lock, self._shared = 0, threading.Lock(), shared
        self._model = threading.Lock()

    @property
    def capabilities(self):
        return RecognizerCapabilities(model="hanging", languages=("en",))

    def recognize(self, samples, options, cancel=NEVER):
        with self._lock:
            number, self.count = self.count, self.count + 1
        if self._shared:
            with self._model:
                self._hang(number)
        else:
            self._hang(number)
        cancel.raise_if_cancelled()
        return Recognition(text=f"number {number}", confidence=0.9, end=len(samples) / 16_000)

    def _hang(self, number):
        if number in self.calls:
            assert self.release.wait(60.0)

    def close(self):
        pass


class Bursts(PacedSource):
    """Noise bursts, each handed out when the turn before has ended."""

    def __init__(self, count):
        rng = np.random.default_rng(8)
        burst = [rng.normal(scale=1e-4, size=16_384), rng.normal(scale=0.1, size=12_288)]
        self.length, self.count = sum(len(piece) for piece in burst), count
        super().__init__(
            np.concatenate([*burst * count, rng.normal(scale=1e-4, size=24_576)]).astype(np.float32),
            realtime=False,
        )
        self.ended = threading.Semaphore(0)

    def frames(self, cancel):
        for frame in super().frames(cancel):
            number, place = divmod(frame.start_sample, self.length)
            if 0 < number < self.count and place == 16_384:
                while not (self.ended.acquire(timeout=0.05) or cancel.cancelled):
                    pass
            yield frame


def assistant_of(recognizer, timeout_s=0.2):
    config = Config.from_mapping(
        {
            "listening": {"voice_activity": "energy"},
            "recognition": {"hang_timeout_s": timeout_s, "partials": False},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
        },
        environment={},
    )
    return Assistant(config, parts=Parts(recognizer=recognizer))


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Half a second an utterance, so that the tests are quick."""
    monkeypatch.setattr("voxedge.watching.SOUND_FACTOR", 0.1)


def listen(recognizer, count, at_end=lambda number: None):
    """The events of so many utterances; ``at_end`` is called with the number of each turn that ended."""
    source, events = Bursts(count), []
    with assistant_of(recognizer) as assistant:
        for event in assistant.listen(source):
            events.append(event)
            if type(event).__name__ == "TurnEnded":
                at_end(event.turn)
                source.ended.release()
    return events


def test_a_hung_recognition_fails_its_turn_and_the_next_one_is_served():
    recognizer = Hanging(calls=())

    def at_end(number):
        recognizer.calls = range(1000) if number == 1 else ()  # the second utterance's, never to come back

    events = listen(recognizer, 3, at_end)
    recognizer.release.set()
    outcomes = [(turn.outcome, turn.error) for turn in turns(events)]
    assert outcomes[1] == ("failed", "engine_hung")
    assert outcomes[0][0] != "failed"
    assert outcomes[2][0] != "failed"
    health = [(type(e).__name__, e.room, e.reason) for e in events if isinstance(e, (Degraded, Recovered))]
    assert health == [
        ("Degraded", "recognition", "engine_hung"),
        ("Recovered", "recognition", "engine_hung"),
    ]


def test_while_the_model_is_held_all_fail_in_bounded_threads_and_then_recover():
    recognizer = Hanging(calls={0}, shared=True)
    most = []

    def at_end(number):
        most.append(sum(t.name == "voxedge-recognizing" for t in threading.enumerate() if t not in before))
        if number == 5:
            recognizer.release.set()
            time.sleep(0.3)

    before = threading.enumerate()
    events = listen(recognizer, 7, at_end)
    outcomes = [(turn.outcome, turn.error) for turn in turns(events)]
    assert outcomes[:5] == [("failed", "engine_hung")] * 5
    assert all(outcome != "failed" for outcome, _ in outcomes[5:])
    assert max(most) <= MOST_HUNG
    assert isinstance([e for e in events if isinstance(e, (Degraded, Recovered))][-1], Recovered)
    # What came back too late is told to nobody.
    assert len([e for e in events if isinstance(e, Transcript)]) == 2
    assert not [e for e in events if isinstance(e, Partial)]


def test_closing_while_the_recognizer_hangs_for_good_is_quick():
    recognizer = Hanging(calls=range(100))
    assistant, events, took = assistant_of(recognizer, timeout_s=60.0), [], []

    def close():
        while not recognizer.count:
            time.sleep(0.01)
        began = time.monotonic()
        assistant.close()
        took.append(time.monotonic() - began)

    closer = threading.Thread(target=close)
    closer.start()
    for event in assistant.listen(Bursts(2)):
        events.append(event)
    closer.join()
    recognizer.release.set()
    assert took[0] < 2.5  # two seconds are promised
    assert all(turn.outcome == "cancelled" for turn in turns(events))


def test_zero_waits_for_ever():
    recognizer = Hanging(calls={0})
    timer = threading.Timer(1.0, recognizer.release.set)
    timer.start()
    source = Bursts(1)
    with assistant_of(recognizer, timeout_s=0.0) as assistant:
        (turn,) = turns(assistant.listen(source))
    timer.join()
    assert turn.text.startswith("number")
