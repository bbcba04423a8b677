"""Matching: contexts, ranking, lists that change, what was misheard, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.events import Alternative, IntentMatched, NoIntent
from voxedge.understanding.loading import text_list

HOME = """
language: en
intents:
  TurnOn:
    data:
      - sentences: ["turn on [the] {name}"]
        requires_context: {domain: light}
        response: light
      - sentences: ["turn on the lights"]
        requires_context: {area: {slot: true}}
        slots: {domain: light}
  Open:
    data:
      - sentences: ["open [the] {name}", "turn on [the] {name}"]
        requires_context: {domain: cover}
        excludes_context: {locked: true}
  Play:
    data:
      - sentences: ["play {song}", "play {song} in the kitchen"]
  Timer:
    data:
      - sentences: ["timer [for] {1..60:minutes} minutes"]
        required_keywords: [timer]
lists:
  name:
    values:
      - {in: "floor lamp", out: lamp, context: {domain: light}}
      - {in: "roller blind", out: blind, context: {domain: cover}}
  song: {wildcard: true}
skip_words: [please, could you]
responses:
  intents:
    TurnOn:
      light: "Turned on the {{ slots.name }}"
"""


def said(engine, *texts, context=None):
    return engine.understand([Alternative(text, 0.0) for text in texts], context)


def slots(found):
    assert isinstance(found, IntentMatched), found
    return {name: slot.value for name, slot in found.slots.items()}


def test_values_bring_their_context(grammar):
    engine = grammar(HOME)
    found = said(engine, "Could you turn on the floor lamp, please?")
    assert (found.intent, slots(found)) == ("TurnOn", {"name": "lamp"})
    assert found.response == "Turned on the floor lamp"
    assert found.context["domain"] == "light"
    assert said(engine, "turn on the roller blind").intent == "Open"
    assert isinstance(said(engine, "open the floor lamp"), NoIntent)


def test_context_fills_slots_and_excludes(grammar):
    engine = grammar(HOME)
    assert slots(said(engine, "turn on the lights", context={"area": "attic"})) == {
        "domain": "light",
        "area": "attic",
    }
    assert isinstance(said(engine, "turn on the lights"), NoIntent)
    assert isinstance(said(engine, "open the roller blind", context={"locked": True}), NoIntent)


def test_more_of_the_grammars_own_text_wins_over_a_wildcard(grammar):
    assert slots(said(grammar(HOME), "play Yesterday in the kitchen")) == {"song": "Yesterday"}


def test_a_list_changes_while_running(grammar):
    engine = grammar(HOME.replace("context: {domain: light}", "context: {domain: light}"))
    engine.set_list("song", text_list(["Yesterday", ("Let It Be", 7)]))
    assert slots(said(engine, "play let it be")) == {"song": 7}
    assert isinstance(said(engine, "play something else entirely"), NoIntent)
    engine.set_list("song", text_list(["Bohemian Rhapsody"]))
    assert slots(said(engine, "play bohemian rap city")) == {"song": "Bohemian Rhapsody"}


@pytest.mark.parametrize(
    ("heard", "wanted"),
    [
        ("Can I have a light rose 12-ounce coffee?", {"roast": "light roast", "size": "twelve ounce"}),
        ("Make me a medium most iced coffee with milk.", {"roast": "medium roast", "milkAmount": "milk"}),
        ("brew a trip a shot americana", {"numberOfShots": "triple shot", "coffeeDrink": "americano"}),
        ("give me a 20oz iced mocker", {"size": "twenty ounce", "coffeeDrink": "iced mocha"}),
    ],
)
def test_what_was_misheard_is_understood_and_told(kiosk, heard, wanted):
    found = said(kiosk, heard)
    assert wanted.items() <= slots(found).items()
    assert 0.8 < found.score < 1.0
    assert found.forgiven


@pytest.mark.parametrize(
    "heard",
    ["what time is it", "how do I get to the airport", "a", "thank you for watching", "milk", "o o o o o"],
)
def test_what_is_no_order_is_refused(kiosk, heard):
    found = said(kiosk, heard)
    assert isinstance(found, NoIntent)
    assert found.reason == "none_near"


def test_a_refusal_names_the_nearest_and_the_unknown_word(kiosk):
    found = said(kiosk, "can I get a large zebra with milk")
    assert isinstance(found, NoIntent)
    assert found.nearest.startswith("can i get a ")
    assert "zebra" in found.unknown


def test_equally_near_names_are_a_tie(grammar):
    engine = grammar(
        """
        language: en
        intents: {Call: {data: [{sentences: ["please call {who} right now"]}]}}
        lists: {who: {values: [{in: Jon, out: 1}, {in: John, out: 2}]}}
        """
    )
    assert said(engine, "please call John right now").slots["who"].value == 2
    tie = said(engine, "please call John write now")
    assert isinstance(tie, NoIntent)
    assert tie.reason == "tie"


ANY_WORDS = """
language: en
intents:
  State:
    data:
      - sentences: ["is the {light} {on_off:state}"]
      - sentences: ["who is [in] [the] {zone:state}", "is {person} [in] [the] {zone:state}"]
        slots: {domain: person}
  Encyclopedia: {data: [{sentences: ["what is {thing}", "look up {thing}"]}]}
  Stop: {data: [{sentences: ["stop the timer"]}]}
  StopOne: {data: [{sentences: ["stop {timer} timer"]}]}
  StopRoom: {data: [{sentences: ["stop all {room} timers"]}]}
