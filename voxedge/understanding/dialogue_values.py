"""What can be said for the slots of an intent: the lists that its sentences have there, with their units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from voxedge.understanding.dialogue_spec import Need
from voxedge.understanding.grammar import AnyList, Block, Grammar, RangeList, WildcardList
from voxedge.understanding.templates import Alternatives, ListReference, Node, RuleReference, Text
from voxedge.understanding.templates import Sequence as InOrder


@dataclass(frozen=True, slots=True)
class Value:
    """What can be said for a slot, or for several that belong together.

    Attributes:
        slots: The slots.
        node: What is said.
        wild: Whether any words will do.
        needed: Whether the intent can't do without it.
    """

    slots: tuple[str, ...]
    node: Node
    wild: bool
    needed: bool


def values_of(
    grammar: Grammar, lists: Mapping[str, AnyList], intent: str, needs: Sequence[Need]
) -> tuple[tuple[Value, ...], dict[str, AnyList]]:
    """What can be said for the slots of an intent.

    Args:
        grammar: Its sentences.
        lists: The lists in force, by name.
        intent: Name of the intent.
        needs: What it can't do without; slots of one need belong together.

    Returns:
        The values, and the lists that they refer to: those of one block get a name of their own.
    """
    own: dict[str, AnyList] = {}
    references: dict[str, dict[ListReference, set[Node]]] = {}
    for number, block in enumerate(grammar.blocks):
        for sentence in block.sentences if block.intent == intent else ():
            for node, tail in _references(sentence.node, block, grammar, frozenset()):
                reference = _renamed(node, number, block, lists, own)
                if reference is not None:
                    tails = references.setdefault(node.slot, {}).setdefault(reference, set())
                    number_like = isinstance(own.get(reference.name), RangeList) or reference.inline_range
                    if tail is not None and number_like:
                        tails.add(tail)
    return tuple(_grouped(references, needs, own)), own


def _grouped(
    references: Mapping[str, Mapping[ListReference, set[Node]]],
    needs: Sequence[Need],
    own: Mapping[str, AnyList],
) -> Iterator[Value]:
    grouped: set[str] = set()
    for need in needs:
        found = [item for slot in need.slots for item in references.get(slot, {}).items()]
        nodes = [answer.node for answer in need.answers] or [_with_tails(*item) for item in found]
        if nodes:
            grouped |= set(need.slots)
            wild = any(isinstance(own.get(item.name), WildcardList) for item, _ in found)
            yield Value(need.slots, Alternatives(tuple(nodes)), wild, True)
    for slot, items in references.items():
        if slot not in grouped:
            wild = any(isinstance(own.get(item.name), WildcardList) for item in items)
            nodes = [_with_tails(*item) for item in items.items()]
            yield Value((slot,), Alternatives(tuple(nodes)), wild, False)


def _renamed(
    node: ListReference, number: int, block: Block, lists: Mapping[str, AnyList], own: dict[str, AnyList]
) -> ListReference | None:
    if node.captured:
        return None
    name, content = node.name, block.lists.get(node.name)
    if content is not None:
        name = f"{node.name} {number}"
        own[name] = content
    elif node.name in lists:
        own[name] = lists[name]
    elif not node.inline_range:
        return None
    return ListReference(name, node.slot)


def _references(
    node: Node, block: Block, grammar: Grammar, within: frozenset[str], after: Node | None = None
) -> Iterator[tuple[ListReference, Node | None]]:
    """The places for values in a template, each with what stands behind it."""
    if isinstance(node, ListReference):
        yield node, _unit_in(after)
    elif isinstance(node, RuleReference):
        body = block.rules.get(node.name) or grammar.rules.get(node.name)
        if body is not None and node.name not in within:
            yield from _references(body, block, grammar, within | {node.name}, after)
    elif not isinstance(node, Text):
        in_order = isinstance(node, InOrder)
        for position, item in enumerate(node.items):
            rest = [one for one in node.items[position + 1 :] if one != Text(" ")] if in_order else []
            following = rest[0] if rest else after
            yield from _references(item, block, grammar, within, following)


def _unit_in(node: Node | None) -> Node | None:
    """The unit that is said behind a number: "percent" in ``{brightness} [percent|%]``."""
    if isinstance(node, Text):
        first = node.text.split()
        return Text(first[0]) if first else None
    if isinstance(node, Alternatives):
        plain = [item for item in node.items if isinstance(item, Text) and item.text.strip()]
        return Alternatives(tuple(plain)) if plain else None
    return None


def _with_tails(reference: ListReference, tails: set[Node]) -> Node:
    if not tails:
        return reference
    units = Alternatives((InOrder(()), *sorted(tails, key=repr)))
    return InOrder((reference, Text(" "), units))
