"""The recognition room with a scripted recognizer: partials, what is stable, speculation, finals."""

from __future__ import annotations

import numpy as np
import pytest

from voxedge.audio.contract import SAMPLE_RATE_HZ, UtteranceAudio
from voxedge.errors import Cancelled, EngineError
from voxedge.events import NEVER, CancelToken, Partial, Transcript, Word
from voxedge.recognition.contract import Recognition, RecognitionOptions, RecognizerCapabilities
from voxedge.recognition.stable import StablePrefix
from voxedge.recognition.stream import MOST_WINDOW_S, WINDOW_S, RecognitionRoom


class Speaker:
    """A recognizer that knows what is said when: two words a second, and every sample's own place."""

    def __init__(self, words, per_s=2.0):
        self.script, self.per_s = words, per_s
        self.calls = []
        self.answers = None

    @property
    def capabilities(self):
        return RecognizerCapabilities(model="fake", languages=("en",))

    def recognize(self, samples, options, cancel=NEVER):
        cancel.raise_if_cancelled()
        self.calls.append((len(samples) / SAMPLE_RATE_HZ, options))
        if self.answers is not None:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return Recognition(text=answer, confidence=0.9)
        first, last = float(samples[0]), float(samples[-1])  # seconds: see `sound`
        chosen = [
            (i, w)
            for i, w in enumerate(self.script)
            if first <= i / self.per_s + 1e-3 and i / self.per_s < last
        ]
        words = tuple(
            Word(w, i / self.per_s - first, (i + 1) / self.per_s - first - 0.01, 0.9) for i, w in chosen
        )
        return Recognition(
            text=" ".join(w for _, w in chosen),
            confidence=0.8,
            start=0.0,
            end=last - first,
            words=words if options.words else (),
        )

    def close(self):
        pass


def sound(kind, seconds, *, turn=1, speech_end=None, start_s=0.0):
    samples = (np.arange(int(seconds * SAMPLE_RATE_HZ), dtype=np.float32)) / SAMPLE_RATE_HZ
    start = int(start_s * SAMPLE_RATE_HZ)
    end = start + int((seconds if speech_end is None else speech_end) * SAMPLE_RATE_HZ)
    reason = "silence" if kind == "final" else None
    return UtteranceAudio(turn, samples, start, end, kind, reason)


def room(recognizer, partials=True, **options):
    return RecognitionRoom(recognizer, RecognitionOptions(**options), partials=partials)


def answered(texts, kinds=None):
    """The events for growing sound on which the recognizer answers these texts."""
    speaker = Speaker([])
    speaker.answers = list(texts)
    own, events = room(speaker), []
    for number, _ in enumerate(texts):
        kind = kinds[number] if kinds else "growing"
        own.feed(sound(kind, 1 + 0.4 * number), events.append, NEVER)
    return events


def test_a_word_is_stable_when_three_hypotheses_agree_and_it_isnt_the_last():
    events = answered(["can I", "can I get", "can I get the", "can I get a large", "can I get a large one"])
    assert [e.stable for e in events] == ["", "", "can I", "can I get", "can I get"]
    assert events[3].text == "can I get a large"


def test_marks_behind_the_last_stable_word_dont_count_as_stable():
    texts = [
        "A large latte.",
        "A large latte, please",
        "A large latte, please, with",
        "A large latte, please",
    ]
    events = answered(texts)
    assert [e.stable for e in events] == ["", "", "A large latte", "A large latte"]
    assert all(e.text.startswith(e.stable) for e in events)


def test_what_is_stable_is_never_taken_back():
    texts = ["a large latte", "a large latte with", "a large latte with", "the large late with milk", "none"]
    events = answered(texts)
    stable = ""
    for event in events:
        assert event.stable.startswith(stable)
        assert event.text.startswith(event.stable)
        stable = event.stable
    assert events[2].stable == "a large latte"
    assert events[3].text == "a large latte with milk"


def test_what_a_hyphen_joins_is_found_again():
    prefix = StablePrefix()
    for text in ("a light rose 12", "a light rose 12", "a light rose 12 ounce"):
        prefix.update(text)
    assert prefix.stable == "a light rose 12"
    assert prefix.update("a light-rose 12-ounce coffee") == "a light rose 12 coffee"
    assert prefix.agrees("A light-rose 12-ounce coffee.")
    assert not prefix.agrees("A light roast 12-ounce coffee.")


def test_the_words_of_random_hypotheses_are_never_taken_back():
    rng = np.random.default_rng(5)
    vocabulary = ["a", "large", "Large", "latte,", "latte", "with", "milk.", "two"]
    for _ in range(300):
        prefix, stable = StablePrefix(), ""
        for _ in range(12):
            words = [vocabulary[i] for i in rng.integers(0, len(vocabulary), rng.integers(0, 7))]
            text = prefix.update(" ".join(words))
            assert text.startswith(prefix.stable)
            assert prefix.stable.startswith(stable)
            stable = prefix.stable
        if stable:
            with pytest.raises(ValueError, match="never"):
                prefix.commit("something else entirely")


def test_the_final_is_there_at_once_when_the_pause_covered_it():
    speaker = Speaker(["stop"])
    own, events = room(speaker), []
    own.feed(sound("pause", 1.0, speech_end=0.8), events.append, NEVER)
    assert len(speaker.calls) == 1
    own.feed(sound("final", 1.4, speech_end=0.8), events.append, NEVER)
    assert len(speaker.calls) == 1
    final = events[-1]
    assert isinstance(final, Transcript)
    assert final.text == "stop"
    assert final.agrees


