"""The dialogue as a table: what is said at which second, and what comes of it."""

from __future__ import annotations

import json
import random
import threading

import numpy as np
import pytest

from voxedge.cli._intents_talk import Talk, said_lines
from voxedge.errors import TemplateError
from voxedge.events import Alternative, IntentMatched, NoIntent
from voxedge.evidence import decide
from voxedge.hearing import GrammarRecognizer
from voxedge.recognition.contract import Recognition, RecognitionOptions
from voxedge.understanding import create
from voxedge.understanding.dialogue import Dialogue, create_dialogue
from voxedge.understanding.dialogue_hearing import DialogueHearing
from voxedge.understanding.loading import text_list

RAIL = """
    language: en
    intents:
      bookTrain:
        data:
          - sentences:
              - "(book|get) a train [from {city:start}] [to {city:goal}] [on {day}] [{class} class]"
      callPerson:
        data:
          - sentences: ["call {person}", "make a call"]
      openDoor:
        data:
          - sentences: ["open the {door} door"]
            lists:
              door: {values: [front, back, {in: "(cellar|basement)", out: cellar}]}
      closeDoor:
        data:
          - sentences: ["close the {side} door"]
      playSong:
        data:
          - sentences: ["play {song}", "play music"]
      thanks:
        data:
          - sentences: ["thanks"]
      buyTickets:
        data:
          - sentences: ["buy [{0..20:count}] tickets"]
    lists:
      city: {values: [Bergen, Oslo, Trondheim, {in: "(Stavanger|the oil town)", out: Stavanger}]}
      day: {values: [today, tomorrow, monday]}
      class: {values: [first, second]}
      person: {values: [Anna, Bernard]}
      side: {values: [front, back]}
      song: {wildcard: true}
    responses:
      intents:
        bookTrain: {default: "{{ slots.start }} to {{ slots.goal }}."}
        thanks: {default: "Not at all."}
    dialogue:
      expires_s: 20
      undo_s: 60
      tries: 2
      asides: [thanks]
      intents:
        bookTrain:
          required:
            - {slot: start, ask: ["From where?", "From which city?"]}
            - {slot: goal, ask: "To where from {{ slots.start }}?"}
            - {slot: class, ask: "First class?", optional: true}
        callPerson:
          required: [{slot: person, ask: "Whom?"}]
          confirm: {always: true, ask: "Shall I call {{ slots.person }}?"}
        openDoor: {undo: closeDoor}
        playSong: {required: [{slot: song, ask: "Which song?"}]}
        buyTickets: {required: [{slot: count, ask: "How many?"}]}
    """

