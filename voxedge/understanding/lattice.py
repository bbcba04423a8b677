"""What may have been heard where: each word and value of a grammar at each place, and what it costs there."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.understanding.plan import FAR, ranges
from voxedge.understanding.vocabulary import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SKIP_WEIGHT = 0.75
"""A heard word that the grammar hasn't costs this much of its sounds."""
WILD_COST = 0.1
"""Cost a sound of what a wildcard takes: it explains everything, so what explains better comes first."""


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


@dataclass(frozen=True, slots=True)
class KindSpans:
    """What arcs of the grammar may have been heard, sorted by where it ends and by kind.

    Attributes:
        node: The node of the tree of sounds; -1 for a wildcard.
        kind: What arcs take it (see `vocabulary.Table`).
        start: Where it starts among the heard sounds.
        end: Where it ends.
        cost: What it costs, weighted.
        first: By ``end * kinds + kind``: where its spans begin.
    """

    node: NDArray[np.int64]
    kind: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    cost: NDArray[np.float32]
    first: NDArray[np.int64]


class Lattice:
    """What may have been heard where.

    Args:
        table: The words and values.
        heard: What was heard.
        costs: What it costs to hear one sound for another.

    Attributes:
        skips: Heard words that are none of the grammar's: from, to, cost.
        before: By position: the least that anything costs until there.
        behind: By position: the least that anything costs from there.
    """

    def __init__(self, table: Table, heard: Heard, costs: NDArray[np.float32]) -> None:
        import numpy as np

        self.table, self.heard, self.size = table, heard, len(heard.sounds)
        self.skips: list[tuple[int, int, float]] = []
        free = heard.free or (False,) * len(heard.words)
        for first, last, is_free in zip(heard.bounds, heard.bounds[1:], free, strict=False):
            cost = 0.0 if is_free else float(heard.drops[first:last].sum()) * SKIP_WEIGHT
            self.skips.append((first, last, cost))
        spans = table.trie.spans(heard.sounds, heard.drops, costs)
        index, owner = ranges(table.first_kind, spans.node)
        self._node, self._kind = spans.node[owner], table.kind[index].astype(np.int64)
        self._start, self._end = spans.start[owner].astype(np.int64), spans.end[owner].astype(np.int64)
        self._cost = spans.cost[owner] * table.weight[self._kind]
        self._sort()
        self._bound()

    def with_wildcards(self, labels: NDArray[np.int32]) -> Lattice:
        """The same for sentences with wildcards, which take whole words and as many as they like.

        Args:
            labels: The labels that stand in these sentences; all others are left out.
        """
        import numpy as np

        wide = copy(self)
        bounds = np.array(self.heard.bounds, dtype=np.int64)
        first, last = np.triu_indices(len(bounds), 1)
        start, end = bounds[first], bounds[last]
        taken = np.zeros(self.table.wild + 1, dtype=bool)
        taken[self.table.kind_of[labels]] = True
        kept = np.flatnonzero(taken[self._kind])
        cost = (WILD_COST * (end - start)).astype(np.float32)
        wide._node = np.concatenate([self._node[kept], np.full(len(start), -1, dtype=np.int64)])
        wide._kind = np.concatenate([self._kind[kept], np.full(len(start), self.table.wild, dtype=np.int64)])
        wide._start = np.concatenate([self._start[kept], start])
        wide._end = np.concatenate([self._end[kept], end])
        wide._cost = np.concatenate([self._cost[kept], cost])
        wide._sort()
        wide._bound()
        return wide

    def _sort(self) -> None:
        """Sorts the spans by where they end and by kind."""
        import numpy as np

        order = np.argsort(self._end * (self.table.wild + 1) + self._kind, kind="stable")
        self._node, self._kind, self._cost = self._node[order], self._kind[order], self._cost[order]
        self._start, self._end = self._start[order], self._end[order]

    def least_by_kind(self) -> NDArray[np.float32]:
        """By kind: the least that it costs anywhere; `FAR` where it wasn't heard."""
        import numpy as np

        least = np.full(self.table.wild + 1, FAR, dtype=np.float32)
        np.minimum.at(least, self._kind, self._cost)
        return least

    def within(self, limit: float) -> KindSpans:
        """The spans that may be in something that costs no more than a limit."""
        import numpy as np

        kept = np.flatnonzero(self._cost <= limit - self.before[self._start] - self.behind[self._end])
        kind, end, kinds = self._kind[kept], self._end[kept], self.table.wild + 1
        first = begins(end * kinds + kind, (self.size + 1) * kinds)
        return KindSpans(self._node[kept], kind, self._start[kept], end, self._cost[kept], first)

    def _bound(self) -> None:
        """The least that anything costs until each position, and from it."""
        import numpy as np

        size = self.size
        steps = np.full((size + 1, size + 1), FAR, dtype=np.float32)
        for first, last, cost in self.skips:
            steps[first, last] = cost
        np.minimum.at(steps.ravel(), self._start * (size + 1) + self._end, self._cost)
        self.before = np.full(size + 1, FAR, dtype=np.float32)
        self.behind = self.before.copy()
        self.before[0] = self.behind[size] = 0.0
        for at in range(1, size + 1):
            self.before[at] = (self.before[:at] + steps[:at, at]).min()
            back = size - at
            self.behind[back] = (self.behind[back + 1 :] + steps[back, back + 1 :]).min()


def begins(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """By key below ``count``, and for it: how many keys are lower."""
    import numpy as np

    lower = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys, minlength=count), out=lower[1:])
    return lower
