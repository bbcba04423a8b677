"""``voxedge bench intents``: speed beside hassil's, what is refused, what is forgiven."""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from voxedge.bench.house import House, english_house
from voxedge.bench.sets import data_folder
from voxedge.cli.output import emit_json, note
from voxedge.errors import UsageError
from voxedge.events import Alternative, IntentMatched
from voxedge.registry import need_installed

if TYPE_CHECKING:
    from voxedge.understanding.engine import GrammarUnderstander

HELP = "Speed of intent matching beside hassil's; wrong commands; misheard commands."
EPILOG = """Home Assistant's English sentences and test sentences; the names of the test house and as many
made of two words as make up the number. Both know the same house. Times are of one match, warm.

  speed     sentences as they are, by voxedge and by hassil in turn, and misheard ones by voxedge
  refusing  CLINC150's out-of-scope queries, and those on banking, work and travel: none is a command
  misheard  sentences with one word misheard (scripts/build_misheard.py), intent and all slots right

examples:
  voxedge bench intents
  voxedge bench intents --parts speed --names 500 --sentences 200 --json
  voxedge bench intents --parts refusing --queries 500"""

PARTS = ("speed", "refusing", "misheard")
DOMAINS = ("banking", "work", "travel")
MISHEARD = Path(__file__).resolve().parents[2] / "tests" / "understanding" / "misheard.en.tsv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument(
        "--data", metavar="DIR", default="", help="the folder that holds ha-intents and clinc150"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all")
    parser.add_argument("--names", type=int, default=500, help="entity names (default: 500)")
    parser.add_argument("--sentences", type=int, default=150, help="test sentences (default: 150)")
    parser.add_argument("--queries", type=int, default=0, help="queries a set, 0 for all (default: all)")
    parser.add_argument("--misheard", metavar="TSV", default=str(MISHEARD), help="misheard sentences")
    parser.add_argument(
        "--cpu",
        action="store_true",
        help="the thread's processor time instead of the clock's (busy machines)",
    )
    parser.add_argument("--plot", metavar="FILE", help="write the times as a plot (extra plot)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    from voxedge.understanding.engine import GrammarUnderstander

    data = data_folder(args.data)
    began = perf_counter()
    house = english_house(data, args.names)
    engine = GrammarUnderstander(house.grammar)
    exact_s = perf_counter() - began
    engine.tolerant()
    pairs = read_misheard(Path(args.misheard)) if {"speed", "misheard"} & set(args.parts) else []
    figures: dict[str, object] = {
        "names": args.names,
        "compile_s": {"exact": round(exact_s, 3), "with_sounds": round(perf_counter() - began, 3)},
    }
    times: dict[str, list[float]] = {}
    if "speed" in args.parts:
        clock = thread_time if args.cpu else perf_counter
        figures["clock"] = "cpu" if args.cpu else "wall"
        figures |= speed(engine, house, data, args.sentences, pairs, times, clock)
    if "refusing" in args.parts:
        figures["refusing"] = refusing(engine, data / "clinc150", args.queries)
    if "misheard" in args.parts:
        figures["misheard"] = misheard(engine, pairs)
    figures["memory_mb"] = _memory_mb()
    if args.plot and times:
        from voxedge.bench.plots import plot_matching

        plot_matching(times, Path(args.plot))
    if args.json:
        emit_json(figures)
        return 0
    for key, value in figures.items():
        print(f"{key}: {value}")
    return 0


def read_misheard(file: Path) -> list[dict[str, str]]:
    """The sentences with one word misheard.

    Raises:
        UsageError: The file isn't there.
    """
    if not file.is_file():
        raise UsageError(
            f"There is no {file}.",
            remedy="Name the file (--misheard), or leave the part out: --parts refusing.",
        )
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def speed(
    engine: GrammarUnderstander,
    house: House,
    data: Path,
    count: int,
    pairs: Sequence[dict[str, str]],
    times: dict[str, list[float]],
    clock: Callable[[], float] = perf_counter,
) -> dict[str, object]:
    """Milliseconds a sentence; ``times`` gets them all."""
    need_installed("hassil", "test", "The comparison with hassil")
    sentences = _sentences(data / "ha-intents", count)
    theirs = _hassil(house)
    heard = [pair["heard"] for pair in random.Random(1).sample(list(pairs), min(count, len(pairs)))]
    times["voxedge"] = _times(engine.results, sentences, clock)
    times["hassil"] = _times(theirs, sentences, clock)
    times["voxedge, misheard"] = _times(
        lambda text: engine.understand([Alternative(text, 0.0)]), heard, clock
    )
    note(f"{len(sentences)} sentences, {len(heard)} misheard ones")
    return {
        "sentences": len(sentences),
        "exact_ms": _figures(times["voxedge"]),
        "hassil_ms": _figures(times["hassil"]),
        "times_faster": round(statistics.median(times["hassil"]) / statistics.median(times["voxedge"]), 1),
        "tolerant_ms": _figures(times["voxedge, misheard"]),
    }


def refusing(engine: GrammarUnderstander, folder: Path, count: int) -> dict[str, object]:
    """How many queries that are no commands come out as one."""
    with lzma.open(folder / "data_full.json.xz", "rt", encoding="utf-8") as file:
        data: dict[str, list[tuple[str, str]]] = json.load(file)
    domains: dict[str, list[str]] = json.loads((folder / "domains.json").read_text(encoding="utf-8"))
    wanted = {intent for domain in DOMAINS for intent in domains[domain]}
    sets = {
        "out_of_scope": [text for name in data if name.startswith("oos") for text, _ in data[name]],
        "in_scope": [
            text for name in data if not name.startswith("oos") for text, i in data[name] if i in wanted
        ],
    }
    figures: dict[str, object] = {}
    for name, texts in sets.items():
        chosen = random.Random(1).sample(texts, min(count, len(texts))) if count else texts
        taken, exact, times = 0, 0, []
        for text in chosen:
            began = perf_counter()
            found = engine.understand([Alternative(text, 0.0)])
            times.append((perf_counter() - began) * 1000)
            taken += isinstance(found, IntentMatched)
            exact += isinstance(found, IntentMatched) and found.score >= 1.0
        figures[name] = {
            "queries": len(chosen),
            "commands": taken,
            "percent": round(100 * taken / len(chosen), 2),
            "exact_sentences_of_the_grammar": exact,
            "ms": _figures(times),
        }
    return figures


def misheard(engine: GrammarUnderstander, pairs: Sequence[dict[str, str]]) -> dict[str, object]:
    """How many misheard sentences give the intent and all slots."""
    right = other = 0
    for pair in pairs:
        found = engine.understand([Alternative(pair["heard"], 0.0)], json.loads(pair["context"]))
        if isinstance(found, IntentMatched):
            values = {name: slot.value for name, slot in found.slots.items()}
            good = (found.intent, values) == (pair["intent"], json.loads(pair["slots"]))
            right += good
            other += not good
    refused = len(pairs) - right - other
    share = round(100 * right / max(len(pairs), 1), 1)
    return {"sentences": len(pairs), "right": right, "percent": share, "refused": refused, "wrong": other}


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


def _times(
    match: Callable[[str], object], sentences: Sequence[str], clock: Callable[[], float], rounds: int = 3
) -> list[float]:
    """Milliseconds of each sentence: the median of the rounds, after one that warms up.

    Every round goes through all sentences: the engine keeps what the last few texts were near to.
    """
    taken: list[list[float]] = [[] for _ in sentences]
    for text in sentences:
        match(text)
    for _ in range(rounds):
        for times, text in zip(taken, sentences, strict=True):
            began = clock()
            match(text)
            times.append((clock() - began) * 1000)
    return [statistics.median(times) for times in taken]


def _figures(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
    }


def _memory_mb() -> float | None:
    """The most memory that the process has held, MB; None where the system doesn't tell."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1024 if sys.platform != "darwin" else 1024 * 1024), 1)


def _hassil(house: House) -> Callable[[str], object]:
    import yaml
    from hassil import Intents, TextSlotList, recognize_best
    from hassil.util import merge_dict

    from voxedge.understanding.grammar import TextList
    from voxedge.understanding.templates import Text

    merged: dict[str, object] = {}
    for path in house.files:
        merge_dict(merged, yaml.safe_load(path.read_text(encoding="utf-8")))
    intents = Intents.from_dict(merged)
    lists = {
        name: TextSlotList.from_tuples(
            [
                (value.node.text, value.out, dict(value.context))
                for value in content.values
                if isinstance(value.node, Text)
            ]
        )
        for name, content in house.lists.items()
        if isinstance(content, TextList)
    }
    return lambda text: recognize_best(text, intents, slot_lists=lists, best_slot_name="name")
