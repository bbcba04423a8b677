"""Places of calls that run at once, and calls that are left behind."""

import threading
import time

import pytest

from voxedge.audio.decode import read
from voxedge.errors import Cancelled, EngineHung
from voxedge.events import CancelToken
from voxedge.recognition import create, slots
from voxedge.recognition.contract import RecognitionOptions
from voxedge.recognition.slots import Slots


class Call:
    """A call of an engine that ends when it is told to."""

    def __init__(self):
        self.over = threading.Event()

    def done(self):
        return self.over.is_set()

    def result(self):
        assert self.over.wait(10.0)
        return "words"


def cancelled():
    token = CancelToken()
    token.cancel()
    return token


def test_a_call_that_ends_gives_its_result():
    places, call = Slots(1), Call()
    call.over.set()
    assert places.try_take()
    assert places.outcome(call, CancelToken()) == "words"
    places.give()
    assert places.idle(0.0)


def test_a_call_that_is_given_up_keeps_its_place_until_it_ends():
    places, call = Slots(2), Call()
    assert places.try_take()
    with pytest.raises(Cancelled):
        places.outcome(call, cancelled())
    places.give()
    assert not places.idle(0.0)
    assert places.try_take()  # the place that is left
    assert not places.try_take()
    call.over.set()
    assert places.try_take()
    places.give()
    places.give()
    assert places.idle(0.0)


def test_when_all_places_are_held_by_calls_that_hang_there_is_an_error_instead_of_a_wait(monkeypatch):
    places, call = Slots(1), Call()
    assert places.try_take()
    with pytest.raises(Cancelled):
        places.outcome(call, cancelled())
    places.give()
    monkeypatch.setattr(slots, "HUNG_S", -1.0)
    with pytest.raises(EngineHung):
        places.try_take()
    call.over.set()
    assert places.try_take()


@pytest.fixture(scope="module")
def jfk(data_dir):
    return read(data_dir / "speech-en" / "read" / "jfk.flac")


@pytest.fixture(scope="module")
def recognizer(model_dir):
    recognizer = create("whisper", model_dir("tiny.en"), model_name="tiny.en", threads=2)
    yield recognizer
    recognizer.close()


def test_a_decoding_is_given_up_in_its_middle_and_the_next_one_goes_on(recognizer, jfk):
    engine = recognizer._engine
    whole = recognizer.recognize(jfk, RecognitionOptions())
    token, begun = CancelToken(), threading.Event()
    submit = engine._slots.outcome

    def outcome(pending, cancel):
        begun.set()
        return submit(pending, cancel)

    engine._slots.outcome = outcome
    try:
        failures = []

        def work():
            try:
                recognizer.recognize(jfk, RecognitionOptions(beam=5), token)
            except Cancelled as exc:
                failures.append(exc)

        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(10.0)
        token.cancel()
        thread.join(10.0)
        assert len(failures) == 1
    finally:
        engine._slots.outcome = submit
    assert recognizer.recognize(jfk, RecognitionOptions()).text == whole.text


def test_two_threads_recognize_at_once_and_give_what_they_give_alone(recognizer, jfk):
    cuts = [jfk, jfk[: len(jfk) // 2]]
    alone = [recognizer.recognize(samples, RecognitionOptions()).text for samples in cuts]
    found = {0: [], 1: []}

    def work(index):
        for _ in range(3):
            found[index].append(recognizer.recognize(cuts[index], RecognitionOptions()).text)

    threads = [threading.Thread(target=work, args=(index,)) for index in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert found == {0: [alone[0]] * 3, 1: [alone[1]] * 3}


def test_closing_with_a_decoding_left_behind_comes_back_and_unloads_when_it_ended(model_dir, jfk):
    recognizer = create("whisper", model_dir("tiny.en"), model_name="tiny.en", threads=2)
    engine, call = recognizer._engine, Call()
    assert engine._slots.try_take()
    with pytest.raises(Cancelled):
        engine._slots.outcome(call, cancelled())
    engine._slots.give()
    began = time.monotonic()
    recognizer.close()
    assert time.monotonic() - began < 2.0
    assert engine._model is not None
    call.over.set()
    deadline = time.monotonic() + 10.0
    while engine._model is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine._model is None
