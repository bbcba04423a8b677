"""The listening room with a scripted detector: what it emits, when, and in which order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from voxedge.audio.contract import FRAME_SAMPLES, Frame, UtteranceAudio
from voxedge.errors import AudioInvalid, ConfigError
from voxedge.events import NEVER, CancelToken, SpeechEnded, SpeechStarted
from voxedge.listening.room import Listening
from voxedge.listening.settings import PRESETS, EndpointSettings

FRAME_MS = 32


class Scripted:
    """Takes a frame's first sample for its probability of speech."""

    def __init__(self):
        self.resets = 0

    def probability(self, samples):
        return float(samples[0])

    def reset(self):
        self.resets += 1


def frames(probabilities, start=0):
    for number, probability in enumerate(probabilities):
        samples = np.full(FRAME_SAMPLES, 0.01, dtype=np.float32)
        samples[0] = probability
        samples[1] = number / 1000
        yield Frame(samples, start + number * FRAME_SAMPLES)


def listen(probabilities, settings=None, *, flush=True, start=0, **options):
    room = Listening(Scripted(), settings or EndpointSettings(), **options)
    items = []
    for frame in frames(probabilities, start):
        room.feed(frame, items.append, NEVER)
    if flush:
        room.flush(items.append)
    return items


def kinds(items):
    return [item.kind if isinstance(item, UtteranceAudio) else type(item).__name__ for item in items]


def s(ms):
    """So many milliseconds of silence and speech, as frames."""
    return round(ms / FRAME_MS)


SILENCE, SPEECH = [0.0], [0.9]


def test_an_utterance_is_started_paused_ended_and_handed_on_in_this_order():
    items = listen(SILENCE * 20 + SPEECH * 20 + SILENCE * 40)
    assert kinds(items) == ["SpeechStarted", "pause", "SpeechEnded", "final"]
    started, pause, ended, final = items
    assert started.turn == pause.turn == ended.turn == final.turn == 1
    assert started.time == pytest.approx(20 * 0.032)
    assert ended.speech_end == pytest.approx(40 * 0.032)
    assert ended.reason == final.reason == "silence"
    assert pause.reason is None
    assert pause.speech_end_sample == final.speech_end_sample == 40 * FRAME_SAMPLES


def test_the_pause_is_told_long_before_the_end_and_the_end_comes_after_the_wait():
    settings = EndpointSettings(min_silence_ms=640, pause_ms=160)
    items = listen(SILENCE * 20 + SPEECH * 20 + SILENCE * 40, settings)
    pause, ended = items[1], items[2]
    told = pause.start_sample + len(pause.samples)
    assert told - pause.speech_end_sample == 5 * FRAME_SAMPLES
    assert ended.time - ended.speech_end == pytest.approx(0.640)


def test_what_is_recognized_at_the_end_is_what_was_recognized_at_the_pause():
    items = listen(SILENCE * 20 + SPEECH * 20 + SILENCE * 8 + SPEECH * 10 + SILENCE * 40)
    first, last, final = (item for item in items if isinstance(item, UtteranceAudio))
    assert (first.kind, last.kind, final.kind) == ("pause", "pause", "final")
    assert len(final.samples) > len(last.samples) > len(first.samples)
    assert np.array_equal(final.spoken, last.samples)
    assert np.array_equal(last.spoken, last.samples)


def test_an_utterance_that_is_cut_in_its_speech_is_recognized_to_its_end():
    items = listen(SILENCE * 20 + SPEECH * 400, EndpointSettings(max_utterance_s=4.0))
    final = next(item for item in items if isinstance(item, UtteranceAudio) and item.kind == "final")
    assert final.reason == "limit"
    assert final.spoken is final.samples


def test_the_preroll_is_there_sample_by_sample():
    settings = EndpointSettings(preroll_ms=320)
    final = listen(SILENCE * 20 + SPEECH * 20 + SILENCE * 40, settings)[-1]
    assert final.start_sample == 10 * FRAME_SAMPLES
    numbers = final.samples[1::FRAME_SAMPLES]
    assert np.allclose(numbers, np.arange(10, 10 + len(numbers)) / 1000)
    with pytest.raises(ValueError, match="read-only"):
        final.samples[0] = 1.0


def test_speech_from_the_very_first_sample_has_what_preroll_there_is():
    final = listen(SPEECH * 20 + SILENCE * 40, start=0)[-1]
    assert final.start_sample == 0


def test_a_stream_may_begin_at_any_sample():
    items = listen(SILENCE * 20 + SPEECH * 20 + SILENCE * 40, start=5_000_000 * FRAME_SAMPLES)
    assert items[0].time == pytest.approx((5_000_000 + 20) * 0.032)


def test_a_click_is_no_speech_and_a_short_word_is():
    assert listen(SILENCE * 20 + SPEECH * 2 + SILENCE * 40) == []
    assert kinds(listen(SILENCE * 20 + SPEECH * 3 + SILENCE * 40))[-1] == "final"


def test_clicks_apart_dont_add_up_to_speech():
    assert listen((SPEECH * 1 + SILENCE * 6) * 50) == []


