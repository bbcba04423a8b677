"""Calls that wait for a place together become one call; each caller gets its own result, or its own error."""

import threading
import time

import pytest

from voxedge.audio.decode import read
from voxedge.errors import Cancelled, EngineError
from voxedge.events import NEVER, CancelToken
from voxedge.recognition import create, gathering
from voxedge.recognition.contract import RecognitionOptions
from voxedge.recognition.gathering import MOST_TOGETHER, Gathering, Result
from voxedge.recognition.slots import Slots


class Engine:
    """Doubles numbers; holds the first call until it is told to go on."""

    def __init__(self):
        self.calls = []
        self.go_on = threading.Event()
        self.line = Gathering(Slots(1))

    def work(self, items):
        self.calls.append(list(items))
        if len(self.calls) == 1:
            assert self.go_on.wait(10.0)
        if "bad" in items:
            raise RuntimeError("bad")
        return [Result(2 * item) for item in items]

    def waiting(self):
        return len(self.line._waiting)


class Caller(threading.Thread):
    def __init__(self, engine, key, item, cancel=NEVER):
        super().__init__(daemon=True)
        self.engine, self.key, self.item, self.cancel = engine, key, item, cancel
        self.found = self.error = None
        before = engine.waiting() + len(engine.calls)
        self.start()
        deadline = time.monotonic() + 10.0
        while engine.waiting() + len(engine.calls) == before and time.monotonic() < deadline:
            time.sleep(0.001)

    def run(self):
        try:
            self.found = self.engine.line.run(self.key, self.item, self.engine.work, self.cancel)
        except Exception as exc:
            self.error = exc

    def outcome(self):
        self.join(10.0)
        assert not self.is_alive()
        return self.found if self.error is None else type(self.error)


@pytest.fixture
def engine():
    return Engine()


def test_a_call_with_a_free_place_goes_alone_and_those_that_wait_for_the_same_go_together(engine):
    callers = [Caller(engine, key, item) for key, item in [("a", 1), ("a", 2), ("b", 3), ("a", 4)]]
    engine.go_on.set()
    assert [caller.outcome() for caller in callers] == [2, 4, 6, 8]
    assert engine.calls == [[1], [2, 4], [3]]


def test_calls_without_a_key_stay_alone(engine):
    callers = [Caller(engine, None, item) for item in (1, 2, 3)]
    engine.go_on.set()
    assert [caller.outcome() for caller in callers] == [2, 4, 6]
    assert engine.calls == [[1], [2], [3]]


def test_so_many_go_together_at_most(engine):
    callers = [Caller(engine, "a", item) for item in range(MOST_TOGETHER + 3)]
    engine.go_on.set()
    assert [caller.outcome() for caller in callers] == [2 * item for item in range(MOST_TOGETHER + 3)]
    assert [len(call) for call in engine.calls] == [1, MOST_TOGETHER, 2]


def test_one_that_is_given_up_while_it_waits_isnt_worked_on(engine):
    token = CancelToken()
    callers = [Caller(engine, "a", 1), Caller(engine, "a", 2, token), Caller(engine, "a", 3)]
    token.cancel()
    assert callers[1].outcome() is Cancelled
    engine.go_on.set()
    assert [callers[0].outcome(), callers[2].outcome()] == [2, 6]
    assert engine.calls == [[1], [3]]


def test_an_error_reaches_all_that_were_together_and_nobody_else(engine):
    callers = [Caller(engine, key, item) for key, item in [("a", 1), ("b", 2), ("b", "bad"), ("a", 4)]]
    engine.go_on.set()
    assert [caller.outcome() for caller in callers] == [2, RuntimeError, RuntimeError, 8]
    assert engine.line._slots.idle(1.0)


def test_what_can_go_side_by_side_isnt_put_together():
    """Two wait when both places get free at once: each takes one."""
    engine = Engine()
    engine.line = Gathering(Slots(2))
    engine.go_on.set()
    places = engine.line._slots
    assert places.try_take()
    assert places.try_take()
    callers = [Caller(engine, "a", item) for item in (1, 2)]
    with places._lock:
        places._working = 0
    assert [caller.outcome() for caller in callers] == [2, 4]
    assert sorted(engine.calls) == [[1], [2]]


