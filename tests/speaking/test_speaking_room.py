import threading
import time

import numpy as np
import pytest

from voxedge.audio.sinks import NullSink, WavSink
from voxedge.errors import DeviceError, DeviceLost, EngineError
from voxedge.events import NEVER, CancelToken, ReplyDelta, SpeakingEnded, SpeakingStarted
from voxedge.speaking.contract import SynthesizerCapabilities
from voxedge.speaking.room import Speaking, speak


class Tone:
    """A voice that hums 20 ms a character; a text in ``fails`` raises its error."""

    capabilities = SynthesizerCapabilities(engine="tone", languages=("en",), voices=("hum",), rate_hz=8000)

    def __init__(self, fails=None):
        self.said, self.fails = [], fails or {}

    def synthesize(self, text, cancel=NEVER):
        if text in self.fails:
            raise self.fails[text]
        self.said.append(text)
        yield np.full(160 * len(text), 0.1, np.float32)

    def close(self):
        pass


class Sink:
    """Notes what is played; a paced one waits to be let on."""

    def __init__(self, fail_at=None, gate=None):
        self.played, self.fail_at, self.gate = [], fail_at, gate

    def play(self, samples, rate_hz, cancel):
        if len(self.played) == self.fail_at:
            raise DeviceLost("gone", remedy="plug it in")
        if self.gate is not None:
            while not self.gate.wait(0.01):
                if cancel.cancelled:
                    return False
        self.played.append(samples.size)
        return True

    def close(self):
        pass


def said(turn, text):
    return ReplyDelta(turn=turn, text=text)


def players():
    return [t for t in threading.enumerate() if t.name == "voxedge-player"]


def test_one_reply_gives_one_start_and_one_end():
    voice, sink, events = Tone(), Sink(), []
    room = Speaking(voice, sink)
    assert not room.feed(said(1, "The sky"), events.append, NEVER)
    assert room.feed(said(1, " is blue. It"), events.append, NEVER)
    assert [type(e) for e in events] == [SpeakingStarted]
    assert room.feed(said(1, " is. And"), events.append, NEVER)
    assert room.finish(1, events.append, NEVER)
    assert voice.said == ["The sky is blue.", "It is.", "And"]
    started, ended = events
    assert (started.turn, started.text) == (1, "The sky is blue.")
    assert isinstance(ended, SpeakingEnded)
    assert (ended.turn, ended.text, ended.interrupted) == (1, "The sky is blue. It is. And", False)
    assert sink.played == [160 * len(s) for s in voice.said]
    assert not players()


def test_a_reply_without_words_sounds_of_nothing():
    events = []
    room = Speaking(Tone(), Sink())
    assert not room.finish(1, events.append, NEVER)
    assert not room.feed(said(1, "  "), events.append, NEVER)
    assert not room.finish(1, events.append, NEVER)
    assert events == []


def test_the_next_sentence_is_made_while_one_plays():
    gate, voice = threading.Event(), Tone()
    sink = Sink(gate=gate)
    room = Speaking(voice, sink)
    room.feed(said(1, "One. Two. Three. "), lambda _: None, NEVER)
    assert sink.played == []
    assert voice.said == ["One.", "Two."]
    gate.set()
    room.finish(1, lambda _: None, NEVER)
    assert len(sink.played) == 3


def test_cancelling_stops_at_once_and_says_what_was_heard():
    voice, events, token = Tone(), [], CancelToken()
    room = Speaking(voice, NullSink(paced=True))
    room.feed(said(1, "Hi. " + "A long sentence that goes on and on. " * 2), events.append, token)
    time.sleep(0.15)
    token.cancel()
    started = time.monotonic()
    room.feed(said(1, "More. And more. "), events.append, token)
    room.finish(1, events.append, token)
    assert time.monotonic() - started < 0.5
    assert [type(e) for e in events] == [SpeakingStarted, SpeakingEnded]
    assert events[1].interrupted
    assert events[1].text.startswith("Hi. A long")
    assert "More." not in voice.said
    assert not players()


def test_cancelled_before_it_began_gives_no_events():
    events, token = [], CancelToken()
    token.cancel()
    room = Speaking(Tone(), Sink())
    assert not room.feed(said(1, "Hello. You"), events.append, token)
    assert not room.finish(1, events.append, token)
    assert events == []


