"""The cheapest ways through a grammar that explain all that was heard.

From the last sound to the first, the least that each state of the grammar costs until the end, in arrays;
then from the first to the last, with that as an exact estimate, the cheapest sentences one by one (A*).
What can't be a part of any sentence within the limit is left out before: a state is as far from the entry
and from the end as the words on the way cost where they are heard best.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from voxedge.understanding.lattice import Lattice, begins
from voxedge.understanding.plan import FAR, Plan, ranges, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEAM = 1000
"""States that are followed from a position to the ones before it."""
MARGIN = 0.3
"""Sentences that cost this much more than the cheapest are not looked at."""
MAX_EXPANDED = 3000
"""Steps of the last search: a bound on grammars that say the same in thousands of ways."""


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
_Move = tuple[float, int, Meaning, tuple[int, int, int, int, float]]
"""What the rest costs after it, the next state, the meaning, and the rest of the `Step`."""


class Ending(NamedTuple):
    """A sentence that ends: its cost, its last state and step, and its meaning."""

    cost: float
    state: int
    step: Step | None
    meaning: Meaning


class Bounds(NamedTuple):
    """What sentences cost at least, wherever their words are heard: the same for all limits.

    Attributes:
        least: What any costs.
        before: By state: what leads there from the entry.
        state: By state: sentences through it.
        arc: By arc of the plan: sentences over it.
        gap: By way over missing words: sentences over it.
    """

    least: float
    before: NDArray[np.float32]
    state: NDArray[np.float32]
    arc: NDArray[np.float32]
    gap: NDArray[np.float32]


def bounds_of(plan: Plan, lattice: Lattice, finals: NDArray[np.bool_]) -> Bounds:
    """The bounds of a grammar for what was heard."""
    import numpy as np

    arcs, gaps = plan.arcs, plan.gaps
    cost = np.minimum(lattice.least_by_kind()[lattice.table.kind_of[arcs.label]], plan.gap)
    before, behind = plan.least(cost, finals)
    return Bounds(
        float(behind[plan.graph.entry]),
        before,
        before + behind,
        before[arcs.source] + cost + behind[plan.target],
        before[gaps.source] + gaps.cost + behind[gaps.target],
    )


class Search:
    """The cheapest sentences of a grammar for what was heard.

    Args:
        plan: The grammar.
        lattice: What may have been heard where; with wildcards where the plan has them.
        finals: By state: whether a sentence may end there.
        bounds: See `bounds_of`.
        limit: Greatest cost of a sentence.

    Attributes:
        best: What the cheapest sentence costs; `FAR` where that is more than the limit.
        explained: How much of the sounds ends of sentences explain within the limit, 0 to nearly 1.
    """

    def __init__(
        self, plan: Plan, lattice: Lattice, finals: NDArray[np.bool_], bounds: Bounds, limit: float
    ) -> None:
        self.plan, self.lattice, self.finals, self.limit = plan, lattice, finals, limit
        self.size, self._kinds = lattice.size, lattice.table.wild + 1
        self.best, self.explained = FAR, 0.0
        if bounds.least > limit:
            return
        self.spans = lattice.within(limit)
        self._take_states(bounds)
        self._costs_to_end()
        best = float(self.rest[0, self._number[plan.graph.entry]])
        self.best = best if best <= limit else FAR

    def _take_states(self, bounds: Bounds) -> None:
        """Takes the states and arcs that may be in a sentence within the limit; numbers them anew."""
        import numpy as np

        plan, kind_of, limit = self.plan, self.lattice.table.kind_of, self.limit
        arcs, gaps = plan.arcs, plan.gaps
        states = np.flatnonzero(bounds.state <= limit)
        # States that are left out have the last number, and are always too far.
        count = len(states)
        self._number = np.full(len(bounds.state), count, dtype=np.int64)
        self._number[states] = np.arange(count)
        self._ends = self.finals[states]
        self._room = np.append(limit - bounds.before[states], np.float32(-1.0)).astype(np.float32)
        kept = np.flatnonzero(bounds.arc <= limit)
        kind = kind_of[arcs.label[kept]].astype(np.int64)
        heard = np.flatnonzero(self.spans.count.sum(axis=0)[kind])
        kept, self._kind = kept[heard], kind[heard]
        self._source = self._number[arcs.source[kept]]
        self._arcs = _groups(self._number[plan.target[kept]], count)
        kept = np.flatnonzero(bounds.gap <= limit)
        self._gap_source, self._gap_cost = self._number[gaps.source[kept]], gaps.cost[kept]
        self._gaps = _groups(self._number[gaps.target[kept]], count)

    def _costs_to_end(self) -> None:
        """By position and state: the least that the rest costs; `FAR` where it is more than the limit."""
        import numpy as np

        lattice, spans = self.lattice, self.spans
        states = len(self._ends) + 1
        self.rest = np.full((self.size + 1, states), FAR, dtype=np.float32)
        flat = self.rest.ravel()
        self.rest[self.size, :-1][self._ends] = 0.0
        skips = {last: (first, cost) for first, last, cost in lattice.skips}
        most = (self.limit - lattice.before).astype(np.float32)
        reached = [False] * self.size + [True]
        for end in range(self.size, -1, -1):
            if not reached[end]:
                continue
            row = self.rest[end]
            active = self._fill_gaps(row, np.minimum(self._room, most[end]))
            if len(active) > BEAM:
                active = active[np.argpartition(row[active], BEAM)[:BEAM]]
            if end == 0 or not len(active):
                continue
            self.explained = 1.0 - end / self.size
            value = row[active]
            skip = skips.get(end)
            if skip is not None:
                earlier = self.rest[skip[0]]
                reached[skip[0]] = True
                earlier[active] = np.minimum(earlier[active], value + np.float32(skip[1]))
            first, count = self._arcs
            arc, owner = spread(first[active], count[active])
            kind = self._kind[arc]
            heard = spans.count[end][kind]
            used = heard.nonzero()[0]
            if not len(used):
                continue
            span, which = spread(spans.first[end][kind[used]], heard[used])
            which = used[which]
            source, start = self._source[arc[which]], spans.start[span]
            cost = value[owner[which]] + spans.cost[span]
            kept = (cost <= np.minimum(self._room[source], most[start])).nonzero()[0]
            start = start[kept]
            for position in set(start.tolist()):
                reached[position] = True
            np.minimum.at(flat, start * states + source[kept], cost[kept])

    def _fill_gaps(self, row: NDArray[np.float32], room: NDArray[np.float32]) -> NDArray[np.int64]:
        """Lets short words of the grammar be missing; returns the states within the limit."""
        import numpy as np

        active = (row <= room).nonzero()[0]
        if not len(active) or not len(self._gap_cost):
            return active
        first, count = self._gaps
        way, owner = spread(first[active], count[active])
        source, value = self._gap_source[way], row[active[owner]] + self._gap_cost[way]
        better = (value < np.minimum(row[source], room[source])).nonzero()[0]
        if not len(better):
            return active
        np.minimum.at(row, source[better], value[better])
        return (row <= room).nonzero()[0]

    def endings(self, allows: Allows) -> list[Ending]:
        """The cheapest sentences, each with another meaning or another end.

        Args:
            allows: Whether a condition allows a value of a list.
        """
        import numpy as np

        found: list[Ending] = []
        if self.best > self.limit:
            return found
        key = self.spans.start * self._kinds + self.spans.kind
        self._onward = np.argsort(key, kind="stable")
        self._first_onward = begins(key, (self.size + 1) * self._kinds)
        bound = min(self.best + MARGIN, self.limit) + 1e-4
        heap: list[tuple[float, int, float, int, int, Meaning, Step | None]] = [
            (self.best, 0, 0.0, 0, self.plan.graph.entry, (), None)
        ]
        seen: set[tuple[int, int, Meaning]] = set()
        pushed = expanded = 0
        while heap and expanded < MAX_EXPANDED:
            _, _, cost, at, state, meaning, step = heapq.heappop(heap)
            if (at, state, meaning) in seen:
                continue
            seen.add((at, state, meaning))
            expanded += 1
            if at == self.size and self.finals[state]:
                found.append(Ending(cost, state, step, meaning))
            for behind, target, to_meaning, place in self._onwards(at, state, meaning, bound - cost, allows):
                total = cost + place[4]
                pushed += 1
                heapq.heappush(
                    heap, (total + behind, pushed, total, place[1], target, to_meaning, Step(step, *place))
                )
        return found

    def _onwards(self, at: int, state: int, meaning: Meaning, most: float, allows: Allows) -> list[_Move]:
        """Where one can go from a state so that no more than ``most`` is spent until the end."""
        import numpy as np

        plan, spans, rest = self.plan, self.spans, self.rest
        out: list[_Move] = []
        for first, last, cost in self.lattice.skips:
            if first == at:
                behind = float(rest[last, self._number[state]])
                if cost + behind <= most:
                    out.append((behind, state, meaning, (at, last, -1, -1, cost)))
        arc = plan.onward[plan.first_onward[state] : plan.first_onward[state + 1]]
        gap, behind_gap = plan.gap[arc], rest[at, self._number[plan.target[arc]]]
        for number in np.flatnonzero(gap + behind_gap <= most).tolist():
            label, target = int(plan.arcs.label[arc[number]]), int(plan.target[arc[number]])
            place = (at, at, label, -1, float(gap[number]))
            out.append((float(behind_gap[number]), target, meaning, place))
        kind = self.lattice.table.kind_of[plan.arcs.label[arc]]
        index, owner = ranges(self._first_onward, at * self._kinds + kind.astype(np.int64))
        if not len(index):
            return out
        span = self._onward[index]
        targets = plan.target[arc[owner]]
        behind_span = rest[spans.end[span], self._number[targets]]
        chosen = np.flatnonzero(spans.cost[span] + behind_span <= most)
        labels = plan.arcs.label[arc[owner[chosen]]].tolist()
        for behind, target, label, number in zip(
            behind_span[chosen].tolist(), targets[chosen].tolist(), labels, span[chosen].tolist(), strict=True
        ):
            for slots, unit in self._heard(label, number, at, meaning, allows):
                place = (at, int(spans.end[number]), label, unit, float(spans.cost[number]))
                out.append((behind, target, slots, place))
        return out

    def _heard(
        self, label: int, span: int, at: int, meaning: Meaning, allows: Allows
    ) -> list[tuple[Meaning, int]]:
        """What an arc over a span may mean: the slots then, and the row of the table."""
        graph, table = self.plan.graph, self.lattice.table
        node, words = int(self.spans.node[span]), len(graph.words)
        if node < 0:
            call = graph.calls[label - words]
            heard = (call.slot, call.list_id, -2, float(at * 1000 + int(self.spans.end[span])))
            return [((*meaning, heard), -1)]
        rows = table.unit_of[table.first_unit[node] : table.first_unit[node + 1]].tolist()
        if label < words:
            return [(meaning, row) for row in rows if table.units[row].key == label][:1]
        call = graph.calls[label - words]
        out: list[tuple[Meaning, int]] = []
        for row in rows:
            value = table.units[row]
            if value.key != -1 - call.list_id:
                continue
            if call.condition and not allows(call.condition, call.list_id, value.value):
                continue
            slots = meaning
            if not call.captured:
                slots = (*meaning, (call.slot, call.list_id, value.value, value.number))
            out.append((slots, row))
        return out


def _groups(numbers: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of a sorted array, by number: where it begins, and how often it is there."""
    import numpy as np

    first = np.searchsorted(numbers, np.arange(count + 1))
    return first[:-1], np.diff(first)
