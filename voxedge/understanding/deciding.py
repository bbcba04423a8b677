"""From the cheapest sentences to a decision: a match, or a refusal that says what was near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxedge.events import Alternative, Forgiven, Slot, SlotValue
from voxedge.understanding.context import excluded, slots_from
from voxedge.understanding.contract import command_of
from voxedge.understanding.grammar import RangeList, TextList
from voxedge.understanding.lattice import SKIP_WEIGHT
from voxedge.understanding.normalizing import fold
from voxedge.understanding.open_slots import says_enough
from voxedge.understanding.search import Step
from voxedge.understanding.sounds.pronouncing import text_sounds
from voxedge.understanding.tolerant import Path, TolerantMatcher
from voxedge.understanding.vocabulary import WORD_WEIGHT

COST_LIMIT = 0.18
"""Greatest cost a sound of a match. Calibrated; `docs/understanding.md` has on what, and what it gives."""
PLAIN_LIMIT = 0.25
"""The same with every word weighing as much as a value: what carries the meaning must have been heard."""
SHORT_LIMIT = (0.02, 0.0085)
"""Short sentences must be nearer: a cost a sound, and so much more for each of its sounds."""
KNOWN_WEIGHT = 1.6
"""What a word costs in that comparison that is the grammar's own and was taken for another one: recognizers
seldom hear a word of the grammar where another one was said."""
KNOWN_SOUNDS = 3
"""Shorter words come and go."""
NUMBER_LIMIT = 0.22
"""Greatest cost a sound of a number: another number is always near."""
VALUE_LIMIT = 0.3
"""Greatest cost a sound of all values together, of the sounds heard for them or of their own if more:
a long sentence that fits well doesn't make another thing of the only one that was named."""
LEAST_SOUNDS = 5
"""With fewer sounds of its own than this, a sentence must be heard exactly."""
WILD_COST_LIMIT = 0.03
"""The same for sentences with a wildcard, which explain too much."""
TIE = 0.05
"""Two meanings whose costs differ by less are equally near."""
SLIGHT = 0.12
"""Differences up to this cost are not worth telling ("light" for "lights" is more)."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A path with its slots.

    Attributes:
        intent: Name of the intent.
        slots: Its slots.
        path: The path.
        context: The context after the match.
        text: The sentence of the grammar.
    """

    intent: str
    slots: Mapping[str, Slot]
    path: Path
    context: Mapping[str, SlotValue]
    text: str

    @property
    def score(self) -> float:
        """1 - cost a sound."""
        return max(0.0, 1.0 - self.path.per_sound)


def meant(matcher: TolerantMatcher, path: Path, context: Mapping[str, SlotValue]) -> Meant | None:
    """The slots of a path; None where the block's conditions on the context don't hold."""
    block = matcher.grammar.blocks[path.block]
    merged = dict(context)
    slots: dict[str, Slot] = {}
    graph, units = matcher.graph, matcher.vocabulary.table().units
    for step in path.steps:
        if step.label < len(graph.words):
            continue
        call = graph.calls[step.label - len(graph.words)]
        content = matcher.exact.lists[call.list_id].content
        if step.unit < 0:
            words = heard_words(path, step)
            slot = Slot(words, words)
        else:
            unit = units[step.unit]
            if isinstance(content, TextList):
                value = content.values[unit.value]
                merged.update(value.context)
                out = value.out if value.out is not None else unit.text
                slot = Slot(out if isinstance(out, str) else unit.text, out)
            elif isinstance(content, RangeList):
                percent = "percent" if content.kind == "percentage" else None
                slot = Slot(unit.text, content.value(unit.number), percent)
            else:
                continue
        if not call.captured:
            slots[call.slot] = slot
    if excluded(block.excludes_context, merged):
        return None
    from_context = slots_from(block.requires_context, merged)
    if from_context is None:
        return None
    for extra in (block.slots, from_context):
        for name, value_out in extra.items():
            slots.setdefault(name, Slot("" if value_out is None else str(value_out), value_out))
    text = sentence_of(matcher, path)
    if block.required_keywords and block.required_keywords.isdisjoint(text.casefold().split()):
        return None
    return Meant(block.intent, slots, path, merged, text)


def heard_words(path: Path, step: Step) -> str:
    """The heard words that a step covers, whole words also where it covers a part."""
    bounds, words = path.heard.bounds, path.heard.words
    return " ".join(
        word
        for word, first, last in zip(words, bounds, bounds[1:], strict=False)
        if first < step.end and last > step.start
    )


def _said(matcher: TolerantMatcher, path: Path, step: Step) -> str:
    if step.unit >= 0:
        return matcher.vocabulary.table().units[step.unit].text
    words = matcher.graph.words
    if step.label < 0:
        return ""
    return words[step.label] if step.label < len(words) else heard_words(path, step)


