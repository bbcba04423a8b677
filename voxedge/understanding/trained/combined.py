"""Templates and examples together: what no template matches goes to the trained parser."""

from __future__ import annotations

from collections.abc import Sequence

from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent
from voxedge.understanding.contract import Context, Gate, Understander


class Combined:
    """Asks one understander after the other; the first that finds an intent is right.

    Safe to call from several threads when its parts are.

    Args:
        understanders: Most trusted first; templates before a `TrainedParser`.
    """

    def __init__(self, understanders: Sequence[Understander]) -> None:
        self._understanders = tuple(understanders)

    def understand(
        self, hypotheses: Sequence[Alternative], context: Context | None = None
    ) -> IntentMatched | NoIntent:
        """The first match; else the refusal of the most trusted."""
        refused: NoIntent | None = None
        for understander in self._understanders:
            result = understander.understand(hypotheses, context)
            if isinstance(result, IntentMatched):
                return result
            refused = refused or result
        return refused or NoIntent(reason="none_near")

    def nearness(self, text: str, context: Context | None = None) -> float:
        """How far a text is from any command, 0..1: what the part says that it is nearest to."""
        gates = (item for item in self._understanders if isinstance(item, Gate))
        return min((gate.nearness(text, context) for gate in gates), default=1.0)

    def completeness(self, text: str) -> Completeness:
        """What the first says that knows the words."""
        for understander in self._understanders:
            found = understander.completeness(text)
            if found != "unknown":
                return found
        return "unknown"

    def bias(self, limit: int = 16) -> tuple[str, ...]:
        """The most useful of each in turn, without repeats."""
        lists = [understander.bias(limit) for understander in self._understanders]
        mixed = [one[at] for at in range(max(map(len, lists), default=0)) for one in lists if at < len(one)]
        return tuple(dict.fromkeys(mixed))[: max(limit, 0)]
