"""Hearing with the grammar: when the hint is asked, what it may decide, and how long to wait."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from voxedge.audio.decode import read
from voxedge.bench.mixing import mix
from voxedge.bench.orders import other_recordings, pieces, right
from voxedge.bench.sets import coffee_orders, kitchen
from voxedge.events import Alternative, IntentMatched, NoIntent, Word
from voxedge.hearing import BIAS_SENTENCES, GrammarRecognizer, completeness, hear, with_grammar
from voxedge.recognition.contract import Recognition, RecognitionOptions
from voxedge.testing import ScriptedRecognizer
from voxedge.understanding import create

OPTIONS = RecognitionOptions(language="en")
SILENCE = np.zeros(16_000, np.float32)


class Decoder:
    """Gives what each kind of decoding is to give, and notes what it was asked for."""

    capabilities = ScriptedRecognizer([]).capabilities

    def __init__(self, free, told=(), bound=(), confidence=0.9):
        self.free, self.told, self.bound, self.confidence = free, told, bound, confidence
        self.asked = []

    def recognize(self, samples, options, cancel=None):
        self.asked.append(options)
        if options.vocabulary:
            texts = self.bound
        else:
            texts = self.told if options.bias else (self.free,)
        return Recognition(
            text=texts[0] if texts else "",
            confidence=self.confidence,
            alternatives=tuple(Alternative(text, -0.1) for text in texts) if options.alternatives > 1 else (),
        )

    def close(self):
        pass


@pytest.fixture(scope="module")
def coffee():
    return create(["coffee"])


def slots(result):
    assert isinstance(result, IntentMatched)
    return {name: slot.text for name, slot in result.slots.items()}


@pytest.mark.parametrize(
    "free", ["can I get a large latte", "", "how long does the museum stay open on Sundays"]
)
def test_the_hint_is_asked_only_of_what_is_near_to_a_command_and_no_command_yet(coffee, free):
    decoder = Decoder(free, ["I want a latte"], ["I want a latte"])
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert not any(options.bias for options in decoder.asked)
    assert heard.decodings == 1
    assert isinstance(heard.result, IntentMatched) == free.startswith("can")


def test_the_hint_decides_which_command_it_was(coffee):
    decoder = Decoder("can I gather lodge lot hey", ["can I get a large latte"])
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert slots(heard.result) == {"size": "large", "coffeeDrink": "latte"}
    assert heard.decodings == 2
    assert heard.recognition.text == "can I get a large latte"


def test_free_words_that_are_a_command_but_for_a_sound_are_enough(coffee):
    decoder = Decoder("can I get a medium rose latte with milk", ["I want a mocha"])
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert slots(heard.result)["roast"] == "medium roast"
    assert (heard.decodings, len(decoder.asked)) == (1, 1)


def test_a_word_that_two_words_of_the_grammar_share_leaves_a_doubt(coffee):
    told = ["can I have a medium roast house coffee"]
    heard = hear(Decoder("can I have a medium rose doused coffee", told), coffee, SILENCE, OPTIONS)
    assert slots(heard.result) == {"roast": "medium roast", "coffeeDrink": "house coffee"}


def test_what_is_left_of_a_reading_that_runs_on_is_one_too(coffee):
    told = ["I want a ca with brown sugar", "I want a cappuccino with brown sugar want a cappuccino with"]
    heard = hear(Decoder("I won a cat she know with brown sugar", told), coffee, SILENCE, OPTIONS)
    assert slots(heard.result) == {"coffeeDrink": "cappuccino", "sugarAmount": "brown sugar"}


@pytest.mark.parametrize(
    "told",
    [
        ["Brew a coffee with a bit of cream with a bit of cream", "brew a coffee with"],
        ["Brew a coffee with a bit of cream brew a coffee with a bit of", "brew a coffee with"],
    ],
)
def test_the_transcript_says_nothing_twice_that_was_understood_once(coffee, told):
    found = GrammarRecognizer(Decoder("grilled coffee with a bit of cream", told), coffee).recognize(
        SILENCE, OPTIONS
    )
    assert found.text == "Brew a coffee with a bit of cream"
    assert slots(coffee.understand(found.alternatives)) == {
        "coffeeDrink": "coffee",
        "milkAmount": "a bit of cream",
    }


def test_the_transcript_keeps_how_the_decoder_wrote_it_and_the_times_of_its_words(coffee):
    """Matching folds letters, stops and hyphens: that alone makes no other text of it."""
    told = Recognition(
        text="¿Can I get a LARGE-lotte?",
        words=tuple(Word(word, 0.1, 0.2, 1.0) for word in ("¿Can", "I", "get", "a", "LARGE-lotte?")),
    )

    class Written(Decoder):
        def recognize(self, samples, options, cancel=None):
            found = super().recognize(samples, options, cancel)
            return replace(found, text=told.text, words=told.words) if options.bias else found

    decoder = Written("can I gather lodge lot hey", [told.text])
    found = GrammarRecognizer(decoder, coffee).recognize(SILENCE, OPTIONS)
    assert slots(coffee.understand(found.alternatives)) == {"size": "large", "coffeeDrink": "latte"}
    assert (found.text, found.words) == (told.text, told.words)


def test_the_transcript_is_the_reading_that_was_understood(coffee):
    told = ["can I get a logic", "can I get a large latte"]
    found = GrammarRecognizer(Decoder("can I gather lodge lot hey", told), coffee).recognize(SILENCE, OPTIONS)
    assert found.text == "can I get a large latte"


def test_a_hint_that_hears_the_same_command_needs_no_third_decoding(coffee):
    decoder = Decoder("can I gather lodge lot hey", ["can I get a large lotte"], ["I want a small mocha"])
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert slots(heard.result) == {"size": "large", "coffeeDrink": "latte"}
    assert heard.decodings == 2


def test_words_that_are_no_command_get_the_wider_window_that_they_would_have_without_a_grammar(coffee):
    decoder = Decoder("I went to the store")
    hear(decoder, coffee, SILENCE, OPTIONS)
    assert [options.partial for options in decoder.asked] == [True, False]


def test_of_two_commands_that_are_equally_near_the_grammars_words_decide(coffee):
    told = ["give me a twelve ounce latte", "give me a twelve ounce mocha"]
    decoder = Decoder("give me a twelve ounce mulch", told, ["give me a twelve ounce mocha"])
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert heard.decodings == 3
    assert decoder.asked[-1].vocabulary == coffee.vocabulary()
    assert slots(heard.result) == {"size": "twelve ounce", "coffeeDrink": "mocha"}


def test_where_the_grammars_words_leave_it_open_they_are_asked_once_more_with_other_sentences(coffee):
    class Swaying(Decoder):
        def recognize(self, samples, options, cancel=None):
            if options.vocabulary and options.bias == coffee.bias(BIAS_SENTENCES):
                self.bound = ["give me a twelve ounce mocha"]
            return super().recognize(samples, options, cancel)

    both = ["give me a twelve ounce latte", "give me a twelve ounce mocha"]
    decoder = Swaying("give me a twelve ounce mulch", both, both)
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert (heard.decodings, len(decoder.asked)) == (4, 4)
    hints = [options.bias for options in decoder.asked]
    assert hints[1] == hints[3]
    assert hints[2]
    assert not set(hints[2]) & set(hints[3])
    assert slots(heard.result) == {"size": "twelve ounce", "coffeeDrink": "mocha"}


def test_a_decoding_that_can_give_nothing_but_commands_must_be_sure_of_what_is_hardly_one(coffee):
    """Nothing that was said freely is a match: the grammar's words decide it only where they are sure."""
    for confidence, match in ((0.9, True), (0.3, False)):
        told = ["give me a dog rose double slot house"]
        decoder = Decoder(told[0], told, ["give me a dark roast double shot house coffee"], confidence)
        heard = hear(decoder, coffee, SILENCE, OPTIONS)
        assert decoder.asked[-1].vocabulary
        assert isinstance(heard.result, IntentMatched) == match


