"""``voxedge bench counting``: what the statistics cost for each turn, and each time they are written down."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from time import process_time

from voxedge.cli.output import emit_json
from voxedge.errors import UsageError
from voxedge.events import (
    Event,
    IntentMatched,
    Partial,
    Reply,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    TurnEnded,
)

HELP = "Measure what counting costs: processor time a turn, and for writing down once a minute."
EPILOG = """examples:
  voxedge bench counting             medians of 9 times 2,000 turns
  voxedge bench counting --json"""

PARTIALS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--turns", type=int, default=2000, metavar="N", help="turns each time")
    parser.add_argument("--repeat", type=int, default=9, metavar="N", help="how often")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if min(args.turns, args.repeat) < 1:
        raise UsageError("--turns and --repeat must be 1 or more.", remedy="voxedge bench counting")
    figures = measure(args.turns, args.repeat)
    if args.json:
        emit_json(figures)
        return 0
    print(f"a turn of {figures['events']:.0f} events   {figures['turn_us']:.0f} us of processor time")
    print(f"written down once         {figures['write_ms']:.1f} ms of processor time")
    return 0


def measure(turns: int, repeat: int) -> dict[str, float]:
    """Processor time of counting: microseconds a turn, milliseconds for writing down; medians."""
    from voxedge.statistics import Recorder

    events = [turn_events(number) for number in range(1, turns + 1)]
    turn_us, write_ms = [], []
    with tempfile.TemporaryDirectory(prefix="voxedge-bench-") as folder:
        recorder = Recorder(folder)
        observer = recorder.observer()
        for _ in range(repeat):
            began = process_time()
            for turn in events:
                for event in turn:
                    observer(event)
            counted = process_time()
            recorder.flush()
            turn_us.append(1e6 * (counted - began) / turns)
            write_ms.append(1e3 * (process_time() - counted))
    return {
        "events": len(events[0]),
        "turn_us": round(statistics.median(turn_us), 1),
        "write_ms": round(statistics.median(write_ms), 2),
    }


def turn_events(turn: int) -> list[Event]:
    """A turn such as most are: spoken, understood, answered."""
    partials = [Partial(turn=turn, time=1.5, clock=1.5, text="a", stable="", language="en")] * PARTIALS
    return [
        SpeechStarted(turn=turn, time=1.0, clock=1.0),
        *partials,
        SpeechEnded(turn=turn, time=3.0, clock=3.0, speech_end=2.5, reason="silence"),
        Transcript(
            turn=turn, time=3.0, clock=3.1, text="a", language="en", confidence=0.9, start=1.0, end=2.5
        ),
        IntentMatched(turn=turn, clock=3.11, intent="a", slots={}, score=1.0),
        Reply(turn=turn, clock=3.2, text="b", by="handler"),
        TurnEnded(turn=turn, clock=3.3, outcome="intent"),
    ]
