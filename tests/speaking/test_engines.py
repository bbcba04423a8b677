import os
import shutil
import stat

import numpy as np
import pytest

from voxedge import speaking
from voxedge.errors import (
    ClosedError,
    EngineCrashed,
    EngineHung,
    EngineLoadFailed,
    ExtraMissing,
    LanguageUnsupported,
    ModelMissing,
    SystemPackageMissing,
    TextInvalid,
    UsageError,
)
from voxedge.events import CancelToken


@pytest.fixture(scope="module")
def hibari():
    pytest.importorskip("hibari", reason="needs the extra [speech]")
    return speaking.create("hibari")


@pytest.fixture
def espeak_needed():
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")


def seconds(sounds, voice):
    return sum(sound.size for sound in sounds) / voice.capabilities.rate_hz


def test_hibari_speaks(hibari):
    sounds = list(hibari.synthesize("Hello there. How are you today?"))
    assert len(sounds) == 2
    for sound in sounds:
        assert sound.dtype == np.float32
        assert sound.ndim == 1
        assert 0.05 < np.abs(sound).max() <= 1.0
    assert 1.5 < seconds(sounds, hibari) < 6
    assert hibari.capabilities.rate_hz == 24000
    assert "heart" in hibari.capabilities.voices


def test_hibari_says_the_same_twice(hibari):
    first, second = (np.concatenate(list(hibari.synthesize("The same."))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_hibari_gives_the_first_sentence_before_it_makes_the_second(hibari):
    token = CancelToken()
    sounds = hibari.synthesize("One. Two. Three.", token)
    assert next(sounds).size
    token.cancel()
    assert list(sounds) == []


def test_a_faster_rate_is_shorter(hibari):
    text = "This is a sentence of some length, to be measured."
    fast = speaking.create("hibari", rate=1.6)
    assert seconds(fast.synthesize(text), fast) < 0.8 * seconds(hibari.synthesize(text), hibari)


@pytest.mark.parametrize("text", ["", " ", "...", "a" * 100_001])
def test_nothing_or_too_much_to_say(hibari, text):
    with pytest.raises(TextInvalid):
        list(hibari.synthesize(text))


def test_hibari_fetches_nothing(hibari, monkeypatch, tmp_path):
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    with pytest.raises(ModelMissing, match="emma"):
        speaking.create("hibari", voice="emma")
    with pytest.raises(UsageError, match="nobody") as caught:
        speaking.create("hibari", voice="nobody")
    assert "heart" in caught.value.remedy


def test_hibari_takes_a_verified_folder_and_names_a_broken_model(hibari, tmp_path):
    from hibari.voices import voice_path

    shutil.copy(voice_path("heart"), tmp_path / "hibari.onnx")
    own = speaking.create("hibari", model_dir=tmp_path)
    assert next(own.synthesize("Hello.")).size
    (tmp_path / "hibari.onnx").write_bytes(b"no model")
    with pytest.raises(EngineLoadFailed, match="heart"):
        speaking.create("hibari", model_dir=tmp_path)


def test_hibari_speaks_english_only(hibari):
    with pytest.raises(LanguageUnsupported) as caught:
        speaking.create("hibari", language="es")
    assert "espeak" in caught.value.remedy


def test_a_closed_voice():
    pytest.importorskip("hibari", reason="needs the extra [speech]")
    voice = speaking.create("hibari")
    voice.close()
    voice.close()
    with pytest.raises(ClosedError):
        list(voice.synthesize("Hello."))


def test_without_the_extra(monkeypatch):
    import importlib

    real = importlib.import_module

    def missing(name, package=None):
        if name.split(".")[0] == "hibari":
            raise ModuleNotFoundError("No module named 'hibari'", name="hibari")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ExtraMissing, match="hibari") as caught:
        speaking.create("hibari")
    assert "speech" in caught.value.remedy


@pytest.mark.parametrize("rate", [0.0, 0.4, 2.1, float("nan")])
def test_rates_that_cannot_be_spoken(rate):
    with pytest.raises(UsageError):
        speaking.create("hibari", rate=rate)


def test_an_unknown_engine():
    with pytest.raises(UsageError) as caught:
        speaking.create("hibar")
    assert "hibari" in caught.value.remedy


@pytest.mark.parametrize("language", ["es", "de", "fr"])
def test_espeak_speaks(espeak_needed, language):
    voice = speaking.create("espeak", language=language)
    sounds = list(voice.synthesize("Hola. 7:30."))
    assert len(sounds) == 2
    assert all(0.05 < np.abs(sound).max() <= 1.0 for sound in sounds)
    assert 0.8 < seconds(sounds, voice) < 6
    assert language in voice.capabilities.languages


def test_espeak_takes_no_options_from_the_text(espeak_needed, tmp_path):
    voice = speaking.create("espeak")
    text = f"-w {tmp_path}/x.wav; touch {tmp_path}/y $(touch {tmp_path}/z) -h"
    assert list(voice.synthesize(text))
    assert list(tmp_path.iterdir()) == []


def test_espeak_refuses_what_it_lacks(espeak_needed):
    with pytest.raises(LanguageUnsupported):
        speaking.create("espeak", language="qq")
    with pytest.raises(UsageError):
        speaking.create("espeak", voice="--help")


def test_without_espeak(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemPackageMissing) as caught:
        speaking.create("espeak")
    assert "apt install espeak-ng" in caught.value.remedy


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for the program")
@pytest.mark.parametrize(
    ("does", "error"), [("exit 3", EngineCrashed), ("echo nonsense", EngineCrashed), ("sleep 30", EngineHung)]
)
def test_an_espeak_that_fails(monkeypatch, tmp_path, does, error):
    program = tmp_path / "espeak-ng"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = --voices ]; then echo head; echo "5 en x"; exit 0; fi\nexec {does}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("voxedge.speaking.espeak._TIMEOUT_S", 0.5)
    voice = speaking.create("espeak")
    with pytest.raises(error):
        list(voice.synthesize("Hello."))
