"""What the measurement of streams counts as held, without a server."""

from __future__ import annotations

import numpy as np

from voxedge.bench.serve import CHUNK_SAMPLES, LEAD_MS, Level, _cut, _held


def level(streams, *latencies_s, refused=0):
    return Level(streams, list(latencies_s), refused)


def test_held_is_the_last_number_before_the_first_that_was_not():
    levels = [level(1, 0.1), level(2, 0.2, 0.4), level(4, 0.2, 0.9), level(8, 0.1)]
    assert _held(levels, 500) == 2
    assert _held([level(1, 0.1), level(2, 0.1, refused=1)], 500) == 1
    assert _held([level(1)], 500) == 0  # nobody was served at all
    assert _held([], 500) == 0


def test_one_in_twenty_may_be_late():
    assert level(1, *[0.1] * 20, 0.9).held(500)
    assert not level(1, *[0.1] * 9, 0.9).held(500)


def test_a_recording_is_cut_to_its_speech_and_a_silence():
    sound = np.ones(16_000, dtype=np.float32) * 0.5
    whole = np.frombuffer(_cut(sound, (0.5, 0.8), 100), "<i2")
    assert len(whole) == int((0.9 - (0.5 - LEAD_MS / 1000)) * 16_000)
    longer = np.frombuffer(_cut(sound, (0.5, 0.9), 700), "<i2")
    assert abs(longer[-CHUNK_SAMPLES:]).max() < 50  # a quiet room goes on behind the recording
