"""Recognizers as the service shares them: under watch, with a bias that the grammar's gate still rules."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from voxedge.daemon.engines import BiasedRecognizer, WatchedRecognizer
from voxedge.daemon.progress import Progress
from voxedge.errors import Cancelled, EngineHung
from voxedge.events import CancelToken
from voxedge.hearing import with_grammar
from voxedge.recognition.contract import Recognition, RecognitionOptions
from voxedge.watching import MOST_HUNG
from voxedge.workers import Workers

OPTIONS = RecognitionOptions(language="en")
SOUND = np.zeros(160, np.float32)


class Hanging:
    """Hangs until it is let go."""

    capabilities = None

    def __init__(self):
        self.go = threading.Event()
        self.tokens = []

    def recognize(self, samples, options, cancel):
        self.tokens.append(cancel)
        self.go.wait(20)
        return Recognition(text="late", language="en")


@pytest.fixture
def workers():
    made = Workers()
    yield made
    made.close(1.0)


def test_one_that_hangs_is_given_up_and_the_watchdog_sees_it(workers):
    now = [0.0]
    progress = Progress(clock=lambda: now[0])
    engine = Hanging()
    watched = WatchedRecognizer(engine, workers, 0.05, progress)
    for _ in range(MOST_HUNG):
        with pytest.raises(EngineHung):
            watched.recognize(SOUND, OPTIONS)
    assert all(token.cancelled for token in engine.tokens)
    with pytest.raises(EngineHung):
        watched.recognize(SOUND, OPTIONS)
    assert len(engine.tokens) == MOST_HUNG  # no more threads are started
    assert progress.stuck() == ()
    now[0] = 31.0
    assert progress.stuck() == ("recognition",)
    engine.go.set()
    until = time.monotonic() + 10
    while progress.stuck() and time.monotonic() < until:
        time.sleep(0.01)
    assert progress.stuck() == ()
    assert watched.recognize(SOUND, OPTIONS).text == "late"


def test_what_is_given_up_isnt_waited_for(workers):
    engine, token = Hanging(), CancelToken()
    watched = WatchedRecognizer(engine, workers, 60.0, Progress())
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(Cancelled):
        watched.recognize(SOUND, OPTIONS, token)
    engine.go.set()


class Recorded:
    """Says the same always, and remembers what it was told."""

    capabilities = None

    def __init__(self, text):
        self.text, self.biases = text, []

    def recognize(self, samples, options, cancel):
        self.biases.append(options.bias)
        return Recognition(text=self.text, language="en")


@pytest.fixture(scope="module")
def grammar():
    from voxedge import understanding

    return understanding.create(("coffee",), language="en")


def test_a_streams_bias_goes_behind_the_grammars_gate(grammar):
    engine = Recorded("the weather was awful in the mountains")
    heard = with_grammar(BiasedRecognizer(engine, ("Kowalski",), always=False), grammar)
    assert heard.recognize(SOUND, OPTIONS).text == engine.text
    assert not any(engine.biases)  # it was no command, so nothing was suggested
    engine = Recorded("I want a large lattay")
    with_grammar(BiasedRecognizer(engine, ("Kowalski",), always=False), grammar).recognize(SOUND, OPTIONS)
    assert engine.biases[0] == ()
    told = [bias for bias in engine.biases if bias]
    assert told
    assert all(bias[0] == "Kowalski" and len(bias) > 1 for bias in told)


def test_without_a_grammar_the_bias_is_always_told():
    engine = Recorded("hello")
    BiasedRecognizer(engine, ("Kowalski",), always=True).recognize(SOUND, OPTIONS)
    assert engine.biases == [("Kowalski",)]
