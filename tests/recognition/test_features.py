import numpy as np
import pytest

from voxedge.recognition.decoding import window_features
from voxedge.recognition.features import log_mel


@pytest.mark.parametrize("bands", [80, 128])
def test_frames_are_those_that_whisper_was_trained_on(bands):
    from faster_whisper.feature_extractor import FeatureExtractor

    sound = np.random.default_rng(3).normal(0, 0.1, 16_000 * 3).astype(np.float32)
    reference = FeatureExtractor(feature_size=bands)(sound, padding=0)
    ours = log_mel(sound, bands)
    assert ours.shape == (bands, 300)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, reference[:, :300], atol=1e-4)


def test_silence_gives_numbers():
    assert np.isfinite(log_mel(np.zeros(16_000, np.float32))).all()


@pytest.mark.parametrize("window_s", [5.0, 7.33, 30.0])
def test_a_window_is_filled_with_silence_and_has_an_even_number_of_frames(window_s):
    mel = window_features(np.full(16_000, 0.1, np.float32), window_s, 80)
    assert mel.shape[1] % 2 == 0
    assert abs(mel.shape[1] - window_s * 100) <= 2
    assert mel[:, -100:].max() == mel.min()