def test_those_that_were_together_stay_together(engine, monkeypatch):
    """The next step of both is one call again, though a place is free when the first one asks."""
    monkeypatch.setattr(gathering, "COMING_S", 10.0)

    def two_steps():
        engine.line.run("encode", 1, engine.work, NEVER, goes_on=True)
        engine.line.run("decode", 2, engine.work, NEVER)

    first = Caller(engine, "other", 0)
    threads = [threading.Thread(target=two_steps, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    until_waiting(engine.line, 2)
    engine.go_on.set()
    first.outcome()
    for thread in threads:
        thread.join(5.0)
    assert engine.calls == [[0], [1, 1], [2, 2]]


def test_those_that_dont_come_arent_waited_for_long(engine):
    first = Caller(engine, "other", 0)
    callers = [Caller(engine, "encode", item) for item in (1, 2)]
    engine.line._coming, engine.line._coming_until = 2, time.monotonic() + gathering.COMING_S
    engine.go_on.set()
    assert [caller.outcome() for caller in (first, *callers)] == [0, 2, 4]


@pytest.fixture(scope="module")
def recognizer(model_dir):
    recognizer = create("whisper", model_dir("tiny.en"), model_name="tiny.en", threads=1)
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def sounds(data_dir):
    whole = read(data_dir / "speech-en" / "read" / "jfk.flac")
    return [whole[: int(seconds * 16000)] for seconds in (3.0, 3.6, 2.4, 3.3, 2.8, 3.5)]


def side_by_side(work, arguments):
    threads = [threading.Thread(target=work, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)


def until_waiting(line, count):
    deadline = time.monotonic() + 10.0
    while len(line._waiting) < count and time.monotonic() < deadline:
        time.sleep(0.001)


def forget(recognizer):
    """What was decoded before is to be decoded again."""
    recognizer._decoder._encoded.clear()
    recognizer._decoder._plain = ()


@pytest.mark.parametrize(
    "options", [RecognitionOptions(), RecognitionOptions(beam=5, alternatives=3)], ids=["greedy", "beam"]
)
def test_utterances_that_were_recognized_together_have_the_words_that_they_have_alone(
    recognizer, sounds, options, monkeypatch
):
    from voxedge.recognition import engine as module

    sizes, generate = [], module._generate

    def counted(model, how, wants):
        sizes.append(len(wants))
        return generate(model, how, wants)

    monkeypatch.setattr(module, "_generate", counted)
    alone = [recognizer.recognize(sound, options) for sound in sounds]
    assert set(sizes) == {1}
    forget(recognizer)
    found = [None] * len(sounds)

    def work(number):
        found[number] = recognizer.recognize(sounds[number], options)

    side_by_side(work, range(len(sounds)))
    assert max(sizes) > 1
    assert [one.text for one in found] == [one.text for one in alone]
    for one, same in zip(found, alone, strict=True):
        assert one.confidence == pytest.approx(same.confidence, abs=1e-3)


def test_one_that_runs_on_beyond_its_own_limit_is_decoded_again_within_it(recognizer, sounds):
    """Together with one that may be longer; alone it would have stopped at its limit."""
    from voxedge.recognition.decoding import window_features

    engine = recognizer._engine
    prompt = engine.prompt("en", "transcribe")
    encoded = [engine.encode(window_features(sound, 5.0, engine.bands)) for sound in sounds[:3]]
    alone = [engine.generate(one, prompt, max_new=cap) for one, cap in zip(encoded, (40, 3, 40), strict=True)]
    assert [len(one.hypotheses[0].tokens) for one in alone][1] == 3
    assert engine._slots.try_take()  # until all wait
    found = [None] * 3

    def work(number, cap):
        found[number] = engine.generate(encoded[number], prompt, max_new=cap)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(range(3), (40, 3, 40), strict=True)]
    for thread in threads:
        thread.start()
    until_waiting(engine._line, 3)
    engine._slots.give()
    for thread in threads:
        thread.join(60.0)
    assert [one.hypotheses[0].tokens for one in found] == [one.hypotheses[0].tokens for one in alone]


@pytest.mark.parametrize("hint", ["", "One. " * 50], ids=["without a hint", "with a hint"])
def test_one_that_comes_to_its_limit_by_itself_isnt_decoded_again(recognizer, sounds, hint, monkeypatch):
    from voxedge.recognition import engine as module
    from voxedge.recognition.decoding import window_features

    engine, calls, generate = recognizer._engine, [], module._generate
    monkeypatch.setattr(module, "_generate", lambda *args: calls.append(1) or generate(*args))
    told = [engine.tokenizer.previous, *engine.tokenizer.encode(hint)] if hint else []
    prompt = [*told, *engine.prompt("en", "transcribe", marks=False)]
    encoded = engine.encode(window_features(sounds[0], 5.0, engine.bands))
    found = engine.generate(encoded, prompt, max_new=3, beam=5, count=5)
    assert max(len(one.tokens) for one in found.hypotheses) >= 3
    assert len(calls) == 1


def test_those_that_an_engine_cant_do_together_are_done_one_by_one(recognizer, sounds, monkeypatch):
    from voxedge.recognition import engine as module

    sizes, generate = [], module._generate

    def small(model, how, wants):
        sizes.append(len(wants))
        if len(wants) > 1:
            raise MemoryError("no memory for so many")
        return generate(model, how, wants)

    monkeypatch.setattr(module, "_generate", small)
    found = {}

    def work(number):
        found[number] = recognizer.recognize(sounds[number], RecognitionOptions()).text

    forget(recognizer)
    side_by_side(work, range(len(sounds)))
    assert max(sizes) > 1
    assert all(found[number] for number in range(len(sounds)))


def test_an_engine_that_fails_with_several_tells_each(recognizer, sounds, monkeypatch):
    from voxedge.recognition import engine as module

    def broken(model, how, wants):
        raise RuntimeError("no memory for so many")

    monkeypatch.setattr(module, "_generate", broken)
    engine = recognizer._engine
    errors = []
    forget(recognizer)

    def work(sound):
        try:
            recognizer.recognize(sound, RecognitionOptions())
        except EngineError as exc:
            errors.append(exc.message)

    side_by_side(work, sounds)
    assert len(errors) == len(sounds)
    assert all("no memory for so many" in error for error in errors)
    assert engine._slots.idle(1.0)