lists:
  light: {values: [lamp, lantern]}
  on_off: {values: ["on", "off"]}
  person: {values: [Ada, Joe]}
  room: {values: [entrance, kitchen]}
  zone: {wildcard: true}
  thing: {wildcard: true}
  timer: {wildcard: true}
"""


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("who is home", "State"),
        ("who is in the garden shed", "State"),
        ("who is the coach of the chicago bulls", None),
        ("is Ada in the old house by the lake", "State"),
        ("what is the name of the highest mountain", "Encyclopedia"),
    ],
)
def test_a_question_about_the_world_is_no_name_of_a_place(grammar, text, intent):
    found = said(grammar(ANY_WORDS), text)
    assert (found.intent if isinstance(found, IntentMatched) else None) == intent


def test_a_wildcard_that_fits_badly_is_no_rival(grammar):
    found = said(grammar(ANY_WORDS), "stop all interest timers")
    assert (found.intent, slots(found)) == ("StopRoom", {"room": "entrance"})


def test_a_sentence_that_fits_makes_no_other_thing_of_what_was_named(grammar):
    engine = grammar(
        """
        language: en
        intents: {Status: {data: [{sentences: ["what is the [current] (status|state) of my {name}"]}]}}
        lists: {name: {values: [curtain left, curtain right, front door]}}
        """
    )
    assert slots(said(engine, "what is the status of my curtain write")) == {"name": "curtain right"}
    assert slots(said(engine, "what is the status of my frond door")) == {"name": "front door"}
    for text in ("what is the status of my medical leave", "what is the current status of my travel plans"):
        assert isinstance(said(engine, text), NoIntent)


def test_the_nearest_of_all_hypotheses_counts(kiosk):
    found = said(kiosk, "can I get a Zurich", "can I get an espresso", "banana")
    assert slots(found) == {"coffeeDrink": "espresso"}


def test_sentences_that_break_off_count_less(kiosk):
    found = said(kiosk, "may I have a cappuccino", "may I have a cappuccino with sweetner")
    assert slots(found) == {"coffeeDrink": "cappuccino", "sugarAmount": "sweetener"}


def test_stuttered_sentences_count_once(kiosk):
    assert slots(said(kiosk, "I want a latte. I want a latte.")) == {"coffeeDrink": "latte"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("can I get", "unfinished"),
        ("can I get a house", "unfinished"),
        ("can I get a coffee", "open"),
        ("can I get a coffee with milk and sugar", "complete"),
        ("banana", "unknown"),
        ("", "unknown"),
    ],
)
def test_completeness(kiosk, text, what):
    assert kiosk.completeness(text) == what


def test_bias_is_made_of_sentences_of_the_grammar(kiosk):
    sentences = kiosk.bias(4)
    assert len(sentences) == 4
    assert all(isinstance(said(kiosk, sentence), IntentMatched) for sentence in sentences)
    assert sentences == kiosk.bias(4)


@pytest.mark.parametrize("texts", [(), ("",), ("  ", "\n")])
def test_nothing_said(kiosk, texts):
    assert said(kiosk, *texts).reason == "empty"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_an_event(kiosk, text):
    assert isinstance(said(kiosk, text), (IntentMatched, NoIntent))


def test_a_very_long_text_is_cut(kiosk):
    assert isinstance(said(kiosk, "can I get a latte " * 5000), (IntentMatched, NoIntent))
