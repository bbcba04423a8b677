"""Noise-tolerant matching: the cheapest way to hear a sentence of the grammar in what was recognized.

Sounds are compared, not letters, and word boundaries don't count. A search from left to right keeps, at
each position of the heard sounds, the states of the grammar that can be there and what it cost.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from voxedge.events import SlotValue
from voxedge.understanding.context import may_hold
from voxedge.understanding.exact import ExactMatcher
from voxedge.understanding.grammar import Grammar, TextList
from voxedge.understanding.machine import Machine
from voxedge.understanding.soundgraph import SoundGraph
from voxedge.understanding.sounds.phonemes import drops
from voxedge.understanding.sounds.pronouncing import pieces, word_sounds
from voxedge.understanding.vocabulary import WORD_WEIGHT, Heard, Span, Unit, Vocabulary

BEAM = 32
WINDOW = 1.6
"""How much dearer than the cheapest at its position, or at any later one, a state may be."""
GIVE_UP = 0.46
"""Cost a sound at which no sentence is thought of any more."""
GIVE_UP_SLACK = 1.5
SKIP_WEIGHT = 0.75
"""A heard word that the grammar hasn't costs this much of its sounds."""
MISSING_LIMIT = 2.3
"""Words of the grammar up to this cost (about three sounds) may be missing."""
WILD_COST = 0.04
"""Cost a sound of what a wildcard takes."""
MAX_HEARD = 160


class Step(NamedTuple):
    """How a state was reached: from where, over what, in which stretch of sounds."""

    before: Step | None
    start: int
    end: int
    label: int  # label of the graph; -1: a heard word was skipped
    unit: int  # row of the vocabulary; -1: missing word or wildcard
    cost: float


class Token(NamedTuple):
    """A state with what it cost to get there."""

    cost: float
    step: Step | None


@dataclass(frozen=True, slots=True)
class Path:
    """A sentence of the grammar that was heard.

    Attributes:
        block: Number of its block.
        cost: What it cost in all.
        steps: Its steps, from the first.
        heard: What it was heard in.
        wild: How many sounds wildcards took.
    """

    block: int
    cost: float
    steps: tuple[Step, ...]
    heard: Heard
    wild: int

    @property
    def per_sound(self) -> float:
        """Cost a sound, wildcards' sounds left out."""
        return self.cost / max(len(self.heard.sounds) - self.wild, 1)


