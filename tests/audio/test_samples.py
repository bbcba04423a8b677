import numpy as np
import pytest

from voxedge.audio.samples import check_rate, check_samples, to_mono
from voxedge.errors import AudioEmpty, AudioInvalid


def test_good_samples_are_given_back_as_they_are():
    samples = np.linspace(-1, 1, 100, dtype=np.float32)
    assert check_samples(samples) is samples


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ([0.0, 0.1], "not list"),
        (np.zeros(4), "float64"),
        (np.zeros(4, np.int16), "int16"),
        (np.zeros((4, 1), np.float32), r"\(4, 1\)"),
        (np.zeros((), np.float32), r"\(\)"),
        (np.array([0, np.nan], np.float32), "not numbers"),
        (np.array([0, np.inf], np.float32), "infinite"),
        (np.array([-np.inf, 0], np.float32), "infinite"),
        (np.array([0, 20000], np.float32), "20000"),
        (np.array([0, -20000], np.float32), "20000"),
    ],
)
def test_other_samples_are_refused_by_name(samples, words):
    with pytest.raises(AudioInvalid, match=words) as caught:
        check_samples(samples)
    assert caught.value.remedy


def test_no_samples():
    nothing = np.zeros(0, np.float32)
    with pytest.raises(AudioEmpty):
        check_samples(nothing)
    assert check_samples(nothing, allow_empty=True) is nothing


def test_a_decoders_overshoot_passes():
    check_samples(np.array([1.3, -1.2], np.float32))


def test_int16_is_scaled_by_32768():
    mono = to_mono(np.array([-32768, 0, 16384, 32767], np.int16))
    assert mono.dtype == np.float32
    np.testing.assert_array_equal(mono, np.array([-1, 0, 0.5, 32767 / 32768], np.float32))


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_channels_are_averaged(dtype):
    scale = 16384 if dtype == np.int16 else 0.5
    stereo = np.stack([np.full(7, scale), np.full(7, -scale / 2)], axis=1).astype(dtype)
    np.testing.assert_allclose(to_mono(stereo), np.full(7, 0.125), rtol=1e-6)
    np.testing.assert_allclose(to_mono(stereo[:, :1]), np.full(7, 0.5), rtol=1e-6)


@pytest.mark.parametrize(
    "block",
    [
        b"\0\0",
        np.float32(1),
        np.zeros((2, 4, 2), np.float32),
        np.zeros((2, 4000), np.float32),
        np.zeros(4, np.int32),
        np.zeros(4, bool),
        np.zeros(4, complex),
        np.array(["a"]),
        np.array([[np.inf, -np.inf]]),
        np.array([np.nan], np.float32),
        np.array([30000.0]),
    ],
)
def test_blocks_that_are_no_sound(block):
    with pytest.raises(AudioInvalid):
        to_mono(block)


def test_an_empty_block_is_fine():
    assert to_mono(np.zeros((0, 2), np.float32)).shape == (0,)
    assert to_mono(np.zeros(0, np.int16)).shape == (0,)


@pytest.mark.parametrize("rate", [0, -16000, 3999, 1_000_000, 16000.0, "16000", True])
def test_rates_that_cannot_be(rate):
    with pytest.raises(AudioInvalid):
        check_rate(rate)


def test_rates_that_can_be():
    assert [check_rate(rate) for rate in (8000, 16000, 44100, 192000)] == [8000, 16000, 44100, 192000]
