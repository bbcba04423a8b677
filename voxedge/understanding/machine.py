"""A grammar as an automaton: states and arcs in plain lists, built once and kept in a cache.

Literal text is matched with the semantics that hassil's templates were written for: blanks of a template
are required only where a word would otherwise run on, so that "light[s]", "{area}licht" and "l'{room}"
work. A state knows whether a word starts there (`starts`): that is decided while building, not matching.
Lists are sub-machines that are called, so one can change without the rest being built again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from voxedge.errors import TemplateError
from voxedge.understanding.grammar import AnyList, Block, Grammar, RangeList, Sentence, WildcardList
from voxedge.understanding.normalizing import split_chunk
from voxedge.understanding.templates import (
    Alternatives,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Sequence,
    Text,
)

MAX_STATES = 2_000_000
MAX_STATES_PER_SENTENCE = 200_000
MAX_RULE_DEPTH = 30


class Fragment(NamedTuple):
    """An arc that takes a word or a part of one."""

    text: str
    target: int


class Call(NamedTuple):
    """An arc that takes a value of a list.

    ``condition`` numbers the requires/excludes pair of the block; 0 is none.
    """

    list_id: int
    slot: str
    captured: bool
    glued: bool
    condition: int
    target: int


@dataclass(slots=True)
class Machine:
    """The automaton of a grammar.

    Attributes:
        skips: By state: states that are reached for nothing.
        blanks: By state: states that are reached over a blank, or at the end of the text.
        fragments: By state: arcs over words and parts of words.
        calls: By state: arcs over list values.
        starts: By state: whether a word may start here.
        entries: By sentence: its first state.
        exits: State to sentence.
        sentences: The sentences, as (block number, sentence number within the block).
        list_names: By list id: (block number or -1, name).
        conditions: By condition id: (requires, excludes) block number; the block's own mappings count.
    """

    skips: list[tuple[int, ...]] = field(default_factory=list)
    blanks: list[tuple[int, ...]] = field(default_factory=list)
    fragments: list[tuple[Fragment, ...]] = field(default_factory=list)
    calls: list[tuple[Call, ...]] = field(default_factory=list)
    starts: list[bool] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    exits: dict[int, int] = field(default_factory=dict)
    sentences: list[tuple[int, int]] = field(default_factory=list)
    list_names: list[tuple[int, str]] = field(default_factory=list)
    conditions: list[int] = field(default_factory=lambda: [-1])


Port = dict[bool, int]
"""Where the next thing continues: by whether a word starts there, a state."""


class Builder:
    """Builds states from templates. Used for a grammar's sentences and for the values of lists."""

    def __init__(self, by_character: bool) -> None:
        self.by_character = by_character
        self.skips: list[list[int]] = []
        self.blanks: list[list[int]] = []
        self.fragments: list[list[Fragment]] = []
        self.calls: list[list[Call]] = []
        self.starts: list[bool] = []

    def state(self, starts: bool) -> int:
        """A new state."""
        self.skips.append([])
        self.blanks.append([])
        self.fragments.append([])
        self.calls.append([])
        self.starts.append(starts or self.by_character)
        return len(self.starts) - 1

    def join(self, ports: list[Port]) -> Port:
        """One port that continues all of them."""
        if len(ports) == 1:
            return ports[0]
        joined: Port = {}
        for port in ports:
            for starts, source in port.items():
                if starts not in joined:
                    joined[starts] = self.state(starts)
                self.skips[source].append(joined[starts])
        return joined

    def text(self, text: str, port: Port) -> Port:
        """Literal text after a port."""
        for part in split_chunk(text, by_character=self.by_character):
            port = self.blank(port) if part == " " else self.word(part, port)
        return port

    def blank(self, port: Port) -> Port:
        """A blank of the template after a port: required where a word would run on."""
        if True not in port and False not in port:
            return port
        if self.by_character or set(port) == {True}:
            return port
        target = port.get(True)
        if target is None:
            target = self.state(True)
        else:
            # Other arcs may leave the state that is there: they must not be reached over the blank only.
            source, target = target, self.state(True)
            self.skips[source].append(target)
        self.blanks[port[False]].append(target)
        return {True: target}

    def word(self, word: str, port: Port) -> Port:
        """A word, or a part of one, after a port."""
        starts = word.endswith("'") or self.by_character
        target = self.state(starts)
        for source in port.values():
            self.fragments[source].append(Fragment(word, target))
        return {starts: target}


def _nearest(name: str, known: Iterable[str], form: str) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {form % near[0]}?)" if near else ""


