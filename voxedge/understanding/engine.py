"""The understander: a grammar, its machine and matchers behind one call."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent, Slot, SlotValue
from voxedge.understanding.contract import Candidate, Context, command_of
from voxedge.understanding.deciding import (
    TIE,
    Meant,
    differs,
    forgiven,
    good_enough,
    meant,
    others,
    unknown_word,
)
from voxedge.understanding.exact import ExactMatcher
from voxedge.understanding.grammar import AnyList, Grammar
from voxedge.understanding.machine import Machine, SentenceBuilder
from voxedge.understanding.normalizing import tidy, tokenize
from voxedge.understanding.open_slots import says_enough
from voxedge.understanding.ranking import Result, results_of
from voxedge.understanding.responses import render
from voxedge.understanding.sampling import telling
from voxedge.understanding.tolerant import TolerantMatcher
from voxedge.understanding.wordlist import word_list

MAX_ALTERNATIVES = 5
MAX_HYPOTHESES = 7
SAME = 1e-6
"""What costs no more is the same words."""
KEPT_TEXTS = 64
"""So many texts keep what they are near to: the same words are asked about at a pause, at the end, and for
how long to wait."""
CUT_SHORT = 0.9
"""What a hypothesis costs that others go on from: a recognizer's n-best has sentences that break off."""


