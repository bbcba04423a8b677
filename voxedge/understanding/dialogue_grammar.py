"""The small grammars of a dialogue: answers to a question, corrections, additions, yes and no.

They are made of the app's own lists and of the language's phrases, each when it is first needed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from voxedge.errors import TemplateError
from voxedge.events import Completeness, Forgiven, Slot
from voxedge.understanding.deciding import (
    PLAIN_LIMIT,
    TIE,
    Meant,
    differs,
    forgiven,
    good_enough,
    plain_cost,
    values_near,
)
from voxedge.understanding.dialogue_spec import DialogueSpec, IntentRules, Phrase
from voxedge.understanding.dialogue_values import Value, values_of
from voxedge.understanding.engine import GrammarUnderstander
from voxedge.understanding.grammar import AnyList, Block, Grammar, Place, Sentence
from voxedge.understanding.ranking import Result
from voxedge.understanding.templates import (
    Alternatives,
    Node,
    RuleReference,
    Text,
    parse_template,
)
from voxedge.understanding.tolerant import TolerantMatcher

ANSWER_COST_LIMIT = 0.22
"""Greatest cost a sound of an answer: a question leaves few things that can be meant. `docs/dialogue.md` has
how often other talk passes for an answer."""
MORE_COST_LIMIT = 0.06
"""The same where several values are heard, or others than were asked for."""
UNASKED_COST = 0.15
"""What values that were not asked for cost a sound, beside those that were."""
ANSWER_LEAST_SOUNDS = 3
"""Shorter answers must be heard exactly."""
MAX_GRAMMARS = 64
TALK = ("yes", "no", "cancel", "undo", "repeat")
_SEVERAL = "<one> [[<join>] <one> [[<join>] <one>]]"
_ANSWER_AND_MORE = "[<one> [<join>]] <needed> [[<join>] <one> [[<join>] <one>]]"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a small grammar made of an utterance.

    Attributes:
        kind: ``yes``, ``no``, ``cancel``, ``undo``, ``repeat``, ``answer``, ``more`` (values that were not
            asked for), ``correct`` or ``also``.
        slots: The slots that were said.
        score: 0..1; 1 is exact.
        wild: How much of it could have been any words: characters of the text, or sounds.
        text: The words.
        forgiven: What was heard for what.
    """

    kind: str
    slots: Mapping[str, Slot]
    score: float
    wild: int
    text: str
    forgiven: tuple[Forgiven, ...] = ()

    @property
    def exact(self) -> bool:
        """Heard word for word, and as one of the grammar's own values."""
        return self.score >= 1.0 and not self.wild


@dataclass(slots=True)
class _Small:
    engine: GrammarUnderstander
    seen: dict[str, AnyList]
    hints: dict[int, tuple[str, ...]] = field(default_factory=dict)


