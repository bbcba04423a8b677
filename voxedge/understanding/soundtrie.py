"""All words and list values as one tree of sounds.

Equal beginnings are compared once with what was heard (`soundwalk`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SOUNDS = 48


class SoundTrie:
    """A tree of sounds; its nodes are numbered from the shallowest to the deepest.

    Args:
        words: What each unit sounds like: pairs of a sound's number and the cost of dropping it, times 1,000.

    Attributes:
        ends: By unit: the node where it ends; -1 for a unit without sounds.
        sound: By node: the number of its sound.
        drop: By node: what it costs not to hear it.
        parent: By node: the node above it; -1 for the root.
        level: By depth: the first node there; one more than there are depths.
        children: By node + 1: how many are below it.
        first_child: By node + 1: the first of them.
        is_end: By node + 1: whether a unit ends there.
        weight: By node: what the sounds of the units below it weigh at least.
        depth: How many sounds the longest has.
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
        self.children, self.first_child = counts, starts
        self.parent, self.level = parent, first.tolist()
        self.weight = np.ones(total, dtype=np.float32)
        ends = np.full(len(coded), -1, dtype=np.int32)
        lengths = present.sum(axis=1)
        ends[order] = number[np.arange(len(order)), lengths - 1]
        self.ends = ends
        self.is_end = np.zeros(total + 1, dtype=bool)
        self.is_end[ends[ends >= 0] + 1] = True
        self.depth = width

    def weigh(self, weight: NDArray[np.float32]) -> None:
        """Tells by node what its sounds weigh at least, which bounds what is looked for."""
        import numpy as np

        self.weight = weight.copy()
        for first, last in zip(self.level[-2:0:-1], self.level[:0:-1], strict=False):
            np.minimum.at(self.weight, self.parent[first:last], self.weight[first:last])
