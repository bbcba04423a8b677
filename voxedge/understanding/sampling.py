"""Sentences of a grammar: random ones, and those that tell a recognizer the vocabulary."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from voxedge.understanding.grammar import AnyList, Block, Grammar, RangeList, TextList
from voxedge.understanding.numerals import spell
from voxedge.understanding.templates import (
    Alternatives,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Sequence,
    Text,
)

MAX_SAMPLE_DEPTH = 60
WILDCARD_WORDS = ("something", "anything")
_DRAWN = 300


class Sampler:
    """Draws sentences.

    Args:
        grammar: Where from.
        lists: Lists in force, by name.
        seed: The same seed gives the same sentences.
        fullness: How likely an optional part is said, 0..1.
    """

    def __init__(
        self, grammar: Grammar, lists: Mapping[str, AnyList], *, seed: int = 0, fullness: float = 0.5
    ) -> None:
        self.grammar, self.lists, self.fullness = grammar, lists, fullness
        self.random = random.Random(seed)

    def sentence(self, block: Block, node: Node) -> str:
        """One sentence of a template, in the words that would be spoken."""
        parts: list[str] = []
        self._node(node, block, parts, 0)
        return " ".join("".join(parts).split())

    def _node(self, node: Node, block: Block, parts: list[str], depth: int) -> None:
        if depth > MAX_SAMPLE_DEPTH:
            return
        if isinstance(node, Text):
            parts.append(node.text)
        elif isinstance(node, Sequence):
            for item in node.items:
                self._node(item, block, parts, depth + 1)
        elif isinstance(node, Alternatives):
            self._node(self._choice(node), block, parts, depth + 1)
        elif isinstance(node, Permutation):
            for item in self.random.sample(node.items, len(node.items)):
                self._node(item, block, parts, depth + 1)
        elif isinstance(node, RuleReference):
            rule = block.rules.get(node.name) or self.grammar.rules.get(node.name)
            if rule is not None:
                self._node(rule, block, parts, depth + 1)
        else:
            self._value(node, block, parts, depth + 1)

    def _choice(self, node: Alternatives) -> Node:
        said = [item for item in node.items if item != Sequence(())]
        if len(said) < len(node.items) and (not said or self.random.random() >= self.fullness):
            return Sequence(())
        return self.random.choice(said)

    def _value(self, node: ListReference, block: Block, parts: list[str], depth: int) -> None:
        content = block.lists.get(node.name) or self.lists.get(node.name)
        bounds = node.inline_range
        if content is None and bounds:
            content = RangeList(*bounds)
        if isinstance(content, TextList):
            if content.values:
                self._node(self.random.choice(content.values).node, block, parts, depth)
        elif isinstance(content, RangeList):
            number = self.random.randrange(content.first, content.last + 1, content.step)
            words = spell(content.words_language or self.grammar.language, number)
            parts.append(words[0] if words else str(number))
        else:
            parts.append(self.random.choice(WILDCARD_WORDS))


def samples(sampler: Sampler, count: int, *, intent: str = "") -> Iterator[tuple[Block, str]]:
    """Random sentences with their blocks; every intent is as likely as any other."""
    by_intent: dict[str, list[tuple[Block, Node]]] = {}
    for block in sampler.grammar.blocks:
        if not intent or block.intent == intent:
            for sentence in block.sentences:
                by_intent.setdefault(block.intent, []).append((block, sentence.node))
    names = list(by_intent)
    for _ in range(count if names else 0):
        block, node = sampler.random.choice(by_intent[sampler.random.choice(names)])
        text = sampler.sentence(block, node)
        if text:
            yield block, text


def telling(grammar: Grammar, lists: Mapping[str, AnyList], limit: int) -> tuple[str, ...]:
    """Sentences that hold as much of the vocabulary as ``limit`` sentences can, most useful first.

    Greedy: each next sentence is the one that adds most words that no earlier one has. Words of which
    Whisper is told this way are recognized better than by a bare list of words.
    """
    sampler = Sampler(grammar, lists, seed=1, fullness=0.8)
    drawn = list(dict.fromkeys(text for _, text in samples(sampler, _DRAWN)))
    chosen: list[str] = []
    known: set[str] = set()

    def gain(text: str) -> tuple[int, int, str]:
        return len(set(text.casefold().split()) - known), -len(text), text

    while drawn and len(chosen) < limit:
        best = max(drawn, key=gain)
        drawn.remove(best)
        chosen.append(best[:1].upper() + best[1:])
        known |= set(best.casefold().split())
    return tuple(chosen)