def test_the_final_is_recognized_anew_when_speech_went_on_behind_the_pause():
    speaker = Speaker(["one", "two", "three", "four"])
    own, events = room(speaker), []
    own.feed(sound("pause", 1.0, speech_end=0.8), events.append, NEVER)
    own.feed(sound("final", 2.4, speech_end=2.0), events.append, NEVER)
    assert len(speaker.calls) == 2
    assert events[-1].text == "one two three four"


def test_a_pause_of_another_turn_is_not_taken():
    speaker = Speaker(["one", "two"])
    own, events = room(speaker), []
    own.feed(sound("pause", 1.0, turn=1, speech_end=0.8), events.append, NEVER)
    own.feed(sound("final", 1.4, turn=2, speech_end=0.8), events.append, NEVER)
    assert len(speaker.calls) == 2


def test_without_partials_pauses_are_recognized_and_nothing_is_shown():
    speaker = Speaker(["one", "two"])
    own, events = room(speaker, partials=False), []
    own.feed(sound("growing", 0.8), events.append, NEVER)
    assert speaker.calls == []
    pause = sound("pause", 1.0, speech_end=0.8)
    own.feed(pause, events.append, NEVER)
    assert events == []
    assert own.speculated(pause) == "one two"
    own.feed(sound("final", 1.4, speech_end=0.8), events.append, NEVER)
    assert [type(e) for e in events] == [Transcript]
    assert own.speculated(pause) is None


def test_finals_get_what_was_asked_for_and_partials_a_quick_look():
    speaker = Speaker(["one", "two"])
    own = room(speaker, beam=5, alternatives=5, words=True)
    own.feed(sound("growing", 1.0), lambda e: None, NEVER)
    own.feed(sound("final", 1.0), lambda e: None, NEVER)
    quick, full = (options for _, options in speaker.calls)
    assert (quick.partial, quick.beam, quick.alternatives) == (True, 1, 1)
    assert (full.partial, full.beam, full.alternatives, full.words) == (False, 5, 5, True)


def test_times_of_words_are_those_of_the_stream():
    own, events = room(Speaker(["one", "two"]), words=True), []
    own.feed(sound("final", 1.4, start_s=100.0), events.append, NEVER)
    assert [round(w.start, 2) for w in events[0].words] == [100.0, 100.5]
    assert events[0].end == pytest.approx(101.4, abs=0.01)


def test_a_partial_looks_at_bounded_sound_however_long_the_utterance():
    speaker = Speaker([f"word{i}" for i in range(120)])
    own, events = room(speaker), []
    for number in range(1, 70):
        own.feed(sound("growing", 0.4 * number), events.append, NEVER)
    assert max(length for length, _ in speaker.calls) <= WINDOW_S + 0.5
    assert len(events) == 69
    assert events[-1].text.split() == [f"word{i}" for i in range(len(events[-1].text.split()))]
    assert len(events[-1].text.split()) >= 54
    stable = ""
    for event in events:
        assert event.stable.startswith(stable)
        stable = event.stable
    own.feed(sound("final", 28.0), events.append, NEVER)
    assert events[-1].agrees


def test_a_long_utterance_without_any_words_costs_no_more_than_the_limit():
    speaker = Speaker([])
    own, events = room(speaker), []
    for number in range(1, 60):
        own.feed(sound("growing", 0.4 * number), events.append, NEVER)
    assert events == []
    assert max(length for length, _ in speaker.calls) <= MOST_WINDOW_S


def test_the_final_says_whether_it_agrees_with_what_was_stable():
    texts = ["a large latte", "a large latte with", "a large latte with", "a small latte with milk"]
    events = answered(texts, ["growing", "growing", "growing", "final"])
    assert events[2].stable == "a large latte"
    assert events[3].text == "a small latte with milk"
    assert events[3].agrees is False


def test_an_error_is_raised_and_the_next_item_is_taken():
    speaker = Speaker([])
    speaker.answers = [EngineError("It broke.", remedy="Try again."), "one two"]
    own, events = room(speaker), []
    with pytest.raises(EngineError):
        own.feed(sound("pause", 1.0), events.append, NEVER)
    own.feed(sound("final", 1.4), events.append, NEVER)
    assert events[0].text == "one two"


def test_a_cancelled_partial_leaves_the_utterance_as_it_was():
    speaker, cancel = Speaker(["one", "two", "three"]), CancelToken()
    own, events = room(speaker), []
    cancel.cancel()
    with pytest.raises(Cancelled):
        own.feed(sound("growing", 1.0), events.append, cancel)
    own.feed(sound("final", 1.6), events.append, NEVER)
    assert [type(e) for e in events] == [Transcript]


def test_nothing_said_is_a_transcript_without_text_that_says_why():
    class Deaf(Speaker):
        def recognize(self, samples, options, cancel=NEVER):
            return Recognition(text="", suppressed="no_speech")

    own, events = room(Deaf([])), []
    for kind in ("growing", "pause", "final"):
        own.feed(sound(kind, 1.0), events.append, NEVER)
    assert [type(e) for e in events] == [Transcript]
    assert events[0].suppressed == "no_speech"
    assert not any(isinstance(e, Partial) for e in events)
