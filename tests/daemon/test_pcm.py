from __future__ import annotations

import numpy as np
import pytest

from voxedge.daemon.pcm import PcmConverter, PcmFormat, to_pcm16
from voxedge.errors import AudioInvalid


def tone(rate_hz, seconds=1.0):
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def pcm(samples, width, channels):
    many = np.repeat(samples[:, np.newaxis], channels, axis=1).reshape(-1)
    if width == 1:
        return np.round(many * 127 + 128).astype(np.uint8).tobytes()
    if width == 2:
        return (many * 32767).astype("<i2").tobytes()
    if width == 4:
        return (many.astype(np.float64) * 2147483647).astype("<i4").tobytes()
    whole = (many.astype(np.float64) * 8388607).astype("<i4").view(np.uint8).reshape(-1, 4)
    return whole[:, :3].tobytes()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_form_becomes_the_same_sound(rate_hz, width, channels):
    converter = PcmConverter()
    form = PcmFormat(rate_hz, width, channels)
    sound = pcm(tone(rate_hz), width, channels)
    # Cut where it hurts: in the middle of samples.
    pieces = [converter.feed(sound[i : i + 1111], form) for i in range(0, len(sound), 1111)]
    samples = np.concatenate([*pieces, converter.flush()])
    wanted = tone(16_000)
    assert abs(len(samples) - len(wanted)) <= 1
    middle = slice(1000, 15_000)
    assert np.abs(samples[middle] - wanted[middle]).max() < (0.03 if width == 1 else 0.01)


def test_the_form_may_change_on_the_way():
    converter = PcmConverter()
    first = converter.feed(pcm(tone(8_000), 2, 1), PcmFormat(8_000, 2, 1))
    second = converter.feed(pcm(tone(48_000), 4, 2), PcmFormat(48_000, 4, 2))
    total = len(first) + len(second) + len(converter.flush())
    assert abs(total - 32_000) <= 2


@pytest.mark.parametrize(
    "form", [(0, 2, 1), (16_000, 5, 1), (16_000, 0, 1), (16_000, 2, 0), (16_000, 2, 99), (10**9, 2, 1)]
)
def test_forms_that_do_not_exist(form):
    with pytest.raises(AudioInvalid) as caught:
        PcmConverter().feed(b"\0" * 100, PcmFormat(*form))
    assert caught.value.remedy


def test_sound_beyond_full_scale_is_cut_off():
    assert np.frombuffer(to_pcm16(np.array([2.0, -2.0, 0.0], dtype=np.float32)), "<i2").tolist() == [
        32767,
        -32767,
        0,
    ]
