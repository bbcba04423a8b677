"""Exact matching: all readings of an utterance that a grammar's sentences give."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from voxedge.events import Completeness, SlotValue
from voxedge.understanding.context import excluded, may_hold
from voxedge.understanding.grammar import AnyList, Grammar, RangeList, TextList, WildcardList
from voxedge.understanding.lists import Found, ListMatcher
from voxedge.understanding.machine import Call, Machine
from voxedge.understanding.normalizing import tokenize
from voxedge.understanding.open_slots import closed_slots
from voxedge.understanding.runner import Runner, StateSet
from voxedge.understanding.templates import ListReference, Node, Sequence
from voxedge.understanding.utterance import Capture, Reading, Utterance

MAX_READINGS = 200
MAX_STEPS = 20_000
"""Steps to list the readings of one sentence: a bound on grammars that read a text in thousands of ways."""


@dataclass(slots=True)
class _Chart:
    utterance: Utterance
    sets: dict[int, StateSet]
    found: dict[tuple[int, int], list[Found]] = field(default_factory=dict)


class ExactMatcher:
    """Matches utterances against a machine. Safe to call from several threads: it only adds to caches.

    Args:
        grammar: The grammar.
        machine: Its machine.
    """

    def __init__(self, grammar: Grammar, machine: Machine) -> None:
        self.grammar, self.machine = grammar, machine
        self.runner = Runner(machine.skips, machine.blanks, machine.fragments, machine.calls, machine.starts)
        self.lists: list[ListMatcher] = []
        self.set_lists({})
        self._allowed: dict[tuple[int, int, int], bool] = {}
        self._entry = self.runner.closed(machine.entries)
        wild = [self._wild_ends(grammar.blocks[b].sentences[s].node, b) for b, s in machine.sentences]
        self._wild = wild
        self._skip = _skip_pattern(grammar.skip_words, grammar.by_character)

    def set_lists(self, changed: Mapping[str, AnyList]) -> None:
        """Puts lists in place: the grammar's own, and those that the app gives instead."""
        matchers = []
        for number, (block, name) in enumerate(self.machine.list_names):
            content = self._content(block, name, changed)
            old = self.lists[number] if number < len(self.lists) else None
            matchers.append(
                old if old is not None and old.content is content else ListMatcher(content, self.grammar)
            )
        self.lists = matchers
        self._allowed = {}
        self._closed: frozenset[tuple[str, str]] | None = None

    def closed_slots(self) -> frozenset[tuple[str, str]]:
        """Intents with those of their slots that take known values somewhere: from a list, or fixed."""
        if self._closed is None:
            self._closed = closed_slots(self.grammar, self.machine, self.lists)
        return self._closed

    def _content(self, block: int, name: str, changed: Mapping[str, AnyList]) -> AnyList:
        if block >= 0:
            return self.grammar.blocks[block].lists[name]
        content = changed.get(name) or self.grammar.lists.get(name)
        if content is None:
            bounds = ListReference(name, name).inline_range
            content = RangeList(*bounds) if bounds and bounds[0] <= bounds[1] and bounds[2] else TextList(())
        return content

    def _wild_ends(self, node: Node, block: int) -> str:
        """Whether a sentence is a wildcard, begins or ends with one: decides about skip words."""

        def wild(item: Node) -> bool:
            if not isinstance(item, ListReference):
                return False
            lists = self.grammar.blocks[block].lists
            return isinstance(lists.get(item.name) or self.grammar.lists.get(item.name), WildcardList)

        if wild(node):
            return "all"
        if isinstance(node, Sequence) and node.items:
            if wild(node.items[0]):
                return "start"
            if wild(node.items[-1]):
                return "end"
        return ""

    def read(self, text: str, context: Mapping[str, SlotValue]) -> list[Reading]:
        """All readings of a text (tidied), unranked.

        Skip words are left in first, then left out; sentences with a wildcard at an end keep them there.
        """
        tokens = tokenize(text, by_character=self.grammar.by_character)
        full = Utterance.of(text, tokens)
        if self._skip is None or not tokens or not self._skip.search(full.folded):
            return self._read(full, context, lambda wild: True)
        bare = self._without_skipped(full, True, True)
        readings = self._read(full, context, lambda wild: wild in ("", "all"))
        readings += self._read(bare, context, lambda wild: wild == "")
        for kind, start, end in (("start", False, True), ("end", True, False)):
            if kind in self._wild:
                cut = self._without_skipped(full, start, end)
                readings += self._read(cut, context, lambda wild, kind=kind: wild == kind)  # type: ignore[misc]
        return readings

    def split_skipped(self, folded: str) -> list[tuple[str, bool]]:
        """A folded text in parts, each with whether it is a skip word."""
        if self._skip is None:
            return [(folded, False)]
        parts, at = [], 0
        for match in self._skip.finditer(folded):
            parts += [(folded[at : match.start()], False), (match.group(), True)]
            at = match.end()
        return [*parts, (folded[at:], False)]

    def _without_skipped(self, full: Utterance, start: bool, end: bool) -> Utterance:
        """The utterance without its skip words: all of them, or only those at its start or end."""
        assert self._skip is not None
        gone = [False] * (len(full.folded) + 1)
        spans = [match.span() for match in self._skip.finditer(full.folded)]
        if not (start and end):
            spans = _outer(spans, full.folded, at_start=start)
        for first, last in spans:
            gone[first:last] = [True] * (last - first)
        at, kept = 0, []
        for token in full.tokens:
            if not gone[at]:
                kept.append(token)
            at += len(token.text) + 1
        return Utterance.of(full.text, kept)

    def _read(
        self, utterance: Utterance, context: Mapping[str, SlotValue], takes: Callable[[str], bool]
    ) -> list[Reading]:
        if not utterance.folded:
            return []
        chart = self.chart(utterance)
        last = chart.sets.get(len(utterance.folded))
        if last is None:
            return []
        exits = self.machine.exits
        sentences = sorted({exits[state] for state in last.at_end() if state in exits})
        readings: list[Reading] = []
        for sentence in sentences:
            if takes(self._wild[sentence]):
                block = self.grammar.blocks[self.machine.sentences[sentence][0]]
                words = block.required_keywords
                if words and words.isdisjoint(utterance.folded.split()):
                    continue
                if may_hold(block.requires_context, context) and not excluded(
                    block.excludes_context, context
                ):
                    readings += self._readings(chart, sentence, context)
        return readings

    def completeness(self, text: str) -> Completeness:
        """Whether a text (tidied) is a sentence, and whether one could go on from it."""
        tokens = tokenize(text, by_character=self.grammar.by_character)
        utterance = Utterance.of(text, tokens)
        if self._skip is not None and self._skip.search(utterance.folded):
            bare = self._without_skipped(utterance, True, True)
            kinds = [self._completeness(item) for item in (utterance, bare) if item.folded]
            order: tuple[Completeness, ...] = ("open", "complete", "unfinished")
            return next((kind for kind in order if kind in kinds), "unknown")
        return self._completeness(utterance) if tokens else "unknown"

    def _completeness(self, utterance: Utterance) -> Completeness:
        chart, size = self.chart(utterance), len(utterance.folded)
        last = chart.sets.get(size)
        whole = more = False
        if last is not None:
            states = last.at_end()
            whole = any(state in self.machine.exits for state in states)
            more = any(self.runner.fragments[state] or self.runner.calls[state] for state in states)
        if not more:
            more = any(
                self.lists[list_id].goes_on(utterance.folded, at, utterance.word_ends)
                for at, states in chart.sets.items()
                if at < size and utterance.folded[at] != " "
                for list_id in states.calls
            )
        if whole:
            return "open" if more else "complete"
        return "unfinished" if more else "unknown"

    def chart(self, utterance: Utterance) -> _Chart:
        """The states that are reached at each position of an utterance."""
        folded, ends = utterance.folded, utterance.word_ends
        chart = _Chart(utterance, {})
        waiting: dict[int, list[StateSet]] = {0: [self._entry]}
        size = len(folded)
        for at in range(size + 1):
            arrived = waiting.pop(at, None)
            if arrived is None:
                continue
            states = arrived[0]
            if len(arrived) > 1:
                states = self.runner.of(frozenset().union(*(item.states for item in arrived)))
            chart.sets[at] = states
            if at == size:
                break
            if folded[at] == " ":
                after = states.crossed()
                if after.states:
                    waiting.setdefault(at + 1, []).append(after)
                continue
            for taken, after in states.step(folded[at : ends[at]]):
                waiting.setdefault(at + taken, []).append(after)
            for list_id, calls in states.calls.items():
                self._call(chart, at, list_id, calls, waiting)
        return chart

    def _call(
        self, chart: _Chart, at: int, list_id: int, calls: list[Call], waiting: dict[int, list[StateSet]]
    ) -> None:
        matcher = self.lists[list_id]
        if matcher.wildcard:
            for glued in {call.glued for call in calls}:
                targets = [call.target for call in calls if call.glued == glued]
                after = self.runner.closed(targets)
                for end in self._wild_stops(chart.utterance, at, glued):
                    waiting.setdefault(end, []).append(after)
            return
        for found in self._find(chart, list_id, at):
            targets = [call.target for call in calls if self._allows(call, found.number)]
            if targets:
                waiting.setdefault(found.end, []).append(self.runner.closed(targets))

    def _find(self, chart: _Chart, list_id: int, at: int) -> list[Found]:
        found = chart.found.get((list_id, at))
        if found is None:
            utterance = chart.utterance
            found = self.lists[list_id].find(utterance.folded, at, utterance.word_ends)
            chart.found[list_id, at] = found
        return found

    def _wild_stops(self, utterance: Utterance, at: int, glued: bool) -> list[int]:
        folded, size = utterance.folded, len(utterance.folded)
        if glued or self.grammar.by_character:
            return list(range(at + 1, size + 1))
        return [end for end in range(at + 1, size + 1) if end == size or folded[end] == " "]

    def _allows(self, call: Call, index: int) -> bool:
        return self.allows(call.condition, call.list_id, index)

    def allows(self, condition: int, list_id: int, index: int) -> bool:
        """Whether a block's conditions allow a value of a list."""
        if not condition or index < 0:
            return True
        key = (condition, list_id, index)
        allowed = self._allowed.get(key)
        if allowed is None:
            block = self.grammar.blocks[self.machine.conditions[condition]]
            content = self.lists[list_id].content
            context = content.values[index].context if isinstance(content, TextList) else {}
            allowed = may_hold(block.requires_context, context) and not excluded(
                block.excludes_context, context
            )
            self._allowed[key] = allowed
        return allowed

    def _readings(self, chart: _Chart, sentence: int, context: Mapping[str, SlotValue]) -> list[Reading]:
        """The readings of one sentence that is known to fit."""
        walk = _Walk(self, chart)
        # A template of hundreds of words would be as many calls deep: what was found until then counts.
        with contextlib.suppress(RecursionError):
            walk.go(self.machine.entries[sentence], 0, (), 0)
        readings = []
        for captures, literal in walk.out:
            merged = dict(context)
            for capture in captures:
                content = self.lists[capture.list_id].content
                if capture.number >= 0 and isinstance(content, TextList):
                    merged.update(content.values[capture.number].context)
            readings.append(Reading(sentence, captures, literal, chart.utterance, merged))
        return readings