def test_a_word_with_a_closure_in_it_is_speech():
    assert kinds(listen(SILENCE * 9 + SPEECH * 2 + SILENCE * 2 + SPEECH * 2 + SILENCE * 40))[-1] == "final"


def test_speech_that_goes_on_after_a_pause_is_one_utterance_with_two_pauses():
    items = listen(SPEECH * 20 + SILENCE * 10 + SPEECH * 20 + SILENCE * 40)
    assert kinds(items) == ["SpeechStarted", "pause", "pause", "SpeechEnded", "final"]
    assert items[1].speech_end_sample == 20 * FRAME_SAMPLES
    assert items[2].speech_end_sample == items[4].speech_end_sample == 50 * FRAME_SAMPLES


def test_a_click_in_the_pause_doesnt_make_the_speculation_worthless():
    items = listen(SPEECH * 20 + SILENCE * 8 + SPEECH * 1 + SILENCE * 40)
    assert kinds(items) == ["SpeechStarted", "pause", "SpeechEnded", "final"]
    assert items[1].speech_end_sample == items[3].speech_end_sample


def test_clicks_in_the_pause_cant_hold_the_turn_open():
    items = listen(SPEECH * 20 + (SILENCE * 1 + SPEECH * 1) * 5 + SILENCE * 5 + (SPEECH + SILENCE) * 300)
    ended = next(item for item in items if isinstance(item, SpeechEnded))
    assert ended.time - ended.speech_end < 0.8


