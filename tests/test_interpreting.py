"""Translation in the assistant: both runtimes, with and without intents, spoken, and whatever fails."""

from __future__ import annotations

import numpy as np
import pytest
from test_assistant import QUIET, Orders, Paced, sound

from voxedge import Assistant, Config
from voxedge.build import Parts
from voxedge.errors import ConfigError, EngineCrashed, LanguageUnsupported
from voxedge.events import (
    NEVER,
    Degraded,
    IntentMatched,
    NoIntent,
    Recovered,
    ReplyDelta,
    SpeakingEnded,
    SpeakingStarted,
    Translation,
    TurnEnded,
)
from voxedge.interpreters import STARTER_WORDS
from voxedge.interpreting import SpeakingByLanguage
from voxedge.recognition.contract import Recognition, RecognizerCapabilities
from voxedge.speaking.contract import SynthesizerCapabilities
from voxedge.speaking.room import Speaking
from voxedge.testing import ScriptedRecognizer, ask, turns
from voxedge.translation.contract import TextTranslation
from voxedge.translation.router import Candidate

both_runtimes = pytest.mark.parametrize("live", [False, True], ids=["inline", "threaded"])


class Polyglot(ScriptedRecognizer):
    """Its script's texts begin with their language: "es hola"."""

    def __init__(self, script, languages=("de", "en", "es"), **options):
        super().__init__(script, **options)
        self.languages, self.asked = languages, []

    @property
    def capabilities(self):
        many = len(self.languages) > 1
        return RecognizerCapabilities(
            model="polyglot", languages=self.languages, translates=many, detects_language=many
        )

    def recognize(self, samples, options, cancel=None):
        self.asked.append(options)
        if options.task == "translate":
            return Recognition(text="in English", language="en")
        found = super().recognize(samples, options, cancel)
        language, _, text = found.text.partition(" ")
        return Recognition(text=text, language=language or "en", suppressed=found.suppressed, end=found.end)


class Capitals:
    """Translates to capital letters; raises what is in its list instead."""

    def __init__(self, pairs=(("es", "en"), ("en", "es")), failures=()):
        self.pairs, self.failures = frozenset(pairs), list(failures)

    def translate(self, texts, *, source, target, options=None, cancel=None):
        if self.failures:
            failure = self.failures.pop(0)
            if failure is not None:
                raise failure
        return [
            TextTranslation(source=source, target=target, text=text, translation=text.upper())
            for text in texts
        ]

    def close(self):
        pass


class Voice:
    capabilities = SynthesizerCapabilities(engine="voice", languages=("en",), voices=(), rate_hz=16_000)

    def __init__(self):
        self.said = []

    def synthesize(self, text, cancel=None):
        self.said.append(text)
        yield np.zeros(160, np.float32)

    def close(self):
        pass


class Loudspeaker:
    def __init__(self):
        self.played = 0

    def play(self, samples, rate_hz, cancel):
        self.played += 1
        return True

    def close(self):
        pass


def assistant_of(script, translator=None, *, parts=None, **sections):
    recognizer = script if isinstance(script, ScriptedRecognizer) else Polyglot(script)
    translation = {"source": "es", "target": "en", **sections.pop("translation", {})}
    settings = {
        **QUIET,
        "listening": {"voice_activity": "energy"},
        "recognition": {"partials": False},
        "translation": translation,
        **sections,
    }
    return Assistant(
        Config.from_mapping(settings, environment={}),
        parts=Parts(recognizer=recognizer, translator=translator or Capitals(), **(parts or {})),
    )


def heard(assistant, samples, live):
    return list(assistant.listen(Paced(samples) if live else [samples]))


@both_runtimes
def test_each_utterance_is_translated_and_ends_with_that_outcome(live):
    events = heard(assistant_of(["es hola", "es adiós", ""]), sound(0.6, 0.6, 0.6), live)
    assert [t.outcome for t in turns(events)] == ["translation", "translation", "nothing_said"]
    assert [
        (e.turn, e.source, e.target, e.text, e.translation, e.final)
        for e in events
        if isinstance(e, Translation)
    ] == [
        (1, "es", "en", "hola", "HOLA", True),
        (2, "es", "en", "adiós", "ADIÓS", True),
    ]
    assert not [e for e in events if isinstance(e, NoIntent)]


