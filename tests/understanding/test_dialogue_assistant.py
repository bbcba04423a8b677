"""The dialogue in an assistant: events, handlers and turns; once from the sound of a whole conversation."""

from __future__ import annotations

import numpy as np
import pytest

from voxedge import Assistant, Config
from voxedge.build import Parts
from voxedge.errors import TemplateError
from voxedge.events import DialogueState, IntentMatched, NoIntent, Reply, TurnEnded
from voxedge.testing import ScriptedLanguageModel, ScriptedRecognizer, ask, speak, turns
from voxedge.understanding import create

QUIET = {"conversation": {"engine": "none"}, "speaking": {"engine": "none"}, "audio": {"speak_aloud": False}}
KIOSK = ["coffee", "coffee-dialogue", "common"]


def assistant_of(intents, parts=None, **sections):
    own = {"intents": intents, **sections.pop("understanding", {})}
    settings = {**QUIET, "understanding": own, **sections}
    return Assistant(Config.from_mapping(settings, environment={}), parts=parts or Parts())


def bar(assistant):
    """Handlers that keep orders, and can take them back."""
    orders = []

    @assistant.on_intent("orderDrink")
    def order(intent, turn):
        orders.append(f"{intent.slots['size']} {intent.slots['coffeeDrink']}")
        return f"{len(orders)} on the list."

    @assistant.on_undo("orderDrink")
    def undo(earlier, turn):
        orders.remove(f"{earlier.slots['size']} {earlier.slots['coffeeDrink']}")
        return "Taken off the list."

    return orders


def kinds(record):
    return [type(event).__name__ for event in record.events]


def test_a_question_is_a_turn_with_a_reply_and_the_command_comes_when_it_is_complete():
    assistant = assistant_of(KIOSK)
    orders = bar(assistant)
    asked = ask(assistant, "can I get a latte")
    assert kinds(asked) == ["Transcript", "DialogueState", "ReplyDelta", "Reply", "TurnEnded"]
    assert (asked.reply, asked.outcome) == ("What size would you like?", "reply")
    assert [event.by for event in asked.events if isinstance(event, Reply)] == ["dialogue"]
    state = assistant.dialogue
    assert (state.state, state.asked, str(state.slots["coffeeDrink"])) == ("asking", ("size",), "latte")
    assert orders == []
    done = ask(assistant, "large please")
    assert kinds(done) == ["Transcript", "DialogueState", "IntentMatched", "ReplyDelta", "Reply", "TurnEnded"]
    assert (done.intent, done.reply, done.outcome) == ("orderDrink", "1 on the list.", "intent")
    assert assistant.dialogue.state == "idle"
    assert orders == ["large latte"]


def test_a_correction_takes_back_what_was_done_and_so_does_undo():
    assistant = assistant_of(KIOSK)
    orders = bar(assistant)
    ask(assistant, "can I get a large latte")
    corrected = ask(assistant, "no, a small one")
    assert (corrected.reply, orders) == ("1 on the list.", ["small latte"])
    ask(assistant, "and a cappuccino too")
    ask(assistant, "medium")
    assert orders == ["small latte", "medium cappuccino"]
    undone = ask(assistant, "undo that")
    assert (undone.intent, undone.reply, undone.outcome) == ("undo", "Taken off the list.", "intent")
    assert orders == ["small latte"]
    found = next(event for event in undone.events if isinstance(event, IntentMatched))
    assert (found.relation, str(found.earlier.slots["coffeeDrink"])) == ("undo", "cappuccino")


def test_an_inverse_intent_undoes_where_the_app_has_no_undo_handler():
    assistant = assistant_of(["home"])
    done = []

    @assistant.on_intent("*")
    def act(intent, turn):
        done.append((intent.intent, str(intent.slots["room"])))

    ask(assistant, "turn on the kitchen light")
    ask(assistant, "undo that")
    assert done == [("homeTurnOn", "kitchen"), ("homeTurnOff", "kitchen")]


def test_what_the_app_cannot_undo_is_said():
    assistant = assistant_of(KIOSK)

    @assistant.on_intent("orderDrink")
    def order(intent, turn):
        return "Coming."

    ask(assistant, "can I get a large latte")
    assert ask(assistant, "undo that").reply == "I can't take that back."
    listening_only = assistant_of(KIOSK)
    ask(listening_only, "can I get a large latte")
    assert ask(listening_only, "undo that").reply == "Okay, I've taken that back."


def test_a_handler_that_fails_leaves_nothing_to_take_back():
    assistant = assistant_of(KIOSK)

    @assistant.on_intent("orderDrink")
    def order(intent, turn):
        raise RuntimeError("no beans")

    failed = ask(assistant, "can I get a large latte")
    assert (failed.outcome, failed.error) == ("failed", "handler_failed")
    assert ask(assistant, "undo that").reply == "There is nothing to take back."
    assert ask(assistant, "no, small").intent == ""


