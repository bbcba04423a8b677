"""A grammar as the noise-tolerant search wants it: arrays, and bounds on what its sentences can cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from voxedge.understanding.soundgraph import ArcTable, SoundGraph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FAR = 1e6
"""A cost beyond every limit."""


class Gaps(NamedTuple):
    """Ways over one or two words that may be missing, sorted by the state that they lead to."""

    first: NDArray[np.int32]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    cost: NDArray[np.float32]


class _Wave(NamedTuple):
    """Arcs whose near ends are settled once all waves before are.

    Arcs ``first:last`` of the order lead to the states of the ranks ``low:high``, each to the same from where
    ``begins`` says, and come from those of the ranks ``near``.
    """

    first: int
    last: int
    near: NDArray[np.int64]
    begins: NDArray[np.int64]
    low: int
    high: int


class _Waves(NamedTuple):
    """All arcs in an order in which each state is settled before it is used; states are ranked so, too."""

    order: NDArray[np.int64]
    rank: NDArray[np.int64]
    waves: tuple[_Wave, ...]

    def least(self, initial: NDArray[np.float32], cost: NDArray[np.float32]) -> NDArray[np.float32]:
        """By state: the least of what it costs initially, and over any arcs to it."""
        import numpy as np

        known = np.empty_like(initial)
        known[self.rank] = initial
        cost = cost[self.order]
        for first, last, near, begins, low, high in self.waves:
            found = known[near]
            found += cost[first:last]
            reached = known[low:high]
            np.minimum(reached, np.minimum.reduceat(found, begins), out=reached)
        return known[self.rank]


@dataclass(frozen=True, slots=True)
class Plan:
    """A grammar, with its sentences with wildcards or without them. Made when lists change.

    Attributes:
        graph: The grammar.
        arcs: All arcs, sorted by the state that they lead to.
        target: Of each of them, the state that it leads to.
        gap: Of each of them, what it costs when its word is missing; `FAR` where it must be heard.
        onward: Numbers of the arcs, sorted by the state that they come from.
        first_onward: By state: where its arcs begin in ``onward``.
        gaps: Ways over missing words.
        wild: Whether these are the sentences with wildcards.
    """

    graph: SoundGraph
    arcs: ArcTable
    target: NDArray[np.int32]
    gap: NDArray[np.float32]
    onward: NDArray[np.int64]
    first_onward: NDArray[np.int64]
    gaps: Gaps
    wild: bool
    _forward: _Waves
    _backward: _Waves

    def least(
        self, cost: NDArray[np.float32], finals: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """By state: the least cost from the entry to it, and from it to the end of a sentence.

        Args:
            cost: By arc: the least that it costs, wherever it is heard.
            finals: By state: whether a sentence may end there.
        """
        import numpy as np

        before = np.full(len(finals), FAR, dtype=np.float32)
        before[self.graph.entry] = 0.0
        behind = np.where(finals, np.float32(0.0), np.float32(FAR))
        return self._forward.least(before, cost), self._backward.least(behind, cost)


def make_plan(
    graph: SoundGraph, missing: Mapping[int, float], wild_labels: frozenset[int], *, wild: bool
) -> Plan:
    """Brings a grammar into arrays.

    Args:
        graph: The grammar.
        missing: By label of a word that may be missing: its cost.
        wild_labels: Labels of wildcards.
        wild: Whether to take the sentences with wildcards, or those without.
    """
    import numpy as np

    arcs = graph.table()
    target = _targets(arcs)
    is_wild = np.isin(arcs.label, list(wild_labels))
    kept = _on_a_way(arcs, target, is_wild, len(graph.out)) if wild else ~is_wild
    arcs, target = only(arcs, kept), target[kept]
    cost = np.full(len(graph.words) + len(graph.calls), FAR, dtype=np.float32)
    for label, value in missing.items():
        cost[label] = value
    gap = cost[arcs.label]
    onward = np.argsort(arcs.source, kind="stable")
    first_onward = np.searchsorted(arcs.source[onward], np.arange(len(graph.out) + 1))
    level, height = _levels(graph)
    return Plan(
        graph,
        arcs,
        target,
        gap,
        onward,
        first_onward,
        _gaps(arcs, target, gap, len(graph.out)),
        wild,
        _waves(level, arcs.source, target),
        _waves(height, target, arcs.source),
    )


def only(arcs: ArcTable, chosen: NDArray[np.bool_]) -> ArcTable:
    """The chosen arcs."""
    import numpy as np

    before = np.concatenate([[0], np.cumsum(chosen)]).astype(np.int32)
    return ArcTable(before[arcs.first], arcs.source[chosen], arcs.label[chosen])


def ranges(
    first: NDArray[np.signedinteger], chosen: NDArray[np.signedinteger]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indexes of all members of the chosen groups, and for each of them which of the chosen it belongs to."""
    low = first[chosen]
    return spread(low, first[chosen + 1] - low)


