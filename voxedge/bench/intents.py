"""``voxedge bench intents``: the matcher's speed beside hassil's, on an English home with many names."""

from __future__ import annotations

import argparse
import random
import statistics
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from voxedge.bench.sets import data_folder
from voxedge.cli.output import emit_json, note
from voxedge.errors import UsageError

HELP = "Time of an intent match beside hassil's, in the same run, with hundreds of entity names."
EPILOG = """Home Assistant's English sentences and test sentences; the names of the test house and as many
made of two words as make up the number. Both know the same house. Times are of one match, warm.

examples:
  voxedge bench intents
  voxedge bench intents --names 500 --sentences 200 --json"""

_ROOMS = ("attic", "cellar", "hall", "nursery", "study", "porch", "pantry", "sauna", "studio", "balcony")
_THINGS = ("lamp", "spot", "fan", "heater", "outlet", "blind", "speaker", "strip", "pump", "sensor")
_KINDS = ("left", "right", "big", "small", "old", "new")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", metavar="DIR", default="", help="the folder that holds ha-intents")
    parser.add_argument("--names", type=int, default=500, help="entity names (default: 500)")
    parser.add_argument("--sentences", type=int, default=150, help="test sentences (default: 150)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    from voxedge.events import Alternative
    from voxedge.registry import need_installed
    from voxedge.understanding.engine import GrammarUnderstander
    from voxedge.understanding.files import read_yaml
    from voxedge.understanding.grammar import ListValue, TextList
    from voxedge.understanding.home import Home
    from voxedge.understanding.loading import load
    from voxedge.understanding.templates import Text

    folder = data_folder(args.data) / "ha-intents"
    if not folder.is_dir():
        raise UsageError(
            f"There is no {folder}.", remedy="Name the folder that holds ha-intents: --data DIR."
        )
    home = Home.of(read_yaml(folder / "tests" / "en" / "_fixtures.yaml")[0])
    known = home.lists["name"]
    assert isinstance(known, TextList)
    made = [f"{kind} {room} {thing}" for kind in _KINDS for room in _ROOMS for thing in _THINGS]
    extra = [ListValue(Text(name), name, {"domain": "light"}) for name in made]
    names = (*known.values, *extra)[: args.names]
    need_installed("hassil", "test", "The comparison with hassil")
    began = perf_counter()
    flat = sorted((folder / "sentences" / "en").glob("*.yaml"))
    grammar = load([*flat, folder / "responses" / "en"])
    lists = {**home.lists, "name": TextList(names)}
    engine = GrammarUnderstander(replace(grammar, lists={**grammar.lists, **lists}))
    compile_s = perf_counter() - began
    sentences = _sentences(folder, args.sentences)
    ours = _times(engine.results, sentences)
    intents, slot_lists = _hassil(flat, lists)
    from hassil import recognize_best

    theirs = _times(
        lambda text: recognize_best(text, intents, slot_lists=slot_lists, best_slot_name="name"), sentences
    )
    heard = [_misheard(text) for text in sentences[: max(20, len(sentences) // 4)]]
    engine.understand([Alternative(heard[0], 0.0)])
    tolerant = _times(lambda text: engine.understand([Alternative(text, 0.0)]), heard, rounds=1)
    figures: dict[str, object] = {
        "names": len(names),
        "sentences": len(sentences),
        "compile_s": round(compile_s, 3),
        "exact_ms": _figures(ours),
        "hassil_ms": _figures(theirs),
        "times_faster": round(statistics.median(theirs) / statistics.median(ours), 1),
        "tolerant_ms": _figures(tolerant),
    }
    if args.json:
        emit_json(figures)
        return 0
    for key, value in figures.items():
        print(f"{key}: {value}")
    return 0


def _sentences(folder: Path, count: int) -> list[str]:
    from voxedge.understanding.files import read_yaml
    from voxedge.understanding.testing import _flat_cases

    found = [
        case.sentence
        for path in sorted((folder / "tests" / "en").glob("*.yaml"))
        if not path.name.startswith("_")
        for case in _flat_cases(read_yaml(path)[0])
    ]
    return random.Random(1).sample(found, min(count, len(found)))


def _misheard(text: str) -> str:
    """The sentence with one of its words spelled as a recognizer might have it."""
    words = text.split()
    longest = max(range(len(words)), key=lambda at: len(words[at]))
    word = words[longest]
    words[longest] = word[:-1] + ("s" if not word.endswith("s") else "th")
    return " ".join(words)


def _times(match: object, sentences: list[str], rounds: int = 3) -> list[float]:
    """Milliseconds of each sentence: the median of the rounds, after one that warms up."""
    assert callable(match)
    note(f"{len(sentences)} sentences")
    times = []
    for text in sentences:
        match(text)
    for text in sentences:
        taken = []
        for _ in range(rounds):
            began = perf_counter()
            match(text)
            taken.append((perf_counter() - began) * 1000)
        times.append(statistics.median(taken))
    return times


def _figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
    }


def _hassil(files: list[Path], lists: object) -> tuple[object, object]:
    import yaml
    from hassil import Intents, TextSlotList
    from hassil.util import merge_dict

    merged: dict[str, object] = {}
    for path in files:
        merge_dict(merged, yaml.safe_load(path.read_text(encoding="utf-8")))
    assert isinstance(lists, dict)
    tuples = {
        name: [(value.node.text, value.out, dict(value.context)) for value in content.values]
        for name, content in lists.items()
    }
    return Intents.from_dict(merged), {name: TextSlotList.from_tuples(rows) for name, rows in tuples.items()}