@both_runtimes
def test_partials_are_translated_as_they_grow(live):
    text = "es " + " ".join("abcdefghij")
    assistant = assistant_of([text] * 2, recognition={"partials": True})
    events = [e for e in heard(assistant, sound(6.0), live) if isinstance(e, Translation)]
    # The threads pass over what is out of date already: this sound comes as fast as it is taken.
    assert live or len(events) >= 2
    assert [e.final for e in events] == [False] * (len(events) - 1) + [True]
    assert events[-1].translation == "A B C D E F G H I J"
    assert all(events[-1].translation.startswith(e.translation) for e in events)


@both_runtimes
def test_a_conversation_goes_both_ways(live):
    recognizer = Polyglot(["es hola", "en hello"])
    assistant = assistant_of(recognizer, translation={"both_ways": True})
    events = heard(assistant, sound(0.6, 0.6), live)
    assert [(e.source, e.target) for e in events if isinstance(e, Translation)] == [
        ("es", "en"),
        ("en", "es"),
    ]
    assert {(o.language, o.languages) for o in recognizer.asked} == {("auto", ("es", "en"))}


@both_runtimes
def test_with_intents_only_what_is_no_command_is_translated(live):
    assistant = assistant_of(["es lights on", "es hola"], parts={"understander": Orders()})
    events = heard(assistant, sound(0.6, 0.6), live)
    assert [t.outcome for t in turns(events)] == ["intent", "translation"]
    assert [e.turn for e in events if isinstance(e, Translation)] == [2]
    assert [e.turn for e in events if isinstance(e, IntentMatched)] == [1]


@both_runtimes
def test_a_failing_translation_fails_its_turn_is_told_and_the_next_one_works(live):
    crash = EngineCrashed("gone", remedy="It is started anew.", room="translation")
    events = heard(assistant_of(["es hola", "es hola"], Capitals(failures=[crash])), sound(0.6, 0.6), live)
    assert [(t.outcome, t.error) for t in turns(events)] == [
        ("failed", "engine_crashed"),
        ("translation", ""),
    ]
    assert [e.room for e in events if isinstance(e, (Degraded, Recovered))] == ["translation"] * 2


def test_a_partial_that_fails_does_not_fail_the_turn():
    crash = EngineCrashed("gone", remedy="It is started anew.", room="translation")
    assistant = assistant_of(["es hola"] * 2, Capitals(failures=[crash]), recognition={"partials": True})
    events = heard(assistant, sound(3.0), False)
    assert [t.outcome for t in turns(events)] == ["translation"]
    assert [type(e) for e in events if isinstance(e, (Degraded, Recovered))] == [Degraded, Recovered]


@both_runtimes
def test_translations_are_spoken_when_they_are_final(live):
    voice, loudspeaker = Voice(), Loudspeaker()
    assistant = assistant_of(
        ["es hola"] * 2,
        recognition={"partials": True},
        translation={"speak_aloud": True},
        speaking={"engine": "espeak", "language": "en"},
        audio={"speak_aloud": True},
        parts={"synthesizer": voice, "sink": loudspeaker},
    )
    events = heard(assistant, sound(3.0), live)
    assert voice.said == ["HOLA"]
    assert loudspeaker.played == 1
    assert [e.text for e in events if isinstance(e, (SpeakingStarted, SpeakingEnded))] == ["HOLA", "HOLA"]
    assert [type(e) for e in events][-2:] == [SpeakingEnded, TurnEnded]


@both_runtimes
def test_whisper_translates_the_sound_itself(live):
    recognizer = Polyglot(["de hallo", "de tschüs"])
    assistant = assistant_of(recognizer, translation={"source": "de", "engine": "whisper"})
    events = heard(assistant, sound(0.6, 0.6), live)
    assert [(e.text, e.translation) for e in events if isinstance(e, Translation)] == [
        ("hallo", "in English"),
        ("tschüs", "in English"),
    ]
    assert {o.language for o in recognizer.asked if o.task == "translate"} == {"de"}


def test_whisper_steps_in_where_there_is_no_model_for_the_pair():
    assistant = assistant_of(["de hallo"], translation={"source": "de"})
    events = heard(assistant, sound(0.6), False)
    assert [e.translation for e in events if isinstance(e, Translation)] == ["in English"]