def test_the_next_customer_is_asked_nothing_of_the_last_one():
    assistant = assistant_of(KIOSK)
    bar(assistant)
    ask(assistant, "can I get a latte")
    assistant.wipe()
    assert assistant.dialogue.state == "idle"
    assert ask(assistant, "large").outcome == "no_intent"


def test_while_a_question_is_open_the_language_model_is_not_asked():
    model = ScriptedLanguageModel(["It is warm."])
    assistant = assistant_of(KIOSK, Parts(language_model=model), conversation={"engine": "llama"})
    ask(assistant, "can I get a latte")
    missed = ask(assistant, "green bananas forever")
    assert any(isinstance(event, NoIntent) for event in missed.events)
    assert missed.reply.endswith("Small, medium or large?")
    ask(assistant, "never mind")
    assert ask(assistant, "green bananas forever").reply == "It is warm."


def test_without_the_dialogue_each_utterance_stands_for_itself():
    assistant = assistant_of(KIOSK, understanding={"dialogue": False})
    assert ask(assistant, "can I get a latte").intent == "orderDrink"
    assert ask(assistant, "no, large").outcome == "no_intent"
    assert assistant.dialogue.state == "idle"


@pytest.mark.parametrize(
    "text", ["", "# to be written\n", "language: en\nlists: {size: {values: [small]}}\n"]
)
def test_files_without_a_sentence_are_told(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    for _ in range(2):  # nothing of it is kept
        with pytest.raises(TemplateError, match=r"no sentence in .*mine\.yaml"):
            create([path])


def test_a_wrong_section_is_told_when_the_assistant_is_loaded(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("language: en\ndialogue: {intents: {sing: {undo: stop}}}\n", encoding="utf-8")
    assistant = assistant_of(["coffee", str(path)], Parts(recognizer=ScriptedRecognizer([])))
    with pytest.raises(TemplateError, match="no sentence of an intent 'sing'"):
        assistant.load()


def bursts(count, pause_s):
    random = np.random.default_rng(7)
    quiet = 0.0005 * random.standard_normal(int(pause_s * 16_000))
    loud = 0.2 * random.standard_normal(9_600)
    return np.concatenate([quiet, *[piece for _ in range(count) for piece in (loud, quiet)]]).astype(
        np.float32
    )


@pytest.mark.parametrize(
    ("pause_s", "outcomes"), [(2.0, ["reply", "intent"]), (32.0, ["reply", "no_intent"])]
)
def test_on_a_recording_a_question_expires_by_the_time_of_the_sound(pause_s, outcomes):
    recognizer = ScriptedRecognizer(["can I get a latte", "large"])
    assistant = assistant_of(
        KIOSK,
        Parts(recognizer=recognizer),
        listening={"voice_activity": "energy"},
        recognition={"partials": False, "bias_from_intents": False},
    )
    assert [r.outcome for r in turns(assistant.listen([bursts(2, pause_s)]))] == outcomes


@pytest.mark.models
def test_a_conversation_is_heard_from_its_sound(model_dir):
    model_dir("tiny.en")
    speaking = pytest.importorskip("voxedge.speaking")
    pytest.importorskip("hibari")
    from voxedge import store
    from voxedge.errors import ModelMissing

    try:
        folder = store.resolve("hibari-en", kind="speech")
    except ModelMissing as error:
        pytest.skip(f"no voice: {error.remedy}")
    voice = speaking.create("hibari", voice="", language="en", model_dir=folder)
    said = ["Can I get a latte?", "Large, please.", "No, a small one.", "Undo that."]
    sound = np.concatenate([speak(text, voice, pause_s=0.9) for text in said])
    assistant = assistant_of(KIOSK, recognition={"model": "tiny.en"})
    orders, seen = bar(assistant), []
    assistant.on(IntentMatched)(lambda event: seen.append((event.intent, event.relation, list(orders))))
    with assistant:
        heard = turns(assistant.listen([sound]))
    assert [record.outcome for record in heard] == ["reply", "intent", "intent", "intent"]
    assert heard[0].reply == "What size would you like?"
    assert seen == [
        ("orderDrink", "new", []),
        ("orderDrink", "correction", ["large latte"]),
        ("undo", "undo", ["small latte"]),
    ]
    assert orders == []
    assert all(sum(isinstance(event, TurnEnded) for event in record.events) == 1 for record in heard)
    states = [event.state for record in heard for event in record.events if isinstance(event, DialogueState)]
    assert states == ["asking", "completed"]
