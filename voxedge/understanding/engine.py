"""The understander: a grammar, its machine and matchers behind one call."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent, SlotValue
from voxedge.understanding.contract import Context
from voxedge.understanding.exact import ExactMatcher
from voxedge.understanding.grammar import AnyList, Grammar, TextList
from voxedge.understanding.machine import Machine, SentenceBuilder
from voxedge.understanding.normalizing import tidy
from voxedge.understanding.ranking import Result, results_of
from voxedge.understanding.responses import render
from voxedge.understanding.sampling import telling

MAX_ALTERNATIVES = 5


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

    def set_list(self, name: str, values: AnyList) -> None:
        """Changes a list while running; nothing else is built again.

        Args:
            name: The list's name.
            values: Its new content; `loading.text_list` makes one from names.
        """
        with self._lock:
            self._changed[name] = values
            self.exact.set_lists(self._changed)

    def results(self, text: str, context: Context | None = None) -> list[Result]:
        """All exact readings of a text with their slots, best first."""
        readings = self.exact.read(tidy(text), context or {})
        return results_of(self.grammar, self.machine, readings)

    def understand(
        self, hypotheses: Sequence[Alternative], context: Context | None = None
    ) -> IntentMatched | NoIntent:
        """Finds the intent; see `contract.Understander`."""
        texts = [item.text for item in hypotheses if item.text.strip()]
        if not texts:
            return NoIntent(reason="empty")
        for text in texts:
            results = self.results(text, context)
            if results:
                return self.matched(results, text)
        return NoIntent(reason="none_near", text=texts[0])

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
        template = self.response_template(result)
        if not template:
            return ""
        slots: dict[str, SlotValue] = {name: slot.text or slot.value for name, slot in result.slots.items()}
        return render(template, {"slots": {**slots, **self.captured(result)}}) or ""

    def completeness(self, text: str) -> Completeness:
        """Whether a command could go on; see `contract.Understander`."""
        return self.exact.completeness(tidy(text))

    def bias(self, limit: int = 16) -> tuple[str, ...]:
        """Sentences for the recognizer; see `contract.Understander`."""
        return telling(self.grammar, self.lists(), limit)

    def lists(self) -> Mapping[str, AnyList]:
        """The lists in force, by name."""
        return {**self.grammar.lists, **self._changed}


def values_in(content: AnyList) -> int:
    """How many values a list has."""
    return len(content.values) if isinstance(content, TextList) else 0