# What is said (a number: seconds that pass) and what comes of it: "?" and the question, "=" and the command
# with its slots in the order of their names, "!" and what is said only, "-" where nothing is understood.
CONVERSATIONS = {
    "a slot is asked for, its list is heard": [
        ("book a train to Oslo on monday", "? From where?"),
        ("from Bergen", "? First class?"),
        ("second", "= bookTrain class=second day=monday goal=Oslo start=Bergen"),
    ],
    "of one list the value goes to the slot that is asked for": [
        ("book a train", "? From where?"),
        ("Bergen", "? To where from Bergen?"),
        ("Oslo", "? First class?"),
        ("no thanks", "= bookTrain goal=Oslo start=Bergen"),
    ],
    "an answer may bring more than was asked for": [
        ("book a train to Oslo", "? From where?"),
        ("from Bergen on monday", "? First class?"),
        ("first", "= bookTrain class=first day=monday goal=Oslo start=Bergen"),
    ],
    "other values are kept, the question stays": [
        ("book a train to Oslo", "? From where?"),
        ("tomorrow", "? From where?"),
        ("Bergen", "? First class?"),
        ("no", "= bookTrain day=tomorrow goal=Oslo start=Bergen"),
    ],
    "a correction while a question is open goes to the slot that was said last": [
        ("book a train to Oslo", "? From where?"),
        ("Bergen", "? First class?"),
        ("no, Trondheim", "? First class?"),
        ("no, on monday", "? First class?"),
        ("second", "= bookTrain class=second day=monday goal=Oslo start=Trondheim"),
    ],
    "after the command, too": [
        ("book a train from Bergen to Oslo second class", "= bookTrain class=second goal=Oslo start=Bergen"),
        ("no, first", "= bookTrain class=first goal=Oslo start=Bergen correction"),
        ("I meant to Trondheim", "= bookTrain class=first goal=Trondheim start=Bergen correction"),
        ("and on monday too", "= bookTrain class=first day=monday goal=Trondheim start=Bergen addition"),
    ],
    "the second question is another, then it gives up": [
        ("book a train to Oslo", "? From where?"),
        ("green bananas forever", "? Sorry, I didn't get that. From which city?"),
        ("green bananas forever", "! Sorry, I didn't get that. Let's leave it."),
        ("Bergen", "-"),
    ],
    "what is misheard is forgiven": [
        ("book a train to Oslo", "? From where?"),
        ("trond heim", "? First class?"),
        ("never mind", "! Okay, cancelled."),
    ],
    "cancel, and nothing is left": [
        ("make a call", "? Whom?"),
        ("cancel that", "! Okay, cancelled."),
        ("Anna", "-"),
        ("undo that", "! There is nothing to take back."),
    ],
    "a question expires": [
        ("make a call", "? Whom?"),
        (19, ""),
        ("what", "? Whom?"),
        (19, ""),
        ("repeat", "? Whom?"),
        (21, ""),
        ("Anna", "-"),
    ],
    "a command that is always confirmed": [
        ("call Anna", "? Shall I call Anna?"),
        ("no, Bernard", "? Shall I call Bernard?"),
        ("green bananas forever", "? Sorry, I didn't get that. Shall I call Bernard?"),
        ("yes please", "= callPerson person=Bernard"),
        ("call Anna", "? Shall I call Anna?"),
        ("nope", "! Okay. Please say it again."),
        ("yes", "-"),
    ],
    "an aside leaves the question open": [
        ("make a call", "? Whom?"),
        ("thanks", "= thanks"),
        ("Anna", "? Shall I call Anna?"),
        ("yes", "= callPerson person=Anna"),
    ],
    "another command ends the question": [
        ("make a call", "? Whom?"),
        ("open the front door", "= openDoor door=front"),
        ("Anna", "-"),
    ],
    "the same command again adds to it": [
        ("book a train to Oslo", "? From where?"),
        ("book a train from Bergen on monday", "? First class?"),
        ("no", "= bookTrain day=monday goal=Oslo start=Bergen"),
    ],
    "undo goes back, command by command, and forgets in time": [
        ("open the front door", "= openDoor door=front"),
        ("and the cellar too", "= openDoor door=cellar addition"),
        ("thanks", "= thanks"),
        ("undo that", "= closeDoor door=cellar undo"),
        ("no, the back", "-"),
        ("undo that", "= closeDoor door=front undo"),
        ("undo that", "! There is nothing to take back."),
        ("buy two tickets", "= buyTickets count=2"),
        ("take that back", "= undo count=2 undo"),
        ("open the back door", "= openDoor door=back"),
        (61, ""),
        ("undo that", "! There is nothing to take back."),
    ],
    "a correction is undone as one command": [
        ("open the front door", "= openDoor door=front"),
        ("no, the basement", "= openDoor door=cellar correction"),
        ("undo that", "= closeDoor door=cellar undo"),
        ("undo that", "! There is nothing to take back."),
    ],
    "a correction may be a whole command": [
        ("open the front door", "= openDoor door=front"),
        ("no, call Anna", "? Shall I call Anna?"),
        ("no, make that Bernard", "? Shall I call Bernard?"),
        ("okay", "= callPerson person=Bernard correction"),
    ],
    "any words may be an answer, but no command": [
        ("play music", "? Which song?"),
        ("yesterday all my troubles", "= playSong song=yesterday all my troubles"),
        ("no, let it be", "= playSong song=let it be correction"),
        ("play music", "? Which song?"),
        ("open the front door", "= openDoor door=front"),
        ("play music", "? Which song?"),
        ("forget it", "! Okay, cancelled."),
    ],
    "numbers, in digits and words, with what is said behind them": [
        ("buy tickets", "? How many?"),
        ("12 tickets please", "= buyTickets count=12"),
        ("no, fifteen tickets", "= buyTickets count=15 correction"),
        ("no, 99", "-"),
    ],
    "nothing to correct, nothing to add": [
        ("no, the bedroom", "-"),
        ("and the front too", "-"),
        ("yes", "-"),
        ("no", "-"),
        ("", "-"),
        ("thanks", "= thanks"),
        ("no, Anna", "-"),
    ],
    "too late for a correction": [
        ("open the front door", "= openDoor door=front"),
        (21, ""),
        ("no, the back", "-"),
    ],
}