class FollowUps:
    """What may be said after a command or a question. Safe to call from several threads.

    Args:
        templates: The app's grammar, with the lists that are in force.
        spec: What was declared, with the phrases of the language.

    Raises:
        TemplateError: The section ``dialogue`` speaks of an intent or a slot that the grammar hasn't.
    """

    def __init__(self, templates: GrammarUnderstander, spec: DialogueSpec) -> None:
        self._templates, self._spec = templates, spec
        self._grammars: dict[tuple[str, str], _Small] = {}
        self._values: dict[str, tuple[Value, ...]] = {}
        self._lists: dict[str, AnyList] = {}
        self._lock = threading.RLock()
        known = {block.intent for block in templates.grammar.blocks}
        for intent, rules in spec.intents.items():
            if intent not in known:
                raise _wrong(rules.place, f"there is no sentence of an intent {intent!r}")
            self._check(intent, rules)

    def _check(self, intent: str, rules: IntentRules) -> None:
        fillable = {slot for value in self.values(intent) for slot in value.slots}
        for need in rules.required:
            missing = [slot for slot in need.slots if slot not in fillable]
            if missing:
                raise _wrong(need.place, f"no sentence of {intent!r} has a slot {missing[0]!r}")
        for slot in rules.carry or ():
            if slot not in fillable:
                raise _wrong(rules.place, f"no sentence of {intent!r} has a slot {slot!r}")

    def rules(self, intent: str) -> IntentRules:
        """What was declared of an intent."""
        return self._spec.intents.get(intent, IntentRules())

    def merged(self, intent: str, old: Mapping[str, Slot], new: Mapping[str, Slot]) -> dict[str, Slot]:
        """The slots with new ones in place; slots that belong together are replaced together."""
        gone = set(new)
        for value in self.values(intent):
            if gone & set(value.slots):
                gone |= set(value.slots)
        return {**{name: slot for name, slot in old.items() if name not in gone}, **new}

    def warm_up(self) -> None:
        """Makes the grammars of all questions now and not when the first one is asked."""
        names = [("", "talk")]
        for intent, rules in self._spec.intents.items():
            names += [(intent, str(need)) for need in range(len(rules.required))]
        for name in names[:MAX_GRAMMARS]:
            small = self._small(*name)
            if small is not None:
                small.engine.tolerant()

    def talk(self, texts: Sequence[str], *, near: bool = True) -> Heard | None:
        """Yes, no, cancel, undo or repeat; with ``near`` also misheard."""
        small = self._small("", "talk")
        return None if small is None else self._find(small, texts, (), near=near)

    def answer(self, intent: str, need: int, texts: Sequence[str]) -> Heard | None:
        """The answer to a question, or other values of the same intent (``more``)."""
        small, asked = self._small(intent, str(need)), self.rules(intent).required[need].slots
        return None if small is None else self._find(small, texts, asked, asked)

    def change(
        self, intent: str, texts: Sequence[str], prefer: Sequence[str], *, near: bool = True
    ) -> Heard | None:
        """A correction of a command, or an addition to it.

        Args:
            intent: The command's.
            texts: Readings of the utterance.
            prefer: Slots, likeliest first: where a value fits several, the first of them gets it.
            near: Whether it may be misheard.
        """
        small = self._small(intent, "change")
        return None if small is None else self._find(small, texts, prefer, near=near)

    def completeness(self, intent: str, need: int | None, text: str) -> Completeness:
        """How complete an answer or a correction is; ``unknown`` where the words are neither."""
        found = {small.engine.completeness(text) for small in self._sayable(intent, need)} - {"unknown"}
        # "No" is an answer, and the beginning of "no, the bedroom".
        return "unknown" if not found else found.pop() if len(found) == 1 else "open"

    def nearness(self, intent: str, need: int | None, text: str) -> float:
        """Cost a sound of the nearest thing that may be said, 0..1."""
        return min((small.engine.nearness(text) for small in self._sayable(intent, need)), default=1.0)

    def _sayable(self, intent: str, need: int | None) -> list[_Small]:
        names = [] if need is None else [(intent, str(need))]
        found = [self._small(*name) for name in (*names, ("", "talk"), (intent, "change"))]
        return [small for small in found if small is not None]

    def hints(self, intent: str, need: int | None, limit: int) -> tuple[str, ...]:
        """Sentences that give the recognizer the vocabulary of the answer, most useful first."""
        small = self._small(intent, str(need)) if need is not None else self._small("", "talk")
        if small is None:
            return ()
        if limit not in small.hints:
            small.hints[limit] = small.engine.bias(limit)
        return small.hints[limit]

    def values(self, intent: str) -> tuple[Value, ...]:
        """What can be said for the intent's slots."""
        with self._lock:
            if intent not in self._values:
                templates, needs = self._templates, self.rules(intent).required
                found, lists = values_of(templates.grammar, templates.lists(), intent, needs)
                self._values[intent] = found
                self._lists |= lists
            return self._values[intent]

    def _small(self, intent: str, what: str) -> _Small | None:
        """A small grammar, made when first needed; None where there is nothing to say in it."""
        with self._lock:
            key = (intent, what)
            small = self._grammars.get(key)
            if small is None:
                blocks = self._talk_blocks() if what == "talk" else self._blocks(intent, what)
                if not blocks:
                    return None
                own = self._templates.grammar
                grammar = Grammar(
                    language=own.language,
                    blocks=tuple(blocks),
                    lists={**own.lists, **self._lists},
                    rules=own.rules,
                    skip_words=own.skip_words,
                    by_character=own.by_character,
                )
                if len(self._grammars) >= MAX_GRAMMARS:
                    self._grammars.clear()
                small = self._grammars[key] = _Small(
                    GrammarUnderstander(grammar), {name: grammar.lists[name] for name in own.lists}
                )
            for name, content in self._templates.lists().items():
                if name in small.seen and small.seen[name] is not content:
                    small.engine.set_list(name, content)
                    small.seen[name] = content
                    small.hints.clear()
            return small

    def _talk_blocks(self) -> list[Block]:
        return [
            Block(kind, tuple(map(_sentence, self._spec.phrases[kind])))
            for kind in TALK
            if self._spec.phrases.get(kind)
        ]

    def _blocks(self, intent: str, what: str) -> list[Block]:
        values = self.values(intent)
        rules = {
            name: node
            for block in self._templates.grammar.blocks
            if block.intent == intent
            for name, node in block.rules.items()
        }
        phrases = self._spec.phrases
        rules["join"] = Alternatives(tuple(item.node for item in phrases.get("join", ())) or (Text(""),))
        if what == "change":
            # Any words may stand for a name; only for what a command can't do without is that worth it.
            several = _several([item for item in values if not item.wild or item.needed])
            kinds = [(kind, several, phrases.get(kind, ())) for kind in ("correct", "also")]
        else:
            need = self.rules(intent).required[int(what)]
            asked = next(item for item in values if item.slots == need.slots)
            others = [item for item in values if item is not asked and not item.wild]
            more = None if asked.wild or not others else {"one": _any_of(others), "needed": asked.node}
            wanted = {"value": parse_template(_ANSWER_AND_MORE if more else "<needed>"), "needed": asked.node}
            said = (Phrase("<value>", RuleReference("value"), need.place), *phrases.get("answer", ()))
            kinds = [("answer", {**wanted, **(more or {})}, said), ("more", _several(others), said)]
        return [
            Block(kind, tuple(map(_sentence, said)), rules={**rules, **own})
            for kind, own, said in kinds
            if own and said
        ]

    def _find(
        self,
        small: _Small,
        texts: Sequence[str],
        prefer: Sequence[str],
        asked: Sequence[str] = (),
        near: bool = True,
    ) -> Heard | None:
        for text in texts:
            results = small.engine.results(text)
            if results:
                return _heard_exactly(results, text, prefer)
        found: list[tuple[float, int, Meant]] = []
        for text in texts if near else ():
            # Digits were heard as a number: another number that sounds like it is not what was meant.
            if any(char.isdigit() for char in text):
                continue
            for item in small.engine.near(text):
                unasked = UNASKED_COST if item.intent == "more" else 0.0
                found.append((item.path.per_sound + unasked, _rank(item.slots, prefer), item))
        found.sort(key=lambda entry: entry[:2])
        if not found:
            return None
        best, matcher = found[0][2], small.engine.tolerant()
        enough = (
            _answers(matcher, best, asked)
            if asked
            else len(best.slots) < 2 and good_enough(matcher, best, 0.0)
        )
        rival = next((item for _, _, item in found[1:] if _other(best, item)), None)
        if not enough or (rival is not None and rival.path.cost - best.path.cost < TIE):
            return None
        told = forgiven(matcher, best.path)
        score = round(best.score, 4)
        return Heard(best.intent, best.slots, score, int(best.path.wild), best.path.heard.text, told)


