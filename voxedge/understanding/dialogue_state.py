"""What a dialogue keeps in mind, and what it says: values without decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxedge.events import Alternative, DialogueState, Earlier, IntentMatched, NoIntent, SlotValue
from voxedge.understanding.responses import render

MAX_READINGS = 7
_TEMPLATE_PARTS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


@dataclass(frozen=True, slots=True)
class Step:
    """What is to happen in a turn.

    Attributes:
        found: The command or refusal to tell; None where the dialogue only says something.
        say: What the dialogue says; where there is a command, only if nothing else replies to it.
        otherwise: What it says where the app can't do what was asked for (undo).
        states: Where the dialogue stands now, each change of it.
    """

    found: IntentMatched | NoIntent | None
    say: str = ""
    otherwise: str = ""
    states: tuple[DialogueState, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """A command that isn't complete.

    Attributes:
        match: The command so far.
        need: Which of the intent's needs is asked for; None: a yes is.
        question: The question.
        since_s: When it was asked.
        tries: How often.
        unsure: Whether the intent itself is to be confirmed.
        agreed: Whether it was.
        skipped: Optional needs that were answered with no.
        last: The slots that were said last.
        replaces: The command that it is a correction of.
    """

    match: IntentMatched
    need: int | None = None
    question: str = ""
    since_s: float = 0.0
    tries: int = 0
    unsure: bool = False
    agreed: bool = False
    skipped: frozenset[int] = frozenset()
    last: tuple[str, ...] = ()
    replaces: Done | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A command that was told to the app.

    Attributes:
        match: The command.
        at_s: When.
        last: The slots that were said last.
        skipped: Optional needs that were answered with no.
    """

    match: IntentMatched
    at_s: float
    last: tuple[str, ...]
    skipped: frozenset[int] = frozenset()


class Words:
    """What the dialogue says.

    Args:
        says: Its own sentences, by kind.
        responses: The grammar's replies: intent to key to text.
    """

    def __init__(self, says: Mapping[str, str], responses: Mapping[str, Mapping[str, str]]) -> None:
        self._says, self._responses = says, responses

    def own(self, kind: str, **values: SlotValue) -> str:
        """One of the dialogue's sentences; "" where the language has none."""
        text = self._says.get(kind, "")
        return (render(text, values) or _bare(text)) if text else str(values.get("sentence", ""))

    def filled_in(self, text: str, match: IntentMatched) -> str:
        """A question with the slots so far."""
        return render(text, {"slots": _spoken(match)}) or _bare(text)

    def response(self, match: IntentMatched) -> str:
        """The grammar's reply to a command that was put together."""
        answers = self._responses.get(match.intent, {})
        template = answers.get("default") or next(iter(answers.values()), "")
        return (render(template, {"slots": _spoken(match)}) or "") if template else ""


def texts_of(readings: Sequence[Alternative]) -> list[str]:
    """The words of readings, each once."""
    return list(dict.fromkeys(item.text.strip() for item in readings if item.text.strip()))[:MAX_READINGS]


def likely_slots(match: IntentMatched, last: Sequence[str]) -> list[str]:
    """Slots that a value may be meant for, likeliest first: those said last, then the others said."""
    return list(dict.fromkeys((*reversed(last), *reversed(list(match.slots)))))


def earlier_of(done: Done) -> Earlier:
    """A command as a later one names it."""
    return Earlier(done.match.intent, done.match.slots, done.match.turn)


def _spoken(match: IntentMatched) -> Mapping[str, SlotValue]:
    return {name: slot.text or slot.value for name, slot in match.slots.items()}


def _bare(text: str) -> str:
    """The text of a template that can't be filled in."""
    return " ".join(_TEMPLATE_PARTS.sub("", text).split())
