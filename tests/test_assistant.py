"""The assistant with real listening and scripted engines: what happens in which order, whatever fails."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import time

import numpy as np
import pytest

from voxedge import Assistant, Config
from voxedge.build import Parts
from voxedge.errors import (
    ClosedError,
    DeviceNotFound,
    EngineCrashed,
    EngineLoadFailed,
    ModelMissing,
    UsageError,
)
from voxedge.events import (
    Degraded,
    Event,
    IntentMatched,
    NoIntent,
    Partial,
    Recovered,
    Reply,
    ReplyDelta,
    SpeechEnded,
    Started,
    Transcript,
    TurnEnded,
)
from voxedge.testing import ScriptedLanguageModel, ScriptedRecognizer, ask, hear, turns

RATE_HZ = 16_000
QUIET = {"conversation": {"engine": "none"}, "speaking": {"engine": "none"}, "audio": {"speak_aloud": False}}


class Orders:
    """An understander of three sentences."""

    def understand(self, hypotheses, context=None):
        text = hypotheses[0].text.lower()
        if text in {"lights on", "lights off"}:
            return IntentMatched(intent="switch", text=text, response="Done." if text.endswith("off") else "")
        return NoIntent(reason="none_near", text=text)

    def completeness(self, text):
        return "complete" if text.startswith("lights") else "unknown"

    def bias(self, limit=16):
        return ("lights on",)


def sound(*utterance_lengths_s, pause_s=1.5):
    """Noise bursts at the level of speech, with near silence between."""
    random = np.random.default_rng(7)
    pieces = [0.0005 * random.standard_normal(int(pause_s * RATE_HZ))]
    for length_s in utterance_lengths_s:
        pieces.append(0.2 * random.standard_normal(int(length_s * RATE_HZ)))
        pieces.append(0.0005 * random.standard_normal(int(pause_s * RATE_HZ)))
    return np.concatenate(pieces).astype(np.float32)


def assistant_of(script, replies=(), **sections):
    settings = {
        **QUIET,
        "listening": {"voice_activity": "energy"},
        "recognition": {"partials": False},
        **sections,
    }
    if replies:
        settings = {**settings, "conversation": {"engine": "llama"}}
    return Assistant(
        Config.from_mapping(settings, environment={}),
        parts=Parts(
            recognizer=script if isinstance(script, ScriptedRecognizer) else ScriptedRecognizer(script),
            understander=Orders(),
            language_model=ScriptedLanguageModel(replies) if replies else None,
        ),
    )


class Paced:
    """A live source: frames as fast as they are taken, on a thread like a microphone's, then its end."""

    live = True

    def __init__(self, samples, hold_open=False):
        from voxedge.audio.sources import ArraySource

        self._inner = ArraySource([samples], rate_hz=RATE_HZ)
        self._hold_open = hold_open
        self.closed = False

    def frames(self, cancel):
        yield from self._inner.frames(cancel)
        while self._hold_open and not cancel.cancelled and not self.closed:
            time.sleep(0.01)

    def close(self):
        self.closed = True


def new_threads(before):
    """The threads of ours that weren't there before."""
    return [t for t in threading.enumerate() if t.name.startswith("voxedge-") and t not in before]


def kinds(events):
    return [type(e).__name__ for e in events if not isinstance(e, Partial)]


def test_watchers_hear_of_the_start_before_all_else():
    assistant = assistant_of(["lights on"])

    def no_loudspeaker():
        raise DeviceNotFound("None.", remedy="Plug one in.")

    assistant._rooms._optional("sink", None, no_loudspeaker)
    told = []
    assistant.on(Event)(told.append)
    given = list(assistant.listen(sound(0.6)))
    assert kinds(told)[:2] == kinds(given)[:2] == ["Started", "Degraded"]


def test_a_loudspeaker_that_comes_later_is_found_and_a_missing_model_isn_t_looked_for_again():
    rooms = assistant_of([])._rooms
    tried = []

    def build(error):
        tried.append(error)
        if error is not None:
            raise error
        return "engine"

    lost, missing = DeviceNotFound("a", remedy="b"), ModelMissing("a", remedy="b")
    assert rooms._optional("sink", None, lambda: build(lost)) is None
    assert rooms.troubles == {"sink": lost}
    assert rooms._optional("sink", None, lambda: build(None)) == "engine"
    assert rooms.troubles == {}
    assert rooms._optional("speaking", None, lambda: build(missing)) is None
    assert rooms._optional("speaking", None, lambda: build(None)) is None
    assert tried == [lost, None, missing]


