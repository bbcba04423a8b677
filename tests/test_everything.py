"""What `voxedge bench soak --everything` stands on: its device, and that it would notice a lost sample."""

from __future__ import annotations

import threading

import numpy as np

from voxedge.audio.microphone import MicrophoneSource
from voxedge.bench.everything import Heard, Slowed, _lost
from voxedge.bench.fakedevice import FakeDevice
from voxedge.bench.paced import Spoken
from voxedge.events import CancelToken
from voxedge.recognition.contract import RecognitionOptions
from voxedge.testing import ScriptedRecognizer


def noise(seconds):
    return np.random.default_rng(5).normal(scale=0.1, size=int(seconds * 16_000)).astype(np.float32)


def test_the_device_s_sound_comes_through_the_microphone_whole():
    sound, ended = noise(0.8), threading.Event()
    device = FakeDevice(sound, ended.set)
    with device.installed():
        source = MicrophoneSource()
        heard = []
        for frame in source.frames(CancelToken()):
            heard.append(frame.samples)
            if len(heard) == 20:
                source.close()
    assert np.array_equal(np.concatenate(heard), sound[: 20 * 512])
    assert source.lost_samples == 0
    assert len(device.callback_s) >= 20


def test_a_lost_sample_is_noticed():
    sound, heard = noise(4.0), Heard()
    slowed = Slowed(ScriptedRecognizer(["one"] * 9), sound, 0.0, heard)
    slowed.recognize(sound[16_000:32_000], RecognitionOptions())
    assert (heard.damaged, heard.stretches) == (0, [(16_000, 32_000)])
    slowed.recognize(np.delete(sound[40_000:48_000], 5_000), RecognitionOptions())
    assert heard.damaged == 1
    inside, beyond = Spoken(1.2, 1.9), Spoken(1.5, 2.25)
    assert _lost([inside], heard, 0)["lost_samples_of_utterances"] == 0
    figures = _lost([inside, beyond], heard, 0)
    assert figures["lost_samples_of_utterances"] == 4_000
    assert figures["utterances_with_a_loss"] == 1
