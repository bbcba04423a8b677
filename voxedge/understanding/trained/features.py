"""Features of the words of a sentence, for the sequence model: one list of strings a word.

The set is the usual one for named entities with a linear-chain CRF (words, affixes, shapes and their
neighbours), with three things for few examples: the tables of `vocabulary`, general word classes of the
language (`lexicon`), and the nearest known words left and right, however far they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from voxedge.understanding.trained.lexicon import Lexicon
from voxedge.understanding.trained.vocabulary import Vocabulary, slot_of, values_of
from voxedge.understanding.trained.words import Words, shape

FEATURES_VERSION = 1
"""Raised with every change here: a model must be read with the features that it was trained with."""

_NEIGHBOURS = (-2, -1, 1, 2)


def featurize(
    sentence: Words, vocabulary: Vocabulary, lexicon: Lexicon, labels: Sequence[str] | None = None
) -> list[list[str]]:
    """The features of every word.

    Args:
        sentence: The words.
        vocabulary: Of the training sentences.
        lexicon: Of the language.
        labels: While training, the sentence's own labels, which are taken off the vocabulary.
    """
    size, lower = len(sentence), sentence.lower
    shapes = [shape(word) for word in sentence.raw]
    classes = [lexicon.word_class(word) for word in lower]
    tables = _table_features(sentence, vocabulary, lexicon, labels)
    left, right, distance = _anchors(lower, vocabulary)
    rows: list[list[str]] = []
    for at, word in enumerate(lower):
        row = [
            "1", "w=" + word, "s=" + shapes[at], "c=" + classes[at],
            "a1=" + word[:1], "a2=" + word[:2], "a3=" + word[:3],
            "z1=" + word[-1:], "z2=" + word[-2:], "z3=" + word[-3:],
            "l=" + left[at], "r=" + right[at], f"lr={left[at]}|{right[at]}", f"ld={left[at]}|{distance[at]}",
        ]  # fmt: skip
        for offset in _NEIGHBOURS:
            other = at + offset
            if 0 <= other < size:
                row += (
                    f"{offset}w={lower[other]}",
                    f"{offset}c={classes[other]}",
                    f"{offset}s={shapes[other]}",
                )
            else:
                row.append(f"{offset}=none")
        if at > 0:
            row += (
                f"-ww={lower[at - 1]}|{word}", f"-ss={shapes[at - 1]}|{shapes[at]}",
                f"-cc={classes[at - 1]}|{classes[at]}",
            )  # fmt: skip
            row += ("-" + feature for feature in tables[at - 1] if feature[0] != "t")
        if at < size - 1:
            row += (
                f"+ww={word}|{lower[at + 1]}", f"+ss={shapes[at]}|{shapes[at + 1]}",
                f"+cc={classes[at]}|{classes[at + 1]}",
            )  # fmt: skip
            row += ("+" + feature for feature in tables[at + 1] if feature[0] != "t")
        if at > 1:
            row.append(f"--={lower[at - 2]}|{lower[at - 1]}")
        if at < size - 2:
            row.append(f"++={lower[at + 1]}|{lower[at + 2]}")
        row += tables[at]
        rows.append(row)
    return rows


def _table_features(
    sentence: Words, vocabulary: Vocabulary, lexicon: Lexicon, labels: Sequence[str] | None
) -> list[list[str]]:
    """What the tables know: ``v..`` values of slots, ``x..`` names of the lexicon, ``t..`` single words."""
    lower = sentence.lower
    own_values: Counter[tuple[str, str]] = Counter()
    own_words: Counter[tuple[str, str]] = Counter()
    if labels is not None:
        own_values.update(values_of(sentence, labels))
        own_words.update((word, slot_of(label)) for word, label in zip(lower, labels, strict=True))
    rows: list[list[str]] = [[] for _ in lower]
    for at in range(len(lower)):
        for length in range(min(vocabulary.longest, len(lower) - at), 0, -1):
            slots = vocabulary.slots_of_value(" ".join(lower[at : at + length]), own_values)
            for slot in slots:
                for inner in range(length):
                    place = "U" if length == 1 else "B" if inner == 0 else "L" if inner == length - 1 else "M"
                    feature = f"v{place}:{slot}"
                    if feature not in rows[at + inner]:
                        rows[at + inner].append(feature)
            if slots:
                break
    for at, names in enumerate(lexicon.names(sentence)):
        rows[at] += names
    for at, word in enumerate(lower):
        shares = vocabulary.shares(word, own_words)
        rows[at] += (
            f"t:{slot}:{'all' if share > 0.9 else 'most' if share > 0.5 else 'some'}"
            for slot, share in shares.items()
        )
        if not shares:
            rows[at].append("t:new")
    return rows


def _anchors(lower: Sequence[str], vocabulary: Vocabulary) -> tuple[list[str], list[str], list[int]]:
    """For every word: the nearest anchor to the left and right, and how many words lie between (up to 3)."""
    left, right, distance = ["^"] * len(lower), ["$"] * len(lower), [0] * len(lower)
    near, gap = "^", 0
    for at, word in enumerate(lower):
        left[at], distance[at] = near, min(gap, 3)
        gap += 1
        if word in vocabulary.anchors:
            near, gap = word, 0
    near = "$"
    for at in range(len(lower) - 1, -1, -1):
        right[at] = near
        if lower[at] in vocabulary.anchors:
            near = lower[at]
    return left, right, distance


def intent_features(sentence: Words) -> list[str]:
    """Features of a whole sentence, for its intent: words, pairs of words, and pieces of words."""
    lower = sentence.lower
    found = {"1", *("w=" + word for word in lower)}
    found.update(f"ww={one}|{other}" for one, other in zip(("^", *lower), (*lower, "$"), strict=True))
    for word in lower:
        padded = f"^{word}$"
        found.update("c=" + padded[at : at + 4] for at in range(len(padded) - 3))
    return sorted(found)
