"""What may have been heard where: each word and value of a grammar at each place, and what it costs there."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING

from voxedge.understanding.plan import FAR, ranges
from voxedge.understanding.soundwalk import Walk
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
        first: By end and kind: where its spans begin.
        count: By end and kind: how many they are.
    """

    node: NDArray[np.int64]
    kind: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    cost: NDArray[np.float32]
    first: NDArray[np.int64]
    count: NDArray[np.int64]


class Lattice:
    """What may have been heard where.

    Args:
        table: The words and values.
        heard: What was heard.
        costs: What it costs to hear one sound for another.
        most: What costs more than this is left out.

    Attributes:
        skips: Heard words that are none of the grammar's: from, to, cost.
        before: By position: the least that anything costs until there.
        behind: By position: the least that anything costs from there.
    """

    def __init__(self, table: Table, heard: Heard, costs: NDArray[np.float32], most: float) -> None:
        import numpy as np

        self.table, self.heard, self.size = table, heard, len(heard.sounds)
        self.skips: list[tuple[int, int, float]] = []
        free = heard.free or (False,) * len(heard.words)
        for first, last, is_free in zip(heard.bounds, heard.bounds[1:], free, strict=False):
            cost = 0.0 if is_free else float(heard.drops[first:last].sum()) * SKIP_WEIGHT
            self.skips.append((first, last, cost))
        spans = Walk(table.trie, heard.sounds, heard.drops, costs).spans(most)
        index, owner = ranges(table.first_kind, spans.node)
        kind = table.kind[index]
        weighted = spans.cost[owner] * table.weight[kind]
        near = np.flatnonzero(weighted <= most)
        owner = owner[near]
        self._node, self._kind, self._cost = spans.node[owner], kind[near].astype(np.int64), weighted[near]
        self._start, self._end = spans.start[owner], spans.end[owner]
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
        wide._bound()
        return wide

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
        kinds = self.table.wild + 1
        key = self._end[kept] * kinds + self._kind[kept]
        # Sorting numbers of two bytes takes a tenth of the time.
        short = key.astype(np.uint16) if (self.size + 1) * kinds <= 1 << 16 else key
        kept = kept[np.argsort(short, kind="stable")]
        count = np.bincount(key, minlength=(self.size + 1) * kinds)
        first = (np.cumsum(count) - count).reshape(-1, kinds)
        return KindSpans(
            self._node[kept],
            self._kind[kept],
            self._start[kept],
            self._end[kept],
            self._cost[kept],
            first,
            count.reshape(-1, kinds),
        )

    def _bound(self) -> None:
        """The least that anything costs until each position, and from it."""
        import numpy as np

        size = self.size
        steps = np.full((size + 1, size + 1), FAR, dtype=np.float32)
        for first, last, cost in self.skips:
            steps[first, last] = cost
        np.minimum.at(steps.ravel(), self._start * (size + 1) + self._end, self._cost)
        self.before = np.array(_from_start(steps.T.tolist()), dtype=np.float32)
        # The same from behind: steps taken backwards, positions counted from the end.
        self.behind = np.array(_from_start(steps[::-1, ::-1].tolist())[::-1], dtype=np.float32)


def _from_start(steps: list[list[float]]) -> list[float]:
    """By position: the least that any steps to it cost; ``steps[to][from]``."""
    least = [0.0]
    for costs in steps[1:]:
        least.append(min(map(add, least, costs)))
    return least


def begins(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """By key below ``count``, and for it: how many keys are lower."""
    import numpy as np

    lower = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys, minlength=count), out=lower[1:])
    return lower
