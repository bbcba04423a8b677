"""``voxedge intents talk``: a dialogue by keyboard, for those who write intents.

What it prints can be kept as a transcript: the lines that begin with ``>`` are what was said.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from voxedge.cli.output import emit_json, note, read_lines
from voxedge.errors import TextInvalid

if TYPE_CHECKING:
    from voxedge.events import IntentMatched, Slot
    from voxedge.understanding.dialogue import Dialogue
    from voxedge.understanding.dialogue_state import Step

HELP = "Talk to intents by keyboard: questions, corrections, undoing."
EPILOG = """examples:
  voxedge intents talk --intents coffee --intents coffee-dialogue
  voxedge intents talk --intents my-intents/ --json < lines.txt

A line "+40" lets forty seconds pass. Lines that begin with "#" are left out; a ">" before what is said, too.
The output of one run can be the input of the next: lines that are no ">" line are left out then."""
MAX_TYPED_CHARS = 2000
_PASS = re.compile(r"\+\s*(\d{1,6}(?:\.\d+)?)\s*s?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``talk``."""
    parser.add_argument(
        "--intents",
        metavar="PATH",
        action="append",
        required=True,
        help="a ready-made set (coffee, timers, ...), a file or a folder; may be given several times",
    )
    parser.add_argument("--language", default="en", help="ISO 639-1 code (default: en)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line that was said")


def run(args: argparse.Namespace) -> int:
    """Reads lines and prints what happens."""
    from voxedge.understanding import create
    from voxedge.understanding.dialogue import create_dialogue

    dialogue = create_dialogue(create(args.intents, language=args.language))
    assert dialogue is not None  # `create` makes a grammar
    talk = Talk(dialogue)
    if sys.stdin.isatty():
        note("Type what is said, a line each; Ctrl-D ends it.")
    for said in said_lines(read_lines("understanding")):
        if args.json and isinstance(said, str):
            emit_json(as_json(said, talk.say(said), talk.turn))
        else:
            print("\n".join(talk.lines(said)), flush=True)
    return 0


class Talk:
    """A conversation whose time can be moved on.

    Args:
        dialogue: The dialogue.
    """

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue, self._began, self._skipped_s = dialogue, monotonic(), 0.0
        self.turn = 0

    def lines(self, said: str | float) -> list[str]:
        """Says something, or lets seconds pass; what happened as lines of a transcript."""
        if isinstance(said, str):
            return [f"> {said}", *as_lines(self.say(said))]
        self._skipped_s += said
        return [f"+{said:g}"]

    def say(self, text: str) -> Step:
        """Says something.

        Raises:
            TextInvalid: It is binary or too long.
        """
        from voxedge.events import Alternative

        if "\0" in text or len(text) > MAX_TYPED_CHARS:
            raise TextInvalid(
                "The sentence is binary or too long.",
                remedy=f"Give text of at most {MAX_TYPED_CHARS} characters.",
            )
        self.turn += 1
        now_s = monotonic() - self._began + self._skipped_s
        return self._dialogue.take([Alternative(text, 0.0)], None, now_s, self.turn)


def said_lines(lines: Iterable[str]) -> Iterator[str | float]:
    """What is said in lines that were typed or kept of an earlier run, and the seconds that pass."""
    kept = False
    for raw in lines:
        line = raw.strip()
        passing = _PASS.fullmatch(line)
        if passing is not None:
            yield float(passing[1])
        elif line.startswith(">"):
            kept = True
            yield line[1:].strip()
        elif line and not line.startswith("#") and not kept:
            yield line


def as_lines(step: Step) -> list[str]:
    """What happened, for a person; the same conversation always gives the same lines."""
    from voxedge.events import IntentMatched

    lines: list[str] = []
    for state in step.states:
        asked = f" {' or '.join(state.asked)}" if state.asked else ""
        lines.append(f"  {state.state}{asked}: {state.intent}({_slots(state.slots)})")
    found, say = step.found, step.say
    if isinstance(found, IntentMatched):
        lines.append(f"  {found.intent}({_slots(found.slots)}){_relation(found)}")
        say = found.response or say
    elif found is not None:
        lines.append(f"  no intent ({found.reason})")
    if say:
        lines.append(f"< {say}")
    return lines


def as_json(text: str, step: Step, turn: int) -> dict[str, object]:
    """What happened, as one JSON object: ``text``, ``turn``, ``states``, ``found`` and ``say``."""
    events = [*step.states, *([step.found] if step.found is not None else [])]
    plain = [{k: v for k, v in event.to_json().items() if k not in {"clock", "time"}} for event in events]
    found = plain.pop() if step.found is not None else None
    response = getattr(step.found, "response", "")
    return {"text": text, "turn": turn, "states": plain, "found": found, "say": response or step.say}


def _slots(slots: Mapping[str, Slot]) -> str:
    shown = {name: slot.text if slot.value is None else slot.value for name, slot in slots.items()}
    return ", ".join(f"{name}={shown[name]}" for name in sorted(shown))


def _relation(found: IntentMatched) -> str:
    if found.relation == "new" or found.earlier is None:
        return ""
    return f" [{found.relation} of {found.earlier.intent}({_slots(found.earlier.slots)})]"
