"""Lists at work: which of a list's values stand at a place of the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from voxedge.errors import TemplateError
from voxedge.events import SlotValue
from voxedge.understanding.grammar import AnyList, Grammar, RangeList, TextList, WildcardList
from voxedge.understanding.machine import Builder, Port
from voxedge.understanding.numerals import halves, words_of
from voxedge.understanding.runner import Runner
from voxedge.understanding.templates import (
    Alternatives,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Sequence,
    Text,
)

_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")


class Found(NamedTuple):
    """A value at a place of the text.

    ``value`` is the slot's value (None: the words themselves), ``end`` where it ends, ``literal`` how
    many characters of the grammar's own text it holds, ``number`` its number in the list (-1: none).
    """

    end: int
    value: SlotValue
    literal: int
    number: int


class _ListBuilder(Builder):
    def __init__(self, by_character: bool, rules: Mapping[str, Node]) -> None:
        super().__init__(by_character)
        self.rules = rules
        self.entry = self.state(True)
        self.values: dict[int, list[int]] = {}
        self._trie: dict[tuple[int, str], int] = {}

    def plain(self, text: str, index: int) -> None:
        """Adds literal text, sharing beginnings with the texts before it."""
        port: Port = {True: self.entry}
        parts = _trimmed(text, self.by_character)
        for part in parts:
            ((starts, source),) = port.items()
            target = self._trie.get((source, part))
            if target is not None:
                port = {self.starts[target]: target}
                continue
            if part == " ":
                if starts:
                    continue
                port = self.blank(port)
            else:
                port = self.word(part, port)
            ((_, target),) = port.items()
            self._trie[source, part] = target
        if parts:
            self.accept(port, index)

    def accept(self, port: Port, index: int) -> None:
        for state in port.values():
            self.values.setdefault(state, []).append(index)

    def node(self, node: Node, port: Port, depth: int = 0) -> Port:
        if depth > 60 or len(self.starts) > 1_000_000:
            raise TemplateError("A list's values have too many readings.", remedy="Simplify the list.")
        if isinstance(node, Text):
            return self.text(node.text, port)
        if isinstance(node, Sequence):
            for item in node.items:
                port = self.node(item, port, depth + 1)
            return port
        if isinstance(node, Alternatives):
            return self.join([self.node(item, port, depth + 1) for item in node.items])
        if isinstance(node, Permutation):
            full, waiting = (1 << len(node.items)) - 1, {0: [port]}
            for done in range(full):
                if done in waiting:
                    source = self.join(waiting.pop(done))
                    for index, item in enumerate(node.items):
                        if not done & 1 << index:
                            after = self.node(item, source, depth + 1)
                            waiting.setdefault(done | 1 << index, []).append(after)
            return self.join(waiting[full])
        if isinstance(node, RuleReference) and node.name in self.rules:
            return self.node(self.rules[node.name], port, depth + 1)
        name = node.name if isinstance(node, (ListReference, RuleReference)) else "?"
        raise TemplateError(
            f"A list's value refers to {name!r}, which can't stand there.", remedy="Write the words out."
        )


def _trimmed(text: str, by_character: bool) -> list[str]:
    from voxedge.understanding.normalizing import split_chunk, tokenize

    # Names of the app may carry punctuation that nobody says: "Dr. No!".
    words = [token.text for token in tokenize(text, by_character=by_character)]
    return split_chunk(" ".join(words), by_character=by_character)


class ListMatcher:
    """Finds values of one list. Safe to share between threads: it only adds to caches.

    Args:
        content: The list.
        grammar: For its rules and language.
    """

    def __init__(self, content: AnyList, grammar: Grammar) -> None:
        self.content, self.wildcard = content, isinstance(content, WildcardList)
        self._runner: Runner | None = None
        self._grammar = grammar

    def _built(self) -> Runner:
        if self._runner is not None:
            return self._runner
        grammar, content = self._grammar, self.content
        builder = _ListBuilder(grammar.by_character, grammar.rules)
        out: list[tuple[SlotValue, bool]] = []
        if isinstance(content, TextList):
            for index, value in enumerate(content.values):
                out.append((value.out, isinstance(value.node, Text)))
                if isinstance(value.node, Text):
                    builder.plain(value.node.text, index)
                else:
                    builder.accept(builder.node(value.node, {True: builder.entry}), index)
        elif isinstance(content, RangeList):
            for words, number in words_of(content, grammar.language):
                builder.plain(words, len(out))
                out.append((content.value(number), True))
        self._out, self._values, self._entry = out, builder.values, builder.entry
        runner = Runner(
            [tuple(item) for item in builder.skips],
            [tuple(item) for item in builder.blanks],
            [tuple(item) for item in builder.fragments],
            [()] * len(builder.starts),
            builder.starts,
        )
        self._runner = runner
        return runner

    def find(self, text: str, start: int, word_ends: list[int]) -> list[Found]:
        """The values that begin at ``start`` of a folded text."""
        if isinstance(self.content, RangeList):
            pattern = _DECIMAL if self.content.fractions else _INTEGER
            match = pattern.match(text, start)
            if match is not None:
                number = float(match.group().replace(",", ".")) if len(match.group()) < 16 else -1e18
                if not self.content.digits or not self.content.holds(number):
                    return []
                found = [Found(match.end(), self.content.value(number), 0, -1)]
                for ending in halves(self.content, self._grammar.language):
                    end = match.end() + len(ending)
                    if (
                        number.is_integer()
                        and text.startswith(ending, match.end())
                        and end in (len(text), word_ends[end - 1])
                    ):
                        found.append(Found(end, self.content.value(number + 0.5), 0, -1))
                return found
        return self._find_words(text, start, word_ends)

    def goes_on(self, text: str, start: int, word_ends: list[int]) -> bool:
        """Whether the text from ``start`` to its end is the beginning of a longer value."""
        if self.wildcard:
            return True
        runner = self._built()
        todo = [(start, runner.closed((self._entry,)))]
        while todo:
            at, states = todo.pop()
            if at >= len(text):
                if states.fragments or states.crossed().fragments:
                    return True
            elif text[at] == " ":
                todo.append((at + 1, states.crossed()))
            else:
                todo += [(at + taken, after) for taken, after in states.step(text[at : word_ends[at]])]
        return False

    def _find_words(self, text: str, start: int, word_ends: list[int]) -> list[Found]:
        runner, found = self._built(), []
        todo = [(start, runner.closed((self._entry,)))]
        seen: set[tuple[int, int]] = set()
        while todo:
            at, states = todo.pop()
            if at > start:
                # A blank at the end of a value ("quarter [of]") need not have been said.
                ended = at == len(text) or text[at] == " "
                for state in states.at_end() if ended else states.states:
                    for index in self._values.get(state, ()):
                        if (index, at) not in seen:
                            seen.add((index, at))
                            value, plain = self._out[index]
                            said = text[start:at]
                            literal = len(said) if plain else len(said.replace(" ", ""))
                            found.append(Found(at, value, literal, index))
            if at >= len(text):
                continue
            if text[at] == " ":
                after = states.crossed()
                if after.states and at > start:
                    todo.append((at + 1, after))
                continue
            for taken, after in states.step(text[at : word_ends[at]]):
                todo.append((at + taken, after))
        return [item for item in found if text[item.end - 1] != " "]
