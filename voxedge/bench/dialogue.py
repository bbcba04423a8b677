"""``voxedge bench dialogue``: how often other talk passes for an answer, and what an utterance costs."""

from __future__ import annotations

import argparse
import json
import lzma
import statistics
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from voxedge.bench.sets import data_folder
from voxedge.cli.output import emit_json, note
from voxedge.errors import UsageError
from voxedge.events import Alternative, IntentMatched

if TYPE_CHECKING:
    from voxedge.understanding.dialogue import Dialogue
    from voxedge.understanding.dialogue_state import Step

HELP = "False answers to open questions, and the time that an utterance takes in a dialogue."
EPILOG = """A question is opened; then 400 out-of-scope queries of CLINC150 are said to it, each anew.
What is taken as an answer is a false one. The times are medians of an answer, a correction and a query, in a
dialogue that has its small grammars already.

examples:
  voxedge bench dialogue
  voxedge bench dialogue --json"""

QUESTIONS = {
    "drink": (("coffee", "coffee-dialogue"), "can I get something to drink", "a latte", "no, a mocha"),
    "size": (("coffee", "coffee-dialogue"), "can I get a latte", "large please", "no, small"),
    "how long": (("timers",), "set a timer", "ten minutes", "no, fifteen minutes"),
    "whom": (("vehicle",), "call someone", "my mother", "no, my father"),
}
QUERIES = 1_200
EVERY = 3
TIMED = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", metavar="DIR", default="", help="the folder that holds clinc150")
    parser.add_argument("--quick", action="store_true", help="every tenth query")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    from voxedge.understanding import create
    from voxedge.understanding.dialogue import create_dialogue

    queries = _queries(data_folder(args.data) / "clinc150")[:: 10 if args.quick else 1]
    figures: dict[str, dict[str, float]] = {}
    for name, (sets, command, answer, correction) in QUESTIONS.items():
        note(f"the question {name!r}")
        dialogue = create_dialogue(create(sets))
        assert dialogue is not None  # `create` makes a grammar

        def say(text: str, dialogue: Dialogue = dialogue) -> tuple[float, Step]:
            began = perf_counter()
            step = dialogue.take([Alternative(text, 0.0)], None, 0.0)
            return (perf_counter() - began) * 1000, step

        times: dict[str, list[float]] = {"answer": [], "correction": [], "query": []}
        for _ in range(TIMED):
            dialogue.wipe()
            say(command)
            times["answer"].append(say(answer)[0])
            times["correction"].append(say(correction)[0])
        false = 0
        for query in queries:
            dialogue.wipe()
            say(command)
            before = dialogue.state(0.0).slots
            taken_ms, step = say(query)
            times["query"].append(taken_ms)
            after = dialogue.state(0.0)
            false += isinstance(step.found, IntentMatched) or (
                after.state != "idle" and after.slots != before
            )
        figures[name] = {"queries": len(queries), "false_answers": false} | {
            f"{kind}_ms": round(statistics.median(values), 1) for kind, values in times.items()
        }
    if args.json:
        emit_json(figures)
        return 0
    print(f"{'question':<10} {'false answers':>14} {'answer ms':>10} {'correction ms':>14} {'query ms':>9}")
    for name, row in figures.items():
        print(
            f"{name:<10} {row['false_answers']:>5.0f} of {row['queries']:<5.0f} {row['answer_ms']:>10.1f} "
            f"{row['correction_ms']:>14.1f} {row['query_ms']:>9.1f}"
        )
    return 0


def _queries(folder: Path) -> list[str]:
    path = folder / "data_full.json.xz"
    if not path.is_file():
        raise UsageError(f"There is no {path}.", remedy="Name the folder that holds clinc150: --data DIR.")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        groups: dict[str, list[list[str]]] = json.load(file)
    found = [query for name, pairs in groups.items() if name.startswith("oos") for query, _ in pairs]
    return found[:QUERIES:EVERY]
