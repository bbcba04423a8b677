"""The language model stands still while a final is recognized, and not for ever."""

import threading
from contextlib import contextmanager

import numpy as np

from voxedge.conversation import child
from voxedge.recognition.contract import Recognition, RecognitionOptions
from voxedge.yielding import yielding


class Model:
    def __init__(self):
        self.held = 0

    @contextmanager
    def holding(self):
        self.held += 1
        yield
        self.held -= 1


class Recognizer:
    def __init__(self, model):
        self.model, self.seen = model, []

    def recognize(self, samples, options, cancel=None):
        self.seen.append((options.partial, self.model.held))
        if options.language == "xx":
            raise ValueError("xx")
        return Recognition(text="words")


def test_finals_hold_the_model_and_partials_dont():
    model = Model()
    recognizer = Recognizer(model)
    yielded = yielding(recognizer, model)
    for partial in (False, True):
        found = yielded.recognize(np.zeros(10, np.float32), RecognitionOptions(partial=partial))
        assert found.text == "words"
    assert recognizer.seen == [(False, 1), (True, 0)]
    assert model.held == 0


def test_what_cant_be_held_leaves_the_recognizer_as_it_is():
    recognizer = Recognizer(None)
    assert yielding(recognizer, None) is recognizer
    assert yielding(recognizer, object()) is recognizer


def test_a_request_that_is_held_stands_still_until_it_is_let_go_or_given_up():
    for end in ({"op": "hold", "on": False}, {"op": "cancel", "id": 7}):
        told = child._Told()
        assert told.take({"op": "hold", "on": True})
        waiting = threading.Thread(target=told.stand_still, args=(7,), daemon=True)
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        assert told.take(end)
        waiting.join(5.0)
        assert not waiting.is_alive()
    assert not told.take({"op": "reply", "id": 8})


def test_a_request_that_is_held_for_ever_goes_on_from_time_to_time(monkeypatch):
    monkeypatch.setattr(child, "HELD_S", 0.05)
    monkeypatch.setattr(child, "FREE_S", 100.0)
    told = child._Told()
    told.take({"op": "hold", "on": True})
    told.stand_still(1)
    told.stand_still(1)
    assert told._held
