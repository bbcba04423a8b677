"""What may have been heard where, and the cheapest ways through a grammar that explain all of it.

Three steps, each of which leaves less for the next one: where each word and value may be (`soundtrie`);
from the last sound to the first, the least that each state of the grammar costs until the end, in arrays;
and from the first to the last, with that as an exact estimate, the cheapest sentences one by one (A*).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from voxedge.understanding.soundgraph import ArcTable, SoundGraph
from voxedge.understanding.vocabulary import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SKIP_WEIGHT = 0.75
"""A heard word that the grammar hasn't costs this much of its sounds."""
WILD_COST = 0.1
"""Cost a sound of what a wildcard takes: it explains everything, so what explains better comes first."""
FAR = 1e6
MISSING_IN_ROW = 2
"""Words of the grammar that may be missing one after the other."""
BEAM = 1000
"""States that are followed from a position to the ones before it."""
MARGIN = 0.3
"""Sentences that cost this much more than the cheapest are not looked at."""
MAX_EXPANDED = 3000
"""Steps of the last search: a bound on grammars that say the same in thousands of ways."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was recognized, as sounds.

    Attributes:
        text: The text.
        words: Its spoken parts.
        bounds: Where each part starts among the sounds, and the end.
        sounds: Numbers of the sounds, shape ``(n,)``.
        drops: What it costs to leave out each, shape ``(n,)``.
        free: By part: whether it is a skip word, which costs nothing to leave out.
    """

    text: str
    words: tuple[str, ...]
    bounds: tuple[int, ...]
    sounds: NDArray[np.int32]
    drops: NDArray[np.float32]
    free: tuple[bool, ...] = ()


class Step(NamedTuple):
    """How a state was reached: from where, over what, in which stretch of sounds."""

    before: Step | None
    start: int
    end: int
    label: int  # label of the graph; -1: a heard word was skipped
    unit: int  # row of the table; -1: missing word, wildcard or skipped word
    cost: float


Allows = Callable[[int, int, int], bool]
"""Whether a condition allows a value: (condition, list id, value's number)."""
Meaning = tuple[tuple[str, int, int, float], ...]
"""The slots so far: (slot, list id, value's number, number)."""


class Ending(NamedTuple):
    """A sentence that ends: its cost, its last state and step, and its meaning."""

    cost: float
    state: int
    step: Step | None
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Plan:
    """A grammar as the search wants it; made once.

    Attributes:
        graph: The grammar.
        arcs: All arcs.
        gaps: The arcs over words that may be missing.
        missing: By label of a word that may be missing: its cost.
        missing_cost: The same as an array over ``gaps``.
        wild: Whether sentences with wildcards are looked for, too.
    """

    graph: SoundGraph
    arcs: ArcTable
    gaps: ArcTable
    missing: Mapping[int, float]
    missing_cost: NDArray[np.float32]
    wild: bool


def make_plan(
    graph: SoundGraph, missing: Mapping[int, float], wild_labels: frozenset[int], *, wild: bool
) -> Plan:
    """Brings a grammar into arrays, with its wildcards or without."""
    import numpy as np

    arcs = graph.table()
    if wild_labels and not wild:
        arcs = _only(arcs, ~np.isin(arcs.label, list(wild_labels)))
    cost = np.full(len(graph.words) + len(graph.calls), -1.0, dtype=np.float32)
    for label, value in missing.items():
        cost[label] = value
    gaps = _only(arcs, cost[arcs.label] >= 0)
    return Plan(graph, arcs, gaps, missing, cost[gaps.label], wild)


def _only(arcs: ArcTable, chosen: NDArray[np.bool_]) -> ArcTable:
    import numpy as np

    before = np.concatenate([[0], np.cumsum(chosen)]).astype(np.int32)
    return ArcTable(before[arcs.first], arcs.source[chosen], arcs.label[chosen])