def spread(
    low: NDArray[np.signedinteger], counts: NDArray[np.signedinteger]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers from each low one on, so many of them, and for each number which low one it is of."""
    ends = counts.cumsum()
    owner = upto(len(counts)).repeat(counts)
    return upto(len(owner)) + (low - ends + counts)[owner], owner


def upto(count: int) -> NDArray[np.int64]:
    """The numbers below ``count``, not to be written to: making them anew costs as much as using them."""
    global _numbers
    import numpy as np

    known = _numbers
    if known is None or len(known) < count:
        known = np.arange(max(2 * count, 4096))
        known.flags.writeable = False
        _numbers = known
    return known[:count]


_numbers: NDArray[np.int64] | None = None


def _targets(arcs: ArcTable) -> NDArray[np.int32]:
    import numpy as np

    return np.repeat(np.arange(len(arcs.first) - 1, dtype=np.int32), np.diff(arcs.first))


def _on_a_way(
    arcs: ArcTable, target: NDArray[np.int32], special: NDArray[np.bool_], states: int
) -> NDArray[np.bool_]:
    """The arcs that lie on a way over a special arc."""
    import numpy as np

    after, before = np.zeros(states, dtype=bool), np.zeros(states, dtype=bool)
    after[target[special]] = True
    before[arcs.source[special]] = True
    while True:
        more_after, more_before = after.copy(), before.copy()
        more_after[target[after[arcs.source]]] = True
        more_before[arcs.source[before[target]]] = True
        if (more_after == after).all() and (more_before == before).all():
            return special | after[arcs.source] | before[target]
        after, before = more_after, more_before


def _levels(graph: SoundGraph) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """By state: the most arcs from the first state to it, and from it to the end."""
    import numpy as np

    level, height = [0] * len(graph.out), [0] * len(graph.out)
    followers = [{target for targets in arcs.values() for target in targets} for arcs in graph.out]
    for state in range(len(followers) - 1, -1, -1):  # arcs lead to lower states
        for target in followers[state]:
            level[target] = max(level[target], level[state] + 1)
    for state, targets in enumerate(followers):
        height[state] = max((height[target] + 1 for target in targets), default=0)
    return np.array(level, dtype=np.int32), np.array(height, dtype=np.int32)


def _waves(level: NDArray[np.int32], near: NDArray[np.int32], far: NDArray[np.int32]) -> _Waves:
    """The arcs by the level of their far ends, from the lowest."""
    import numpy as np

    order = np.lexsort((far, level[far]))
    states, firsts = np.unique(far[order], return_index=True)
    by_level = np.argsort(firsts)
    states, firsts = states[by_level], firsts[by_level]
    others = np.setdiff1d(np.arange(len(level)), states)  # no arc leads to them
    rank = np.empty(len(level), dtype=np.int64)
    rank[others] = np.arange(len(others))
    rank[states] = np.arange(len(others), len(level))
    waves, ranked = [], rank[near[order]]
    new = [*np.flatnonzero(np.diff(level[states], prepend=-1)).tolist(), len(states)]
    for low, high in pairwise(new):
        first, last = int(firsts[low]), int(firsts[high]) if high < len(states) else len(order)
        begins = firsts[low:high] - first
        waves.append(_Wave(first, last, ranked[first:last], begins, low + len(others), high + len(others)))
    return _Waves(order, rank, tuple(waves))


def _gaps(arcs: ArcTable, target: NDArray[np.int32], gap: NDArray[np.float32], states: int) -> Gaps:
    """All ways over one or two missing words, the cheapest between each two states."""
    import numpy as np

    may = gap < FAR
    single = only(arcs, may)
    cost = gap[may]
    second, owner = ranges(single.first, single.source.astype(np.int64))
    source = np.concatenate([single.source, single.source[second]])
    reached = np.concatenate([target[may], target[may][owner]])
    total = np.concatenate([cost, cost[owner] + cost[second]])
    order = np.lexsort((total, source, reached))
    source, reached, total = source[order], reached[order], total[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (source[1:] != source[:-1]) | (reached[1:] != reached[:-1])
    first = np.searchsorted(reached[new], np.arange(states + 1)).astype(np.int32)
    return Gaps(first, source[new], reached[new], total[new].astype(np.float32))
