"""Live captions: what is shown of translations that grow, and which events come of it."""

from __future__ import annotations

import pytest

from voxedge.errors import EngineError, LanguageUnsupported
from voxedge.events import NEVER, CancelToken, Partial, Transcript, Translation
from voxedge.translation.contract import TranslationOptions
from voxedge.translation.live import AGREEING, CalmText, LiveTranslation, TextRenderer


def shown(versions, target="en"):
    calm = CalmText(target)
    return [calm.update(each if isinstance(each, list) else [each]) for each in versions]


def test_the_first_words_are_shown_soon_then_what_keeps_saying_the_same():
    text = "one two three four five six seven eight nine ten"
    found = shown([text] * (AGREEING + 1))
    assert found[0] == "one"
    assert found[1 : AGREEING - 1] == ["one two"] * (AGREEING - 2)
    assert found[AGREEING - 1] == "one two three four five"


def test_what_changes_without_the_last_words_is_not_shown():
    whole = "one two three four five six seven eight nine ten"
    other = "one two three FOUR five six seven eight nine"
    assert shown([[whole, other]] * AGREEING)[-1] == "one two three"


def test_words_that_flicker_are_never_shown():
    growing = [f"sure again {word} and more words that follow here" for word in "abcdefghijkl"]
    assert set(shown(growing)) == {"sure", "sure again"}


def test_what_is_shown_is_taken_back_only_for_what_keeps_contradicting_it():
    calm = CalmText("en")
    before = ["a b c d e f g h i j"] * AGREEING
    for each in before:
        calm.update([each])
    assert calm.text == "a b c d e"
    after = [calm.update(["a X c d e f g h i j"]) for _ in range(AGREEING)]
    assert after == ["a b c d e"] * (AGREEING - 1) + ["a X c d e"]


def test_a_shorter_agreement_takes_nothing_back():
    calm = CalmText("en")
    for _ in range(AGREEING):
        calm.update(["a b c d e f g h i j"])
    assert calm.update(["a b c"]) == "a b c d e"


def test_the_full_stop_of_half_a_sentence_is_not_shown():
    assert shown(["Yes.", "Yes."])[-1] == "Yes"


@pytest.mark.parametrize("nothing", ["", "  ", "..."])
def test_nothing_gives_nothing(nothing):
    assert shown([nothing] * 3) == [""] * 3


def test_languages_without_blanks_grow_letter_by_letter():
    assert shown(["我喜欢喝咖啡"] * 2, "zh")[-1] == "我喜"
    assert shown(["我喜欢喝咖啡吗你"] * AGREEING, "zh")[-1] == "我喜欢喝"


def events_of(room, *items, cancel=NEVER):
    found = []
    for item in items:
        room.feed(item, found.append, cancel)
    return found


def room_of(translator, **options):
    settings = {"source": "en", "target": "es", **options}
    return LiveTranslation(TextRenderer(translator, TranslationOptions(beam=1)), **settings)


def growing(text, count, turn=1):
    return [Partial(turn=turn, text=text, language="en") for _ in range(count)]


def test_partials_grow_and_the_final_is_the_translation_of_the_whole_text(scripted, translator_of):
    room = room_of(translator_of(scripted()))
    text = "one two three four five six seven eight nine ten."
    found = events_of(room, *growing(text, AGREEING), Transcript(turn=1, text=text, language="en"))
    assert [(e.translation, e.final) for e in found] == [
        ("ONE", False),
        ("ONE TWO", False),
        ("ONE TWO THREE FOUR FIVE", False),
        (text.upper(), True),
    ]
    assert {(type(e), e.turn, e.source, e.target, e.text) for e in found} == {
        (Translation, 1, "en", "es", text)
    }


def test_a_partial_costs_one_batch(scripted, translator_of):
    engine = scripted()
    events_of(room_of(translator_of(engine)), *growing("one two three four.", 1))
    assert sorted(engine.calls[0], key=len) == ["one two", "one two three", "one two three four"]
    assert len(engine.calls) == 1


def test_without_partials_only_the_final_is_translated(scripted, translator_of):
    engine = scripted()
    room = room_of(translator_of(engine), partials=False)
    found = events_of(room, *growing("one two", 3), Transcript(turn=1, text="one two"))
    assert [e.final for e in found] == [True]
    assert len(engine.calls) == 1


def test_a_new_turn_begins_anew(scripted, translator_of):
    room = room_of(translator_of(scripted()))
    first = events_of(room, *growing("one two three", 2))
    second = events_of(room, *growing("four five six", 1, turn=2))
    assert [e.translation for e in first] == ["ONE", "ONE TWO"]
    assert [e.translation for e in second] == ["FOUR"]


def test_nothing_said_is_nothing_translated(scripted, translator_of):
    room = room_of(translator_of(scripted()))
    assert events_of(room, Transcript(turn=1, text=""), Partial(turn=1, text="  "), *growing("...", 3)) == []


def test_both_ways_each_language_goes_to_the_other(scripted, translator_of):
    engine = scripted(pairs=(("en", "es"), ("es", "en")))
    room = room_of(translator_of(engine), source="es", target="en", both_ways=True)
    found = events_of(
        room,
        Transcript(turn=1, text="hola", language="es"),
        Transcript(turn=2, text="hello", language="en"),
        Transcript(turn=3, text="ciao", language="it"),
    )
    assert [(e.source, e.target) for e in found] == [("es", "en"), ("en", "es"), ("es", "en")]


def test_what_is_in_the_target_language_already_is_given_as_it_is(scripted, translator_of):
    room = room_of(translator_of(scripted()), source="auto", target="es")
    found = events_of(
        room, Transcript(turn=1, text="hola", language="es"), Transcript(turn=2, text="hello", language="en")
    )
    assert [(e.source, e.translation) for e in found] == [("es", "hola"), ("en", "HELLO")]


def test_a_language_without_a_model_is_an_error_and_the_next_turn_works(scripted, translator_of):
    room = room_of(translator_of(scripted()), source="auto", target="es")
    with pytest.raises(LanguageUnsupported):
        events_of(room, Transcript(turn=1, text="hei", language="fi"))
    with pytest.raises(LanguageUnsupported, match="isn't known"):
        events_of(room, Transcript(turn=1, text="hei", language=""))
    assert len(events_of(room, Transcript(turn=2, text="hello", language="en"))) == 1


def test_a_cancelled_final_gives_nothing(scripted, translator_of):
    token = CancelToken()
    token.cancel()
    found = []
    with pytest.raises(Exception, match="cancelled"):
        room_of(translator_of(scripted())).feed(Transcript(turn=1, text="hello"), found.append, token)
    assert found == []


def test_an_engine_that_fails_fails_the_final(scripted, translator_of):
    class Broken(scripted):
        def translate_sentences(self, *args, **options):
            raise EngineError("broken", remedy="Mend it.", room="translation")

    with pytest.raises(EngineError):
        events_of(room_of(translator_of(Broken())), Transcript(turn=1, text="hello"))


def test_the_starter_s_live_final_is_what_it_gives_for_the_text(starter, greedy):
    text = "Where is the train station?"
    room = LiveTranslation(TextRenderer(starter, greedy), source="en", target="es")
    words = text.split()
    partials = [Partial(turn=1, text=" ".join(words[: i + 1])) for i in range(len(words))]
    found = events_of(room, *partials, Transcript(turn=1, text=text))
    wanted = starter.translate([text], source="en", target="es", options=greedy)[0].translation
    assert [e.translation for e in found if e.final] == [wanted]
    assert "estación" in wanted
