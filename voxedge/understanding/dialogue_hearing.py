"""What a recognizer is told while a dialogue goes on: the answers to the open question count as commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent, SlotValue
from voxedge.understanding.contract import Candidate, Closed, Gate, Ranker, Understander
from voxedge.understanding.dialogue import Dialogue


class DialogueHearing:
    """An understander for hearing: it knows what may be said now, and changes nothing.

    Its matches say that an utterance is something that the dialogue understands; `Dialogue.take` says what
    it means. Safe to call from several threads.

    Args:
        understander: Finds commands.
        dialogue: Knows the open question.
        now_s: The dialogue's clock.
    """

    def __init__(self, understander: Understander, dialogue: Dialogue, now_s: Callable[[], float]) -> None:
        self._understander, self._dialogue, self._now_s = understander, dialogue, now_s

    def understand(
        self, hypotheses: Sequence[Alternative], context: Mapping[str, SlotValue] | None = None
    ) -> IntentMatched | NoIntent:
        """An answer to the open question, or what the understander finds."""
        return self._dialogue.expected(hypotheses, self._now_s()) or self._understander.understand(
            hypotheses, context
        )

    def completeness(self, text: str) -> Completeness:
        """Whether an answer or a command could go on."""
        return self._dialogue.completeness(text, self._now_s())

    def bias(self, limit: int = 16) -> tuple[str, ...]:
        """Likely answers while a question is open, else sentences of the grammar."""
        return self._dialogue.hints(limit, self._now_s()) or self._understander.bias(limit)

    def nearness(self, text: str, context: Mapping[str, SlotValue] | None = None) -> float:
        """Cost a sound of the nearest answer or command, 0..1."""
        answer = self._dialogue.nearness(text, self._now_s())
        if answer == 0.0 or not isinstance(self._understander, Gate):
            return answer
        return min(answer, self._understander.nearness(text, context))

    def candidates(
        self, text: str, context: Mapping[str, SlotValue] | None = None
    ) -> Sequence[Candidate] | None:
        """The commands nearest to a text; None while a question is open: its answers are no commands."""
        if not isinstance(self._understander, Ranker) or self._dialogue.hints(1, self._now_s()):
            return None
        return self._understander.candidates(text, context)

    def vocabulary(self) -> tuple[str, ...]:
        """All words of the grammar; empty while a question is open: its answers may have other ones."""
        if not isinstance(self._understander, Closed) or self._dialogue.hints(1, self._now_s()):
            return ()
        return self._understander.vocabulary()