def test_a_decoding_that_can_give_nothing_but_commands_makes_none_of_other_words(coffee):
    decoder = Decoder("I went to the store", ["I went to the store"], ["I want a latte"])
    heard = hear(decoder, coffee, SILENCE, OPTIONS)
    assert isinstance(heard.result, NoIntent)
    assert heard.recognition.text == "I went to the store"
    assert not any(options.vocabulary for options in decoder.asked)


def test_readings_that_go_on_with_a_repetition_dont_count_against_the_whole_one(coffee):
    told = ["brew a coffee with a bit of cream", "brew a coffee with a bit of cream with a bit of cream"]
    heard = hear(Decoder("grilled coffee with a bit of cream", told), coffee, SILENCE, OPTIONS)
    assert slots(heard.result) == {"coffeeDrink": "coffee", "milkAmount": "a bit of cream"}


@pytest.mark.parametrize(
    ("told", "milk"),
    [
        (["brew a coffee with a bit of milk with a", "brew a coffee with a bit of milk"], "a bit of milk"),
        (["brew a coffee", "brew a coffee with a bit of mulk"], "a bit of milk"),
    ],
)
def test_a_reading_that_goes_on_counts_if_that_is_part_of_a_command(coffee, told, milk):
    heard = hear(Decoder("grilled coffee with a bit of mulk", told), coffee, SILENCE, OPTIONS)
    assert slots(heard.result) == {"coffeeDrink": "coffee", "milkAmount": milk}


