"""Training from examples: one maximum-entropy model for the intent, one CRF an intent for the slots."""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.registry import need
from voxedge.understanding.trained.examples import Example, Span, check_examples
from voxedge.understanding.trained.features import featurize, intent_features
from voxedge.understanding.trained.lexicon import lexicon_of
from voxedge.understanding.trained.modelfile import IntentPart, ModelParts
from voxedge.understanding.trained.vocabulary import Vocabulary
from voxedge.understanding.trained.words import OUTSIDE, Words

if TYPE_CHECKING:
    import pycrfsuite

# Found by cross-validation on the training files of the Snips benchmark (docs/benchmarks.md): of c1 0..0.1,
# c2 0.01..1, and 0..6 made-up copies. L1 keeps the models small, too.
_SLOT_OPTIONS = {"c1": 0.05, "c2": 0.03, "feature.possible_transitions": True}
_INTENT_OPTIONS = {"c1": 0.02, "c2": 0.05, "max_iterations": 60}
_MADE_UP = 420
_MOST_COPIES = 6
_SWAPPED = 0.7
# More rounds gain nothing for large sets (0.963 with 30, 45, 60 and 80 for 1,600 sentences) and take longer.
_LARGE, _ROUNDS, _ROUNDS_LARGE = 500, 80, 45


def train_parts(examples: Sequence[Example], language: str = "en", seed: int = 1) -> ModelParts:
    """Trains the parts of a parser.

    Args:
        examples: Sentences with intents and marked slots; a few dozen an intent are enough to begin with.
        language: ISO 639-1; chooses the general word classes.
        seed: For the made-up copies of small sets; the same seed gives the same model.

    Raises:
        ExamplesInvalid: There is no example, or there are too many.
        ExtraMissing: The extra ``examples`` isn't installed.
    """
    check_examples(examples)
    crf = _crfsuite()
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_intent[example.intent].append(example)
    parts = tuple(_train_intent(crf, name, own, language, seed) for name, own in sorted(by_intent.items()))
    return ModelParts(language, parts, _train_choice(crf, by_intent))


def _crfsuite() -> pycrfsuite:
    return need("pycrfsuite", "examples", "A parser trained from examples")


def _train_choice(crf: pycrfsuite, by_intent: dict[str, list[Example]]) -> bytes:
    """The model that chooses the intent: a CRF over one item is multinomial logistic regression."""
    if len(by_intent) < 2:
        return b""
    trainer = crf.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(_INTENT_OPTIONS)
    labels = {name: str(number) for number, name in enumerate(sorted(by_intent))}
    for name, examples in by_intent.items():
        for example in examples:
            trainer.append([intent_features(Words.of(example.text))], [labels[name]])
    return _finish(trainer)


def _train_intent(
    crf: pycrfsuite, name: str, examples: Sequence[Example], language: str, seed: int
) -> IntentPart:
    sentences = [(words := Words.of(e.text), words.labels(e.spans)) for e in examples]
    vocabulary = Vocabulary.of(sentences)
    slots = Counter(span.slot for example in examples for span in example.spans)
    if not slots:
        return IntentPart(name, vocabulary, b"")
    for copy in made_up(examples, seed):
        words = Words.of(copy.text)
        sentences.append((words, words.labels(copy.spans)))
    lexicon = lexicon_of(language)
    trainer = crf.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(_SLOT_OPTIONS)
    trainer.set("max_iterations", _ROUNDS_LARGE if len(sentences) > _LARGE else _ROUNDS)
    for words, labels in sentences:
        if words:
            trainer.append(featurize(words, vocabulary, lexicon, labels), labels)
    if all(label == OUTSIDE for _, labels in sentences for label in labels):
        return IntentPart(name, vocabulary, b"")
    return IntentPart(name, vocabulary, _finish(trainer))


def _finish(trainer: pycrfsuite.Trainer) -> bytes:
    """Runs the training; the library can only write to a file."""
    with tempfile.TemporaryDirectory(prefix="voxedge-train-") as folder:
        path = Path(folder, "model.crf")
        trainer.train(str(path))
        return path.read_bytes()


def made_up(examples: Sequence[Example], seed: int) -> list[Example]:
    """Copies of few examples with their slot values swapped for others of the same slot.

    It shows the model the same frame around other values, which helps small sets (0.846 to 0.857 with 70
    sentences an intent of the Snips benchmark) and does nothing for large ones, so those get none.
    """
    chooser = random.Random(seed)
    values: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        for span in example.spans:
            values[span.slot].append(example.text[span.start : span.end])
    copies: list[Example] = []
    for _ in range(min(_MOST_COPIES, _MADE_UP // max(len(examples), 1))):
        copies += [_swapped(example, values, chooser) for example in examples if example.spans]
    return copies


def _swapped(example: Example, values: dict[str, list[str]], chooser: random.Random) -> Example:
    text, spans, done = "", [], 0
    for span in sorted(example.spans, key=lambda one: one.start):
        text += example.text[done : span.start]
        own = example.text[span.start : span.end]
        value = chooser.choice(values[span.slot]) if chooser.random() < _SWAPPED else own
        spans.append(Span(span.slot, len(text), len(text) + len(value)))
        text += value
        done = span.end
    return Example(example.intent, text + example.text[done:], tuple(spans))
