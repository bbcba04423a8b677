"""What ``voxedge bench orders`` counts, and the decodings that it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from voxedge.bench.kept import KeptRecognizer
from voxedge.bench.mixing import FRAME_SAMPLES, mix
from voxedge.bench.orders import noise_of, right
from voxedge.bench.orders_live import Order, gather, summary
from voxedge.bench.paced import Spoken
from voxedge.cli import main
from voxedge.cli.output import Progress
from voxedge.errors import InputError
from voxedge.events import IntentMatched, NoIntent, Slot, SpeechEnded, SpeechStarted
from voxedge.recognition.contract import RecognitionOptions
from voxedge.testing import ScriptedRecognizer

LABEL = {"intent": "orderDrink", "slots": {"size": "large", "coffeeDrink": "latte"}}


def matched(turn=0, **slots):
    return IntentMatched(
        turn=turn, intent="orderDrink", slots={name: Slot(text, text) for name, text in slots.items()}
    )


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        (matched(size="large", coffeeDrink="latte"), True),
        (matched(size="large", coffeeDrink="latte", roast="dark roast"), True),
        (matched(size="small", coffeeDrink="latte"), False),
        (matched(coffeeDrink="latte"), False),
        (NoIntent(reason="tie"), False),
        (None, False),
    ],
)
def test_an_order_counts_when_every_labelled_slot_is_right(result, counts):
    assert right(result, LABEL) is counts


@pytest.mark.data
def test_the_noise_of_a_household_is_equally_loud_all_the_way(data_dir):
    noise = noise_of(data_dir, "household")
    pieces = noise[: len(noise) // 80_000 * 80_000].reshape(-1, 80_000)
    assert len(pieces) > 10
    assert np.sqrt((pieces.astype(float) ** 2).mean(1)) == pytest.approx(1.0, abs=0.5)
    assert len(noise_of(data_dir, "kitchen")) > 100 * 16_000


def test_without_its_noise_a_household_says_what_to_do(tmp_path):
    with pytest.raises(InputError) as caught:
        noise_of(tmp_path, "household")
    assert "--data" in caught.value.remedy


def test_noise_is_mixed_by_the_loudest_frames_to_a_peak_of_a_half():
    random = np.random.default_rng(3)
    speech = np.zeros(16_000, np.float32)
    speech[4_096:8_192] = 0.3 * random.standard_normal(4_096).astype(np.float32)
    noise = 0.02 * random.standard_normal(64_000).astype(np.float32)
    mixed = mix(speech, noise, 12, np.random.default_rng(5))
    assert np.abs(mixed).max() == pytest.approx(0.5, abs=1e-6)
    start = int(np.random.default_rng(5).integers(0, len(noise) - len(speech)))
    stretch = noise[start : start + len(speech)]
    factors = np.linalg.lstsq(np.stack([speech, stretch], 1).astype(float), mixed.astype(float), rcond=None)[
        0
    ]

    def loudest(samples):
        whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        return (whole.astype(float) ** 2).mean(1).max()

    ratio = loudest(factors[0] * speech) / loudest(factors[1] * stretch)
    assert 10 * np.log10(ratio) == pytest.approx(12, abs=0.05)


def test_kept_decodings_are_taken_again_for_the_same_sound_options_and_model(tmp_path):
    file, options = tmp_path / "sub" / "kept.json", RecognitionOptions()
    sound = np.linspace(-0.5, 0.5, 800, dtype=np.float32)
    first = KeptRecognizer(ScriptedRecognizer(["one latte", "two"]), "a", file)
    assert first.recognize(sound, options).text == "one latte"
    assert first.recognize(sound * 0.5, options).text == "two"
    first.close()
    again = KeptRecognizer(ScriptedRecognizer(["other", "more"]), "a", file)
    assert again.recognize(sound, options).text == "one latte"
    assert again.recognize(sound, RecognitionOptions(beam=2)).text == "other"
    assert KeptRecognizer(ScriptedRecognizer(["third"]), "b", file).recognize(sound, options).text == "third"


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_file_of_something_else_is_an_error(tmp_path, content):
    file = tmp_path / "kept.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        KeptRecognizer(ScriptedRecognizer([]), "a", file)
    assert "--keep" in caught.value.remedy


def events_of(turn, start, end, result):
    yield SpeechStarted(turn=turn, time=start)
    yield SpeechEnded(turn=turn, time=end + 0.4, reason="silence", speech_end=end)
    yield result


def test_an_order_that_became_two_utterances_is_cut_and_noise_between_is_none():
    orders = [Order("a", Spoken(1.0, 3.0)), Order("b", Spoken(6.0, 8.0)), Order("c", Spoken(11.0, 12.0))]
    whole = matched(1, size="large", coffeeDrink="latte")
    stream = [
        *events_of(1, 1.0, 3.0, whole),
        *events_of(2, 4.0, 4.5, NoIntent(turn=2, reason="none_near")),
        *events_of(3, 6.0, 6.8, NoIntent(turn=3, reason="none_near")),
        *events_of(4, 7.2, 8.0, matched(4, size="large", coffeeDrink="latte")),
    ]
    with Progress("test", 3, "order") as progress:
        outside = gather(stream, orders, progress)
    found = summary(orders, dict.fromkeys("abc", LABEL), outside)
    assert (found["cut"], found["where_cut"], found["not_heard"]) == (1, ["b"], 1)
    assert (found["right"], found["utterances_outside"]) == (1, 1)
    assert found["end_declared_after_ms"]["p50"] == 400


@pytest.mark.parametrize(
    "wrong", [["--parts", "speed"], ["--noise", "loud"], ["--noise", "900"], ["--every", "0"]]
)
def test_wrong_options_are_usage_errors(wrong, capsys, tmp_path):
    assert main(["bench", "orders", "--data", str(tmp_path), *wrong]) == 2
    assert "Try" in (text := capsys.readouterr().err) or "Parts" in text


def test_a_folder_without_orders_is_an_error(capsys, tmp_path):
    assert main(["bench", "orders", "--data", str(tmp_path), "--parts", "live"]) == 3
    assert "--data" in capsys.readouterr().err