def test_a_language_model_that_can_t_be_started_keeps_no_stream_from_starting():
    assistant = assistant_of(["lights on"], ["never"])
    model = assistant._rooms.language_model()

    def broken():
        raise EngineLoadFailed("It is damaged.", remedy="Get it again.")

    model.warm_up = broken
    (turn,) = turns(assistant.listen(sound(0.6)))
    assert turn.intent == "switch"


def test_intent_handler_grammar_response_and_language_model_each_answer_their_turn():
    assistant = assistant_of(["lights on", "lights off", "why is the sky blue", ""], ["It scatters."])

    @assistant.on_intent("switch")
    def switch(intent, turn):
        return None if intent.response else f"Turn {turn.number}: on."

    events = list(assistant.listen(sound(0.6, 0.6, 0.6, 0.6)))
    assert isinstance(events[0], Started)
    assert events[0].models["recognition"] == "scripted"
    first, second, third, fourth = turns(events)
    assert (first.intent, first.reply, first.outcome) == ("switch", "Turn 1: on.", "intent")
    assert (second.intent, second.outcome) == ("switch", "intent")
    assert (third.intent, third.reply, third.outcome) == ("", "It scatters.", "reply")
    assert (fourth.text, fourth.outcome) == ("", "nothing_said")
    assert kinds(third.events) == [
        "SpeechStarted",
        "SpeechEnded",
        "Transcript",
        "NoIntent",
        "ReplyDelta",
        "ReplyDelta",
        "Reply",
        "TurnEnded",
    ]


def test_without_a_handler_the_response_of_the_grammar_is_the_reply():
    record = ask(assistant_of([]), "lights off")
    assert (record.reply, record.outcome) == ("Done.", "intent")
    assert [e.by for e in record.events if isinstance(e, Reply)] == ["dialogue"]


def test_the_same_sound_in_any_blocks_gives_the_same_events():
    samples = sound(0.6, 0.9)
    seen = []
    for size in (samples.size, 1, 160, 4097):
        step = max(size, 160)
        blocks = [samples[i : i + step] for i in range(0, samples.size, step)]
        events = list(assistant_of(["lights on", "lights off"]).listen(blocks))
        seen.append([{k: v for k, v in e.to_json().items() if k != "clock"} for e in events])
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert [e["type"] for e in seen[0]].count("TurnEnded") == 2


def test_threads_give_the_same_turns_as_the_caller_s_own():
    inline = hear(assistant_of(["lights on", "what", "lights off"], ["Pardon?"]), sound(0.6, 0.6, 0.6))
    threaded = turns(
        assistant_of(["lights on", "what", "lights off"], ["Pardon?"]).listen(Paced(sound(0.6, 0.6, 0.6)))
    )
    assert [(t.text, t.intent, t.reply, t.outcome) for t in threaded] == [
        (t.text, t.intent, t.reply, t.outcome) for t in inline
    ]
    assert len(inline) == 3


@pytest.mark.parametrize("live", [False, True], ids=["inline", "threaded"])
def test_what_fails_ends_its_turn_with_a_note_and_the_next_turn_works(live):
    crash = EngineCrashed("gone", remedy="It is started anew.", room="recognition")
    # Twice: what fails in the pause before the end is tried again at the end.
    assistant = assistant_of([crash, crash, "lights on", "lights on"])
    broken = iter([True, False])

    @assistant.on_intent("switch")
    def switch(intent, turn):
        if next(broken):
            raise ZeroDivisionError("what was said must not be logged")
        return "On."

    samples = sound(0.6, 0.6, 0.6)
    events = list(assistant.listen(Paced(samples) if live else [samples]))
    assert [(t.outcome, t.error) for t in turns(events)] == [
        ("failed", "engine_crashed"),
        ("failed", "handler_failed"),
        ("intent", ""),
    ]
    assert [e.room for e in events if isinstance(e, Degraded)] == ["recognition"]
    assert [e.room for e in events if isinstance(e, Recovered)] == ["recognition"]


@pytest.mark.parametrize("live", [False, True], ids=["inline", "threaded"])
def test_what_nobody_foresaw_fails_one_turn_and_says_where_without_the_words(live, caplog):
    assistant = assistant_of([KeyError("the canary sings")] * 2 + ["lights on"])
    samples = sound(0.6, 0.6)
    records = turns(assistant.listen(Paced(samples) if live else [samples]))
    assert [(t.outcome, t.error) for t in records] == [("failed", "internal_fault"), ("intent", "")]
    assert "KeyError" in caplog.text
    assert "canary" not in caplog.text


def test_a_handler_s_failure_is_logged_without_what_was_said(caplog):
    assistant = assistant_of([])

    @assistant.on_intent("switch")
    def switch(intent, turn):
        raise ValueError("the canary sings")

    assert ask(assistant, "lights on").error == "handler_failed"
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