def told(step):
    """A step in the form of the table."""
    if isinstance(step.found, IntentMatched):
        slots = [f"{name}={slot.value}" for name, slot in sorted(step.found.slots.items())]
        relation = [] if step.found.relation == "new" else [step.found.relation]
        return " ".join(["=", step.found.intent, *slots, *relation])
    if step.states and step.states[-1].state in {"asking", "confirming"}:
        return f"? {step.say}"
    return f"! {step.say}" if step.say else "-"


def said(dialogue, text, now_s=0.0, turn=0):
    return dialogue.take([Alternative(text, 0.0)], None, now_s, turn)


@pytest.fixture
def rail(grammar):
    return create_dialogue(grammar(RAIL))


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversations(rail, name):
    now_s = 0.0
    for turn, (text, expected) in enumerate(CONVERSATIONS[name], 1):
        if isinstance(text, int):
            now_s += text
            continue
        step = said(rail, text, now_s, turn)
        assert told(step) == expected, (turn, text)
        is_open = rail.state(now_s).state in {"asking", "confirming"}
        assert is_open == (expected.startswith("?") or (expected == "= thanks" and "aside" in name))


class TestWhatIsTold:
    def test_the_order_so_far_is_data(self, rail):
        assert rail.state(0).to_json()["state"] == "idle"
        step = said(rail, "book a train to the oil town", 0)
        state = rail.state(1)
        assert (state.state, state.intent, state.asked) == ("asking", "bookTrain", ("start",))
        assert state.slots["goal"].value == "Stavanger"
        assert state.question == step.say == "From where?"
        assert json.loads(json.dumps(step.states[-1].to_json()))["slots"]["goal"]["text"] == "the oil town"
        assert rail.state(21).state == "idle"

    def test_the_end_of_a_question_is_told_once(self, rail):
        said(rail, "make a call", 0)
        step = said(rail, "open the front door", 1)
        assert [state.state for state in step.states] == ["cancelled"]
        said(rail, "make a call", 2)
        step = said(rail, "open the front door", 30)
        assert [state.state for state in step.states] == ["expired"]
        said(rail, "make a call", 40)
        said(rail, "Anna", 41)
        assert [state.state for state in said(rail, "yes", 42).states] == ["completed"]
        assert said(rail, "open the front door", 43).states == ()

    def test_the_reply_of_the_grammar_knows_all_slots(self, rail):
        said(rail, "book a train to Oslo", 0)
        said(rail, "Bergen", 1)
        assert said(rail, "no", 2).found.response == "Bergen to Oslo."
        assert said(rail, "no, Trondheim", 3).found.response == "Trondheim to Oslo."

    def test_what_was_corrected_is_named_with_its_turn(self, rail):
        said(rail, "open the front door", 0, turn=7)
        found = said(rail, "no, the back", 1, turn=8).found
        assert (found.earlier.intent, found.earlier.turn) == ("openDoor", 7)
        assert found.earlier.slots["door"].value == "front"
        assert said(rail, "undo that", 2, turn=9).found.earlier.turn == 8

    def test_wiping_leaves_nothing(self, rail):
        said(rail, "open the front door", 0)
        said(rail, "make a call", 1)
        rail.wipe()
        assert rail.state(2).state == "idle"
        assert told(said(rail, "Anna", 2)) == "-"
        assert told(said(rail, "no, the back", 2)) == "-"
        assert told(said(rail, "undo that", 2)) == "! There is nothing to take back."

    def test_a_command_that_failed_is_not_taken_back(self, rail):
        said(rail, "open the front door", 0)
        said(rail, "open the back door", 1)
        rail.failed()
        assert told(said(rail, "no, the cellar", 2)) == "-"
        assert told(said(rail, "undo that", 3)) == "= closeDoor door=front undo"


UNSURE = """
    language: en
    intents:
      lights:
        data:
          - sentences: ["turn on the {room} lights"]
    lists:
      room: {values: [kitchen, bedroom]}
    dialogue:
      confirm: {near: 0.6, below: 0.97}
    """


