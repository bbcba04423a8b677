"""How good a trained parser is on examples that it hasn't seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from voxedge.understanding.trained.examples import Example
from voxedge.understanding.trained.parser import Parsed, TrainedParser


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of an evaluation.

    A slot counts as found when its name and its whole value are right, and the intent, too. Precision,
    recall and F1 are taken of each slot and averaged with the slot's frequency in the examples as weight.

    Attributes:
        queries: Number of sentences.
        intent_accuracy: Share of right intents, 0..1.
        slot_precision: Weighted precision, 0..1.
        slot_recall: Weighted recall, 0..1.
        slot_f1: Weighted F1, 0..1.
        by_slot: ``intent/slot`` to (precision, recall, F1, count).
    """

    queries: int
    intent_accuracy: float
    slot_precision: float
    slot_recall: float
    slot_f1: float
    by_slot: dict[str, tuple[float, float, float, int]]

    def to_json(self) -> dict[str, object]:
        """The five figures."""
        return {
            "queries": self.queries,
            "intent_accuracy": round(self.intent_accuracy, 4),
            "slot_precision": round(self.slot_precision, 4),
            "slot_recall": round(self.slot_recall, 4),
            "slot_f1": round(self.slot_f1, 4),
        }


def predict(parser: TrainedParser, examples: Sequence[Example]) -> list[Parsed | None]:
    """What the parser makes of each example's text."""
    return [parser.parse(example.text) for example in examples]


def score(examples: Sequence[Example], predictions: Sequence[Parsed | None]) -> Score:
    """Compares predictions with the examples that they were made for.

    Args:
        examples: With the right intents and slots.
        predictions: One for each example, in the same order.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])  # found, right ones, predicted
    right = 0
    for example, parsed in zip(examples, predictions, strict=True):
        gold = Counter((f"{example.intent}/{s.slot}", example.text[s.start : s.end]) for s in example.spans)
        guess: Counter[tuple[str, str]] = Counter()
        if parsed is not None:
            right += parsed.intent == example.intent
            guess.update((f"{parsed.intent}/{s.slot}", example.text[s.start : s.end]) for s in parsed.spans)
        for (slot, value), count in gold.items():
            counts[slot][1] += count
            counts[slot][0] += min(count, guess[slot, value])
        for (slot, _), count in guess.items():
            counts[slot][2] += count
    by_slot: dict[str, tuple[float, float, float, int]] = {}
    for slot, (found, wanted, predicted) in sorted(counts.items()):
        precision = found / predicted if predicted else 0.0
        recall = found / wanted if wanted else 0.0
        f1 = 2 * precision * recall / (precision + recall) if found else 0.0
        by_slot[slot] = (precision, recall, f1, wanted)
    total = sum(row[3] for row in by_slot.values()) or 1
    precision, recall, f1 = (sum(row[at] * row[3] for row in by_slot.values()) / total for at in (0, 1, 2))
    return Score(len(examples), right / max(len(examples), 1), precision, recall, f1, by_slot)
