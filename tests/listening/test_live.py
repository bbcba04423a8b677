"""Listening in threads with engines that are slow, broken or stuck: no sound is lost, turns end once."""

from __future__ import annotations

import threading
import time
from collections import Counter

import numpy as np
import pytest

from voxedge.assistant import Assistant
from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame
from voxedge.bench.paced import PacedSource
from voxedge.build import Parts
from voxedge.config import Config
from voxedge.errors import EngineError
from voxedge.events import NEVER, SpeechEnded, SpeechStarted, Transcript, TurnEnded
from voxedge.recognition.contract import Recognition, RecognizerCapabilities

UTTERANCES = 6


def stream(utterances=UTTERANCES):
    """Noise bursts in a quiet room; for the loudness detector that is speech."""
    rng = np.random.default_rng(8)
    pieces = []
    for _ in range(utterances):
        pieces += [rng.normal(scale=1e-4, size=24_000), rng.normal(scale=0.1, size=16_000)]
    pieces.append(rng.normal(scale=1e-4, size=24_000))
    return np.concatenate(pieces).astype(np.float32)


class Slow:
    """A recognizer that takes its time, and keeps what it was given."""

    def __init__(self, seconds=0.0, error=None, polls=True):
        self.seconds, self.error, self.polls = seconds, error, polls
        self.given = []
        self.threads = set()

    @property
    def capabilities(self):
        return RecognizerCapabilities(model="slow", languages=("en",))

    def recognize(self, samples, options, cancel=NEVER):
        self.threads.add(threading.current_thread().name)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            if self.polls:
                cancel.raise_if_cancelled()
            time.sleep(0.01)
        if self.error is not None:
            raise self.error
        if not options.partial:
            self.given.append(samples.copy())
        return Recognition(text="one two", confidence=0.9, end=len(samples) / SAMPLE_RATE_HZ)

    def close(self):
        pass


def assistant(recognizer, **listening):
    config = Config.from_mapping(
        {
            "listening": {"voice_activity": "energy", **listening},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
        },
        environment={},
    )
    return Assistant(config, parts=Parts(recognizer=recognizer))


def one_end_each(events):
    started = [event.turn for event in events if isinstance(event, SpeechStarted)]
    ended = Counter(event.turn for event in events if isinstance(event, TurnEnded))
    assert ended == Counter(started)
    return started


class Counting(PacedSource):
    """A live source that remembers the longest time between handing out a frame and being asked for more."""

    def __init__(self, sound):
        super().__init__(sound, realtime=False)
        self.longest_s = 0.0

    def frames(self, cancel):
        for frame in super().frames(cancel):
            before = time.monotonic()
            yield frame
            self.longest_s = max(self.longest_s, time.monotonic() - before)


def test_a_slow_recognizer_holds_nothing_up_and_no_sample_is_lost():
    recognizer, sound = Slow(0.25), stream()
    source = Counting(sound)
    with assistant(recognizer) as own:
        events = list(own.listen(source))
    assert len(one_end_each(events)) == UTTERANCES
    assert len([e for e in events if isinstance(e, Transcript) and e.text == "one two"]) == UTTERANCES
    # Listening was never made to wait for recognition (which took a quarter of a second each time).
    assert source.longest_s < 0.2
    assert not any("listening" in name for name in recognizer.threads)
    windows = np.lib.stride_tricks.sliding_window_view(sound, 64)
    heard = []
    for samples in recognizer.given:
        (place,) = np.flatnonzero((windows == samples[:64]).all(axis=1))
        assert np.array_equal(sound[place : place + len(samples)], samples)
        heard.append((place, place + len(samples)))
    for burst in (24_000 + number * 40_000 for number in range(UTTERANCES)):
        assert any(start <= burst and burst + 16_000 <= end for start, end in heard)


def test_a_recognizer_that_fails_ends_each_turn_once_as_failed():
    recognizer = Slow(0.0, EngineError("It broke.", remedy="Try again.", room="recognition"))
    with assistant(recognizer) as own:
        events = list(own.listen(Counting(stream())))
    assert len(one_end_each(events)) == UTTERANCES
    outcomes = {(e.outcome, e.error.code) for e in events if isinstance(e, TurnEnded)}
    assert outcomes == {("failed", "engine_failed")}


@pytest.mark.parametrize("polls", [True, False])
def test_closing_is_quick_while_recognition_hangs(polls):
    recognizer = Slow(5.0, polls=polls)
    own = assistant(recognizer)
    took, events = [], []

    def close():
        while not recognizer.threads:
            time.sleep(0.01)
        began = time.monotonic()
        own.close()
        took.append(time.monotonic() - began)

    closer = threading.Thread(target=close)
    closer.start()
    for event in own.listen(Counting(stream())):
        events.append(event)
    closer.join()
    assert took[0] < 2.5  # two seconds are promised
    one_end_each(events)


def test_the_same_sound_gives_the_same_ends_in_blocks_of_any_size():
    sound, found = stream(3), []
    for size in (100, 512, 1000, 48_000, len(sound)):
        blocks = [sound[i : i + size] for i in range(0, len(sound), size)]
        with assistant(Slow()) as own:
            events = list(own.listen(blocks))
        found.append([(e.turn, e.time, e.reason, e.speech_end) for e in events if isinstance(e, SpeechEnded)])
    assert len(found[0]) == 3
    assert all(ends == found[0] for ends in found)


def test_a_source_whose_numbers_jump_ends_the_turn_and_goes_on():
    sound = stream(2)

    class Jumping(PacedSource):
        def frames(self, cancel):
            jump = 0
            for frame in super().frames(cancel):
                if frame.start_sample == 32_256:  # in the middle of the first burst
                    jump = 480_000
                assert frame.start_sample % FRAME_SAMPLES == 0
                yield Frame(frame.samples, frame.start_sample + jump)

    with assistant(Slow()) as own:
        events = list(own.listen(Jumping(sound, realtime=False)))
    assert len(one_end_each(events)) >= 2