class TestUnsure:
    @pytest.fixture
    def lights(self, grammar):
        return create_dialogue(grammar(UNSURE))

    def test_a_match_that_is_not_sure_is_asked_back_for(self, lights):
        assert told(said(lights, "turn on the kitchen lights")) == "= lights room=kitchen"
        step = said(lights, "turn on the chicken lights", 1)
        assert told(step) == "? Did you mean: turn on the kitchen lights?"
        assert told(said(lights, "yes", 2)) == "= lights room=kitchen"

    def test_no_and_who_corrects_has_agreed_to_the_rest(self, lights):
        said(lights, "turn on the chicken lights", 1)
        assert told(said(lights, "no", 2)) == "! Okay. Please say it again."
        said(lights, "turn on the chicken lights", 3)
        assert told(said(lights, "no, the bedroom", 4)) == "= lights room=bedroom"

    def test_what_was_refused_is_asked_back_for_where_it_was_near(self, lights):
        step = said(lights, "turn the kick lights", 1)
        assert isinstance(step.found, NoIntent)
        assert step.found.score >= 0.6
        assert told(step).startswith("? Did you mean: turn on the kitchen lights")
        found = said(lights, "that's right", 2).found
        assert (found.intent, found.slots["room"].value) == ("lights", "kitchen")
        assert found.score < 0.97

    def test_what_is_far_away_is_not(self, lights):
        assert told(said(lights, "the weather will be nice on friday", 1)) == "-"


class TestHearing:
    def test_the_open_question_gives_the_recognizer_its_vocabulary(self, rail, grammar):
        understander = grammar(RAIL)
        dialogue = Dialogue(understander, understander)
        hearing = DialogueHearing(understander, dialogue, lambda: 0.0)
        assert hearing.bias(4) == understander.bias(4)
        assert hearing.nearness("Anna") > 0.3
        said(dialogue, "make a call")
        assert any("Anna" in text or "Bernard" in text for text in hearing.bias(4))
        assert hearing.nearness("Anna") == 0.0
        assert hearing.completeness("Anna") != "unknown"
        found = hearing.understand([Alternative("Anna", 0.0)])
        assert (found.intent, found.score, found.slots["person"].value) == ("callPerson", 1.0, "Anna")
        assert dialogue.state(0).state == "asking"
        assert hearing.understand([Alternative("open the front door", 0.0)]).intent == "openDoor"

    def test_commands_are_told_apart_until_a_question_is_open(self, grammar):
        """Its answers are no commands: "yes" and "no" would be one and the same."""
        understander = grammar(RAIL)
        dialogue = Dialogue(understander, understander)
        hearing = DialogueHearing(understander, dialogue, lambda: 0.0)
        assert hearing.candidates("open the frond door") == understander.candidates("open the frond door")
        assert hearing.candidates("open the frond door")
        assert hearing.candidates("") == []
        said(dialogue, "make a call")
        assert hearing.candidates("open the frond door") is None
        verdict = decide(hearing, [[Alternative("Annette", -0.1), Alternative("Anna", -0.2)]])
        assert verdict.result.slots["person"].value == "Anna"
        assert len(verdict.readings) == 2

    def test_a_correction_is_heard_beside_a_command_that_the_hint_made_of_it(self, grammar):
        """What was heard freely stays among the readings: only the dialogue knows what it means."""

        class Hinted:
            def recognize(self, samples, options, cancel=None):
                text = "open a pack" if options.bias else "no the back"
                return Recognition(text=text, confidence=0.5, alternatives=(Alternative(text, -0.1),))

        understander = grammar(RAIL)
        dialogue = Dialogue(understander, understander)
        hearing = DialogueHearing(understander, dialogue, lambda: 1.0)
        said(dialogue, "open the front door")
        sound = np.zeros(16_000, np.float32)
        found = GrammarRecognizer(Hinted(), hearing).recognize(sound, RecognitionOptions())
        assert told(dialogue.take(found.alternatives, None, 1.0)) == "= openDoor door=back correction"

    def test_how_long_to_wait_for_more(self, rail):
        assert rail.completeness("no, the back", 0.0) == "unknown"
        said(rail, "open the front door", 0.0)
        assert rail.completeness("no, the", 1.0) == "unfinished"
        assert rail.completeness("no, the back", 1.0) == "open"
        assert rail.completeness("no, the back", 25.0) == "unknown"
        said(rail, "make a call", 30.0)
        assert rail.completeness("no", 31.0) == "open"
        assert rail.completeness("Anna", 31.0) in {"open", "complete"}
        assert rail.completeness("book a", 31.0) == "unfinished"

    def test_any_of_the_readings_may_be_the_answer(self, rail):
        said(rail, "make a call")
        readings = [Alternative("and a", 0.0), Alternative("Anna", -1.0)]
        assert told(rail.take(readings, None, 1.0)) == "? Shall I call Anna?"

    def test_lists_that_change_while_a_question_is_open(self, grammar):
        understander = grammar(RAIL)
        dialogue = Dialogue(understander, understander)
        said(dialogue, "make a call")
        understander.set_list("person", text_list(["Wilhelmina"]))
        assert told(said(dialogue, "Wilhelmina", 1)) == "? Shall I call Wilhelmina?"


