"""Understanding from examples: a small statistical parser that is trained on the device, in seconds.

One maximum-entropy model chooses the intent, one linear-chain CRF an intent finds the slots; both are
crfsuite's (Okazaki 2007), through the package ``python-crfsuite`` of the extra ``examples``.
"""

from __future__ import annotations

from voxedge.understanding.trained.combined import Combined
from voxedge.understanding.trained.examples import Example, ExamplesInvalid, Span, load_examples
from voxedge.understanding.trained.parser import Parsed, TrainedParser, slot_texts
from voxedge.understanding.trained.scoring import Score, predict, score

__all__ = [
    "Combined",
    "Example",
    "ExamplesInvalid",
    "Parsed",
    "Score",
    "Span",
    "TrainedParser",
    "load_examples",
    "predict",
    "score",
    "slot_texts",
]
