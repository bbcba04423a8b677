"""The words and list values of a grammar as sounds, in one array, and how near they are to what was heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from voxedge.understanding.grammar import AnyList, RangeList, TextList
from voxedge.understanding.lists import ListMatcher
from voxedge.understanding.normalizing import fold
from voxedge.understanding.numerals import words_of
from voxedge.understanding.soundgraph import SoundGraph
from voxedge.understanding.sounds.phonemes import Inventory, drops
from voxedge.understanding.sounds.pronouncing import pieces, variants
from voxedge.understanding.templates import (
    Alternatives,
    Node,
    Permutation,
    RuleReference,
    Text,
)
from voxedge.understanding.templates import (
    Sequence as Series,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.understanding.grammar import Grammar

MAX_SOUNDS = 48
MAX_SPELLINGS = 120
MAX_RANGE_WORDS = 210
"""Numbers of a range that may be misheard; others of it must be heard right."""
WORD_WEIGHT = 0.6
"""A sound of the sentence's own words counts less than one of a value: they are there to be guessed."""
SPAN_LIMIT = 0.62
"""Worst cost a sound at which a word is still thought of; short words get `SPAN_SLACK` more."""
SPAN_SLACK = 0.55
END_SLACK = 1.25
MAX_SPANS = 10
"""Spans of one list, or one word, that are followed from a position: those that explain most for least."""
WORTH = 0.3
"""What a sound that is explained is worth against its cost, when spans are chosen."""


class Unit(NamedTuple):
    """A word or value that can be heard.

    ``key`` is the word's label, or -1 - list id; ``value`` the value's number in its list (-1: a number,
    ``number`` says which).
    """

    key: int
    value: int
    number: float
    text: str


class Span(NamedTuple):
    """A unit heard in a stretch of sounds."""

    end: int
    cost: float
    unit: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What was recognized, as sounds.

    Attributes:
        text: The text.
        words: Its spoken parts.
        bounds: Where each part starts among the sounds, and the end.
        sounds: Numbers of the sounds, shape ``(n,)``.
        drops: What it costs to leave out each, shape ``(n,)``.
    """

    text: str
    words: tuple[str, ...]
    bounds: tuple[int, ...]
    sounds: NDArray[np.int32]
    drops: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Table:
    units: list[Unit]
    sounds: NDArray[np.int32]
    drops: NDArray[np.float32]
    lengths: NDArray[np.int32]
    weights: NDArray[np.float32]
    by_key: dict[int, NDArray[np.int64]]


def spellings(node: Node, rules: dict[str, Node] | None = None, limit: int = MAX_SPELLINGS) -> list[str]:
    """The texts that a list's value stands for, as far as ``limit``."""
    if isinstance(node, Text):
        return [node.text]
    if isinstance(node, (Series, Permutation)):
        texts = [""]
        for item in node.items:
            after = spellings(item, rules, limit)
            texts = [a + b for a in texts for b in after][:limit]
        return texts
    if isinstance(node, Alternatives):
        return [text for item in node.items for text in spellings(item, rules, limit)][:limit]
    if isinstance(node, RuleReference) and rules and node.name in rules:
        return spellings(rules[node.name], rules, limit)
    return []


