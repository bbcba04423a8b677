from __future__ import annotations

import numpy as np
import pytest

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


def test_a_pause_before_the_stream_holds():
    calls = []
    gate = ListeningGate(paused=True)
    gate.attach(lambda: calls.append("mute"), lambda: calls.append("unmute"))
    assert gate.paused
    assert calls == ["mute"]
    gate.resume()
    assert not gate.paused
    assert calls == ["mute", "unmute"]


@pytest.mark.parametrize("push_to_talk", [True, False])
def test_opening_again_while_the_source_is_being_muted_isn_t_lost(push_to_talk):
    calls = []
    gate = ListeningGate(push_to_talk=push_to_talk)

    def mute():
        calls.append("mute")
        if len(calls) > 1:
            gate.press() if push_to_talk else gate.resume()  # another thread, at the worst of moments
            calls.append("mute")

    gate.attach(mute, lambda: calls.append("unmute"))
    if push_to_talk:
        gate.press()
        gate.release()
    else:
        calls.append("begun")
        gate.pause()
    gate.take_verdict()
    assert calls[-1] == "unmute"
