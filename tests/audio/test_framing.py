import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.audio.contract import FRAME_SAMPLES
from voxedge.audio.framing import Framer, frames_of
from voxedge.audio.resample import Resampler, resample


def cut(sound, sizes):
    """Blocks of the given sizes, over and over, until the sound is used up."""
    at = turn = 0
    while at < sound.size:
        size = sizes[turn % len(sizes)]
        yield sound[at : at + size]
        at, turn = at + size, turn + 1


def rebuilt(frames):
    return np.concatenate([frame.samples for frame in frames]) if frames else np.zeros(0, np.float32)


@settings(deadline=None, max_examples=60)
@given(
    length=st.integers(0, 5 * FRAME_SAMPLES),
    sizes=st.lists(st.integers(0, 1500), min_size=1, max_size=6).filter(any),
)
def test_blocks_of_any_size_give_the_same_frames(length, sizes):
    sound = np.arange(1, length + 1, dtype=np.float32) / 5000
    frames = list(frames_of(cut(sound, sizes)))
    whole = list(frames_of([sound]))
    assert [f.start_sample for f in frames] == [f.start_sample for f in whole]
    assert [f.start_sample for f in frames] == list(range(0, length, FRAME_SAMPLES))
    np.testing.assert_array_equal(rebuilt(frames), rebuilt(whole))
    # Nothing is lost at the end, and what is added is silence.
    np.testing.assert_array_equal(rebuilt(frames)[:length], sound)
    assert not rebuilt(frames)[length:].any()
    assert all(f.samples.shape == (FRAME_SAMPLES,) and f.samples.dtype == np.float32 for f in frames)


@pytest.mark.parametrize("length", [FRAME_SAMPLES, 2 * FRAME_SAMPLES])
def test_a_whole_number_of_frames_gets_no_padding(length):
    assert len(list(frames_of([np.ones(length, np.float32)]))) == length // FRAME_SAMPLES


def test_numbers_go_on_from_the_start_given():
    framer = Framer(start_sample=1000)
    assert framer.feed(np.ones(100, np.float32)) == []
    assert framer.samples_in == 1100
    (frame,) = framer.flush()
    assert frame.start_sample == 1000
    assert frame.start_s == 1000 / 16000
    assert framer.flush() == []


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 24000, 44100, 48000, 96000])
@pytest.mark.parametrize("sizes", [[1], [7, 160, 3], [441], [1024]])
def test_resampling_does_not_depend_on_the_cutting(rate, sizes):
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, 3000).astype(np.float32)
    resampler = Resampler(rate)
    pieces = [resampler.feed(block) for block in cut(sound, sizes)]
    got = np.concatenate([*pieces, resampler.flush()])
    np.testing.assert_array_equal(got, resample(sound, rate))
    assert abs(got.size - sound.size * 16000 / rate) <= 1


@pytest.mark.parametrize("rate", [8000, 24000, 44100, 48000])
def test_a_tone_stays_where_and_what_it_is(rate):
    seconds = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 440 * seconds).astype(np.float32)
    got = resample(tone, rate)
    wanted = np.sin(2 * np.pi * 440 * np.arange(got.size) / 16000)
    # The ends are touched by the filter, the middle must agree: no delay, no other level.
    np.testing.assert_allclose(got[200:-200], wanted[200:-200], atol=1e-3)


def test_what_16_khz_cannot_hold_is_filtered_out():
    seconds = np.arange(48000) / 48000
    got = resample(np.sin(2 * np.pi * 11000 * seconds).astype(np.float32), 48000)
    assert np.abs(got[200:-200]).max() < 0.01


def test_equal_rates_pass_untouched():
    sound = np.random.default_rng(2).uniform(-1, 1, 777).astype(np.float32)
    np.testing.assert_array_equal(resample(sound, 16000), sound)


def test_a_resampler_starts_anew_after_a_flush():
    sound = np.random.default_rng(3).uniform(-1, 1, 4410).astype(np.float32)
    resampler = Resampler(44100)
    first = np.concatenate([resampler.feed(sound), resampler.flush()])
    second = np.concatenate([resampler.feed(sound), resampler.flush()])
    np.testing.assert_array_equal(first, second)
    assert resampler.flush().size == 0