def test_growing_sound_comes_at_a_steady_pace_and_not_in_pauses():
    items = listen(SPEECH * 100 + SILENCE * 40, growing_every_ms=320)
    lengths = [len(i.samples) // FRAME_SAMPLES for i in items if getattr(i, "kind", "") == "growing"]
    assert lengths == list(range(10, 101, 10))
    slow = listen(SPEECH * 100 + SILENCE * 40, growing_every_ms=800)
    first = next(i for i in slow if getattr(i, "kind", "") == "growing")
    assert len(first.samples) == 12 * FRAME_SAMPLES
    assert kinds(items)[-3:] == ["pause", "SpeechEnded", "final"]


def test_views_that_were_handed_out_never_change():
    items = listen([0.9] * 600 + SILENCE * 40, EndpointSettings(max_utterance_s=60), growing_every_ms=960)
    final = items[-1]
    for item in items:
        if isinstance(item, UtteranceAudio):
            assert np.array_equal(item.samples, final.samples[: len(item.samples)])


@pytest.mark.parametrize(
    ("known", "wait_ms", "reason"),
    [
        ("complete", 256, "complete"),
        ("open", 416, "silence"),
        ("unfinished", 1216, "silence"),
        ("unknown", 608, "silence"),
    ],
)
def test_what_is_known_of_the_words_decides_how_long_to_wait(known, wait_ms, reason):
    asked = []
    items = listen(
        SPEECH * 20 + SILENCE * 60,
        EndpointSettings(
            complete_ms=256, open_ms=416, unfinished_ms=1200, min_silence_ms=600, opening_speech_ms=0
        ),
        completeness=lambda turn: asked.append(turn) or known,
    )
    ended = items[-2]
    assert ended.time - ended.speech_end == pytest.approx(wait_ms / 1000)
    assert ended.reason == reason
    assert set(asked) == {1}


def test_after_a_mere_opening_the_wait_is_longer():
    settings = EndpointSettings(min_silence_ms=448, opening_ms=640, opening_speech_ms=1200)
    waits = []
    for speech_ms in (320, 3200):
        ended = listen(SPEECH * s(speech_ms) + SILENCE * 60, settings)[-2]
        waits.append(ended.time - ended.speech_end)
    assert waits == pytest.approx([0.640, 0.448])


def test_music_without_end_is_cut_again_and_again():
    settings = EndpointSettings(max_utterance_s=5)
    items = listen(SPEECH * 2000, settings)
    starts = {i.turn: i.time for i in items if isinstance(i, SpeechStarted)}
    ends = [i for i in items if isinstance(i, SpeechEnded)]
    assert len(ends) >= 12
    assert all(i.reason == "limit" for i in ends[:-1])
    assert all(i.time - starts[i.turn] <= 5 + 1e-6 for i in ends)


def test_a_cut_loses_and_repeats_no_sample():
    rng = np.random.default_rng(1)
    room = Listening(Scripted(), EndpointSettings(max_utterance_s=4))
    items, sound = [], []
    for number in range(1000):
        samples = (rng.normal(size=FRAME_SAMPLES) * rng.uniform(0.001, 0.1)).astype(np.float32)
        samples[0] = 0.9
        sound.append(samples)
        room.feed(Frame(samples, number * FRAME_SAMPLES), items.append, NEVER)
    room.flush(items.append)
    finals = [i for i in items if getattr(i, "kind", "") == "final"]
    assert len(finals) > 5
    assert np.array_equal(np.concatenate([i.samples for i in finals]), np.concatenate(sound))
    assert [i.start_sample for i in finals[1:]] == [i.start_sample + len(i.samples) for i in finals[:-1]]


def test_the_cut_is_made_where_it_is_quiet():
    room = Listening(Scripted(), EndpointSettings(max_utterance_s=8))
    items = []
    for number in range(300):
        samples = np.full(FRAME_SAMPLES, 0.001 if 220 <= number < 224 else 0.1, dtype=np.float32)
        samples[0] = 0.9
        room.feed(Frame(samples, number * FRAME_SAMPLES), items.append, NEVER)
    ended = next(i for i in items if isinstance(i, SpeechEnded))
    assert 220 <= ended.time / 0.032 <= 224


def test_the_end_of_the_stream_ends_the_utterance():
    items = listen(SILENCE * 20 + SPEECH * 20)
    assert kinds(items) == ["SpeechStarted", "SpeechEnded", "final"]
    assert items[1].reason == items[2].reason == "end_of_stream"


def test_a_stream_without_sound_gives_nothing():
    assert listen([]) == []
    assert listen(SILENCE * 3000) == []


def test_turns_count_on_and_the_next_preroll_doesnt_repeat_the_words_before():
    items = listen((SPEECH * 20 + SILENCE * 20) * 3 + SILENCE * 20, EndpointSettings(preroll_ms=2000))
    finals = [i for i in items if getattr(i, "kind", "") == "final"]
    assert [i.turn for i in finals] == [1, 2, 3]
    for before, after in itertools.pairwise(finals):
        assert after.start_sample >= before.speech_end_sample


def test_cancelling_ends_the_utterance_and_what_is_still_said_of_it_is_ignored():
    room, items = Listening(Scripted(), EndpointSettings()), []
    script = list(frames(SPEECH * 60 + SILENCE * 10 + SPEECH * 20 + SILENCE * 40))
    for frame in script[:20]:
        room.feed(frame, items.append, NEVER)
    room.cancel_utterance(items.append)
    room.cancel_utterance(items.append)
    for frame in script[20:]:
        room.feed(frame, items.append, NEVER)
    assert kinds(items) == ["SpeechStarted", "SpeechEnded", "SpeechStarted", "pause", "SpeechEnded", "final"]
    assert items[1].reason == "cancelled"
    assert items[2].time == pytest.approx(70 * 0.032)


def test_a_jump_in_the_numbers_ends_the_utterance():
    room, items = Listening(Scripted(), EndpointSettings()), []
    for frame in frames(SPEECH * 20):
        room.feed(frame, items.append, NEVER)
    for frame in frames(SPEECH * 20 + SILENCE * 40, start=1_000 * FRAME_SAMPLES):
        room.feed(frame, items.append, NEVER)
    finals = [i for i in items if getattr(i, "kind", "") == "final"]
    assert [i.reason for i in finals] == ["end_of_stream", "silence"]
    assert finals[1].start_sample == 1_000 * FRAME_SAMPLES


def test_a_cancelled_token_takes_no_frame():
    room, items, cancel = Listening(Scripted(), EndpointSettings()), [], CancelToken()
    cancel.cancel()
    for frame in frames(SPEECH * 20):
        room.feed(frame, items.append, cancel)
    assert items == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_samples_that_are_no_numbers_are_named(bad):
    room = Listening(Scripted(), EndpointSettings())
    samples = np.zeros(FRAME_SAMPLES, dtype=np.float32)
    samples[100] = bad
    with pytest.raises(AudioInvalid, match="no finite numbers"):
        room.feed(Frame(samples, 0), lambda item: None, NEVER)


def test_a_frame_of_another_length_is_named():
    room = Listening(Scripted(), EndpointSettings())
    with pytest.raises(AudioInvalid, match="512"):
        room.feed(Frame(np.zeros(160, dtype=np.float32), 0), lambda item: None, NEVER)


def test_memory_stays_bounded_in_hours_of_silence():
    room = Listening(Scripted(), PRESETS["relaxed"])
    for frame in frames(SILENCE * 5000):
        room.feed(frame, lambda item: None, NEVER)
    assert sum(item.samples.nbytes for item in room._recent) < 400_000


def test_presets_differ_and_can_be_overridden():
    waits = [PRESETS[name].min_silence_ms for name in ("command", "conversation", "dictation", "relaxed")]
    assert waits == sorted(waits)
    assert len(set(waits)) == 4
    own = EndpointSettings.from_preset("command", min_silence_ms=1000, max_utterance_s=7)
    assert own.min_silence_ms == 1000
    assert own.max_utterance_s == 7
    assert own.complete_ms > PRESETS["command"].complete_ms
    assert own.preroll_ms == PRESETS["command"].preroll_ms


def test_a_wrong_preset_or_value_is_named():
    with pytest.raises(ConfigError, match="preset") as caught:
        EndpointSettings.from_preset("comand")
    assert "'command'" in caught.value.remedy
    with pytest.raises(ConfigError, match="min_speech_ms"):
        EndpointSettings.from_preset("command", min_speech_ms=5)
    with pytest.raises(ConfigError, match="stay_probability"):
        EndpointSettings(stay_probability=0.9)