def test_live_recognition_hands_on_readings_that_mean_the_same(coffee):
    decoder = Decoder("can I gather lodge lot hey", ["can I get a logic", "can I get a large latte"])
    found = GrammarRecognizer(decoder, coffee).recognize(SILENCE, OPTIONS)
    assert slots(coffee.understand(found.alternatives)) == {"size": "large", "coffeeDrink": "latte"}


def test_a_quick_look_gets_no_hint(coffee):
    decoder = Decoder("can I get a lodge")
    GrammarRecognizer(decoder, coffee).recognize(SILENCE, RecognitionOptions(partial=True, bias=("x",)))
    assert [options.bias for options in decoder.asked] == [()]


def test_without_somebody_who_says_no_there_is_no_hint():
    class Eager:
        def understand(self, hypotheses, context=None):
            return NoIntent(reason="none_near")

        def completeness(self, text):
            return "unknown"

        def bias(self, limit=16):
            return ("buy everything",)

    decoder = Decoder("anything")
    assert with_grammar(decoder, Eager()) is decoder
    assert hear(decoder, Eager(), SILENCE, OPTIONS).decodings == 1


@pytest.mark.parametrize(
    ("readings", "what"),
    [
        (["can I get a large latte with milk and sugar"], "complete"),
        (["can I get a large latte"], "open"),
        (["can I get a large"], "unfinished"),
        (["can I get a lodge lot hey", "can I get a large lotte"], "open"),
        (["can I get a large lotte with milk and shugar"], "complete"),
        (["the weather"], "unknown"),
        ([], "unknown"),
    ],
)
def test_what_was_understood_says_whether_more_can_come(coffee, readings, what):
    assert completeness(coffee, readings) == what


def test_all_words_of_a_grammar_and_none_where_any_word_may_be_said(coffee):
    words = coffee.vocabulary()
    assert {"cappuccino", "twelve", "please", "I'd", "almond"} <= set(words)
    assert len(words) < 80
    assert create(["vehicle"]).vocabulary() == ()


# With the model, on real recordings.


@pytest.fixture(scope="module")
def tiny(model_dir):
    from voxedge.recognition import create as recognizer

    engine = recognizer("whisper", model_dir("tiny.en"), model_name="tiny.en")
    yield engine
    engine.close()


@pytest.mark.models
@pytest.mark.data
def test_orders_in_a_kitchen_are_understood(tiny, coffee, data_dir):
    labels = json.loads((data_dir / "coffee-commands" / "labels.json").read_text(encoding="utf-8"))
    noise, files = read(kitchen(data_dir)), coffee_orders(data_dir)[:48:4]
    good = 0
    for number, file in enumerate(files):
        samples = mix(read(file), noise, 15, np.random.default_rng(number))
        good += right(hear(tiny, coffee, samples, OPTIONS).result, labels[f"audio/{file.name}"])
    assert good >= len(files) - 1


@pytest.mark.models
@pytest.mark.data
def test_what_is_no_order_gives_none(tiny, coffee, data_dir):
    chosen = other_recordings(data_dir)[::40]
    assert len(chosen) >= 5
    for _, file in chosen:
        for samples in list(pieces(file))[:2]:
            assert isinstance(hear(tiny, coffee, samples, OPTIONS).result, NoIntent), file.name


@pytest.mark.models
@pytest.mark.data
def test_only_words_of_the_vocabulary_come_out(tiny, coffee, data_dir):
    samples = read(data_dir / "speech-en" / "read" / _first(data_dir / "speech-en" / "read"))[: 16_000 * 5]
    found = tiny.recognize(samples, RecognitionOptions(vocabulary=("latte", "twelve", "ounce"), partial=True))
    letters = set("".join(found.text.lower().split()))
    assert letters <= set("lattetwelveounce12.,?!-")


def _first(folder):
    return sorted(file.name for file in folder.glob("*.flac"))[0]
