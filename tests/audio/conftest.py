"""Sound files of every kind, made with PyAV when a test asks for them."""

import pytest
from sound_files import tones, write_sound


@pytest.fixture
def sound_file(tmp_path):
    """Makes a file: sound_file("mp3", seconds=2, rate_hz=44100, channels=2) gives its path."""

    def make(kind, *, seconds=2.0, rate_hz=48000, channels=1, sound=None):
        sound = tones(seconds, rate_hz, channels) if sound is None else sound
        return write_sound(tmp_path / f"sound-{rate_hz}-{channels}.{kind}", sound, rate_hz, kind)

    return make
