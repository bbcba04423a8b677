"""Noise-tolerant matching: the cheapest way to hear a sentence of the grammar in what was recognized.

Sounds are compared, not letters, and word boundaries don't count.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.events import SlotValue
from voxedge.understanding.context import excluded, may_hold
from voxedge.understanding.exact import ExactMatcher
from voxedge.understanding.grammar import Grammar, TextList
from voxedge.understanding.lattice import Heard, Lattice
from voxedge.understanding.machine import Machine
from voxedge.understanding.normalizing import fold
from voxedge.understanding.plan import Plan, make_plan
from voxedge.understanding.search import MARGIN, Ending, Search, Step, bounds_of
from voxedge.understanding.soundgraph import SoundGraph
from voxedge.understanding.sounds.phonemes import drops
from voxedge.understanding.sounds.pronouncing import pieces, word_sounds
from voxedge.understanding.vocabulary import WORD_WEIGHT, Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GIVE_UP = 0.46
"""Cost a sound at which no sentence is thought of any more."""
GIVE_UP_SLACK = 1.5
NEAR = 0.7
"""What is looked for first: sentences that cost this much more than the least that any could cost."""
WIDER = 2.0
"""How many times as much is searched next, where that gave nothing: less is quicker, and mostly enough."""
HOPELESS = 0.3
"""Where less of the sounds was explained than this, the widest search is next: one between gives nothing."""
MATCH_LIMIT = (0.18, 0.1)
"""Cost up to which is searched: a sound, and beyond it. What costs more can't be a match."""
FAR_LIMIT = (GIVE_UP, GIVE_UP_SLACK)
FAR_NODES = 3000
"""In smaller grammars (sounds of all words and values together) what is farther is looked for, too: it tells
how far a text is from any command."""
WILD_FROM = 0.6
"""Sentences with wildcards are looked for where no other one costs less than this."""
WILD_LIMIT = (0.12, 0.4)
SURE = 0.05
"""A sentence this near to the limit could have a rival beyond it: the next limit decides."""
MISSING_LIMIT = 2.3
"""Words of the grammar up to this cost (about three sounds) may be missing."""
MAX_HEARD = 160
ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class Path:
    """A sentence of the grammar that was heard.

    Attributes:
        block: Number of its block.
        cost: What it cost in all.
        steps: Its steps, from the first.
        heard: What it was heard in.
        wild: How many sounds wildcards and skip words took.
        wild_cost: What these cost.
    """

    block: int
    cost: float
    steps: tuple[Step, ...]
    heard: Heard
    wild: int
    wild_cost: float = 0.0

    @property
    def per_sound(self) -> float:
        """Cost a sound, wildcards' sounds left out."""
        return (self.cost - self.wild_cost) / max(len(self.heard.sounds) - self.wild, 1)


