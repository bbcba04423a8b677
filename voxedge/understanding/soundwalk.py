"""Where in what was heard the words and values may be.

Beginnings that words share are compared once, for all positions at the same time. A row is a node of the tree
of sounds at a position of the heard ones, and holds what it costs to hear its sounds in the next so many.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from voxedge.understanding.plan import spread
from voxedge.understanding.soundtrie import SoundTrie

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRIFT = 3
"""How many more or fewer sounds than a word has may be heard for it."""
BAND = 2 * DRIFT + 1
ROW_LIMIT, ROW_SLACK = 0.36, 0.7
"""Worst cost a sound at which the beginning of a word is followed, and what is allowed beyond it."""
SPAN_LIMIT, SPAN_SLACK = 0.42, 0.5
"""The same for whole words: a short one may be heard worse than a long one."""
END_SLACK = 0.85
"""A word ends where it fits best, or where it costs no more than this beyond it."""
NEVER = 60.0
ROUNDING = 1e-4
DENSE_DEPTH = 4
"""Down to here nodes are compared at all positions: fewer rows would cost more to pick than they save."""
DENSE_ROWS = 20_000
"""Not so where these would be more: a bound on memory."""
KEPT_FLOATS = BAND * DENSE_ROWS


@dataclass(frozen=True, slots=True)
class Spans:
    """Nodes that may have been heard.

    Attributes:
        node: The node, shape ``(m,)``.
        start: Where it starts among the heard sounds.
        end: Where it ends.
        cost: What it costs, unweighted.
    """

    node: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    cost: NDArray[np.float32]


class _Rows(NamedTuple):
    """Nodes at positions of the heard sounds.

    ``current`` is by length what it costs to hear each node in so many, ``least`` what any unit below it
    costs at least, weighted.
    """

    node: NDArray[np.int64]
    start: NDArray[np.int64]
    current: NDArray[np.float32]
    least: NDArray[np.float32]

    def within(self, most: float) -> _Rows:
        kept = (self.least <= most).nonzero()[0]
        if len(kept) == len(self.least):
            return self
        return _Rows(self.node[kept], self.start[kept], self.current.take(kept, axis=1), self.least[kept])


class Walk:
    """The search for what was heard in a tree of sounds.

    Args:
        trie: The tree.
        sounds: What was heard, shape ``(n,)``.
        drops: What it costs to leave out each, shape ``(n,)``.
        costs: What it costs to hear one sound for another, shape ``(k, k)``.
    """

    def __init__(
        self,
        trie: SoundTrie,
        sounds: NDArray[np.int32],
        drops: NDArray[np.float32],
        costs: NDArray[np.float32],
    ) -> None:
        self._trie, self._heard = trie, _Hearing(sounds, drops, costs, trie.depth)
        self._found: list[Spans] = []

    def spans(self, most: float) -> Spans:
        """Where units may have been heard whose weighted cost is no more; others may be among them."""
        import numpy as np

        depth, shallow = self._from_everywhere()
        rows: _Rows | None = shallow
        while rows is not None:
            rows = self._deeper(rows.within(most), depth)
            depth += 1
        if not self._found:
            none = np.zeros(0, dtype=np.int64)
            return Spans(none, none, none, none.astype(np.float32))
        parts = ((item.node, item.start, item.end, item.cost) for item in self._found)
        nodes, begins, stops, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        useful = np.flatnonzero(stops > begins)
        return Spans(nodes[useful], begins[useful], stops[useful], values[useful])

    def _from_everywhere(self) -> tuple[int, _Rows]:
        """The shallowest nodes at all positions: most of them go on, so that picking rows would gain nothing.

        Returns:
            How deep that was, and the rows that go on.
        """
        import numpy as np

        trie, heard, space = self._trie, self._heard, _space
        size, depth = heard.size, 0
        current = np.full((BAND, 1, size), NEVER, dtype=np.float32)
        current[DRIFT:] = 0.0
        current -= heard.lefts[BAND]
        alive = np.ones((1, size), dtype=bool)
        least, first = np.zeros((1, size), dtype=np.float32), -1
        while depth < min(trie.depth, DENSE_DEPTH):
            begin, end = trie.level[depth], trie.level[depth + 1]
            if depth and (end - begin) * size > DENSE_ROWS:
                break
            parent, place = trie.parent[begin:end] - first, depth + BAND - DRIFT
            shape, drop = (BAND, end - begin, size), trie.drop[begin:end, None]
            after = current.take(parent, axis=1, out=space.floats(f"after {depth % 2}", shape), mode="clip")
            dropped = np.add(after[1:], drop, out=space.floats("dropped", (BAND - 1, *shape[1:])))
            likeness, spent = heard.likeness_at(place), space.floats("spent", shape)
            after += likeness.take(trie.sound[begin:end], axis=1, out=spent, mode="clip")
            np.minimum(after[:-1], dropped, out=after[:-1])
            for column in range(1, BAND):  # numpy's own accumulate takes 15 times as long
                np.minimum(after[column - 1], after[column], out=after[column])
            np.add(after, heard.lefts[place + 1 : place + 1 + BAND, None], out=spent)
            least = spent.min(axis=0)
            within = alive[parent]
            ends = np.flatnonzero(trie.is_end[begin + 1 : end + 1])
            start, which = np.nonzero((within[ends] & (least[ends] <= _span_limit(depth))).T)
            if len(which):
                node, at = ends[which], ends[which] * size + start
                cost = spent.reshape(BAND, -1).take(at, axis=1)
                self._end(node + begin, start, cost, least.ravel()[at], depth)
            alive, current = within & (least <= _row_limit(depth)), after
            first, depth = begin, depth + 1
        start, which = np.nonzero(alive.T)
        node, at = which + first, which * size + start
        weighted = least.ravel()[at] * trie.weight[node]
        return depth, _Rows(node, start, current.reshape(BAND, -1).take(at, axis=1), weighted)

    def _deeper(self, rows: _Rows, depth: int) -> _Rows | None:
        """From each row to its children; returns those that could go on."""
        import numpy as np

        trie, heard, space = self._trie, self._heard, _space
        node, row = spread(trie.first_child[rows.node + 1], trie.children[rows.node + 1])
        total = len(node)
        if not total:
            return None
        start = rows.start[row]
        place = depth + BAND - DRIFT
        after = rows.current.take(row, axis=1, out=space.floats("after", (BAND, total)), mode="clip")
        dropped = np.add(after[1:], trie.drop[node], out=space.floats("dropped", (BAND - 1, total)))
        window = trie.sound[node] * heard.width + start + place
        after += heard.windows.take(window, axis=0, out=space.floats("spent", (total, BAND)), mode="clip").T
        np.minimum(after[:-1], dropped, out=after[:-1])
        for column in range(1, BAND):
            np.minimum(after[column - 1], after[column], out=after[column])
        left = heard.lefts[place + 1 : place + 1 + BAND]
        spent = left.take(start, axis=1, out=space.floats("spent", (BAND, total)), mode="clip")
        spent += after
        least = spent.min(axis=0)
        ended = (trie.is_end[node + 1] & (least <= _span_limit(depth))).nonzero()[0]
        if len(ended):
            self._end(node[ended], start[ended], spent.take(ended, axis=1), least[ended], depth)
        kept = (least <= _row_limit(depth)).nonzero()[0]
        node = node[kept]
        return _Rows(node, start[kept], after.take(kept, axis=1), least[kept] * trie.weight[node])

    def _end(
        self,
        node: NDArray[np.int64],
        start: NDArray[np.int64],
        cost: NDArray[np.float32],
        least: NDArray[np.float32],
        depth: int,
    ) -> None:
        """Finds the spans of rows where a unit ends."""
        import numpy as np

        at = np.flatnonzero(cost <= np.minimum(least + END_SLACK, _span_limit(depth)))
        column, which = np.divmod(at, len(node))
        start = start[which]
        end = start + column + (depth + 1 - DRIFT)
        self._found.append(Spans(node[which], start, end, cost.ravel()[at]))


class _Hearing:
    """What was heard, in the tables that the comparison needs.

    Costs are kept less what it costs to leave out everything until there (``left``): a sound that was
    heard and not meant then costs nothing, and a heard one so much less.
    """

    def __init__(
        self, sounds: NDArray[np.int32], drops: NDArray[np.float32], costs: NDArray[np.float32], depth: int
    ) -> None:
        import numpy as np

        size = len(sounds)
        width = size + depth + 2 * BAND
        self.size, self.width = size, width + BAND
        left = np.zeros(width + 1, dtype=np.float32)
        np.cumsum(drops, out=left[BAND + 1 : BAND + size + 1])
        left[BAND + size + 1 :] = left[BAND + size] + NEVER
        self.likeness = np.full((len(costs), self.width), NEVER, dtype=np.float32)
        self.likeness[:, BAND : BAND + size] = costs[:, sounds] - drops
        self.lefts = left[np.arange(width - size + 2)[:, None] + np.arange(size)]
        flat = self.likeness.ravel()
        self.windows = np.empty((len(flat) - BAND + 1, BAND), dtype=np.float32)
        for column in range(BAND):
            self.windows[:, column] = flat[column : column + len(self.windows)]

    def likeness_at(self, place: int) -> NDArray[np.float32]:
        """By length, sound and start: what it costs to hear it there."""
        import numpy as np

        found = np.empty((BAND, len(self.likeness), self.size), dtype=np.float32)
        for column in range(BAND):
            found[column] = self.likeness[:, place + column : place + column + self.size]
        return found


class _Space(threading.local):
    """Memory for the large arrays, a thread's own: getting it from the system each time would cost more."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.float32]] = {}

    def floats(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """An array that holds anything, until the name is used again."""
        import numpy as np

        size = math.prod(shape)
        if size > KEPT_FLOATS:
            return np.empty(shape, dtype=np.float32)
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name] = np.empty(size, dtype=np.float32)
        return buffer[:size].reshape(shape)


_space = _Space()


def _row_limit(depth: int) -> float:
    return ROW_LIMIT * (depth + 1) + ROW_SLACK + ROUNDING


def _span_limit(depth: int) -> float:
    return SPAN_LIMIT * (depth + 1) + SPAN_SLACK + ROUNDING