def sentence_of(matcher: TolerantMatcher, path: Path) -> str:
    """The sentence of the grammar that a path is."""
    parts = (_said(matcher, path, step) for step in path.steps)
    return " ".join(part for part in parts if part)


def forgiven(matcher: TolerantMatcher, path: Path) -> tuple[Forgiven, ...]:
    """What was heard for what, where it cost anything worth telling."""
    found: list[Forgiven] = []
    for step in path.steps:
        if step.cost > SLIGHT and (step.unit >= 0 or step.label < len(matcher.graph.words)):
            heard = heard_words(path, step) if step.end > step.start else ""
            found.append(Forgiven(heard, _said(matcher, path, step), round(step.cost, 3)))
    return tuple(found)


def unknown_word(path: Path) -> str:
    """The heard words that fitted worst."""
    worst = max(
        (step for step in path.steps if step.end > step.start),
        key=lambda step: step.cost / (step.end - step.start) ** 0.5,
        default=None,
    )
    return heard_words(path, worst) if worst is not None and worst.cost > SLIGHT else ""


def good_enough(matcher: TolerantMatcher, item: Meant, threshold: float) -> bool:
    """Whether a path is near enough to be a match."""
    path = item.path
    if not _says_enough(matcher, item):
        return False
    if path.cost - path.wild_cost <= 1e-6:
        return True
    sounds = len(path.heard.sounds) - path.wild
    if sounds < LEAST_SOUNDS:
        return False
    if not values_near(matcher, path):
        return False
    limit, plain = COST_LIMIT, PLAIN_LIMIT
    if threshold > 0:
        limit = 1.0 - threshold
        plain = limit * PLAIN_LIMIT / COST_LIMIT
    limit = min(limit, SHORT_LIMIT[0] + SHORT_LIMIT[1] * sounds)
    if any(step.label >= len(matcher.graph.words) and step.unit < 0 for step in path.steps):
        limit = min(limit, WILD_COST_LIMIT)
    return path.per_sound <= limit and plain_cost(matcher, path) <= plain * sounds


def _says_enough(matcher: TolerantMatcher, item: Meant) -> bool:
    """Whether it isn't only a question word and a sentence that some wildcard took."""
    words, wildcards = len(matcher.graph.words), list[tuple[str, int]]()
    for step in item.path.steps:
        if step.label >= words:
            if step.unit >= 0:
                return True
            slot = matcher.graph.calls[step.label - words].slot
            wildcards.append((slot, len(heard_words(item.path, step).split())))
    if not wildcards or matcher.grammar.by_character:
        return True
    return says_enough(item.intent, wildcards, matcher.exact.closed_slots())


def values_near(matcher: TolerantMatcher, path: Path) -> bool:
    """Whether the values sound like what was heard for them, however well the rest fits."""
    total, room = 0.0, 0.0
    for step in path.steps:
        if step.label < len(matcher.graph.words) or step.unit < 0:
            continue
        unit = matcher.vocabulary.table().units[step.unit]
        if unit.value < 0 and step.cost > NUMBER_LIMIT * (step.end - step.start):
            return False
        said = text_sounds(fold(unit.text), matcher.grammar.language)
        total += step.cost
        room += VALUE_LIMIT * max(step.end - step.start, len(said))
    return total <= room


def plain_cost(matcher: TolerantMatcher, path: Path) -> float:
    """What a path costs without the weights of words that are there to be guessed."""
    total, words, heard = 0.0, len(matcher.graph.words), path.heard
    taken = [
        (first, last)
        for word, first, last in zip(heard.words, heard.bounds, heard.bounds[1:], strict=False)
        if last - first >= KNOWN_SOUNDS and word in matcher.known
    ]
    for step in path.steps:
        cost = step.cost
        if step.label < 0:
            cost /= SKIP_WEIGHT
        elif step.label < words:
            cost /= WORD_WEIGHT
        elif step.unit < 0:
            continue
        if cost > SLIGHT and any(first < step.end and last > step.start for first, last in taken):
            cost *= KNOWN_WEIGHT
        total += cost
    return total


def differs(first: Meant, second: Meant) -> bool:
    """Whether two readings would make the app do different things."""
    return command_of(first.intent, first.slots) != command_of(second.intent, second.slots)


def others(items: Sequence[Meant], best: Meant, count: int) -> tuple[Alternative, ...]:
    """Other intents that were near, best first."""
    scores: dict[str, float] = {}
    for item in items:
        if item.intent != best.intent:
            scores.setdefault(item.intent, round(item.score, 4))
    return tuple(Alternative(name, score) for name, score in scores.items())[:count]
