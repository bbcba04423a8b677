"""A machine without empty arcs, as small as it gets: what the noise-tolerant matcher walks."""

from __future__ import annotations

from typing import NamedTuple

from voxedge.understanding.machine import Machine


class CallLabel(NamedTuple):
    """An arc over a list's value, as far as it matters for matching."""

    list_id: int
    slot: str
    captured: bool
    condition: int


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
        word_ids = {word: number for number, word in enumerate(self.words)}
        call_ids = {call: number + len(self.words) for number, call in enumerate(self.calls)}
        self.out: list[dict[int, tuple[int, ...]]] = []
        self.exits: list[tuple[int, ...]] = []
        known: dict[tuple[frozenset[tuple[int, int]], frozenset[int]], int] = {}
        size = len(machine.starts)
        merged = [0] * size
        arcs: list[frozenset[tuple[int, int]]] = [frozenset()] * size
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
                merged[state], arcs[state], ends[state] = (
                    merged[following[0]],
                    arcs[following[0]],
                    ends[following[0]],
                )
                continue
            for target in following:
                own |= arcs[target]
                done |= ends[target]
            arcs[state], ends[state] = frozenset(own), done
            merged[state] = self._state(known, arcs[state], done)
        first = frozenset().union(*(arcs[entry] for entry in machine.entries))
        final = none.union(*(ends[entry] for entry in machine.entries))
        self.entry = self._state(known, first, final)

    def _state(
        self,
        known: dict[tuple[frozenset[tuple[int, int]], frozenset[int]], int],
        arcs: frozenset[tuple[int, int]],
        ends: frozenset[int],
    ) -> int:
        number = known.get((arcs, ends))
        if number is None:
            number = known[arcs, ends] = len(self.out)
            by_label: dict[int, list[int]] = {}
            for label, target in arcs:
                by_label.setdefault(label, []).append(target)
            self.out.append({label: tuple(sorted(targets)) for label, targets in by_label.items()})
            self.exits.append(tuple(sorted(ends)))
        return number