def _ranges(
    first: NDArray[np.signedinteger], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indexes of all members of the chosen groups, and for each of them which of the chosen it belongs to."""
    import numpy as np

    low = first[chosen]
    counts = first[chosen + 1] - low
    owner = np.repeat(np.arange(len(chosen)), counts)
    shift = low - (np.cumsum(counts) - counts)
    return np.arange(len(owner)) + shift[owner], owner


class Lattice:
    """What may have been heard where.

    Args:
        table: The words and values.
        heard: What was heard.
        costs: What it costs to hear one sound for another.

    Attributes:
        before: By position: the least that anything costs until there.
        behind: By position: the least that anything costs from there.
    """

    def __init__(self, table: Table, heard: Heard, costs: NDArray[np.float32]) -> None:
        import numpy as np

        self.table, self.heard, self.size = table, heard, len(heard.sounds)
        self.spans = table.trie.spans(heard.sounds, heard.drops, costs)
        self.skips: list[tuple[int, int, float]] = []
        free = heard.free or (False,) * len(heard.words)
        for first, last, is_free in zip(heard.bounds, heard.bounds[1:], free, strict=False):
            cost = 0.0 if is_free else float(heard.drops[first:last].sum()) * SKIP_WEIGHT
            self.skips.append((first, last, cost))
        steps = np.full((self.size + 1, self.size + 1), FAR, dtype=np.float32)
        spans = self.spans
        least = spans.cost * table.least_weight[spans.node]
        np.minimum.at(steps.ravel(), spans.start.astype(np.int64) * (self.size + 1) + spans.end, least)
        for first, last, cost in self.skips:
            steps[first, last] = min(steps[first, last], cost)
        self._steps = steps
        self.before, self.behind = self._least(steps)

    def with_wildcards(self) -> Lattice:
        """The same with wildcards."""
        import numpy as np

        wide = copy(self)
        steps, bounds = self._steps.copy(), np.array(self.heard.bounds)
        for at in bounds[:-1]:
            ends = bounds[bounds > at]
            steps[at, ends] = np.minimum(steps[at, ends], WILD_COST * (ends - at))
        wide.before, wide.behind = wide._least(steps)
        return wide

    def _least(self, steps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The least that anything costs until each position, and from it: bounds for the search."""
        import numpy as np

        size = self.size
        before = np.full(size + 1, FAR, dtype=np.float32)
        behind = before.copy()
        before[0] = behind[size] = 0.0
        for at in range(1, size + 1):
            before[at] = (before[:at] + steps[:at, at]).min()
            back = size - at
            behind[back] = (behind[back + 1 :] + steps[back, back + 1 :]).min()
        return before, behind


class Search:
    """The cheapest sentences of a grammar for what was heard.

    Args:
        plan: The grammar.
        lattice: What may have been heard where.
        finals: By state: whether a sentence may end there.
        limit: Greatest cost of a sentence.
    """

    def __init__(self, plan: Plan, lattice: Lattice, finals: NDArray[np.bool_], limit: float) -> None:
        self.plan, self.lattice, self.limit = plan, lattice, limit
        self.size = lattice.size
        self.finals = finals
        self._by_start: dict[int, dict[int, list[tuple[int, float, int]]]] = {}
        self._least_gap = float(plan.missing_cost.min()) if len(plan.missing_cost) else FAR
        self._sort_spans()
        self._costs_to_end()
        self.best = float(self.rest[0, plan.graph.entry])

    def _sort_spans(self) -> None:
        """The spans by where they end and by kind."""
        import numpy as np

        lattice, table = self.lattice, self.lattice.table
        spans = lattice.spans
        bound = self.limit - lattice.before[spans.start] - lattice.behind[spans.end]
        self.spans = spans = spans.where(spans.cost * table.least_weight[spans.node] <= bound)
        index, owner = _ranges(table.first_kind, spans.node.astype(np.int64))
        kind = table.kind[index].astype(np.int64)
        end, start = spans.end[owner].astype(np.int64), spans.start[owner]
        cost = spans.cost[owner] * table.weight[kind]
        if self.plan.wild:
            bounds = np.array(lattice.heard.bounds, dtype=np.int64)
            first, last = np.triu_indices(len(bounds), 1)
            kind = np.concatenate([kind, np.full(len(first), table.wild)])
            start = np.concatenate([start, bounds[first].astype(np.int32)])
            end = np.concatenate([end, bounds[last]])
            cost = np.concatenate([cost, (WILD_COST * (bounds[last] - bounds[first])).astype(np.float32)])
        self._kinds = table.wild + 1
        key = end * self._kinds + kind
        order = np.argsort(key, kind="stable")
        self._start, self._cost = start[order].astype(np.int64), cost[order]
        counts = np.bincount(key, minlength=(self.size + 1) * self._kinds)
        self._first = np.concatenate([[0], np.cumsum(counts)])

    def _costs_to_end(self) -> None:
        """By position and state: the least that the rest costs; `FAR` where it is more than the limit."""
        import numpy as np

        plan, lattice = self.plan, self.lattice
        states = len(plan.graph.out)
        self.rest = np.full((self.size + 1, states), FAR, dtype=np.float32)
        flat = self.rest.ravel()
        self.rest[self.size, self.finals] = 0.0
        skips = {last: (first, cost) for first, last, cost in lattice.skips}
        kind_of = lattice.table.kind_of
        for end in range(self.size, -1, -1):
            row = self.rest[end]
            most = float(self.limit - lattice.before[end])
            active = self._fill_gaps(row, most)
            if len(active) > BEAM:
                worst = np.argpartition(row[active], BEAM)
                active = active[worst[:BEAM]]
            if end == 0 or not len(active):
                continue
            skip = skips.get(end)
            if skip is not None:
                earlier = self.rest[skip[0]]
                earlier[active] = np.minimum(earlier[active], row[active] + np.float32(skip[1]))
            arc, owner = _ranges(plan.arcs.first, active)
            key = end * self._kinds + kind_of[plan.arcs.label[arc]]
            used = np.flatnonzero(self._first[key + 1] > self._first[key])
            if not len(used):
                continue
            span, which = _ranges(self._first, key[used].astype(np.int64))
            which = used[which]
            source, start = plan.arcs.source[arc[which]], self._start[span]
            cost = row[active[owner[which]]] + self._cost[span]
            kept = cost <= self.limit - lattice.before[start]
            np.minimum.at(flat, start[kept] * states + source[kept], cost[kept])

    def _fill_gaps(self, row: NDArray[np.float32], most: float) -> NDArray[np.int64]:
        """Lets short words of the grammar be missing; returns the states within the limit."""
        import numpy as np

        gaps, cost = self.plan.gaps, self.plan.missing_cost
        active = np.flatnonzero(row <= most)
        least = self._least_gap
        fresh = active[row[active] <= most - least]
        if not len(fresh):
            return active
        for _ in range(MISSING_IN_ROW):
            arc, owner = _ranges(gaps.first, fresh)
            if not len(arc):
                break
            source, value = gaps.source[arc], row[fresh[owner]] + cost[arc]
            better = value < np.minimum(row[source], most)
            if not better.any():
                break
            source = source[better]
            np.minimum.at(row, source, value[better])
            fresh = np.unique(source)
            fresh = fresh[row[fresh] <= most - least]
        return np.flatnonzero(row <= most)

    def _starting(self, at: int) -> dict[int, list[tuple[int, float, int]]]:
        """The units that may start at a position: by key, each with its end and its cost."""
        import numpy as np

        found = self._by_start.get(at)
        if found is not None:
            return found
        table, spans, lattice = self.lattice.table, self.spans, self.lattice
        most = self.best + MARGIN - lattice.before[at] - lattice.behind[spans.end]
        chosen = np.flatnonzero((spans.start == at) & (spans.cost * table.least_weight[spans.node] <= most))
        found = self._by_start[at] = {}
        words = len(self.plan.graph.words)
        for node, end, cost in zip(
            spans.node[chosen].tolist(), spans.end[chosen].tolist(), spans.cost[chosen].tolist(), strict=True
        ):
            for unit in table.unit_of[table.first_unit[node] : table.first_unit[node + 1]].tolist():
                key = table.units[unit].key
                weight = float(table.weight[key]) if 0 <= key < words else 1.0
                found.setdefault(key, []).append((end, cost * weight, unit))
        return found

    def endings(self, allows: Allows) -> list[Ending]:
        """The cheapest sentences, each with another meaning or another end.

        Args:
            allows: Whether a condition allows a value of a list.
        """
        found: list[Ending] = []
        if self.best > self.limit:
            return found
        bound = min(self.best + MARGIN, self.limit)
        graph, rest, size = self.plan.graph, self.rest, self.size
        heap: list[tuple[float, int, float, int, int, Meaning, Step | None]] = [
            (self.best, 0, 0.0, 0, graph.entry, (), None)
        ]
        seen: set[tuple[int, int, Meaning]] = set()
        pushed = expanded = 0
        while heap and expanded < MAX_EXPANDED:
            _, _, cost, at, state, meaning, step = heapq.heappop(heap)
            if (at, state, meaning) in seen:
                continue
            seen.add((at, state, meaning))
            expanded += 1
            if at == size and self.finals[state]:
                found.append(Ending(cost, state, step, meaning))
            for target, to_meaning, place in self._onwards(at, state, meaning, allows):
                total = cost + place[4]
                estimate = total + float(rest[place[1], target])
                if estimate <= bound + 1e-4:
                    pushed += 1
                    entry = (estimate, pushed, total, place[1], target, to_meaning, Step(step, *place))
                    heapq.heappush(heap, entry)
        return found

    def _onwards(
        self, at: int, state: int, meaning: Meaning, allows: Allows
    ) -> list[tuple[int, Meaning, tuple[int, int, int, int, float]]]:
        """Where one can go from a state: the next state, the meaning, and the rest of the `Step`."""
        plan, graph, heard = self.plan, self.plan.graph, self.lattice.heard
        out: list[tuple[int, Meaning, tuple[int, int, int, int, float]]] = []
        words, starting = len(graph.words), self._starting(at) if at < self.size else {}
        for first, last, cost in self.lattice.skips:
            if first == at:
                out.append((state, meaning, (at, last, -1, -1, cost)))
        for label, targets in graph.out[state].items():
            if label < words:
                for end, cost, unit in starting.get(label, ()):
                    out += [(target, meaning, (at, end, label, unit, cost)) for target in targets]
                gap = plan.missing.get(label)
                if gap is not None:
                    out += [(target, meaning, (at, at, label, -1, gap)) for target in targets]
                continue
            call = graph.calls[label - words]
            if self.lattice.table.kind_of[label] == self.lattice.table.wild:
                if plan.wild and at in heard.bounds:
                    for end in heard.bounds[heard.bounds.index(at) + 1 :]:
                        slots = (*meaning, (call.slot, call.list_id, -2, float(at * 1000 + end)))
                        place = (at, end, label, -1, WILD_COST * (end - at))
                        out += [(target, slots, place) for target in targets]
                continue
            for end, cost, row in starting.get(-1 - call.list_id, ()):
                value = self.lattice.table.units[row]
                if call.condition and not allows(call.condition, call.list_id, value.value):
                    continue
                slots = meaning
                if not call.captured:
                    slots = (*meaning, (call.slot, call.list_id, value.value, value.number))
                out += [(target, slots, (at, end, label, row, cost)) for target in targets]
        return out