def test_intents_are_answered_while_the_language_model_hangs():
    released = threading.Event()

    class Hanging(ScriptedLanguageModel):
        def reply(self, messages, options, cancel):
            while not released.is_set() and not cancel.cancelled:
                time.sleep(0.01)
            yield "At last."

    assistant = Assistant(
        Config.from_mapping(
            {**QUIET, "conversation": {"engine": "llama"}, "listening": {"voice_activity": "energy"}},
            environment={},
        ),
        parts=Parts(
            recognizer=ScriptedRecognizer(["what", "lights off"]),
            understander=Orders(),
            language_model=Hanging([]),
        ),
    )
    outcomes = []
    for event in assistant.listen(Paced(sound(0.6, 0.6))):
        if isinstance(event, TurnEnded):
            outcomes.append((event.turn, event.outcome))
            released.set()
    assert outcomes == [(2, "intent"), (1, "reply")]


def test_a_crash_of_the_language_model_is_an_event_and_the_next_question_recovers():
    assistant = assistant_of(
        ["what", "why"],
        [EngineCrashed("gone", remedy="It is started anew.", room="conversation"), "Because."],
    )
    events = list(assistant.listen([sound(0.6, 0.6)]))
    first, second = turns(events)
    assert (first.outcome, first.error) == ("failed", "engine_crashed")
    assert (second.outcome, second.reply) == ("reply", "Because.")
    assert [e.room for e in events if isinstance(e, (Degraded, Recovered))] == ["conversation"] * 2


@pytest.mark.parametrize("after", ["SpeechStarted", "SpeechEnded", "Transcript"])
def test_closing_at_any_point_ends_every_turn_and_every_thread(after):
    hold = ScriptedRecognizer(
        ["what"] * 3, delay=lambda token: _wait(token, 5.0) if after == "SpeechEnded" else None
    )
    assistant = assistant_of(hold)
    events, before = [], threading.enumerate()
    for event in assistant.listen(Paced(sound(0.6, 0.6, 0.6), hold_open=True)):
        events.append(event)
        if type(event).__name__ == after:
            started = time.monotonic()
            assistant.close()
            assert time.monotonic() - started < 2.0
    turns(events)
    assert not new_threads(before)
    with pytest.raises(ClosedError):
        next(assistant.listen([sound()]))


def test_closing_doesn_t_wait_for_a_handler_that_hangs():
    assistant, inside, release = assistant_of(["lights on"]), threading.Event(), threading.Event()
    took, events = [], []

    @assistant.on_intent("switch")
    def hang(_intent, _turn):
        inside.set()
        release.wait(20.0)

    def close():
        assert inside.wait(10.0)
        began = time.monotonic()
        assistant.close()
        took.append(time.monotonic() - began)

    closer = threading.Thread(target=close)
    closer.start()
    for event in assistant.listen(Paced(sound(0.6), hold_open=True)):
        events.append(event)
    closer.join()
    release.set()
    assert took[0] < 2.0
    assert [turn.outcome for turn in turns(events)] == ["cancelled"]


