"""What the training sentences tell of words: values of each slot, and how often a word is in which slot.

While training, a sentence must not see itself in these tables: a name that occurs once would look well
known, and the model would trust the tables and nothing else. So the own share is taken off ("leave one
out"), and the model learns how to read names that it has never seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from voxedge.understanding.trained.words import OUTSIDE, Words

MAX_VALUE_WORDS = 8
Counts = dict[str, dict[str, int]]


class Vocabulary:
    """Counts of slot values and of words.

    Args:
        values: Value (words in lower case, joined by a blank) to slot to count.
        words: Word to slot (or ``O``) to count.
    """

    def __init__(
        self, values: Mapping[str, Mapping[str, int]], words: Mapping[str, Mapping[str, int]]
    ) -> None:
        self.values = values
        self.words = words
        self.longest = min(MAX_VALUE_WORDS, max((v.count(" ") + 1 for v in values), default=1))
        # Words that mostly stand outside of slots hold a sentence together: "by", "to my", "in".
        self.anchors = frozenset(
            word
            for word, slots in words.items()
            if slots.get(OUTSIDE, 0) >= 3 and slots[OUTSIDE] >= 0.6 * sum(slots.values())
        )

    @classmethod
    def of(cls, sentences: Sequence[tuple[Words, Sequence[str]]]) -> Vocabulary:
        """Counts the words and values of labelled sentences."""
        values: dict[str, Counter[str]] = defaultdict(Counter)
        words: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence, labels in sentences:
            for value, slot in values_of(sentence, labels):
                values[value][slot] += 1
            for word, label in zip(sentence.lower, labels, strict=True):
                words[word][slot_of(label)] += 1
        return cls({v: dict(c) for v, c in values.items()}, {w: dict(c) for w, c in words.items()})

    def to_json(self) -> dict[str, object]:
        """Plain data, for a model file."""
        return {"values": self.values, "words": self.words}

    def slots_of_value(self, value: str, own: Mapping[tuple[str, str], int]) -> list[str]:
        """Slots that a value is known for, the sentence's own values taken off."""
        counts = self.values.get(value)
        if not counts:
            return []
        return [slot for slot, count in counts.items() if count > own.get((value, slot), 0)]

    def shares(self, word: str, own: Mapping[tuple[str, str], int]) -> dict[str, float]:
        """How a word's occurrences are spread over the slots, the sentence's own taken off."""
        counts = self.words.get(word)
        if not counts:
            return {}
        rest = {slot: count - own.get((word, slot), 0) for slot, count in counts.items()}
        total = sum(count for count in rest.values() if count > 0)
        return {slot: count / total for slot, count in rest.items() if count > 0}


def slot_of(label: str) -> str:
    """The slot of a label; ``O`` stays."""
    return label if label == OUTSIDE else label[2:]


def values_of(sentence: Words, labels: Sequence[str]) -> list[tuple[str, str]]:
    """The slot values of a labelled sentence: words in lower case, and the slot."""
    found: list[tuple[list[str], str]] = []
    for word, label in zip(sentence.lower, labels, strict=True):
        if label.startswith("B-"):
            found.append(([word], label[2:]))
        elif label.startswith("I-") and found:
            found[-1][0].append(word)
    return [(" ".join(words), slot) for words, slot in found]