class TolerantMatcher:
    """Finds what may have been meant. Safe to call from several threads.

    Args:
        grammar: The grammar.
        machine: Its machine.
        exact: For its lists and conditions.
    """

    def __init__(self, grammar: Grammar, machine: Machine, exact: ExactMatcher) -> None:
        self.grammar, self.machine, self.exact = grammar, machine, exact
        self.graph = SoundGraph(machine)
        self.vocabulary = Vocabulary(self.graph, grammar)
        self.refresh()

    def refresh(self) -> None:
        """Takes the lists that are in force now."""
        self.vocabulary.set_lists(self.exact.lists)
        language = self.grammar.language
        self._missing: dict[int, float] = {}
        for number, word in enumerate(self.graph.words):
            cost = sum(drops("".join(word_sounds(piece, language)[0] for piece in pieces(word))))
            if cost <= MISSING_LIMIT:
                self._missing[number] = cost * WORD_WEIGHT
        self._keys: dict[int, frozenset[int]] = {}

    def hear(self, text: str) -> Heard:
        """A folded text as sounds."""
        import numpy as np

        words: list[str] = []
        bounds, codes = [0], list[int]()
        costs: list[float] = []
        for piece in pieces(text):
            said = word_sounds(piece, self.grammar.language)[0]
            if said and len(codes) + len(said) <= MAX_HEARD:
                words.append(piece)
                codes += self.vocabulary.inventory.encode(said)
                costs += drops(said)
                bounds.append(len(codes))
        return Heard(
            text,
            tuple(words),
            tuple(bounds),
            np.array(codes, dtype=np.int32),
            np.array(costs, dtype=np.float32),
        )

    def paths(self, heard: Heard, context: Mapping[str, SlotValue], count: int = 4) -> list[Path]:
        """The cheapest sentences, one for each different meaning, cheapest first."""
        size = len(heard.sounds)
        if size == 0:
            return []
        search = _Search(self, heard)
        search.run()
        found: dict[tuple[object, ...], Path] = {}
        for (state, meaning), token in search.columns[size].items():
            for block in self.graph.exits[state]:
                body = self.grammar.blocks[block]
                if not may_hold(body.requires_context, context):
                    continue
                key = (body.intent, meaning, str(sorted(body.slots.items())))
                if key not in found or token.cost < found[key].cost:
                    found[key] = self._path(block, token, heard)
        return heapq.nsmallest(count, found.values(), key=lambda path: (path.cost, path.block))

    def _path(self, block: int, token: Token, heard: Heard) -> Path:
        steps, step, wild = [], token.step, 0
        words = len(self.graph.words)
        while step is not None:
            steps.append(step)
            if step.label >= words and step.unit < 0:
                wild += step.end - step.start
            step = step.before
        return Path(block, token.cost, tuple(reversed(steps)), heard, wild)

    def keys_of(self, state: int) -> frozenset[int]:
        """Keys of the vocabulary that may follow a state."""
        keys = self._keys.get(state)
        if keys is None:
            words, calls = len(self.graph.words), self.graph.calls
            keys = frozenset(
                label if label < words else -1 - calls[label - words].list_id
                for label in self.graph.out[state]
            )
            self._keys[state] = keys
        return keys

    def allows(self, condition: int, list_id: int, value: int) -> bool:
        """Whether a block's conditions allow a value."""
        return self.exact.allows(condition, list_id, value)


Meaning = tuple[tuple[str, int, int, float], ...]
"""The slots so far: (slot, list id, value's number, number)."""