WRONG = {
    "line 8: 'dialogue' has no key 'intnets'; did you mean 'intents'": "intnets: {}",
    "'expires_s' must be a number from 0 to 86400": "expires_s: soon",
    "'tries' must be a number from 1 to 20": "tries: 0",
    "there is no sentence of an intent 'sing'": "intents: {sing: {undo: go}}",
    "no sentence of 'go' has a slot 'speed'": 'intents: {go: {required: [{slot: speed, ask: "?"}]}}',
    "'ask' must be a text or a list of texts": "intents: {go: {required: [{slot: place}]}}",
    "'required' of intent 'go' must be a list": "intents: {go: {required: place}}",
    "has no key 'needed'": "intents: {go: {needed: []}}",
    "'optional' must be true or false": 'intents: {go: {required: [{slot: place, ask: "?", optional: 3}]}}',
    "no sentence of 'go' has a slot 'way'": "intents: {go: {carry: [way]}}",
    "answer 'to {place}' has no <value>": 'phrases: {answer: ["to {place}"]}',
    "no texts only|must hold texts only": "phrases: {yes: [yes]}",
    "has no key 'maybe'": 'phrases: {maybe: ["perhaps"]}',
    "answers '(to': ": 'intents: {go: {required: [{slot: place, ask: "?", answers: ["(to"]}]}}',
    "'confirm' must be true, false or a mapping": "confirm: often",
    "'below' must be a number from 0 to 1": "confirm: {below: 80}",
    "'cancelled' must be a text": "says: {cancelled: 3}",
    "the dialogue of intent 'go' must be a mapping": "intents: {go: [place]}",
}
GO = """\
language: en
intents:
  go:
    data: [{sentences: ["go to {place}", "go"]}]
lists:
  place: {values: [town, sea]}
dialogue:
  LINE
"""


