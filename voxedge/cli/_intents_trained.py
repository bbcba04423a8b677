"""``voxedge intents train`` and ``voxedge intents evaluate``: a parser that examples make."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from voxedge.cli.output import emit_json, note
from voxedge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voxedge.understanding.trained import Example, Parsed

TRAIN_HELP = "Train a parser from example sentences with marked slots (Snips JSON format)."
TRAIN_EPILOG = """examples:
  voxedge intents train lights.json music.json -o home.parser
  voxedge intents train examples/ --language de -o home.parser"""
EVALUATE_HELP = "Measure a trained parser on sentences that it hasn't seen."
EVALUATE_EPILOG = """examples:
  voxedge intents evaluate home.parser held-out.json
  voxedge intents evaluate home.parser held-out.json --json --predictions found.jsonl"""


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``train``."""
    parser.add_argument("data", metavar="DATA", nargs="+", help="files of examples, or folders of them")
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="the file to write")
    parser.add_argument("--language", metavar="CODE", default="en", help="ISO 639-1 (default: en)")
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON object")


def run_train(args: argparse.Namespace) -> int:
    """Trains a parser and writes it."""
    from voxedge.understanding.trained import TrainedParser, load_examples

    examples = load_examples(args.data)
    output = Path(args.output)
    if output.is_dir():
        raise UsageError(f"{output} is a folder.", remedy="Name a file: -o home.parser.")
    note(f"training on {len(examples)} examples")
    started = perf_counter()
    parser = TrainedParser.train(examples, args.language)
    seconds = perf_counter() - started
    parser.save(output)
    summary = {
        "model": str(output),
        "bytes": output.stat().st_size,
        "examples": len(examples),
        "intents": list(parser.intents),
        "language": parser.language,
        "seconds": round(seconds, 2),
    }
    if args.json:
        emit_json(summary)
    else:
        print(f"{output}: {len(parser.intents)} intents from {len(examples)} examples in {seconds:.1f} s")
    return 0


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``evaluate``."""
    parser.add_argument("model", metavar="MODEL", help="a file of `voxedge intents train`")
    parser.add_argument("data", metavar="DATA", nargs="+", help="files of examples, or folders of them")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument(
        "--predictions", metavar="FILE", help="write what was found, one JSON line a sentence"
    )


def run_evaluate(args: argparse.Namespace) -> int:
    """Evaluates a parser; prints its figures."""
    from voxedge.understanding.trained import TrainedParser, load_examples, predict, score

    parser = TrainedParser.load(args.model)
    examples = load_examples(args.data)
    predictions = predict(parser, examples)
    if args.predictions:
        _write_predictions(Path(args.predictions), examples, predictions)
    figures = score(examples, predictions)
    if args.json:
        emit_json(figures.to_json())
        return 0
    print(f"{figures.queries} sentences, {100 * figures.intent_accuracy:.1f} % with the right intent")
    print(f"slots, weighted by frequency: F1 {figures.slot_f1:.3f}")
    print(f"{'precision':>10}{'recall':>8}{'F1':>8}{'count':>7}  slot")
    for slot, (precision, recall, f1, count) in sorted(figures.by_slot.items()):
        print(f"{precision:10.3f}{recall:8.3f}{f1:8.3f}{count:7d}  {slot}")
    return 0


def _write_predictions(path: Path, examples: Sequence[Example], predictions: Sequence[Parsed | None]) -> None:
    from voxedge.understanding.trained import slot_texts

    lines = []
    for example, parsed in zip(examples, predictions, strict=True):
        found = {
            "text": example.text,
            "intent": parsed.intent if parsed is not None else None,
            "slots": slot_texts(example.text, parsed.spans) if parsed is not None else {},
        }
        lines.append(json.dumps(found, ensure_ascii=False))
    try:
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{path} can't be written: {exc.strerror}.", remedy="Name another file.") from exc
