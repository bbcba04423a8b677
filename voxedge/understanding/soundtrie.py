"""All words and list values as one tree of sounds, and where in what was heard each of them may be.

Equal beginnings are compared once, for all positions at the same time: a row is a node of the tree at a
position of the heard sounds, and holds what it costs to hear the node's sounds in the next so many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SOUNDS = 48
DRIFT = 3
"""How many more or fewer sounds than a word has may be heard for it."""
ROW_LIMIT, ROW_SLACK = 0.36, 0.7
"""Worst cost a sound at which the beginning of a word is followed, and what is allowed beyond it."""
SPAN_LIMIT, SPAN_SLACK = 0.42, 0.5
"""The same for whole words: a short one may be heard worse than a long one."""
END_SLACK = 0.85
"""A word ends where it fits best, or where it costs no more than this beyond it."""
NEVER = 60.0
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Spans:
    """Nodes that may have been heard, sorted by where they start.

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

    def where(self, keep: NDArray[np.bool_]) -> Spans:
        """Those that are to be kept."""
        return Spans(self.node[keep], self.start[keep], self.end[keep], self.cost[keep])


class SoundTrie:
    """A tree of sounds; its nodes are numbered from the shallowest to the deepest.

    Args:
        words: What each unit sounds like: pairs of a sound's number and the cost of dropping it, times 1,000.

    Attributes:
        ends: By unit: the node where it ends; -1 for a unit without sounds.
        sound: By node: the number of its sound.
        drop: By node: what it costs not to hear it.
    """

    def __init__(self, words: Sequence[Sequence[tuple[int, int]]]) -> None:
        import numpy as np

        symbols: dict[tuple[int, int], int] = {}
        coded = [
            "".join([chr(symbols.setdefault(pair, len(symbols)) + 0x100) for pair in word[:MAX_SOUNDS]])
            for word in words
        ]
        order = sorted((i for i in range(len(coded)) if coded[i]), key=coded.__getitem__)
        width = max((len(coded[i]) for i in order), default=1)
        cells = np.array([coded[i] for i in order], dtype=f"U{width}").view(np.uint32)
        cells = cells.reshape(len(order), width)
        present = cells > 0
        new = present.copy()
        if len(order):
            same = np.logical_and.accumulate(cells[1:] == cells[:-1], axis=1)
            new[1:] &= ~same
        within = new.cumsum(axis=0)
        sizes = within[-1] if len(order) else np.zeros(width, dtype=np.int64)
        first = np.concatenate([[0], np.cumsum(sizes)])
        number = within - 1 + first[:-1]
        codes = np.array([*symbols], dtype=np.int64).reshape(-1, 2)
        flat = np.nonzero(new.T)  # by depth, then in order
        symbol = cells[flat[1], flat[0]] - 0x100
        self.sound = codes[symbol, 0]
        self.drop = (codes[symbol, 1] / 1000).astype(np.float32)
        parent = np.where(flat[0] > 0, number[flat[1], np.maximum(flat[0] - 1, 0)], -1)
        total = int(first[-1])
        counts = np.bincount(parent + 1, minlength=total + 1)
        starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
        self._children, self._first_child = counts, starts
        ends = np.full(len(coded), -1, dtype=np.int32)
        lengths = present.sum(axis=1)
        ends[order] = number[np.arange(len(order)), lengths - 1]
        self.ends = ends
        self._is_end = np.zeros(total + 1, dtype=bool)
        self._is_end[ends[ends >= 0] + 1] = True
        self.depth = width

    def spans(
        self, sounds: NDArray[np.int32], drops: NDArray[np.float32], costs: NDArray[np.float32]
    ) -> Spans:
        """Where the units may have been heard.

        Args:
            sounds: What was heard, shape ``(n,)``.
            drops: What it costs to leave out each, shape ``(n,)``.
            costs: What it costs to hear one sound for another, shape ``(k, k)``.
        """
        import numpy as np

        size, band = len(sounds), 2 * DRIFT + 1
        width = size + self.depth + 2 * band
        # Costs are kept less what it costs to leave out everything until there (``left``): a sound that was
        # heard and not meant then costs nothing, and a heard one so much less.
        left = np.zeros(width + 1, dtype=np.float32)
        np.cumsum(drops, out=left[band + 1 : band + size + 1])
        left[band + size + 1 :] = left[band + size] + NEVER
        likeness = np.full((len(costs), width + band), NEVER, dtype=np.float32)
        likeness[:, band : band + size] = costs[:, sounds] - drops
        windows = np.lib.stride_tricks.sliding_window_view(likeness.ravel(), band).copy()
        lefts = np.lib.stride_tricks.sliding_window_view(left, size).copy()
        start = np.arange(size, dtype=np.int64)
        node = np.full(size, -1, dtype=np.int64)
        current = np.full((band, size), NEVER, dtype=np.float32)
        current[DRIFT:] = 0.0
        current -= left[band : band + size]
        found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
        for depth in range(self.depth):
            row_limit = ROW_LIMIT * (depth + 1) + ROW_SLACK + ROUNDING
            span_limit = SPAN_LIMIT * (depth + 1) + SPAN_SLACK + ROUNDING
            # From each row to its children.
            counts = self._children[node + 1]
            total = int(counts.sum())
            if total == 0:
                break
            row = np.repeat(np.arange(len(node)), counts)
            shift = self._first_child[node + 1] - (np.cumsum(counts) - counts)
            node = np.arange(total) + shift[row]
            start = start[row]
            after = current.take(row, axis=1)
            dropped = after[1:] + self.drop[node]
            place = self.sound[node] * (width + band) + start + (depth + band - DRIFT)
            after += windows.take(place, axis=0).T
            np.minimum(after[:-1], dropped, out=after[:-1])
            for column in range(1, band):  # numpy's own accumulate takes 15 times as long
                np.minimum(after[column - 1], after[column], out=after[column])
            spent = lefts[depth + band - DRIFT + 1 : depth + 2 * band - DRIFT + 1].take(start, axis=1)
            spent += after
            least = spent.min(axis=0)
            ended = np.nonzero(self._is_end[node + 1] & (least <= span_limit))[0]
            if len(ended):
                cost = spent.take(ended, axis=1)
                most = np.minimum(least[ended] + END_SLACK, span_limit)
                where = np.nonzero(cost <= most)
                chosen = ended[where[1]]
                stop = start[chosen] + (depth + 1 - DRIFT) + where[0]
                found.append((node[chosen], start[chosen], stop, cost[where]))
            kept = np.nonzero(least <= row_limit)[0]
            node, start, current = node[kept], start[kept], after.take(kept, axis=1)
        if not found:
            none = np.zeros(0, dtype=np.int64)
            return Spans(none, none, none, none.astype(np.float32))
        nodes, begins, stops, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
        useful = stops > begins
        return Spans(nodes[useful], begins[useful], stops[useful], values[useful])