@pytest.mark.parametrize("expected", WRONG)
def test_a_section_that_is_wrong_is_named_with_its_file(tmp_path, expected):
    path = tmp_path / "go.yaml"
    path.write_text(GO.replace("LINE", WRONG[expected]), encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        create_dialogue(create([path]))
    assert any(part in caught.value.message for part in expected.split("|"))
    assert "go.yaml" in caught.value.message
    assert caught.value.remedy


def test_sections_of_several_files_add_up(tmp_path):
    (tmp_path / "a.yaml").write_text(
        GO.replace("LINE", 'intents: {go: {required: [{slot: place, ask: "Where?"}]}}'), encoding="utf-8"
    )
    (tmp_path / "b.yaml").write_text(
        'language: en\ndialogue: {says: {cancelled: "Fine."}, phrases: {cancel: ["basta"]}}', encoding="utf-8"
    )
    dialogue = create_dialogue(create([tmp_path]))
    assert told(said(dialogue, "go")) == "? Where?"
    assert told(said(dialogue, "basta", 1)) == "! Fine."
    assert told(said(dialogue, "go", 2)) == "? Where?"
    assert told(said(dialogue, "never mind", 3)) == "! Fine."


def test_a_language_without_phrases_still_asks(tmp_path):
    path = tmp_path / "go.yaml"
    text = GO.replace("LINE", 'intents: {go: {required: [{slot: place, ask: "Hvor?"}]}}')
    path.write_text(text.replace("language: en", "language: nb"), encoding="utf-8")
    dialogue = create_dialogue(create([path], language="nb"))
    assert told(said(dialogue, "go")) == "? Hvor?"
    assert told(said(dialogue, "blah blah", 1)) == "? Hvor?"
    assert told(said(dialogue, "sea", 2)) == "= go place=sea"
    assert told(said(dialogue, "no, town", 3)) == "-"


POOL = sorted(
    {text for lines in CONVERSATIONS.values() for text, _ in lines if isinstance(text, str)}
    | {
        "...",
        "?",
        "\u200b",
        "no",
        "no no no",
        "and",
        "and too",
        "ß" * 50,
        "call call call",
        "<value>",
        "{city}",
    }
)


@pytest.mark.parametrize("seed", range(6))
def test_random_conversations_raise_nothing_and_leave_one_question_at_most(rail, seed):
    """Whatever is said in whatever order: each step is a command, a refusal, or something that is said."""
    draw, now_s, is_open = random.Random(seed), 0.0, False
    for turn in range(1, 120):
        now_s += draw.choice([0.0, 1.0, 5.0, 25.0, -3.0])
        readings = [Alternative(text, 0.0) for text in draw.choices(POOL, k=draw.choice([1, 1, 1, 3]))]
        before = rail.state(now_s)
        step = rail.take(readings, None, now_s, turn)
        after = rail.state(now_s)
        assert after.state in {"idle", "asking", "confirming"}
        assert step.found is not None or step.say
        names = [state.state for state in step.states]
        assert sum(name in {"asking", "confirming"} for name in names) <= 1
        # A question that was open is asked again, kept, or ended, and that is told.
        if is_open and after.state == "idle":
            assert names[0] in {"completed", "cancelled", "expired"}
        if isinstance(step.found, IntentMatched):
            assert step.found.relation == "undo" or "thanks" in step.found.intent or after.state == "idle"
            if step.found.intent == "bookTrain" and step.found.relation != "undo":
                assert {"start", "goal"} <= set(step.found.slots)
        elif after.state != "idle" and before.state == "idle":
            assert step.say == after.question
        is_open = after.state != "idle"


@pytest.mark.parametrize("seed", range(40))
def test_random_sections_give_a_dialogue_or_the_named_error(tmp_path, seed):
    draw = random.Random(seed)
    values = [
        "go",
        "place",
        "",
        "?",
        "{place}",
        "<value>",
        "(",
        0,
        -1,
        7.5,
        True,
        None,
        [],
        {},
        ["a"],
        [["a"]],
    ]
    keys = ["intents", "phrases", "says", "confirm", "expires_s", "tries", "asides", "go", "required", "slot"]
    keys += ["ask", "answers", "optional", "answer", "correct", "yes", "undo", "carry", "below", "always"]

    def section(depth):
        if depth == 0 or draw.random() < 0.2:
            return draw.choice(values)
        if draw.random() < 0.3:
            return [section(depth - 1) for _ in range(draw.randrange(3))]
        return {draw.choice(keys): section(depth - 1) for _ in range(draw.randrange(4))}

    for number in range(10):
        path = tmp_path / f"{number}.yaml"
        path.write_text(GO.replace("LINE", json.dumps(section(5))), encoding="utf-8")
        try:
            dialogue = create_dialogue(create([path]))
        except TemplateError:
            continue
        for text in ("go", "sea", "no, town", "undo that"):
            said(dialogue, text)


def test_two_at_once_are_taken_one_after_the_other(rail):
    failures = []

    def talk(seed):
        draw = random.Random(seed)
        try:
            for turn in range(40):
                said(rail, draw.choice(POOL), turn, turn)
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=talk, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_the_example_in_the_docs_is_a_section_that_loads(tmp_path, repository):
    page = (repository / "docs" / "dialogue.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "mine.yaml").write_text("language: en\n" + example, encoding="utf-8")
    dialogue = create_dialogue(create(["coffee", "timers", "vehicle", "common", tmp_path / "mine.yaml"]))
    assert told(said(dialogue, "can I get a latte")) == "? What size latte?"
    assert told(said(dialogue, "small", 1)) == "? Any milk?"
    assert told(said(dialogue, "no thanks", 2)) == "= orderDrink coffeeDrink=latte size=small"
    assert told(said(dialogue, "call my mother", 3)) == "? Shall I call my mother?"


def test_the_conversation_in_the_docs_goes_so(repository):
    page = (repository / "docs" / "dialogue.md").read_text(encoding="utf-8")
    kept = page.split("```text\n")[1].split("```")[0].splitlines()
    talk = Talk(create_dialogue(create(["coffee", "coffee-dialogue"])))
    happened = [line for line_said in said_lines(kept) for line in talk.lines(line_said)]
    shown = [line for line in happened if not line.startswith(("  asking", "  completed", "< One", "< Okay"))]
    assert shown == kept
