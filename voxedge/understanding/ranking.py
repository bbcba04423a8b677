"""Which reading is meant when several fit: hassil's order, which Home Assistant's sentences rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxedge.events import Slot, SlotValue
from voxedge.understanding.context import excluded, slots_from
from voxedge.understanding.grammar import Grammar, RangeList
from voxedge.understanding.machine import Machine
from voxedge.understanding.normalizing import tokenize
from voxedge.understanding.utterance import Capture, Reading

PREFERRED_SLOT = "name"
"""A reading that fills this slot from a list beats one that doesn't; a longer name beats a shorter one."""

_UNITS = {"percentage": "percent"}


@dataclass(frozen=True, slots=True)
class Result:
    """A reading with all its slots.

    Attributes:
        intent: Name of the intent.
        slots: From the words, fixed, and from the context.
        reading: The reading.
        block: Number of its block.
        context: The context after the match.
        spoken: Names of the slots that were spoken.
        conditions: How many conditions on the context were met.
    """

    intent: str
    slots: Mapping[str, Slot]
    reading: Reading
    block: int
    context: Mapping[str, SlotValue]
    spoken: frozenset[str]
    conditions: int = 0

    @property
    def wildcards(self) -> list[Capture]:
        """The captures of any words."""
        return [item for item in self.reading.captures if item.kind == "wildcard" and not item.captured]


def results_of(grammar: Grammar, machine: Machine, readings: Sequence[Reading]) -> list[Result]:
    """The readings whose conditions on the context hold, best first."""
    results = [result for reading in readings if (result := _result(grammar, machine, reading)) is not None]
    if any(_name_chars(result) for result in results):
        longest = max(_name_chars(result) for result in results)
        first = [result for result in results if _name_chars(result) == longest]
        rest = [result for result in results if _name_chars(result) != longest]
        return sorted(first, key=_order) + sorted(rest, key=_order)
    return sorted(results, key=_order)


def _name_chars(result: Result) -> int:
    for capture in reversed(result.reading.captures):
        if capture.slot == PREFERRED_SLOT and not capture.captured:
            return 0 if capture.kind == "wildcard" else capture.end - capture.start
    return 1 if PREFERRED_SLOT in result.slots else 0


def _order(result: Result) -> tuple[int, int, int, int, str, int]:
    """Hassil's order; before the name decides, conditions on the context that were met do.

    Where all that is equal, fewer and longer values win: "café con leche" is one drink.
    """
    wild = result.wildcards
    return (
        len(wild),
        -result.reading.literal,
        sum(item.end - item.start for item in wild),
        -result.conditions,
        result.intent,
        len(result.reading.captures),
    )


def _result(grammar: Grammar, machine: Machine, reading: Reading) -> Result | None:
    number = machine.sentences[reading.sentence][0]
    block = grammar.blocks[number]
    if excluded(block.excludes_context, reading.context):
        return None
    from_context = slots_from(block.requires_context, reading.context)
    if from_context is None:
        return None
    slots: dict[str, Slot] = {}
    for capture in reading.captures:
        if not capture.captured:
            slots[capture.slot] = make_slot(grammar, machine, reading, capture)
    spoken = frozenset(slots)
    for extra in (block.slots, from_context):
        for name, value in extra.items():
            if name not in spoken:
                slots[name] = Slot("" if value is None else str(value), value)
    return Result(block.intent, slots, reading, number, reading.context, spoken, len(block.requires_context))


def make_slot(grammar: Grammar, machine: Machine, reading: Reading, capture: Capture) -> Slot:
    """The slot of a capture: the words as they were said, the value as the grammar gives it."""
    unit = None
    if capture.kind == "range":
        block, name = machine.list_names[capture.list_id]
        content = grammar.blocks[block].lists[name] if block >= 0 else grammar.lists.get(name)
        unit = _UNITS.get(content.kind) if isinstance(content, RangeList) else None
    value = capture.value
    said = reading.utterance.original(capture.start, capture.end)
    if capture.kind == "text" and isinstance(value, str):
        # Spelled as the grammar does, where the words are the same: no "Dark-Roast" for "dark roast".
        words = [token.text for token in tokenize(value)]
        said = value if words == [token.text for token in tokenize(said)] else said
    return Slot(said, value, unit)