class SentenceBuilder(Builder):
    """Builds the sentences of a grammar."""

    def __init__(self, grammar: Grammar) -> None:
        super().__init__(grammar.by_character)
        self.grammar = grammar
        self.list_ids: dict[tuple[int, str], int] = {}
        self.list_names: list[tuple[int, str]] = []
        self.conditions = [-1]
        self._block: Block = Block("", ())
        self._block_number = -1
        self._condition = 0
        self._sentence: Sentence | None = None
        self._rule_path: list[str] = []
        self._limit = 0

    def build(self, known_lists: Mapping[str, AnyList]) -> Machine:
        """Builds all sentences.

        Args:
            known_lists: Lists that the app adds; a sentence may refer to them.
        """
        machine = Machine()
        for number, block in enumerate(self.grammar.blocks):
            self._block, self._block_number, self._condition = block, number, 0
            if block.requires_context or block.excludes_context:
                self.conditions.append(number)
                self._condition = len(self.conditions) - 1
            for index, sentence in enumerate(block.sentences):
                self._sentence, self._rule_path = sentence, []
                self._limit = len(self.starts) + MAX_STATES_PER_SENTENCE
                entry = self.state(True)
                machine.entries.append(entry)
                machine.sentences.append((number, index))
                for last in self.node(sentence.node, {True: entry}, known_lists).values():
                    machine.exits[last] = len(machine.entries) - 1
        machine.skips = [tuple(item) for item in self.skips]
        machine.blanks = [tuple(item) for item in self.blanks]
        machine.fragments = [tuple(item) for item in self.fragments]
        machine.calls = [tuple(item) for item in self.calls]
        machine.starts = self.starts
        machine.list_names, machine.conditions = self.list_names, self.conditions
        return machine

    def fail(self, what: str) -> TemplateError:
        """The error that names the template at hand."""
        assert self._sentence is not None
        place = self._sentence.place
        via = "".join(f" in rule <{name}>" for name in reversed(self._rule_path))
        return TemplateError(
            f"{place}: {what}{via}, template {self._sentence.text!r}.", remedy=f"Correct {place.file}."
        )

    def node(self, node: Node, port: Port, known: Mapping[str, AnyList]) -> Port:
        """Builds a node after a port."""
        if isinstance(node, Text):
            return self.text(node.text, port)
        if isinstance(node, Sequence):
            for item in node.items:
                port = self.node(item, port, known)
            return port
        if len(self.starts) > self._limit or len(self.starts) > MAX_STATES:
            raise self.fail("the template has too many readings")
        if isinstance(node, Alternatives):
            return self.join([self.node(item, port, known) for item in node.items])
        if isinstance(node, Permutation):
            return self.permutation(node.items, port, known)
        if isinstance(node, RuleReference):
            return self.rule(node.name, port, known)
        return self.call(node, port, known)

    def permutation(self, items: tuple[Node, ...], port: Port, known: Mapping[str, AnyList]) -> Port:
        """All orders, sharing what the same set of items has left: 2^n sets instead of n! orders."""
        full = (1 << len(items)) - 1
        waiting: dict[int, list[Port]] = {0: [port]}
        for done in range(full):
            ports = waiting.pop(done, None)
            if ports is None:
                continue
            source = self.join(ports)
            for index, item in enumerate(items):
                if not done & (1 << index):
                    waiting.setdefault(done | 1 << index, []).append(self.node(item, source, known))
        return self.join(waiting[full])

    def rule(self, name: str, port: Port, known: Mapping[str, AnyList]) -> Port:
        """The body of an expansion rule after a port."""
        body = self._block.rules.get(name)
        if body is None:
            body = self.grammar.rules.get(name)
        if body is None:
            rules = {*self._block.rules, *self.grammar.rules}
            raise self.fail(f"there is no rule <{name}>{_nearest(name, rules, '<%s>')}")
        if name in self._rule_path or len(self._rule_path) >= MAX_RULE_DEPTH:
            raise self.fail(f"rule <{name}> leads back to itself")
        self._rule_path.append(name)
        out = self.node(body, port, known)
        self._rule_path.pop()
        return out

    def call(self, node: ListReference, port: Port, known: Mapping[str, AnyList]) -> Port:
        """A list's value after a port."""
        list_id = self.list_id(node, known)
        out: Port = {}
        content = self._block.lists.get(node.name) or self.grammar.lists.get(node.name)
        for starts, source in port.items():
            target = self.state(starts)
            if not starts and (isinstance(content, (RangeList, WildcardList)) or node.inline_range):
                # "[ [und]{minutes} Minuten]": a number may stand after a blank even where none is written.
                after = self.state(True)
                self.blanks[source].append(after)
                self.calls[after].append(
                    Call(list_id, node.slot, node.captured, node.glued, self._condition, target)
                )
            # The blank after a value is as optional as it was before it: hassil's rule.
            self.calls[source].append(
                Call(list_id, node.slot, node.captured, node.glued, self._condition, target)
            )
            out[starts] = target
        return out

    def list_id(self, node: ListReference, known: Mapping[str, AnyList]) -> int:
        """The number of the list that a reference means: the block's own, the grammar's or the app's."""
        if node.name in self._block.lists:
            key = (self._block_number, node.name)
        elif node.name in self.grammar.lists or node.name in known or node.inline_range:
            key = (-1, node.name)
        else:
            lists = {*self._block.lists, *self.grammar.lists, *known}
            raise self.fail(f"there is no list {{{node.name}}}{_nearest(node.name, lists, '{%s}')}")
        if key not in self.list_ids:
            self.list_ids[key] = len(self.list_names)
            self.list_names.append(key)
        return self.list_ids[key]