class _Walk:
    """Depth-first through one sentence, along the states that the chart has."""

    def __init__(self, matcher: ExactMatcher, chart: _Chart) -> None:
        self.matcher, self.chart = matcher, chart
        self.out: list[tuple[tuple[Capture, ...], int]] = []
        self.dead: set[tuple[int, int]] = set()
        self.steps = 0

    def go(self, state: int, at: int, captures: tuple[Capture, ...], literal: int) -> bool:
        """Whether the end was reached from here."""
        if (state, at) in self.dead or len(self.out) >= MAX_READINGS or self.steps >= MAX_STEPS:
            return False
        self.steps += 1
        matcher, runner = self.matcher, self.matcher.runner
        folded = self.chart.utterance.folded
        reached = False
        here = self.chart.sets.get(at)
        if here is None:
            return False
        if at == len(folded):
            if state in matcher.machine.exits:
                if (captures, literal) not in self.out:
                    self.out.append((captures, literal))
                reached = True
            for target in (*runner.skips[state], *runner.blanks[state]):
                reached |= self.go(target, at, captures, literal)
        else:
            if state not in here.states:
                return False
            for target in runner.skips[state]:
                reached |= self.go(target, at, captures, literal)
            if folded[at] == " ":
                if runner.starts[state]:
                    reached |= self.go(state, at + 1, captures, literal)
                for target in runner.blanks[state]:
                    reached |= self.go(target, at + 1, captures, literal)
            else:
                for text, target in runner.fragments[state]:
                    if folded.startswith(text, at):
                        reached |= self.go(target, at + len(text), captures, literal + len(text))
                for call in runner.calls[state]:
                    reached |= self._call(call, at, captures, literal)
        if not reached:
            self.dead.add((state, at))
        return reached

    def _call(self, call: Call, at: int, captures: tuple[Capture, ...], literal: int) -> bool:
        matcher, utterance, reached = self.matcher, self.chart.utterance, False
        if matcher.lists[call.list_id].wildcard:
            for end in matcher._wild_stops(utterance, at, call.glued):
                said = utterance.original(at, end)
                capture = Capture(call.slot, said, at, end, "wildcard", call.captured, call.list_id, -1)
                reached |= self.go(call.target, end, (*captures, capture), literal)
            return reached
        kind = "range" if isinstance(matcher.lists[call.list_id].content, RangeList) else "text"
        for found in matcher._find(self.chart, call.list_id, at):
            if matcher._allows(call, found.number):
                value = found.value if found.value is not None else utterance.folded[at : found.end]
                capture = Capture(
                    call.slot, value, at, found.end, kind, call.captured, call.list_id, found.number
                )
                reached |= self.go(call.target, found.end, (*captures, capture), literal + found.literal)
        return reached


@lru_cache(maxsize=32)
def _skip_pattern(words: tuple[str, ...], by_character: bool) -> re.Pattern[str] | None:
    folded = {
        " ".join(token.text for token in tokenize(word, by_character=by_character)) for word in words
    } - {""}
    if not folded:
        return None
    longest_first = sorted(folded, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)")


def _outer(spans: list[tuple[int, int]], folded: str, *, at_start: bool) -> list[tuple[int, int]]:
    """The spans that reach one end of the text without a gap."""
    kept, edge = [], 0 if at_start else len(folded)
    for first, last in spans if at_start else reversed(spans):
        if at_start and first == edge:
            kept.append((first, last))
            edge = last + 1
        elif not at_start and last == edge:
            kept.append((first, last))
            edge = first - 1
    return kept