def _answers(matcher: TolerantMatcher, item: Meant, asked: Sequence[str]) -> bool:
    """Whether a reading is near enough to be the answer to a question."""
    sounds = len(item.path.heard.sounds) - item.path.wild
    if sounds < ANSWER_LEAST_SOUNDS:
        return False
    # The value is what was asked for: words around it explain anything if they may be heard in anything.
    if not values_near(matcher, item.path) or plain_cost(matcher, item.path) > PLAIN_LIMIT * sounds:
        return False
    # The more values fit into an utterance, the more utterances have some reading or other.
    one = len(item.slots) == 1 and set(item.slots) <= set(asked)
    return item.path.per_sound <= (ANSWER_COST_LIMIT if one else MORE_COST_LIMIT)


def _heard_exactly(results: Sequence[Result], text: str, prefer: Sequence[str]) -> Heard:
    def order(result: Result) -> tuple[bool, int, int, int]:
        return (
            result.intent == "more",
            sum(item.end - item.start for item in result.wildcards),
            -result.reading.literal,
            _rank(result.slots, prefer),
        )

    best = min(results, key=order)
    wild = sum(item.end - item.start for item in best.wildcards)
    return Heard(best.intent, best.slots, 1.0, wild, text)


def _rank(slots: Iterable[str], prefer: Sequence[str]) -> int:
    """How far from what is likeliest the slots are; 0 is likeliest."""
    return sum(prefer.index(slot) if slot in prefer else len(prefer) for slot in slots)


def _other(first: Meant, second: Meant) -> bool:
    """Whether two readings differ in more than in the slot that a value goes to."""
    return differs(first, second) and (
        (first.intent != second.intent and second.intent != "more")
        or sorted(str(slot.value) for slot in first.slots.values())
        != sorted(str(slot.value) for slot in second.slots.values())
    )


def _any_of(values: Sequence[Value]) -> Node:
    return Alternatives(tuple(item.node for item in values))


def _several(values: Sequence[Value]) -> dict[str, Node]:
    """Rules for up to three values; what may be any words stands alone."""
    closed = [item for item in values if not item.wild]
    whole = [item.node for item in values if item.wild]
    if not closed:
        return {"value": Alternatives(tuple(whole))} if whole else {}
    return {"one": _any_of(closed), "value": Alternatives((parse_template(_SEVERAL), *whole))}


def _sentence(phrase: Phrase) -> Sentence:
    file, _, line = phrase.place.rpartition(", line ")
    place = Place(file, int(line)) if file and line.isdigit() else Place(phrase.place, 0)
    return Sentence(phrase.text, phrase.node, place)


def _wrong(place: str, what: str) -> TemplateError:
    file = place.partition(", line ")[0]
    return TemplateError(f"{place}: {what}.", remedy=f"Correct {file}, or load the set that has it.")
