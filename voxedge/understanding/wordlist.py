"""All words that the sentences of a grammar are made of, for a recognizer that is to hear no others."""

from __future__ import annotations

from collections.abc import Mapping

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

MOST_WORDS = 400
"""With more words a restriction hardly tells one from the other any more (a token is a part of a word)."""


class _Open(Exception):
    """Anything may be said, or too much."""


def word_list(grammar: Grammar, lists: Mapping[str, AnyList], most: int = MOST_WORDS) -> tuple[str, ...]:
    """The words of all sentences, sorted; empty where a wildcard takes any word, or beyond ``most`` words.

    Args:
        grammar: The grammar.
        lists: Lists in force, by name.
        most: Greatest number of words.
    """
    collector = _Collector(grammar, lists, most)
    try:
        for block in grammar.blocks:
            for sentence in block.sentences:
                collector.node(sentence.node, block)
        for skipped in grammar.skip_words:
            collector.add(skipped)
    except (_Open, RecursionError):
        return ()
    return tuple(sorted(collector.words))


class _Collector:
    def __init__(self, grammar: Grammar, lists: Mapping[str, AnyList], most: int) -> None:
        self.grammar, self.lists, self.most = grammar, lists, most
        self.words: set[str] = set()
        self._seen: set[int] = set()

    def add(self, text: str) -> None:
        self.words |= set(text.split())
        if len(self.words) > self.most:
            raise _Open

    def node(self, node: Node, block: Block) -> None:
        if isinstance(node, Text):
            self.add(node.text)
        elif isinstance(node, (Sequence, Alternatives, Permutation)):
            for item in node.items:
                self.node(item, block)
        elif isinstance(node, RuleReference):
            rule = block.rules.get(node.name) or self.grammar.rules.get(node.name)
            if rule is not None and id(rule) not in self._seen:
                self._seen.add(id(rule))
                self.node(rule, block)
        else:
            self._list(node, block)

    def _list(self, node: ListReference, block: Block) -> None:
        content = block.lists.get(node.name) or self.lists.get(node.name)
        bounds = node.inline_range
        if content is None and bounds:
            content = RangeList(*bounds)
        if content is None or id(content) in self._seen:
            return
        self._seen.add(id(content))
        if isinstance(content, TextList):
            for value in content.values:
                self.node(value.node, block)
        elif isinstance(content, RangeList):
            language = content.words_language or self.grammar.language
            for number in range(content.first, content.last + 1, content.step):
                for words in spell(language, number)[:1] or [str(number)]:
                    self.add(words)
        else:
            raise _Open
