"""``voxedge bench examples``: the trained parser, cross-validated on the Snips benchmark."""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from voxedge.bench.sets import data_folder
from voxedge.cli.output import emit_json, note
from voxedge.errors import UsageError

if TYPE_CHECKING:
    from voxedge.understanding.trained import Example

HELP = "Slot F1 of the trained parser on the Snips benchmark, beside the published figures."
EPILOG = """Each intent by itself, as published: with 70 sentences drawn from the pool of 300 (the rest is the
test), and with all (five folds). Then all intents together (one fold of five is the test). The F1 of each
slot is weighted by its frequency; the mean is over the seven intents.

examples:
  voxedge bench examples
  voxedge bench examples --quick --json"""

INTENTS = (
    "AddToPlaylist",
    "BookRestaurant",
    "GetWeather",
    "PlayMusic",
    "RateBook",
    "SearchCreativeWork",
    "SearchScreeningEvent",
)
PUBLISHED = {"70": 0.826, "all": 0.940}
"""Snips' own (June 2017), from the published precision and recall; on sentences that are not here."""
_SMALL = 70


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", metavar="DIR", default="", help="the folder that holds snips-nlu")
    parser.add_argument("--quick", action="store_true", help="one draw and one fold instead of five")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    folder = data_folder(args.data) / "snips-nlu"
    if not folder.is_dir():
        raise UsageError(f"There is no {folder}.", remedy="Name the folder that holds snips-nlu: --data DIR.")
    rounds = 1 if args.quick else 5
    pools = {intent: _load(folder / f"train_{intent}.json") for intent in INTENTS}
    full = {intent: _load(folder / f"train_{intent}_full.json") for intent in INTENTS}
    small = {intent: _few(pools[intent], rounds) for intent in INTENTS}
    large = {intent: _folds(full[intent], rounds) for intent in INTENTS}
    together = _together([example for examples in full.values() for example in examples])
    figures = {
        "slot_f1_70": round(statistics.mean(small.values()), 4),
        "slot_f1_all": round(statistics.mean(large.values()), 4),
        "published_70": PUBLISHED["70"],
        "published_all": PUBLISHED["all"],
        **together,
    }
    if args.json:
        emit_json({**figures, "by_intent": {name: [small[name], large[name]] for name in INTENTS}})
        return 0
    print(f"{'intent':22}{'70':>8}{'all':>8}")
    for name in INTENTS:
        print(f"{name:22}{small[name]:8.3f}{large[name]:8.3f}")
    print(f"{'mean':22}{figures['slot_f1_70']:8.3f}{figures['slot_f1_all']:8.3f}")
    print(f"{'Snips, published':22}{PUBLISHED['70']:8.3f}{PUBLISHED['all']:8.3f}")
    for name, value in together.items():
        print(f"{name:22}{value:8.3f}")
    return 0


def _load(path: Path) -> list[Example]:
    from voxedge.understanding.trained import load_examples

    return load_examples([path])


def _f1(train: Sequence[Example], test: Sequence[Example]) -> float:
    from voxedge.understanding.trained import TrainedParser, predict, score

    parser = TrainedParser.train(train)
    return score(test, predict(parser, test)).slot_f1


def _few(pool: Sequence[Example], rounds: int) -> float:
    note(f"{pool[0].intent}: {_SMALL} sentences, {rounds} draws")
    found = []
    for draw in range(rounds):
        order = list(pool)
        random.Random(draw).shuffle(order)
        found.append(_f1(order[:_SMALL], order[_SMALL:]))
    return round(statistics.mean(found), 4)


def _folds(examples: Sequence[Example], rounds: int) -> float:
    note(f"{examples[0].intent}: {len(examples)} sentences, {rounds} of 5 folds")
    order = list(examples)
    random.Random(0).shuffle(order)
    found = []
    for fold in range(rounds):
        test = order[fold::5]
        train = [example for place, example in enumerate(order) if place % 5 != fold]
        found.append(_f1(train, test))
    return round(statistics.mean(found), 4)


def _together(examples: Sequence[Example]) -> dict[str, float]:
    from voxedge.understanding.trained import TrainedParser, score

    note("all intents together")
    order = list(examples)
    random.Random(0).shuffle(order)
    test = order[::5]
    train = [example for place, example in enumerate(order) if place % 5]
    held_out = TrainedParser.train(train)
    started, cpu = perf_counter(), process_time()
    TrainedParser.train(order)
    seconds, cpu = perf_counter() - started, process_time() - cpu
    times, found = [], []
    for example in test:
        started = perf_counter()
        found.append(held_out.parse(example.text))
        times.append(1000 * (perf_counter() - started))
    figures = score(test, found)
    return {
        "intent_accuracy": round(figures.intent_accuracy, 4),
        "slot_f1_together": round(figures.slot_f1, 4),
        "train_all_s": round(seconds, 1),
        "train_all_cpu_s": round(cpu, 1),
        "parse_ms_median": round(statistics.median(times), 3),
        "parse_ms_p99": round(sorted(times)[len(times) * 99 // 100], 3),
    }