def test_a_sink_that_fails_is_told_once_and_the_next_reply_tries_again():
    sink, events = Sink(fail_at=1), []
    room = Speaking(Tone(), sink)
    told = 0
    for piece in ["One. ", "Two. ", "Three. ", "Four. ", "Five. ", "Six"]:
        try:
            room.feed(said(1, piece), events.append, NEVER)
        except DeviceLost:
            told += 1
        time.sleep(0.02)
    try:
        assert not room.finish(1, events.append, NEVER)
    except DeviceLost:
        told += 1
    assert told == 1
    assert [type(e) for e in events] == [SpeakingStarted, SpeakingEnded]
    assert events[1].interrupted
    assert events[1].text == "One."
    sink.fail_at = None
    assert room.feed(said(2, "Back. Yes"), events.append, NEVER)
    assert room.finish(2, events.append, NEVER)
    assert not players()


def test_a_sink_that_fails_at_the_last_sentence_is_told_by_finish():
    room, events = Speaking(Tone(), Sink(fail_at=0)), []
    room.feed(said(1, "Only this"), events.append, NEVER)
    with pytest.raises(DeviceLost):
        room.finish(1, events.append, NEVER)
    assert [type(e) for e in events] == [SpeakingStarted, SpeakingEnded]
    assert (events[1].text, events[1].interrupted) == ("", True)


def test_a_voice_that_fails_lets_what_was_said_sound():
    error = EngineError("broke", remedy="again", room="speaking")
    voice, sink, events = Tone({"Two.": error}), Sink(), []
    room = Speaking(voice, sink)
    room.feed(said(1, "One. "), events.append, NEVER)
    with pytest.raises(EngineError):
        room.feed(said(1, "Two. Three. X"), events.append, NEVER)
    assert not room.finish(1, events.append, NEVER)
    assert events[-1].text == "One."
    assert not players()


def test_another_turn_finishes_the_one_before():
    events = []
    room = Speaking(Tone(), Sink())
    room.feed(said(1, "One"), events.append, NEVER)
    room.feed(said(2, "Two"), events.append, NEVER)
    room.finish(2, events.append, NEVER)
    assert [(type(e).__name__, e.turn, e.text) for e in events] == [
        ("SpeakingStarted", 1, "One"),
        ("SpeakingEnded", 1, "One"),
        ("SpeakingStarted", 2, "Two"),
        ("SpeakingEnded", 2, "Two"),
    ]


def test_speak_takes_pieces_while_it_plays():
    gate, events = threading.Event(), []
    sink, asked = Sink(gate=gate), []

    def pieces():
        for piece in ["One. ", "Two. ", "Three"]:
            asked.append(piece)
            yield piece
        gate.set()  # all of it was asked for before the first had sounded

    assert speak(pieces(), Tone(), sink, emit=events.append)
    assert asked == ["One. ", "Two. ", "Three"]
    assert len(sink.played) == 3


def test_a_text_that_breaks_off_leaves_no_thread():
    def pieces():
        yield "One. And then "
        raise KeyboardInterrupt

    events = []
    with pytest.raises(KeyboardInterrupt):
        speak(pieces(), Tone(), Sink(gate=threading.Event()), emit=events.append)
    assert not players()
    assert events[-1].interrupted


def test_into_a_file(tmp_path):
    sink = WavSink(tmp_path / "x.wav")
    assert speak(["One. Two."], Tone(), sink, emit=lambda _: None)
    sink.close()
    assert (tmp_path / "x.wav").stat().st_size == 44 + 2 * 160 * 8


def test_a_sink_of_an_app_that_raises_anything_holds_nobody_up():
    class Broken(Sink):
        def play(self, samples, rate_hz, cancel):
            raise RuntimeError("a secret")

    room, events = Speaking(Tone(), Broken()), []
    text = "One. Two. Three. Four. Five. Six. Seven. " * 20
    with pytest.raises(DeviceError, match="RuntimeError") as caught:
        room.feed(said(1, text), events.append, NEVER)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "secret" not in str(caught.value)
    room.finish(1, events.append, NEVER)
    assert not players()
    assert [type(e) for e in events] == [SpeakingStarted, SpeakingEnded]