@both_runtimes
def test_of_languages_that_are_found_out_each_goes_its_own_way(live):
    assistant = assistant_of(["de hallo", "es hola", "en hello"], translation={"source": "auto"})
    events = heard(assistant, sound(0.6, 0.6, 0.6), live)
    assert [(e.source, e.translation) for e in events if isinstance(e, Translation)] == [
        ("de", "in English"),
        ("es", "HOLA"),
        ("en", "hello"),
    ]


class Routed(Capitals):
    """One model: the starter, or one that somebody chose."""

    def __init__(self, *, starter):
        super().__init__()
        self.model = Candidate("m", self.pairs, lambda: None, starter=starter)

    def route(self, source, target):
        return (self.model,)


@pytest.mark.parametrize(
    ("starter", "engine", "words", "whisper"),
    [
        (True, "auto", STARTER_WORDS, False),
        (True, "auto", STARTER_WORDS + 1, True),
        (False, "auto", 40, False),
        (True, "ctranslate2", 40, False),
        (True, "whisper", 1, True),
    ],
)
@pytest.mark.parametrize("source", ["es", "auto"])
def test_to_english_whisper_itself_takes_what_is_too_long_for_the_starter(
    starter, engine, words, whisper, source
):
    text = " ".join(["hola"] * words)
    translation = {"source": source, "engine": engine}
    assistant = assistant_of([f"es {text}"], Routed(starter=starter), translation=translation)
    (found,) = [e for e in heard(assistant, sound(0.6), False) if isinstance(e, Translation)]
    assert (found.text, found.translation) == (text, "in English" if whisper else text.upper())
    assert (found.engine == "whisper") == whisper


def test_what_is_typed_is_for_the_starter_since_it_has_no_sound():
    record = ask(assistant_of([], Routed(starter=True)), "hola " * 40)
    assert [e.translation for e in record.events if isinstance(e, Translation)] == [("HOLA " * 40).strip()]


def test_typed_text_is_translated_as_well():
    record = ask(assistant_of([]), "hola")
    assert record.outcome == "translation"
    assert [e.translation for e in record.events if isinstance(e, Translation)] == ["HOLA"]


@pytest.mark.parametrize(
    ("script", "translation", "error", "words"),
    [
        (Polyglot([], ("en",)), {}, LanguageUnsupported, "doesn't understand 'es'"),
        (Polyglot([], ("en",)), {"source": "auto"}, LanguageUnsupported, "tell languages apart"),
        (Polyglot([]), {"source": "de", "target": "es"}, LanguageUnsupported, "de to es"),
        (Polyglot([]), {"both_ways": True, "source": "auto"}, ConfigError, "two languages"),
        (Polyglot([]), {"both_ways": True, "source": "en"}, ConfigError, "two languages"),
        (Polyglot([]), {"target": "es", "source": "en", "engine": "whisper"}, ConfigError, "English only"),
    ],
)
def test_what_cannot_work_is_said_before_anybody_speaks(script, translation, error, words):
    with pytest.raises(error, match=words) as caught:
        heard(assistant_of(script, translation=translation), sound(0.6), False)
    assert caught.value.remedy


def test_a_file_s_pauses_cost_nothing_where_nobody_asks_for_the_words():
    recognizer = Polyglot(["es hola"] * 5)
    samples = np.concatenate([sound(0.6, 0.6, 0.6, pause_s=0.4), np.zeros(32_000, np.float32)])
    listening = {"voice_activity": "energy", "preset": "dictation"}
    events = heard(assistant_of(recognizer, listening=listening), samples, False)
    assert [t.outcome for t in turns(events)] == ["translation"]
    assert recognizer.calls == 1


def test_each_language_has_a_voice_of_its_own_and_they_don_t_talk_at_once():
    voices = {"en": Voice(), "es": Voice()}
    room = SpeakingByLanguage(lambda language: Speaking(voices[language], Loudspeaker()))
    events = []
    for turn, language, text in (
        (1, "en", "Hello there."),
        (2, "es", "Buenos días."),
        (3, "en", "Good bye."),
    ):
        room.feed(ReplyDelta(turn=turn, text=text, language=language), events.append, NEVER)
    assert room.finish(3, events.append, NEVER)
    assert not room.finish(3, events.append, NEVER)
    assert (voices["en"].said, voices["es"].said) == (["Hello there.", "Good bye."], ["Buenos días."])
    assert [(type(e), e.turn) for e in events] == [
        (kind, turn) for turn in (1, 2, 3) for kind in (SpeakingStarted, SpeakingEnded)
    ]
