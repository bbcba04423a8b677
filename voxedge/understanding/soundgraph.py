"""A machine without empty arcs, as small as it gets: what the noise-tolerant matcher walks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from voxedge.understanding.machine import Machine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Arcs = frozenset[tuple[int, int]]


class CallLabel(NamedTuple):
    """An arc over a list's value, as far as it matters for matching."""

    list_id: int
    slot: str
    captured: bool
    condition: int


class ArcTable(NamedTuple):
    """Arcs as arrays, sorted by the state that they lead to.

    ``first[state]`` to ``first[state + 1]`` are those that lead to a state; ``source`` is where they come
    from, ``label`` what they take.
    """

    first: NDArray[np.int32]
    source: NDArray[np.int32]
    label: NDArray[np.int32]


class SoundGraph:
    """States that can be told apart by what may follow; equal ends of sentences are one.

    Args:
        machine: A grammar's machine. Its arcs lead from lower to higher states, which is what lets one
            pass from the last state to the first do all the work.

    Attributes:
        out: By state: label to the states behind it. A label below ``len(words)`` is that word, the
            others are ``calls[label - len(words)]``.
        exits: By state: numbers of the blocks whose sentences end there.
        words: The words and parts of words.
        calls: The arcs over lists.
        entry: The first state.
    """

    def __init__(self, machine: Machine) -> None:
        self.words = sorted({item.text for state in machine.fragments for item in state})
        self.calls = sorted(
            {CallLabel(c.list_id, c.slot, c.captured, c.condition) for state in machine.calls for c in state}
        )
        self.out: list[dict[int, tuple[int, ...]]] = []
        self.exits: list[tuple[int, ...]] = []
        self._known: dict[tuple[_Arcs, frozenset[int]], int] = {}
        self.entry = self._merge(machine)
        del self._known

    def _merge(self, machine: Machine) -> int:
        """Makes the states from the last to the first; returns the entry."""
        word_ids = {word: number for number, word in enumerate(self.words)}
        call_ids = {call: number + len(self.words) for number, call in enumerate(self.calls)}
        size = len(machine.starts)
        merged = [0] * size
        arcs: list[_Arcs] = [frozenset()] * size
        ends: list[frozenset[int]] = [frozenset()] * size
        none: frozenset[int] = frozenset()
        for state in range(size - 1, -1, -1):
            own = {(word_ids[item.text], merged[item.target]) for item in machine.fragments[state]}
            for c in machine.calls[state]:
                label = call_ids[CallLabel(c.list_id, c.slot, c.captured, c.condition)]
                own.add((label, merged[c.target]))
            sentence = machine.exits.get(state)
            done = none if sentence is None else frozenset((machine.sentences[sentence][0],))
            following = (*machine.skips[state], *machine.blanks[state])
            if len(following) == 1 and not own and sentence is None:
                target = following[0]
                merged[state], arcs[state], ends[state] = merged[target], arcs[target], ends[target]
                continue
            for target in following:
                own |= arcs[target]
                done |= ends[target]
            arcs[state], ends[state] = frozenset(own), done
            merged[state] = self._state(arcs[state], done)
        first: _Arcs = frozenset().union(*(arcs[entry] for entry in machine.entries))
        return self._state(first, none.union(*(ends[entry] for entry in machine.entries)))

    def _state(self, arcs: _Arcs, ends: frozenset[int]) -> int:
        number = self._known.get((arcs, ends))
        if number is None:
            number = self._known[arcs, ends] = len(self.out)
            by_label: dict[int, list[int]] = {}
            for label, target in arcs:
                by_label.setdefault(label, []).append(target)
            self.out.append({label: tuple(sorted(targets)) for label, targets in by_label.items()})
            self.exits.append(tuple(sorted(ends)))
        return number

    def table(self) -> ArcTable:
        """All arcs."""
        import numpy as np

        rows = [
            (target, state, label)
            for state, arcs in enumerate(self.out)
            for label, targets in arcs.items()
            for target in targets
        ]
        target, source, label = np.array(rows, dtype=np.int32).reshape(-1, 3).T
        order = np.argsort(target, kind="stable")
        first = np.searchsorted(target[order], np.arange(len(self.out) + 1)).astype(np.int32)
        return ArcTable(first, source[order], label[order])