def _wait(token, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not token.cancelled:
        time.sleep(0.005)


def test_leaving_the_loop_ends_the_stream_and_the_assistant_goes_on():
    assistant, before = assistant_of(["lights on"] * 4), threading.enumerate()
    for event in assistant.listen(Paced(sound(0.6, 0.6), hold_open=True)):
        if isinstance(event, TurnEnded):
            break
    assert hear(assistant, sound(0.6))[0].outcome == "intent"
    assistant.close()
    assert not new_threads(before)


def test_two_streams_at_once_are_refused():
    assistant = assistant_of(["lights on"])
    first = assistant.listen([sound(0.6)])
    next(first)
    with pytest.raises(UsageError):
        next(assistant.listen([sound(0.6)]))
    assert turns(first)[0].outcome == "intent"


def test_pause_gives_up_what_is_being_said_and_resume_listens_again():
    assistant = assistant_of(["lights on", "lights on"])
    events = []
    for event in assistant.listen([sound(0.6)[i : i + 512] for i in range(0, 50_000, 512)]):
        events.append(event)
        if type(event).__name__ == "SpeechStarted":
            assistant.pause()
    assert [e.reason for e in events if isinstance(e, SpeechEnded)] == ["cancelled"]
    assert [e.outcome for e in events if isinstance(e, TurnEnded)] == ["cancelled"]
    assistant.resume()
    assert hear(assistant, sound(0.6))[0].outcome == "intent"


def test_typed_text_joins_the_live_stream():
    assistant = assistant_of(["lights on"])
    events = []
    for event in assistant.listen(Paced(sound(0.6), hold_open=True)):
        events.append(event)
        if isinstance(event, TurnEnded):
            if event.turn == 2:
                break
            assert assistant.ask("lights off") == []
    assert [(e.turn, e.text) for e in events if isinstance(e, Transcript)] == [
        (1, "lights on"),
        (2, "lights off"),
    ]


def test_async_for():
    async def collect():
        assistant = assistant_of(["lights on", "lights off"])
        events = []
        async for event in assistant.alisten(Paced(sound(0.6, 0.6), hold_open=True)):
            events.append(event)
            if isinstance(event, TurnEnded) and event.turn == 2:
                break
        return events

    events = asyncio.run(collect())
    assert [t.outcome for t in turns(events)] == ["intent", "intent"]


def test_async_cancelling_ends_the_stream():
    assistant, before = assistant_of(["lights on"]), threading.enumerate()
    source = Paced(sound(), hold_open=True)

    async def listen_for_a_while():
        events = []

        async def listen():
            async for event in assistant.alisten(source):
                events.append(event)

        task = asyncio.create_task(listen())
        while not events:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert asyncio.run(listen_for_a_while())
    assert source.closed
    assert hear(assistant, sound(0.6))[0].outcome == "intent"
    assistant.close()
    assert not new_threads(before)


def test_handlers_may_stream_be_coroutines_or_answer_what_no_intent_takes():
    assistant = assistant_of([])

    @assistant.on_intent("switch")
    async def switch(intent, turn):
        await asyncio.sleep(0)
        return ["One. ", "Two."]

    @assistant.on_no_intent
    def pardon(refusal, turn):
        return "Pardon?" if refusal.text == "hm" else None

    streamed = ask(assistant, "lights on")
    assert [e.text for e in streamed.events if isinstance(e, ReplyDelta)] == ["One. ", "Two."]
    assert streamed.reply == "One. Two."
    assert (ask(assistant, "hm").reply, ask(assistant, "hm").outcome) == ("Pardon?", "reply")
    assert ask(assistant, "something else").outcome == "no_intent"


def test_watchers_see_the_events_and_may_fail():
    assistant = assistant_of([])
    seen = []
    assistant.on(Transcript)(seen.append)
    assistant.on(Reply)(lambda _event: 1 / 0)
    assert ask(assistant, "lights off").outcome == "intent"
    assert [e.text for e in seen] == ["lights off"]


def test_wiping_forgets_the_conversation():
    model = ScriptedLanguageModel(["One.", "Two.", "Three."])
    assistant = Assistant(
        Config.from_mapping({**QUIET, "conversation": {"engine": "llama"}}, environment={}),
        parts=Parts(language_model=model, understander=Orders()),
    )
    for text in ("first", "second"):
        ask(assistant, text)
    assert any("first" in m.text for m in model.asked[1])
    assistant.wipe()
    ask(assistant, "third")
    assert not any("first" in m.text or "second" in m.text for m in model.asked[2])


def test_twenty_streams_share_their_threads_and_closing_ends_them():
    assistant = assistant_of(["lights on"] * 40)
    before = threading.enumerate()
    kept = None
    for _ in itertools.repeat(None, 20):
        assert turns(assistant.listen(Paced(sound(0.4, pause_s=1.0))))[0].outcome == "intent"
        kept = kept or new_threads(before)
        assert new_threads(before) == kept
    assert len(kept) == 6
    assistant.close()
    assert not new_threads(before)


def test_a_forgotten_assistant_s_threads_end():
    before = threading.enumerate()
    assistant = assistant_of(["lights on"])
    assert turns(assistant.listen(Paced(sound(0.4, pause_s=1.0))))[0].outcome == "intent"
    left = new_threads(before)
    del assistant
    gc.collect()
    for thread in left:
        thread.join(2.0)
    assert left
    assert not new_threads(before)


def test_started_comes_first_although_the_source_speaks_before_it_is_open():
    class Eager:
        live = True

        def __init__(self):
            self.opened = threading.Event()

        def watch(self, on_state):
            self.on_state = on_state

        def wait_open(self):
            self.opened.wait(5)
            time.sleep(0.1)

        def frames(self, cancel):
            self.opened.set()
            self.on_state(Degraded(room="audio", reason="microphone_lost", remedy="Plug it in."))
            yield from ()

        def close(self):
            pass

    with assistant_of([]) as assistant:
        told = []
        assistant.on(Event)(told.append)
        events = list(assistant.listen(Eager()))
    assert [type(event) for event in events] == [Started, Degraded]
    assert [type(event) for event in told] == [Started, Degraded]