class GrammarUnderstander:
    """Finds intents by a grammar. Safe to call from several threads.

    Args:
        grammar: What was loaded.
        machine: Its machine, where it was built already (from the cache).
        threshold: Least score of a match, 0..1; 0 takes the calibrated limits.
    """

    def __init__(self, grammar: Grammar, machine: Machine | None = None, threshold: float = 0.0) -> None:
        self.grammar, self.threshold = grammar, threshold
        self.machine = machine if machine is not None else SentenceBuilder(grammar).build({})
        self.exact = ExactMatcher(grammar, self.machine)
        self._lock = threading.Lock()
        self._changed: dict[str, AnyList] = {}
        self._tolerant: TolerantMatcher | None = None
        self._told: dict[int, tuple[str, ...]] = {}
        self._words: tuple[str, ...] | None = None
        self._near: dict[tuple[str, str], tuple[Meant, ...]] = {}

    def set_list(self, name: str, values: AnyList) -> None:
        """Changes a list while running; nothing else is built again.

        Args:
            name: The list's name.
            values: Its new content; `loading.text_list` makes one from names.
        """
        with self._lock:
            self._changed[name] = values
            self.exact.set_lists(self._changed)
            self._told, self._words, self._near = {}, None, {}
            if self._tolerant is not None:
                self._tolerant.refresh()

    def results(self, text: str, context: Context | None = None) -> list[Result]:
        """All exact readings of a text with their slots, best first."""
        readings = self.exact.read(tidy(text), context or {})
        return results_of(self.grammar, self.machine, readings)

    def understand(
        self, hypotheses: Sequence[Alternative], context: Context | None = None
    ) -> IntentMatched | NoIntent:
        """Finds the intent; see `contract.Understander`.

        The first hypothesis counts if it is a sentence of the grammar. Otherwise all are tried, and the
        one that is nearest to a sentence counts.
        """
        texts = list(dict.fromkeys(_once(item.text) for item in hypotheses if item.text.strip()))
        texts = [text for text in texts if text][:MAX_HYPOTHESES]
        if not texts:
            return NoIntent(reason="empty")
        cut = {text for text in texts if _cut_short(text, texts)}
        results = [result for result in self.results(texts[0], context) if self._says_enough(result)]
        if results and texts[0] not in cut:
            return self.matched(results, texts[0])
        found = [
            (item.path.cost + (CUT_SHORT if text in cut else 0.0), rank, item)
            for rank, text in enumerate(texts)
            for item in self.near(text, context)
        ]
        found.sort(key=lambda entry: entry[:2])
        return self._decided([(cost, item) for cost, _, item in found], texts[0])

    def _says_enough(self, result: Result) -> bool:
        """Whether it isn't only a question word and a sentence that some wildcard took."""
        captures = result.reading.captures
        if self.grammar.by_character or any(item.kind != "wildcard" for item in captures):
            return True
        folded = result.reading.utterance.folded
        taken = [(item.slot, len(folded[item.start : item.end].split())) for item in captures]
        return not taken or says_enough(result.intent, taken, self.exact.closed_slots())

    def near(self, text: str, context: Context | None = None) -> list[Meant]:
        """The sentences of the grammar that are nearest to a text, nearest first, good enough or not."""
        matcher = self.tolerant()
        folded = " ".join(
            token.text for token in tokenize(tidy(text), by_character=self.grammar.by_character)
        )
        known = context or {}
        key = (folded, repr(sorted(known.items(), key=lambda item: item[0])))
        with self._lock:
            memory = self._near  # another one once a list has changed: what is found now may be of the old
            found = memory.get(key)
        if found is None:
            items = (meant(matcher, path, known) for path in matcher.paths(matcher.hear(folded), known))
            found = tuple(item for item in items if item is not None)
            with self._lock:
                memory[key] = found
                while len(memory) > KEPT_TEXTS:
                    del memory[next(iter(memory))]
        return list(found)

    def nearness(self, text: str, context: Context | None = None) -> float:
        """Cost a sound of the nearest sentence; 0 is one of the grammar's, 1 is nothing like any."""
        if self.results(text, context):
            return 0.0
        items = self.near(text, context)
        return min(items[0].path.per_sound, 1.0) if items else 1.0

    def candidates(self, text: str, context: Context | None = None) -> list[Candidate]:
        """The commands nearest to a text, nearest first, good enough or not. An exact one costs 0.

        Those are told that cost little more than the first (`search.MARGIN`).
        """
        results = [result for result in self.results(text, context) if self._says_enough(result)]
        exact = [command_of(result.intent, result.slots) for result in results[:1]]
        near = self._likely([(item.path.cost, item) for item in self.near(text, context)])
        # What else costs nothing is another reading of the same words, and no match would take it.
        others = [Candidate(command_of(i.intent, i.slots), c) for c, i in near if not exact or c > SAME]
        return [*(Candidate(command, 0.0) for command in exact), *others]

    def tolerant(self) -> TolerantMatcher:
        """The noise-tolerant matcher, made when first needed."""
        with self._lock:
            if self._tolerant is None:
                self._tolerant = TolerantMatcher(self.grammar, self.machine, self.exact)
            return self._tolerant

    def _decided(self, found: Sequence[tuple[float, Meant]], text: str) -> IntentMatched | NoIntent:
        if not found:
            return NoIntent(reason="none_near", text=text)
        matcher = self.tolerant()
        likely = self._likely(found)
        cost, best = likely[0]
        refused = NoIntent(
            reason="none_near",
            nearest=best.text,
            unknown=unknown_word(best.path),
            text=text,
            score=round(best.score, 4),
        )
        if not good_enough(matcher, best, self.threshold):
            return refused
        near = [best, *(item for other, item in likely if other - cost < TIE and differs(best, item))]
        if len(near) > 1:
            chosen = self._of_one_sentence(near)
            if chosen is None:
                return replace(refused, reason="tie")
            best = chosen
        return IntentMatched(
            intent=best.intent,
            slots=best.slots,
            score=round(best.score, 4),
            forgiven=forgiven(matcher, best.path),
            alternatives=others([item for _, item in found], best, MAX_ALTERNATIVES),
            text=best.path.heard.text,
            response=self._reply(best.path.block, best.intent, best.slots, {}),
            context=best.context,
            sentence=best.text,
        )

    def _likely(self, found: Sequence[tuple[float, Meant]]) -> Sequence[tuple[float, Meant]]:
        """Without what a wildcard explains badly, if anything else is left: it explains anything."""
        matcher = self.tolerant()
        good = [(c, i) for c, i in found if not i.path.wild_cost or good_enough(matcher, i, self.threshold)]
        return good or found

    def _of_one_sentence(self, items: Sequence[Meant]) -> Meant | None:
        """Where all of them are readings of the same words: the one that an exact match would take."""
        texts = {" ".join(item.text.casefold().split()) for item in items}
        if len(texts) > 1:
            return None
        for result in self.results(items[0].text, items[0].context)[:1]:
            values = {name: slot.value for name, slot in result.slots.items()}
            for item in items:
                if (item.intent, {k: v.value for k, v in item.slots.items()}) == (result.intent, values):
                    return item
        return None

    def matched(self, results: Sequence[Result], text: str) -> IntentMatched:
        """The event for the best of the results."""
        best = results[0]
        others: dict[str, float] = {}
        for result in results[1:]:
            if result.intent != best.intent:
                others.setdefault(result.intent, 1.0)
        return IntentMatched(
            intent=best.intent,
            slots=best.slots,
            score=1.0,
            alternatives=tuple(Alternative(name, score) for name, score in others.items())[:MAX_ALTERNATIVES],
            text=text,
            response=self.response(best),
            context=best.context,
        )

    def response_template(self, result: Result) -> str | None:
        """The text of the grammar's reply to a result, not filled in; None where it has none."""
        key = self.grammar.blocks[result.block].response or "default"
        return self.grammar.responses.get(result.intent, {}).get(key)

    def said(self, result: Result) -> dict[str, str]:
        """The words of all slots and captures, as they were said."""
        reading = result.reading
        return {
            capture.slot: reading.utterance.original(capture.start, capture.end)
            for capture in reading.captures
        }

    def captured(self, result: Result) -> dict[str, str]:
        """What the template captured for the reply only."""
        reading = result.reading
        return {
            capture.slot: reading.utterance.original(capture.start, capture.end)
            for capture in reading.captures
            if capture.captured
        }

    def response(self, result: Result) -> str:
        """The grammar's own reply to a result, or ""."""
        return self._reply(result.block, result.intent, result.slots, self.captured(result))

    def _reply(self, block: int, intent: str, slots: Mapping[str, Slot], captured: Mapping[str, str]) -> str:
        key = self.grammar.blocks[block].response or "default"
        template = self.grammar.responses.get(intent, {}).get(key)
        if not template:
            return ""
        values: dict[str, SlotValue] = {name: slot.text or slot.value for name, slot in slots.items()}
        return render(template, {"slots": {**values, **captured}}) or ""

    def completeness(self, text: str) -> Completeness:
        """Whether a command could go on; see `contract.Understander`."""
        return self.exact.completeness(tidy(text))

    def bias(self, limit: int = 16) -> tuple[str, ...]:
        """Sentences for the recognizer; see `contract.Understander`."""
        with self._lock:
            told = self._told.get(limit)
        if told is None:
            told = self._told[limit] = telling(self.grammar, self.lists(), limit)
        return told

    def vocabulary(self) -> tuple[str, ...]:
        """All words of the grammar; empty where any word may be said, or where they are too many to help."""
        with self._lock:
            words = self._words
        if words is None:
            words = self._words = word_list(self.grammar, self.lists())
        return words

    def lists(self) -> Mapping[str, AnyList]:
        """The lists in force, by name."""
        return {**self.grammar.lists, **self._changed}


def _cut_short(text: str, texts: Sequence[str]) -> bool:
    """Whether another hypothesis begins with all the words of this one and goes on."""
    words = _bare(text)
    return any(len(other) > len(words) and other[: len(words)] == words for other in map(_bare, texts))


def _bare(text: str) -> list[str]:
    return [word.strip(".,!?").casefold() for word in text.replace("-", " ").split()]


def _once(text: str) -> str:
    """The text without its repetitions: recognizers stutter whole sentences ("One latte. One latte.")."""
    words = text.split()
    bare = [word.strip(".,!?").casefold() for word in words]
    for size in range(3, len(words) // 2 + 1):
        if all(bare[at] == bare[at % size] for at in range(len(bare))):
            return " ".join(words[:size])
    return text.strip()
