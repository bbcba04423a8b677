"""The engine itself, on a few recordings."""

import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from voxedge.audio.decode import read
from voxedge.bench.text import count_errors, units
from voxedge.errors import (
    AudioEmpty,
    AudioInvalid,
    Cancelled,
    ClosedError,
    EngineLoadFailed,
    LanguageUnsupported,
    ModelCorrupt,
    ModelMissing,
    UsageError,
)
from voxedge.events import CancelToken
from voxedge.recognition import create
from voxedge.recognition.contract import RecognitionOptions
from voxedge.recognition.long import recognize_long
from voxedge.recognition.whisper import WhisperRecognizer

pytestmark = [pytest.mark.models, pytest.mark.data]


@pytest.fixture(scope="module")
def tiny(model_dir):
    recognizer = create("whisper", model_dir("tiny.en"), model_name="tiny.en")
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def base(model_dir):
    recognizer = create("whisper", model_dir("base"), model_name="base")
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def jfk(data_dir):
    return read(data_dir / "speech-en" / "read" / "jfk.flac")


def errors(said, found, language="en"):
    counted = count_errors(units(said, language), units(found, language))
    return counted.wrong / counted.of


SAID = "And so my fellow Americans ask not what your country can do for you"


def test_words_times_and_confidence(tiny, jfk):
    found = tiny.recognize(jfk[: 16_000 * 8], RecognitionOptions(words=True))
    assert errors(SAID, found.text) < 0.15
    assert found.suppressed == ""
    assert 0.3 < found.confidence <= 1
    assert found.windows
    assert found.windows[0] < 12
    assert 0.0 <= found.start < 0.6
    assert 7.0 < found.end <= 8.0
    assert " ".join(w.word for w in found.words) == " ".join(s.text for s in found.segments)
    times = [t for w in found.words for t in (w.start, w.end)]
    assert times == sorted(times)
    assert all(0 <= w.probability <= 1 for w in found.words)
    country = next(w for w in found.words if "country" in w.word.lower())
    assert 5.5 < country.start < country.end < 7.0


def test_alternatives_are_different_and_the_first_is_the_text(tiny, jfk):
    found = tiny.recognize(jfk[: 16_000 * 4], RecognitionOptions(alternatives=5))
    texts = [a.text for a in found.alternatives]
    assert texts[0] == found.text
    assert len(set(texts)) == len(texts) > 1
    assert [a.score for a in found.alternatives] == sorted(
        (a.score for a in found.alternatives), reverse=True
    )


def test_beam_and_partial(tiny, jfk):
    assert errors(SAID, tiny.recognize(jfk[: 16_000 * 8], RecognitionOptions(beam=5)).text) < 0.15
    partial = tiny.recognize(jfk[: 16_000 * 3], RecognitionOptions(partial=True))
    assert len(partial.windows) == 1


def test_numbers_as_digits_and_as_words(tiny, data_dir):
    samples = read(data_dir / "speech-en" / "an4" / "an108-mdxn-b.flac")
    digits = tiny.recognize(samples, RecognitionOptions(numbers="digits"))
    spelled = tiny.recognize(samples, RecognitionOptions(numbers="words"))
    assert "41" in digits.text
    assert "forty" in spelled.text.lower()


def test_noise_gives_no_word_with_and_without_the_early_gate(tiny, model_dir, data_dir):
    ungated = WhisperRecognizer(model_dir("tiny.en"), model_name="tiny.en", early_gate=False)
    kitchen = read(data_dir / "coffee-commands" / "noise" / "kitchen.flac")
    clips = [
        read(data_dir / "noise" / f"{name}.flac") for name in ("exercise_bike-05s", "dishes-25s", "hens-a")
    ]
    clips += [kitchen[at * 16_000 : (at + 5) * 16_000] for at in (3, 40, 88)]
    for clip in clips:
        for engine in (tiny, ungated):
            found = engine.recognize(clip, RecognitionOptions())
            assert (found.text, found.segments) == ("", ())
            assert found.suppressed in {"no_speech", "low_score", "loop"}
    ungated.close()


def test_a_bias_helps_and_is_not_spoken_into_noise(tiny, model_dir, data_dir):
    orders = ("Can I get a large dark roast latte?", "I want a twenty ounce cappuccino with skim milk.")
    options = RecognitionOptions(bias=orders * 40)
    ungated = WhisperRecognizer(model_dir("tiny.en"), model_name="tiny.en", early_gate=False)
    for name in ("running_tap-00s", "music_trumpet", "room-7"):
        assert ungated.recognize(read(data_dir / "noise" / f"{name}.flac"), options).text == ""
    ungated.close()
    order = next(iter(sorted((data_dir / "coffee-commands" / "audio").glob("*.flac"))))
    assert tiny.recognize(read(order), options).text


def test_language_is_detected_and_translated(base, data_dir):
    samples = read(data_dir / "speech-multi" / "light-de.flac")
    found = base.recognize(samples, RecognitionOptions(language="auto"))
    assert found.language == "de"
    assert found.language_probability > 0.5
    assert "licht" in found.text.lower() or "schalte" in found.text.lower()
    english = base.recognize(samples, RecognitionOptions(language="de", task="translate"))
    assert "light" in english.text.lower() or "living" in english.text.lower()


