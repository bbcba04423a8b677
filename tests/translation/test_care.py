"""Splitting, loops, odd input, routes and faults (show 8)."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.errors import Cancelled, ClosedError, LanguageUnsupported, TextInvalid, UsageError
from voxedge.events import CancelToken
from voxedge.translation import guard
from voxedge.translation.borders import set_borders, strip_borders
from voxedge.translation.contract import TranslationOptions
from voxedge.translation.sentences import pieces, split_long


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_pieces_join_to_the_text(text):
    assert "".join(piece.text for piece in pieces(text, "en")) == text


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab ,;:. é\n", max_size=400), st.integers(1, 12))
def test_long_sentences_are_cut_not_cut_off(text, most):
    parts = split_long(text, most, lambda part: len(part.split()))
    assert "".join(part.text for part in parts) == text


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab c*_[](x)<i>/", max_size=80), st.text(alphabet="xy z.", max_size=60))
def test_every_border_comes_back_once_and_in_order(source, translation):
    marked = strip_borders(source)
    result = set_borders(marked, translation, ())
    rest = result
    for _, markup, _ in marked.borders:
        assert markup in rest
        rest = rest[rest.index(markup) + len(markup) :]
    assert len(result) == len(translation) + sum(len(markup) for _, markup, _ in marked.borders)


def test_emphasis_follows_its_words(starter):
    answer = starter.translate(["The <b>black dog</b> is in the garden."], source="en", target="es")[
        0
    ].translation
    inside = answer[answer.index("<b>") + 3 : answer.index("</b>")]
    assert "perro" in inside
    assert "jardín" not in inside


def test_abbreviations_do_not_end_a_sentence():
    parts = [p.text for p in pieces("Dr. Smith is here. He is old.", "en") if p.translatable]
    assert parts == ["Dr. Smith is here.", "He is old."]


@pytest.mark.parametrize(
    ("source", "translation", "bad"),
    [
        ("salad", "salad salad salad salad", True),
        ("no no no no", "no no no no", False),
        ("Hello.", "Hola.", False),
        ("Hello.", "♪ Hola ♪", True),
        ("Hello.", "", True),
        ("Hi.", "de la casa " * 30, True),
        ("x", "lalalalalalalalala", True),
    ],
)
def test_loops_are_noticed(source, translation, bad):
    assert guard.suspicious(source, translation) is bad


def test_a_loop_is_tried_again_then_cut(scripted, translator_of):
    engine = scripted({"salad": ["ensalada ensalada ensalada ensalada", "ensalada"]})
    assert translator_of(engine).translate(["salad"], source="en", target="es")[0].translation == "ensalada"
    stubborn = scripted({"salad": "ensalada ensalada ensalada ensalada"})
    assert translator_of(stubborn).translate(["salad"], source="en", target="es")[0].translation == "ensalada"


@pytest.mark.parametrize(
    "text",
    ["salad", "a", "?", "...", "aaaaaaaa", "ha ha ha", "THE DOG", "qwrtpsd fghjkl", "12 + 3 = 15", "–"],
)
def test_odd_input_makes_no_salad(starter, text):
    answer = starter.translate([text], source="en", target="es")[0].translation
    assert not guard.suspicious(text, answer) or answer == text
    assert len(answer) <= 3 * len(text) + 40


def test_empty_and_blank_texts(starter):
    answers = starter.translate(["", "   ", "\n"], source="en", target="es")
    assert [a.translation for a in answers] == ["", "   ", "\n"]


def test_binary_is_named(starter):
    with pytest.raises(TextInvalid):
        starter.translate(["abc\0def"], source="en", target="es")


def test_a_megabyte_without_and_with_blanks(starter, scripted, translator_of):
    long = "x" * 1_000_000
    assert starter.translate([long], source="en", target="es")[0].translation == long
    engine = scripted()
    words = "dog " * 250_000
    answer = translator_of(engine).translate([words], source="en", target="es")[0].translation
    assert answer == words.upper()
    assert max(engine.count_tokens(s) for call in engine.calls for s in call) <= 90


def test_nothing_of_a_long_sentence_is_lost(starter, greedy):
    text = "I have " + ", ".join(f"{n} dogs" for n in range(2, 120)) + "."
    answer = starter.translate([text], source="en", target="es", options=greedy)[0].translation
    assert all(str(n) in answer for n in range(2, 120))


def test_unknown_pair_lists_what_there_is(starter, scripted, translator_of):
    with pytest.raises(LanguageUnsupported) as caught:
        starter.translate(["x"], source="en", target="fi")
    assert "en-es" in caught.value.remedy
    translator = translator_of(scripted(), available=lambda: {("en", "fi"): ["opus-en-fi"]})
    with pytest.raises(LanguageUnsupported, match="en to fi") as caught:
        translator.translate(["x"], source="en", target="fi")
    assert "voxedge models pull opus-en-fi" in caught.value.remedy
    with pytest.raises(LanguageUnsupported):
        translator.translate(["x"], source="en", target="en")


def test_through_english_and_it_is_said(scripted, translator_of):
    first = scripted({"hallo welt": "hello world"}, pairs=[("de", "en")], name="de")
    second = scripted({"hello world": "hola mundo"}, pairs=[("en", "es")], name="es")
    translator = translator_of(first, second)
    assert ("de", "es") in translator.pairs
    answer = translator.translate(["hallo welt"], source="de", target="es")[0]
    assert (answer.translation, answer.via, answer.model, answer.text) == (
        "hola mundo",
        "en",
        "de+es",
        "hallo welt",
    )


def test_cancelled_before_and_between(starter):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        starter.translate(["The dog."], source="en", target="es", cancel=cancel)
    later = CancelToken()
    timer = threading.Timer(0.3, later.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        starter.translate(
            [f"The dog number {i}." for i in range(20_000)], source="en", target="es", cancel=later
        )
    timer.join()


def test_from_two_threads_at_once(starter, greedy):
    texts = ["Where is the dog?", "I have a house."] * 20
    alone = [t.translation for t in starter.translate(texts, source="en", target="es", options=greedy)]
    found = []

    def work():
        found.append(
            [t.translation for t in starter.translate(texts, source="en", target="es", options=greedy)]
        )

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone, alone]


def test_closed(scripted, translator_of):
    engine = scripted()
    translator = translator_of(engine)
    translator.translate(["a dog"], source="en", target="es")
    translator.close()
    translator.close()
    assert engine.closed
    with pytest.raises(ClosedError):
        translator.translate(["a dog"], source="en", target="es")


@pytest.mark.parametrize("wrong", [{"beam": 0}, {"beam": 17}, {"alternatives": 0}])
def test_options_out_of_range(wrong):
    with pytest.raises(UsageError):
        TranslationOptions(**wrong)


def test_alternatives_have_falling_scores(starter):
    options = TranslationOptions(alternatives=4)
    answer = starter.translate(["Where is the train station?"], source="en", target="es", options=options)[0]
    scores = [item.score for item in answer.alternatives]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    assert answer.alternatives[0].text == answer.translation
    assert 0 < answer.score <= 1


def test_json_has_the_promised_fields(starter):
    value = starter.translate(["The dog."], source="en", target="es")[0].to_json()
    assert list(value) == ["source", "target", "text", "translation", "score", "engine", "model"]