class TolerantMatcher:
    """Finds what may have been meant. Safe to call from several threads.

    Args:
        grammar: The grammar.
        machine: Its machine.
        exact: For its lists and conditions.
    """

    def __init__(self, grammar: Grammar, machine: Machine, exact: ExactMatcher) -> None:
        self.grammar, self.machine, self.exact = grammar, machine, exact
        self.graph = SoundGraph(machine)
        self.vocabulary = Vocabulary(self.graph, grammar, exact.allows)
        self._lock = threading.Lock()
        missing: dict[int, float] = {}
        for number, word in enumerate(self.graph.words):
            said = "".join(word_sounds(piece, grammar.language)[0] for piece in pieces(word))
            cost = sum(drops(said))
            if cost <= MISSING_LIMIT:
                missing[number] = cost * WORD_WEIGHT
        self._missing = missing
        self._wildcards: frozenset[int] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Takes the lists that are in force now."""
        with self._lock:
            lists = self.exact.lists
            self.vocabulary.set_lists(lists)
            words = len(self.graph.words)
            wild = frozenset(
                words + number for number, call in enumerate(self.graph.calls) if lists[call.list_id].wildcard
            )
            if wild != self._wildcards:
                self._wildcards = wild
                self._plain = make_plan(self.graph, self._missing, wild, wild=False)
                self._wild = make_plan(self.graph, self._missing, wild, wild=True) if wild else None
            self._given = {
                key
                for matcher in lists
                if isinstance(matcher.content, TextList)
                for value in matcher.content.values
                for key in value.context
            }
            self._ends: tuple[str, NDArray[np.bool_]] | None = None
            self.known = frozenset(
                piece for unit in self.vocabulary.table().units for piece in pieces(fold(unit.text))
            )
            self._table = self.vocabulary.table()

    def hear(self, text: str) -> Heard:
        """A folded text as sounds."""
        import numpy as np

        words: list[str] = []
        bounds, codes = [0], list[int]()
        costs: list[float] = []
        free: list[bool] = []
        for part, skipped in self.exact.split_skipped(text):
            for piece in pieces(part):
                said = word_sounds(piece, self.grammar.language)[0]
                if said and len(codes) + len(said) <= MAX_HEARD:
                    words.append(piece)
                    codes += self.vocabulary.inventory.encode(said)
                    costs += drops(said)
                    bounds.append(len(codes))
                    free.append(skipped)
        return Heard(
            text,
            tuple(words),
            tuple(bounds),
            np.array(codes, dtype=np.int32),
            np.array(costs, dtype=np.float32),
            tuple(free),
        )

    def paths(self, heard: Heard, context: Mapping[str, SlotValue], count: int = 4) -> list[Path]:
        """The cheapest sentences, one for each different meaning, cheapest first."""
        if len(heard.sounds) == 0:
            return []
        size = len(heard.sounds)
        small = len(self._table.trie.sound) <= FAR_NODES
        share, slack = FAR_LIMIT if small else MATCH_LIMIT
        most, wild_most = share * size + slack, WILD_LIMIT[0] * size + WILD_LIMIT[1]
        costs = self.vocabulary.inventory.costs()
        lattice = Lattice(self._table, heard, costs, max(most, wild_most) + ROUNDING)
        found = self._searched(lattice, self._plain, context, most)
        best = min((path.cost for path in found), default=1e9)
        if self._wild is not None and best > WILD_FROM:
            # A wildcard explains anything, so such sentences must be near, and are looked for by themselves.
            wide = lattice.with_wildcards(self._wild.arcs.label)
            found += self._searched(wide, self._wild, context, min(wild_most, best + MARGIN))
        return heapq.nsmallest(count, found, key=lambda path: (path.cost, path.block))

    def _searched(
        self, lattice: Lattice, plan: Plan, context: Mapping[str, SlotValue], most: float
    ) -> list[Path]:
        """The cheapest sentences up to a cost, searched in ever wider limits."""
        finals = self._finals(context)
        bounds = bounds_of(plan, lattice, finals)
        limit = max(float(lattice.before[lattice.size]), bounds.least) + NEAR
        while True:
            last = limit * 1.2 >= most
            if last:
                limit = most
            search = Search(plan, lattice, finals, bounds, limit)
            if search.best <= (limit if last else limit - SURE):
                found = self._meanings(search.endings(self.exact.allows), context, lattice.heard)
                if found:
                    return found
            if last:
                return []
            limit = most if search.explained < HOPELESS else limit * WIDER

    def _finals(self, context: Mapping[str, SlotValue]) -> NDArray[np.bool_]:
        """By state: whether a sentence may end there, as far as the context alone tells."""
        import numpy as np

        key = str(sorted(context.items(), key=str))
        known = self._ends  # once: another thread may put another context's in its place
        if known is not None and known[0] == key:
            return known[1]
        allowed = [
            may_hold(block.requires_context, context)
            and not excluded(block.excludes_context, context)
            and all(key in context or key in self._given for key in block.requires_context)
            for block in self.grammar.blocks
        ]
        ends = np.array([any(allowed[block] for block in blocks) for blocks in self.graph.exits], dtype=bool)
        self._ends = (key, ends)
        return ends

    def _meanings(self, endings: list[Ending], context: Mapping[str, SlotValue], heard: Heard) -> list[Path]:
        found: dict[tuple[object, ...], Path] = {}
        for ending in endings:
            for block in self.graph.exits[ending.state]:
                body = self.grammar.blocks[block]
                if not may_hold(body.requires_context, context):
                    continue
                key = (body.intent, ending.meaning, str(sorted(body.slots.items())))
                if key not in found or ending.cost < found[key].cost:
                    found[key] = self._path(block, ending, heard)
        return list(found.values())

    def _path(self, block: int, ending: Ending, heard: Heard) -> Path:
        steps, step, wild, wild_cost = [], ending.step, 0, 0.0
        words = len(self.graph.words)
        while step is not None:
            steps.append(step)
            if (step.label >= words and step.unit < 0) or (step.label < 0 and step.cost == 0.0):
                wild += step.end - step.start
                wild_cost += step.cost
            step = step.before
        return Path(block, ending.cost, tuple(reversed(steps)), heard, wild, wild_cost)
