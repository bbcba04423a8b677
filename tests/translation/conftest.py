from __future__ import annotations

import pytest

from voxedge.translation.contract import EngineCapabilities, Hypothesis, TranslationOptions
from voxedge.translation.engine import CTranslate2Engine
from voxedge.translation.router import Candidate, TextTranslator


class ScriptedEngine:
    """Answers as told, for faults that no real model makes on demand; otherwise the sentence in capitals."""

    def __init__(
        self, answers=None, placeholders=True, max_tokens=90, pairs=(("en", "es"),), name="scripted"
    ):
        self.answers = answers or {}
        self.calls = []
        self.closed = False
        self._about = EngineCapabilities(
            engine="scripted",
            model=name,
            pairs=frozenset(pairs),
            placeholders=placeholders,
            max_tokens=max_tokens,
        )

    @property
    def capabilities(self):
        return self._about

    def count_tokens(self, sentence):
        return len(sentence.split())

    def translate_sentences(
        self, sentences, *, source, target, options, strict=False, links=False, cancel=None
    ):
        if cancel is not None:
            cancel.raise_if_cancelled()
        self.calls.append(list(sentences))
        found = []
        for sentence in sentences:
            answer = self.answers.get(sentence, sentence.upper())
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            found.append([Hypothesis(answer, 0.9)])
        return found

    def close(self):
        self.closed = True


@pytest.fixture
def scripted():
    return ScriptedEngine


@pytest.fixture
def translator_of():
    """A translator over given engines."""

    def make(*engines, **options):
        return TextTranslator(
            [Candidate(e.capabilities.model, e.capabilities.pairs, lambda e=e: e) for e in engines], **options
        )

    return make


@pytest.fixture(scope="session")
def starter_folder(repository):
    folder = repository / "models" / "starter"
    if not (folder / "model.bin").is_file():
        pytest.skip("the starter model isn't in models/starter")
    return folder


@pytest.fixture(scope="session")
def starter_engine(starter_folder):
    engine = CTranslate2Engine(starter_folder, threads=1, model="starter")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def starter(starter_engine):
    about = starter_engine.capabilities
    return TextTranslator([Candidate("starter", about.pairs, lambda: starter_engine)])


@pytest.fixture
def greedy():
    return TranslationOptions(beam=1)
