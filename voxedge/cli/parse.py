"""``voxedge parse``: finds the intent of a typed sentence."""

from __future__ import annotations

import argparse
import time

from voxedge.cli.output import emit_json, read_lines
from voxedge.errors import TextInvalid, UsageError
from voxedge.events import Alternative, IntentMatched, NoIntent

HELP = "Find the intent and the slots of a typed sentence."
EPILOG = """examples:
  voxedge parse --intents kiosk "can I get a large latte with some milk"
  voxedge parse --intents home --intents my-intents/ --json "turn on the kitchen light"
  voxedge parse --intents kiosk - < sentences.txt       one sentence a line

exit status: 0 the sentence is a command (of lines: all were read), 1 it is none, 3 the text or an intent file
can't be used"""

MAX_TYPED_CHARS = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("text", metavar="TEXT", help='the sentence, or "-" to read lines from standard input')
    parser.add_argument(
        "--intents",
        metavar="PATH",
        action="append",
        required=True,
        help="a ready-made set (kiosk, common, ...), a file or a folder; may be given several times",
    )
    parser.add_argument("--language", default="en", help="ISO 639-1 code (default: en)")
    parser.add_argument(
        "--threshold", type=float, default=0.0, help="least score, 0..1 (default: calibrated)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a sentence")


def run(args: argparse.Namespace) -> int:
    """Parses; exit status 1 when the (one) sentence is no command."""
    from voxedge.understanding import create

    check_threshold(args.threshold)
    understander = create(args.intents, language=args.language, threshold=args.threshold)
    texts = read_lines("understanding") if args.text == "-" else [args.text]
    found = True
    for text in texts:
        if "\0" in text or len(text) > MAX_TYPED_CHARS:
            raise TextInvalid(
                "The sentence is binary or too long.",
                remedy=f"Give text of at most {MAX_TYPED_CHARS} characters.",
            )
        began = time.perf_counter()
        result = understander.understand([Alternative(text, 0.0)])
        latency_ms = (time.perf_counter() - began) * 1000
        found = isinstance(result, IntentMatched)
        if args.json:
            emit_json({**result.to_json(), "latency_ms": round(latency_ms, 3)})
        else:
            print("\n".join(describe(result)), flush=True)
    return 0 if found or args.text == "-" else 1


def check_threshold(threshold: float) -> None:
    """A score is between 0 and 1; 0 stands for the calibrated one.

    Raises:
        UsageError: It isn't.
    """
    if not 0 <= threshold <= 1:
        raise UsageError(f"A threshold of {threshold:g} is no score.", remedy="Give --threshold 0 to 1.")


def describe(result: IntentMatched | NoIntent) -> list[str]:
    """A result as lines for a person."""
    if isinstance(result, NoIntent):
        lines = [f"no intent ({result.reason})"]
        if result.nearest:
            lines.append(f"  nearest: {result.nearest}")
        if result.unknown:
            lines.append(f"  unknown: {result.unknown}")
        return lines
    lines = [f"{result.intent} (score {result.score:.2f})"]
    for name, slot in result.slots.items():
        value = "" if slot.value == slot.text else f" = {slot.value!r}"
        lines.append(f"  {name}: {slot.text}{value}{' ' + slot.unit if slot.unit else ''}")
    for item in result.forgiven:
        lines.append(f"  forgiven: heard {item.heard!r} for {item.meant!r} ({item.cost:.2f})")
    if result.response:
        lines.append(f"  response: {result.response}")
    return lines