def test_a_long_recording_comes_in_order(tiny, jfk):
    minute = np.concatenate([jfk, np.zeros(16_000, np.float32)] * 5)
    found = list(recognize_long(tiny, iter(np.array_split(minute, 77)), RecognitionOptions(words=True)))
    times = [t for s in found for t in (s.start, s.end)]
    assert times == sorted(times)
    assert (
        errors(
            " ".join([f"{SAID} ask what you can do for your country"] * 5), " ".join(s.text for s in found)
        )
        < 0.2
    )
    assert found[-1].end > 50


def test_bad_sound_bad_options_and_cancelling_have_their_names(tiny, jfk):
    plain = RecognitionOptions()
    with pytest.raises(AudioEmpty):
        tiny.recognize(np.zeros(0, np.float32), plain)
    for wrong in (
        jfk.astype(np.float64),
        np.zeros((2, 100), np.float32),
        np.array([0.0, np.nan], np.float32),
        np.array([0.0, np.inf], np.float32),
        np.zeros(16_000 * 40, np.float32),
        [0.0, 0.1],
    ):
        with pytest.raises(AudioInvalid):
            tiny.recognize(wrong, plain)
    with pytest.raises(LanguageUnsupported):
        tiny.recognize(jfk, RecognitionOptions(language="de"))
    with pytest.raises(LanguageUnsupported):
        tiny.recognize(jfk, RecognitionOptions(task="translate"))
    with pytest.raises(UsageError):
        tiny.recognize(jfk, RecognitionOptions(beam=0))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        tiny.recognize(jfk, plain, token)


@pytest.mark.parametrize("length", [1, 100, 399, 400, 1_000, 8_000])
def test_very_short_silence_is_no_speech(tiny, length):
    assert tiny.recognize(np.zeros(length, np.float32), RecognitionOptions()).suppressed == "no_speech"


def test_threads_get_what_one_gets(tiny, jfk):
    parts = [jfk[: 16_000 * s] for s in (3, 5, 8)]
    alone = [tiny.recognize(part, RecognitionOptions()).text for part in parts]
    together = [""] * 3

    def work(index):
        together[index] = tiny.recognize(parts[index], RecognitionOptions()).text

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_a_closed_recognizer_says_so(model_dir, jfk):
    recognizer = create("whisper", model_dir("tiny.en"))
    recognizer.close()
    recognizer.close()
    with pytest.raises(ClosedError):
        recognizer.recognize(jfk, RecognitionOptions())


def test_a_program_that_ends_while_a_model_is_still_to_be_unloaded_ends_well(model_dir):
    """Closed while a call was at work: a thread unloads the model, perhaps just when Python ends."""
    program = """
import pathlib, sys, threading, time
from voxedge.recognition import create

recognizer = create("whisper", pathlib.Path(sys.argv[1]), model_name="tiny.en")
began, go_on = threading.Event(), threading.Event()

def late(_model):
    began.set()
    go_on.wait(10.0)

threading.Thread(target=recognizer._engine._alone, args=(late,)).start()
began.wait(10.0)
recognizer.close()
go_on.set()
time.sleep(float(sys.argv[2]))
"""
    for delay in ("0.0", "0.49", "0.498", "0.5", "0.502"):
        command = [sys.executable, "-c", program, str(model_dir("tiny.en")), delay]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def copied(model_dir, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(model_dir("tiny.en"), folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named_and_no_hub_is_called(copied, name):
    (copied / name).unlink()
    with pytest.raises(ModelMissing, match=name):
        create("whisper", copied, model_name="tiny.en")


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_a_file_cut_off_is_damaged(copied, name, kept):
    data = (copied / name).read_bytes()
    (copied / name).write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ModelCorrupt, match=name):
        create("whisper", copied, model_name="tiny.en")


@pytest.mark.parametrize("place", [0, 5, 20, 24, 30, 45])
def test_a_flipped_bit_in_the_structure_never_ends_the_process(copied, place):
    with (copied / "model.bin").open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x40]))
    with pytest.raises((ModelCorrupt, EngineLoadFailed)):
        create("whisper", copied, model_name="tiny.en")


def test_a_path_that_is_no_folder_is_missing(tmp_path):
    with pytest.raises(ModelMissing):
        create("whisper", tmp_path / "nothing", model_name="tiny.en")
    with pytest.raises(UsageError):
        create("whispr", tmp_path)


def test_closing_doesn_t_wait_for_a_thread_that_hangs_in_the_engine(model_dir, jfk):
    recognizer = create("whisper", model_dir("tiny.en"), model_name="tiny.en")
    engine = recognizer._engine
    inside, release = threading.Event(), threading.Event()

    def hang(_model):
        inside.set()
        release.wait(10.0)

    thread = threading.Thread(target=engine._alone, args=(hang,))
    thread.start()
    assert inside.wait(5.0)
    began = time.monotonic()
    recognizer.close()
    assert time.monotonic() - began < 2.0
    release.set()
    thread.join()
    with pytest.raises(ClosedError):
        recognizer.recognize(jfk, RecognitionOptions())