class _Search:
    def __init__(self, matcher: TolerantMatcher, heard: Heard) -> None:
        self.matcher, self.heard = matcher, heard
        size = len(heard.sounds)
        self.columns: list[dict[tuple[int, Meaning], Token]] = [{} for _ in range(size + 1)]
        self.limit = GIVE_UP * size + GIVE_UP_SLACK
        # What a state may cost at each position: in proportion to what was heard until there, and near
        # to the best that is known there.
        self.most = [min(GIVE_UP * at + GIVE_UP_SLACK, self.limit) for at in range(size + 1)]
        self.best = [1e9] * (size + 1)
        self.units = matcher.vocabulary.table().units
        self.skip_to: dict[int, tuple[int, float]] = {}
        for first, last in zip(heard.bounds, heard.bounds[1:], strict=False):
            self.skip_to[first] = (last, float(heard.drops[first:last].sum()) * SKIP_WEIGHT)

    def run(self) -> None:
        """Fills the columns from left to right."""
        self.columns[0][self.matcher.graph.entry, ()] = Token(0.0, None)
        self.best[0] = 0.0
        for at in range(len(self.columns)):
            if self.columns[at]:
                self._prune(at)
                self._missing(at)
                if self.columns[at] and at < len(self.columns) - 1:
                    self._advance(at)

    def _prune(self, at: int) -> None:
        column = self.columns[at]
        bound = min(min(self.best[at:]) + WINDOW, self.most[at])
        kept = [(token.cost, key) for key, token in column.items() if token.cost <= bound]
        if len(kept) > BEAM:
            kept = heapq.nsmallest(BEAM, kept)
        self.columns[at] = {key: column[key] for _, key in kept}

    def _put(
        self,
        key: tuple[int, Meaning],
        cost: float,
        before: Step | None,
        place: tuple[int, int, int, int, float],
    ) -> None:
        """Keeps a state if it costs less than before; ``place`` is the rest of the `Step`."""
        end = place[1]
        if cost <= self.most[end]:
            column = self.columns[end]
            old = column.get(key)
            if old is None or cost < old.cost:
                column[key] = Token(cost, Step(before, *place))
                if cost < self.best[end]:
                    self.best[end] = cost
                    self.most[end] = min(self.most[end], cost + WINDOW)

    def _missing(self, at: int) -> None:
        """Short words of the grammar that were not heard, at most two in a row."""
        missing, out = self.matcher._missing, self.matcher.graph.out
        todo = list(self.columns[at].items())
        for _ in range(2):
            added = []
            for (state, meaning), token in todo:
                arcs = out[state]
                labels = missing.keys() & arcs.keys() if len(arcs) > 1 else (k for k in arcs if k in missing)
                for label in labels:
                    cost = token.cost + missing[label]
                    if cost > self.limit:
                        continue
                    step = Step(token.step, at, at, label, -1, missing[label])
                    for target in arcs[label]:
                        old = self.columns[at].get((target, meaning))
                        if old is None or cost < old.cost:
                            self.columns[at][target, meaning] = new = Token(cost, step)
                            added.append(((target, meaning), new))
            todo = added

    def _advance(self, at: int) -> None:
        matcher, column = self.matcher, self.columns[at]
        graph, words = matcher.graph, len(matcher.graph.words)
        keys: set[int] = set()
        for state, _ in column:
            keys |= matcher.keys_of(state)
        low = min(token.cost for token in column.values())
        allowed = [most - low for most in self.most[at + 1 :]]
        near = matcher.vocabulary.near(self.heard, at, list(keys), allowed)
        skip = self.skip_to.get(at)
        near_keys = near.keys()
        for (state, meaning), token in column.items():
            if skip is not None:
                place = (at, skip[0], -1, -1, skip[1])
                self._put((state, meaning), token.cost + skip[1], token.step, place)
            arcs = graph.out[state]
            for label, targets in arcs.items():
                if label < words:
                    if label in near_keys:
                        self._word(at, label, targets, meaning, token, near[label])
                else:
                    self._call(at, label, targets, meaning, token, near)

    def _word(
        self, at: int, label: int, targets: tuple[int, ...], meaning: Meaning, token: Token, spans: list[Span]
    ) -> None:
        for end, cost, unit in spans:
            total = token.cost + cost
            if total <= self.most[end]:
                for target in targets:
                    self._put((target, meaning), total, token.step, (at, end, label, unit, cost))

    def _call(
        self,
        at: int,
        label: int,
        targets: tuple[int, ...],
        meaning: Meaning,
        token: Token,
        near: Mapping[int, list[Span]],
    ) -> None:
        matcher = self.matcher
        call = matcher.graph.calls[label - len(matcher.graph.words)]
        if matcher.exact.lists[call.list_id].wildcard:
            if at in self.skip_to:
                for end in self.heard.bounds:
                    if end > at:
                        cost = WILD_COST * (end - at)
                        slots = (*meaning, (call.slot, call.list_id, -2, float(at * 1000 + end)))
                        for target in targets:
                            place = (at, end, label, -1, cost)
                            self._put((target, slots), token.cost + cost, token.step, place)
            return
        for end, cost, row in near.get(-1 - call.list_id, ()):
            total = token.cost + cost
            if total > self.most[end]:
                continue
            unit = self.units[row]
            if call.condition and not matcher.allows(call.condition, call.list_id, unit.value):
                continue
            slots = meaning if call.captured else (*meaning, self._slot(call.slot, call.list_id, unit))
            for target in targets:
                self._put((target, slots), total, token.step, (at, end, label, row, cost))

    def _slot(self, slot: str, list_id: int, unit: Unit) -> tuple[str, int, int, float]:
        content = self.matcher.exact.lists[list_id].content
        if isinstance(content, TextList) and content.values[unit.value].out is None:
            return slot, list_id, unit.value, float(hash(unit.text) % 1_000_003)
        return slot, list_id, unit.value, unit.number
