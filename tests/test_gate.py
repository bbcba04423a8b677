from __future__ import annotations

import numpy as np

from voxedge.audio.contract import FRAME_SAMPLES, Frame
from voxedge.events import SpeakingEnded, SpeakingStarted
from voxedge.gate import ListeningGate


def frame(number):
    return Frame(np.full(FRAME_SAMPLES, 0.5, np.float32), number * FRAME_SAMPLES)


def test_everything_passes_by_default():
    gate = ListeningGate()
    assert gate.admit(frame(0)).samples[0] == 0.5
    assert gate.take_verdict() == ""


def test_pausing_gives_up_the_utterance_once_and_stops_the_source():
    calls = []
    gate = ListeningGate()
    gate.attach(lambda: calls.append("mute"), lambda: calls.append("unmute"))
    gate.pause()
    assert gate.admit(frame(0)) is None
    assert gate.take_verdict() == "cancel"
    assert gate.take_verdict() == ""
    gate.resume()
    assert gate.admit(frame(1)) is not None
    assert calls == ["mute", "unmute"]


def test_push_to_talk_ends_the_utterance_when_the_button_goes_up():
    calls = []
    gate = ListeningGate(push_to_talk=True)
    gate.attach(lambda: calls.append("mute"), lambda: calls.append("unmute"))
    assert gate.admit(frame(0)) is None
    gate.press()
    assert gate.admit(frame(1)) is not None
    assert gate.take_verdict() == ""
    gate.release()
    assert gate.admit(frame(2)) is None
    assert gate.take_verdict() == "flush"
    assert calls == ["mute", "unmute", "mute"]


def test_pressing_while_paused_opens_nothing():
    calls = []
    gate = ListeningGate(push_to_talk=True)
    gate.attach(lambda: calls.append("mute"), lambda: calls.append("unmute"))
    gate.pause()
    gate.press()
    assert gate.admit(frame(0)) is None
    assert "unmute" not in calls


def test_deaf_while_the_loudspeaker_sounds_and_a_little_longer():
    gate = ListeningGate(deaf_while_speaking=True)
    gate.observe(SpeakingStarted(text="hello"))
    assert not gate.admit(frame(0)).samples.any()
    gate.observe(SpeakingEnded(text="hello"))
    assert not gate.admit(frame(1)).samples.any()
    assert gate.admit(frame(20)).samples.any()
