import numpy as np
import pytest

from voxedge.recognition.speech import FRAME_S, LEAD_FRAMES, SpeechFinder, SpeechStream, weigh


def chances(*runs):
    return np.concatenate([np.full(count, value, np.float32) for value, count in runs])


def test_edges_are_those_of_the_speech():
    found = weigh(chances((0.0, 20), (0.99, 30), (0.0, 50)), 100 * FRAME_S)
    assert found.start_s == pytest.approx(20 * FRAME_S)
    assert found.end_s == pytest.approx(50 * FRAME_S)
    assert found.peak == pytest.approx(0.99, abs=1e-3)


def test_doubtful_noise_at_the_ends_of_clear_speech_is_left_out():
    found = weigh(chances((0.5, 10), (0.0, 20), (0.99, 30), (0.0, 20), (0.6, 10)), 90 * FRAME_S)
    assert (found.start_s, found.end_s) == (pytest.approx(30 * FRAME_S), pytest.approx(60 * FRAME_S))


def test_faint_speech_alone_is_kept_whole():
    found = weigh(chances((0.5, 10), (0.0, 20), (0.6, 10)), 40 * FRAME_S)
    assert (found.start_s, found.end_s) == (0.0, pytest.approx(40 * FRAME_S))


def test_a_faint_word_close_to_clear_speech_is_kept():
    found = weigh(chances((0.99, 30), (0.0, 5), (0.5, 10)), 45 * FRAME_S)
    assert found.end_s == pytest.approx(45 * FRAME_S)


def test_without_speech_the_whole_is_looked_at():
    found = weigh(chances((0.01, 50)), 50 * FRAME_S)
    assert (found.start_s, found.end_s) == (0.0, 50 * FRAME_S)
    assert weigh(np.zeros(0, np.float32), 0.0).peak == 0.0


@pytest.mark.data
def test_silero_finds_speech_and_a_stream_agrees_with_the_whole(data_dir):
    from voxedge.audio.decode import read

    samples = read(data_dir / "speech-en" / "read" / "jfk.flac")[: 512 * 150]
    finder = SpeechFinder()
    whole = finder.probabilities(samples)
    assert len(whole) == 150
    assert whole.max() > 0.8
    stream = SpeechStream(finder)
    for _ in range(31):
        stream(np.zeros(512, np.float32))
    one_by_one = [stream(samples[i : i + 512]) for i in range(0, len(samples), 512)]
    np.testing.assert_allclose(one_by_one, whole, atol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 5000])
def test_the_silence_before_is_heard_once_and_counts_for_every_sound(count):
    samples = np.random.default_rng(6).normal(scale=0.1, size=count).astype(np.float32)
    finder = SpeechFinder()
    stream = SpeechStream(finder)
    for _ in range(LEAD_FRAMES):
        stream(np.zeros(512, np.float32))
    padded = np.pad(samples, (0, -count % 512))
    one_by_one = [stream(padded[i : i + 512]) for i in range(0, len(padded), 512)]
    np.testing.assert_allclose(finder.probabilities(samples), one_by_one, atol=1e-5)
