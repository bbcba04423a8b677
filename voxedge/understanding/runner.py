"""Sets of states, made when first needed: a deterministic automaton that grows with use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from voxedge.understanding.machine import Call, Fragment

MAX_SETS = 20_000
MAX_STEPS_KEPT = 4_000


class StateSet:
    """States that are reached together, closed over skips.

    Attributes:
        states: The states.
        fragments: Word or part of a word to the states that it leads to (not yet closed).
        lengths: The lengths of the fragments, longest first.
        calls: Arcs over list values, by list id.
    """

    __slots__ = ("_crossed", "_ended", "_steps", "calls", "fragments", "lengths", "runner", "states")

    def __init__(self, runner: Runner, states: frozenset[int]) -> None:
        self.runner, self.states = runner, states
        fragments: dict[str, set[int]] = {}
        calls: dict[int, list[Call]] = {}
        for state in states:
            for text, target in runner.fragments[state]:
                fragments.setdefault(text, set()).add(target)
            for call in runner.calls[state]:
                calls.setdefault(call.list_id, []).append(call)
        self.fragments = fragments
        self.lengths = sorted({len(text) for text in fragments}, reverse=True)
        self.calls = calls
        self._steps: dict[str, tuple[tuple[int, StateSet], ...]] = {}
        self._crossed: StateSet | None = None
        self._ended: frozenset[int] | None = None

    def step(self, rest: str) -> tuple[tuple[int, StateSet], ...]:
        """Where the rest of a word leads: how many characters were taken, and the states after them."""
        found = self._steps.get(rest)
        if found is None:
            pairs = []
            for length in self.lengths:
                if length <= len(rest):
                    targets = self.fragments.get(rest[:length])
                    if targets:
                        pairs.append((length, self.runner.closed(targets)))
            found = tuple(pairs)
            if len(self._steps) < MAX_STEPS_KEPT:
                self._steps[rest] = found
        return found

    def crossed(self) -> StateSet:
        """The states after the blank that follows a word."""
        if self._crossed is None:
            runner = self.runner
            after = {state for state in self.states if runner.starts[state]}
            for state in self.states:
                after.update(runner.blanks[state])
            self._crossed = runner.closed(after)
        return self._crossed

    def at_end(self) -> frozenset[int]:
        """The states at the end of the text, where blanks of the template cost nothing."""
        if self._ended is not None:
            return self._ended
        runner, reached = self.runner, set(self.states)
        todo = list(reached)
        while todo:
            state = todo.pop()
            for target in (*runner.blanks[state], *runner.skips[state]):
                if target not in reached:
                    reached.add(target)
                    todo.append(target)
        self._ended = frozenset(reached)
        return self._ended


class Runner:
    """The machine's arcs, and the sets made so far."""

    def __init__(
        self,
        skips: Sequence[tuple[int, ...]],
        blanks: Sequence[tuple[int, ...]],
        fragments: Sequence[tuple[Fragment, ...]],
        calls: Sequence[tuple[Call, ...]],
        starts: Sequence[bool],
    ) -> None:
        self.skips, self.blanks, self.fragments, self.calls = skips, blanks, fragments, calls
        self.starts = starts
        self._sets: dict[frozenset[int], StateSet] = {}
        self._closures: dict[int, frozenset[int]] = {}

    def closed(self, states: Iterable[int]) -> StateSet:
        """The set of these states and of what they skip to."""
        reached: set[int] = set()
        for state in states:
            closure = self._closures.get(state)
            if closure is None:
                closure = self._closures[state] = self._closure(state)
            reached |= closure
        return self.of(frozenset(reached))

    def of(self, states: frozenset[int]) -> StateSet:
        """The set of these states, which are closed already."""
        found = self._sets.get(states)
        if found is None:
            if len(self._sets) >= MAX_SETS:
                self._sets = {}
            found = self._sets[states] = StateSet(self, states)
        return found

    def _closure(self, state: int) -> frozenset[int]:
        reached, todo = {state}, [state]
        while todo:
            for target in self.skips[todo.pop()]:
                if target not in reached:
                    reached.add(target)
                    todo.append(target)
        return frozenset(reached)
