"""The words and list values of a grammar as sounds, and which of them an arc of the grammar takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from voxedge.understanding.grammar import AnyList, RangeList, TextList, WildcardList
from voxedge.understanding.lists import ListMatcher
from voxedge.understanding.normalizing import fold
from voxedge.understanding.numerals import words_of
from voxedge.understanding.plan import FAR
from voxedge.understanding.soundgraph import SoundGraph
from voxedge.understanding.sounds.phonemes import Inventory, drops
from voxedge.understanding.sounds.pronouncing import part_sounds, pieces, variants
from voxedge.understanding.soundtrie import MAX_SOUNDS, SoundTrie
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

MAX_SPELLINGS = 120
MAX_RANGE_WORDS = 210
"""Numbers of a range that may be misheard; others of it must be heard right."""
WORD_WEIGHT = 0.6
"""A sound of the sentence's own words counts less than one of a value: they are there to be guessed."""


class Unit(NamedTuple):
    """A word or value that can be heard.

    ``key`` is the word's label, or -1 - list id; ``value`` the value's number in its list (-1: a number).
    ``number`` is that number; for values that stand for what was said it tells the words apart.
    """

    key: int
    value: int
    number: float
    text: str


Coded = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Pronounced:
    """Units of one list, each with its sounds and the group of values whose context is the same."""

    content: AnyList
    units: list[Unit]
    sounds: list[Coded]
    groups: list[int]
    members: list[int]


@dataclass(frozen=True, slots=True)
class Table:
    """What the search needs, made anew when a list changes.

    Attributes:
        units: All words and values.
        trie: Their sounds.
        unit_of: Units sorted by the node of the trie where they end.
        first_unit: By node: where its units begin in ``unit_of``; one more than there are nodes.
        kind: Kinds of units sorted by node, as ``unit_of``; a kind is what arcs of the grammar take.
        first_kind: By node: where its kinds begin.
        weight: By kind: what a sound of it weighs.
        kind_of: By label of the graph: its kind.
        wild: The kind of wildcards.
    """

    units: list[Unit]
    trie: SoundTrie
    unit_of: NDArray[np.int32]
    first_unit: NDArray[np.int32]
    kind: NDArray[np.int32]
    first_kind: NDArray[np.int32]
    weight: NDArray[np.float32]
    kind_of: NDArray[np.int32]
    wild: int


def spellings(node: Node, rules: Mapping[str, Node] | None = None, limit: int = MAX_SPELLINGS) -> list[str]:
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
    """All units of a graph. Only lists that change are pronounced again.

    Args:
        graph: Its words and calls.
        grammar: For rules and language.
        allows: Whether a condition allows a value: (condition, list id, value's number).
    """

    def __init__(self, graph: SoundGraph, grammar: Grammar, allows: Callable[[int, int, int], bool]) -> None:
        self.graph, self.grammar, self.allows = graph, grammar, allows
        self.inventory = Inventory()
        self._words = [
            (Unit(number, -1, 0.0, word), self._coded(sounds))
            for number, word in enumerate(graph.words)
            for sounds in part_sounds(word, grammar.language)
            if sounds
        ]
        self._lists: dict[int, _Pronounced] = {}
        self._table: Table | None = None

    def set_lists(self, lists: Sequence[ListMatcher]) -> None:
        """Takes the lists in force."""
        for number, matcher in enumerate(lists):
            known = self._lists.get(number)
            if known is None or known.content is not matcher.content:
                self._lists[number] = self._pronounced(number, matcher.content)
                self._table = None

    def _coded(self, sounds: str) -> Coded:
        sounds = sounds[:MAX_SOUNDS]
        costs = [round(cost * 1000) for cost in drops(sounds)]
        return list(zip(self.inventory.encode(sounds), costs, strict=True))

    def _pronounced(self, number: int, content: AnyList) -> _Pronounced:
        language, rules = self.grammar.language, self.grammar.rules
        made = _Pronounced(content, [], [], [], [])

        def add(unit: Unit, group: int, limit: int) -> None:
            for sounds in variants(pieces(fold(unit.text)), language, limit):
                if sounds:
                    made.units.append(unit)
                    made.sounds.append(self._coded(sounds))
                    made.groups.append(group)

        if isinstance(content, TextList):
            groups: dict[str, int] = {}
            for index, value in enumerate(content.values):
                group = groups.setdefault(str(sorted(value.context.items(), key=str)), len(groups))
                if group == len(made.members):
                    made.members.append(index)
                for text in dict.fromkeys(" ".join(t.split()) for t in spellings(value.node, rules)):
                    own = float(crc32(text.encode())) if value.out is None else 0.0
                    add(Unit(-1 - number, index, own, text), group, 3)
        elif isinstance(content, RangeList):
            for words, said in words_of(content, language):
                if len(made.units) >= MAX_RANGE_WORDS:
                    break
                add(Unit(-1 - number, -1, said, words), 0, 1)
        return made

    def table(self) -> Table:
        """What the search needs."""
        if self._table is None:
            self._table = self._tabled()
        return self._table

    def _tabled(self) -> Table:
        import numpy as np

        units = [unit for unit, _ in self._words]
        sounds = [coded for _, coded in self._words]
        words = len(self.graph.words)
        takers = [np.array([unit.key for unit in units], dtype=np.int64)]
        taken = [np.arange(len(units), dtype=np.int64)]
        first_of: dict[int, int] = {}
        for number, listed in self._lists.items():
            first_of[number] = len(units)
            units += listed.units
            sounds += listed.sounds
        kinds: dict[tuple[int, tuple[bool, ...]], int] = {}
        kind_of = list(range(words))
        wild = words + len(self.graph.calls)
        for call in self.graph.calls:
            listed = self._lists[call.list_id]
            if isinstance(listed.content, WildcardList):
                kind_of.append(wild)
                continue
            mask = tuple(self.allows(call.condition, call.list_id, value) for value in listed.members)
            kind = kinds.get((call.list_id, mask))
            if kind is None:
                kind = kinds[call.list_id, mask] = words + len(kinds)
                groups = np.array(listed.groups, dtype=np.int64)
                allowed = np.array(mask, dtype=bool)[groups] if mask and len(groups) else groups >= 0
                chosen = np.flatnonzero(allowed) + first_of[call.list_id]
                taken.append(chosen)
                takers.append(np.full(len(chosen), kind, dtype=np.int64))
            kind_of.append(kind)
        trie = SoundTrie(sounds)
        nodes = len(trie.sound)
        weight = np.ones(wild + 1, dtype=np.float32)
        weight[:words] = WORD_WEIGHT
        ends = trie.ends.astype(np.int64)
        order = np.argsort(ends, kind="stable").astype(np.int32)
        pairs = np.unique(ends[np.concatenate(taken)] * (wild + 1) + np.concatenate(takers))
        node, kind_ids = np.divmod(pairs, wild + 1)
        least = np.full(nodes, FAR, dtype=np.float32)
        np.minimum.at(least, node, weight[kind_ids])
        trie.weigh(least)
        steps = np.arange(nodes + 1)
        return Table(
            units,
            trie,
            order,
            np.searchsorted(ends[order], steps).astype(np.int32),
            kind_ids.astype(np.int32),
            np.searchsorted(node, steps).astype(np.int32),
            weight,
            np.array(kind_of, dtype=np.int32),
            wild,
        )