class Vocabulary:
    """All units of a graph. Rebuilt in part when a list changes.

    Args:
        graph: Its words.
        grammar: For rules and language.
    """

    def __init__(self, graph: SoundGraph, grammar: Grammar) -> None:
        self.graph, self.grammar = graph, grammar
        self.inventory = Inventory()
        self._words = [
            (Unit(number, -1, 0.0, word), sounds)
            for number, word in enumerate(graph.words)
            for sounds in variants(pieces(word), grammar.language)
        ]
        self._lists: dict[int, tuple[AnyList, list[tuple[Unit, str]]]] = {}
        self._table: _Table | None = None

    def set_lists(self, lists: Sequence[ListMatcher]) -> None:
        """Takes the lists in force; only those that changed are pronounced again."""
        for number, matcher in enumerate(lists):
            known = self._lists.get(number)
            if known is None or known[0] is not matcher.content:
                self._lists[number] = (matcher.content, self._list_units(number, matcher.content))
                self._table = None

    def _list_units(self, number: int, content: AnyList) -> list[tuple[Unit, str]]:
        language, rules = self.grammar.language, dict(self.grammar.rules)
        made: list[tuple[Unit, str]] = []
        if isinstance(content, TextList):
            for index, value in enumerate(content.values):
                for text in dict.fromkeys(" ".join(t.split()) for t in spellings(value.node, rules)):
                    unit = Unit(-1 - number, index, 0.0, text)
                    made += [(unit, sounds) for sounds in variants(pieces(fold(text)), language)]
        elif isinstance(content, RangeList):
            for words, said in words_of(content, language):
                if len(made) >= MAX_RANGE_WORDS:
                    break
                unit = Unit(-1 - number, -1, said, words)
                made += [(unit, sounds) for sounds in variants(pieces(fold(words)), language, 1)]
        return made

    def table(self) -> _Table:
        """The arrays."""
        import numpy as np

        if self._table is not None:
            return self._table
        rows = [
            (unit, self.inventory.encode(sounds[:MAX_SOUNDS]), drops(sounds[:MAX_SOUNDS]))
            for unit, sounds in self._all()
            if sounds
        ]
        longest = max((len(codes) for _, codes, _ in rows), default=1)
        sounds = np.zeros((len(rows), longest), dtype=np.int32)
        dropping = np.zeros((len(rows), longest), dtype=np.float32)
        for index, (_, codes, costs) in enumerate(rows):
            sounds[index, : len(codes)] = codes
            dropping[index, : len(codes)] = costs
        by_key: dict[int, list[int]] = {}
        for index, (unit, _, _) in enumerate(rows):
            by_key.setdefault(unit.key, []).append(index)
        self._table = _Table(
            [unit for unit, _, _ in rows],
            sounds,
            dropping,
            np.array([len(codes) for _, codes, _ in rows], dtype=np.int32),
            np.array([WORD_WEIGHT if unit.key >= 0 else 1.0 for unit, _, _ in rows], dtype=np.float32),
            {key: np.array(indexes) for key, indexes in by_key.items()},
        )
        return self._table

    def _all(self) -> list[tuple[Unit, str]]:
        return self._words + [item for _, units in self._lists.values() for item in units]

    def near(
        self, heard: Heard, start: int, keys: Sequence[int], allowed: Sequence[float]
    ) -> dict[int, list[Span]]:
        """Units of some keys that may have been heard from a position on.

        Args:
            heard: What was heard.
            start: The position.
            keys: The keys that the grammar allows there.
            allowed: By position after ``start``: the most that a span that ends there may cost.

        Returns:
            By key: spans, each with its end, its cost (weighted) and its unit.
        """
        import numpy as np

        table = self.table()
        chosen = [table.by_key[key] for key in keys if key in table.by_key]
        left = len(heard.sounds) - start
        if not chosen or left <= 0:
            return {}
        substitution = self.inventory.costs()
        rows = np.concatenate(chosen) if len(chosen) > 1 else chosen[0]
        width = min(left, int(table.lengths[rows].max()) + 5)
        window = heard.sounds[start : start + width]
        inserted = np.zeros(width + 1, dtype=np.float32)
        np.cumsum(heard.drops[start : start + width], out=inserted[1:])
        heard_cost = substitution[:, window]
        current = np.broadcast_to(inserted, (len(rows), width + 1))
        lengths, weights = table.lengths[rows], table.weights[rows]
        limits = (SPAN_LIMIT * lengths + SPAN_SLACK).astype(np.float32)
        bound = np.array(allowed[:width], dtype=np.float32)
        found: dict[int, list[Span]] = {}
        column = 0
        while len(rows):
            sounds = table.sounds[rows, column]
            after = current + table.drops[rows, column][:, None]
            np.minimum(after[:, 1:], current[:, :-1] + heard_cost[sounds], out=after[:, 1:])
            after -= inserted
            np.minimum.accumulate(after, axis=1, out=after)
            after += inserted
            column += 1
            ended = lengths == column
            if ended.any():
                self._ended(found, rows[ended], after[ended], limits[ended], weights[ended], start, bound)
            keep = ~ended & (after.min(axis=1) <= limits)
            rows, current = rows[keep], after[keep]
            lengths, weights, limits = lengths[keep], weights[keep], limits[keep]
        for key, spans in found.items():
            if len(spans) > MAX_SPANS:
                found[key] = nsmallest(
                    MAX_SPANS, spans, key=lambda span: span.cost - WORTH * (span.end - start)
                )
        return found

    def _ended(
        self,
        found: dict[int, list[Span]],
        rows: NDArray[np.int64],
        costs: NDArray[np.float32],
        limits: NDArray[np.float32],
        weights: NDArray[np.float32],
        start: int,
        bound: NDArray[np.float32],
    ) -> None:
        import numpy as np

        # Each unit ends where it fits best, or a sound or two beside that.
        body = costs[:, 1:]
        best = body.min(axis=1)
        most = np.minimum(limits, best + END_SLACK)[:, None]
        weighted = body * weights[:, None]
        good = np.nonzero((body <= most) & (weighted <= bound))
        values = weighted[good].tolist()
        units = self.table().units
        for row, offset, cost in zip(good[0].tolist(), good[1].tolist(), values, strict=True):
            unit = int(rows[row])
            span = Span(start + offset + 1, cost, unit)
            found.setdefault(units[unit].key, []).append(span)
