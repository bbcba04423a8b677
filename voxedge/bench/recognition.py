"""``voxedge bench recognition``: words, time, guard and memory, beside faster-whisper in the same run."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

from voxedge.bench import invented, sets, words
from voxedge.cli.output import Progress, emit_json

HELP = "Measure recognition: words and time beside faster-whisper, the guard against invented text, memory."
EPILOG = """examples:
  voxedge bench recognition                               both models, all sets, greedy and beam 5
  voxedge bench recognition --quick                       a fifth of the recordings
  voxedge bench recognition --models base --parts words --json --plot recognition.png
  voxedge bench recognition --models tiny.en --parts memory long"""

PARTS = ("words", "guard", "memory", "long")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument(
        "--models", nargs="+", default=["tiny.en", "base"], metavar="NAME", help="names or folders of models"
    )
    parser.add_argument(
        "--parts", nargs="+", default=["words", "guard"], choices=PARTS, help="what to measure"
    )
    parser.add_argument("--sets", nargs="+", default=[], metavar="SET", help="only these sets of recordings")
    parser.add_argument(
        "--beams", nargs="+", type=int, default=[1, 5], metavar="N", help="widths of the beam"
    )
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of both")
    parser.add_argument("--utterances", type=int, default=500, metavar="N", help="of the part memory")
    parser.add_argument("--minutes", type=int, default=60, metavar="N", help="of the part long")
    parser.add_argument("--quick", action="store_true", help="every fifth recording only")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--plot", default="", metavar="FILE.png", help="draw errors and times")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    folder = sets.data_folder(args.data)
    result: dict[str, Any] = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "machine": _machine(),
        "threads": args.threads,
        "models": {},
    }
    for given in args.models:
        name = Path(given).name
        figures = _measure(given, name, folder, args)
        result["models"][name] = figures
        if not args.json:
            print(f"\n{name}")
            _print(figures)
    if args.json:
        emit_json(result)
    if args.plot:
        from voxedge.bench.plots import plot_recognition

        plot_recognition(result, Path(args.plot))
    return 0


def _measure(given: str, name: str, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    from voxedge.recognition import create
    from voxedge.store import resolve

    model_dir = resolve(given, kind="recognition")
    recognizer = create("whisper", model_dir, model_name=name, threads=args.threads)
    step = 5 if args.quick else 1
    names = args.sets or [*sets.ENGLISH, *([sets.MANY] if recognizer.capabilities.detects_language else [])]
    recordings = [r for set_name in names for r in sets.transcribed(folder, set_name)[::step]]
    figures: dict[str, Any] = {}
    try:
        if "words" in args.parts:
            theirs = words.faster_whisper(model_dir, args.threads)
            with Progress(f"{name}: words", len(recordings), "file") as bar:
                trials = words.compare(recognizer, theirs, recordings, args.beams, bar.advance)
            figures["words"] = _words_figures(trials, args.beams)
        if "guard" in args.parts:
            figures["guard"] = _guard_figures(name, recognizer, folder, recordings, step)
        if "memory" in args.parts:
            from voxedge.bench.memory import growth

            with Progress(f"{name}: memory", args.utterances, "file") as bar:
                figures["memory"] = growth(
                    recognizer, sets.coffee_orders(folder), args.utterances, bar.advance
                )
        if "long" in args.parts:
            from voxedge.bench.memory import long_recording

            with Progress(f"{name}: long recording", 0, "segment") as bar:
                files = [r.file for r in recordings if r.set_name in sets.ENGLISH]
                figures["long"] = long_recording(recognizer, files, args.minutes, bar.advance)
    finally:
        recognizer.close()
    return figures


def _words_figures(trials: list[words.Trial], beams: Iterable[int]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for beam in beams:
        chosen = [t for t in trials if t.beam == beam]
        names = list(dict.fromkeys(t.set_name for t in chosen))
        english = [t for t in chosen if t.set_name != sets.MANY]
        errors = {name: words.errors_of(t for t in chosen if t.set_name == name) for name in names}
        if english and len(english) < len(chosen):
            errors["pooled speech-en"] = words.errors_of(english)
        errors["pooled"] = words.errors_of(chosen)
        figures[f"beam {beam}"] = {"errors": errors, "times": words.times_of(chosen)}
    return figures


def _guard_figures(
    name: str, recognizer: Any, folder: Path, recordings: list[sets.Recording], step: int
) -> dict[str, Any]:
    kitchen, orders = sets.kitchen(folder), sets.coffee_orders(folder)[::step]
    noises, pieces = sets.noises(folder)[::step], 120 // step
    english = [r.file for r in recordings if r.set_name in sets.ENGLISH][::2]
    real = [(r.file, r.language) for r in recordings] + [(file, "en") for file in orders]
    total = len(noises) * len(invented.LEVELS) + pieces + len(english) + len(real)
    with Progress(f"{name}: guard", total, "piece") as bar:
        return {
            "noise": invented.words_on_noise(recognizer, noises, kitchen, pieces, bar.advance),
            "noise, early gate off": invented.words_on_noise(
                _without_gate(recognizer), noises, kitchen, pieces, bar.advance
            ),
            "noise around speech": invented.words_added(recognizer, english, kitchen, bar.advance),
            "real utterances": invented.suppressed(recognizer, real, bar.advance),
        }


def _without_gate(recognizer: Any) -> Any:
    """The same loaded model, without the look at the sound that comes before any decoding."""
    import copy

    other = copy.copy(recognizer)
    other._early_gate = False
    return other


def _machine() -> str:
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return name
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores" if models else name


def _print(figures: dict[str, Any]) -> None:
    for beam, found in figures.get("words", {}).items():
        print(f"  {beam}: errors, %             ours   faster-whisper   difference   95 % interval")
        for name, row in found["errors"].items():
            low, high = row["interval"]
            print(
                f"    {name:<20} {row['ours']:>10.2f} {row['faster_whisper']:>14.2f} "
                f"{row['difference']:>+14.2f}   {low:+.2f} to {high:+.2f}"
            )
        print(f"  {beam}: time by speech         ours   faster-whisper   ratio   windows")
        for row in found["times"]:
            low, high = row["speech_s"]
            print(
                f"    {low:g} to {high:g} s ({row['files']} files) {row['ours_ms']:>10.0f} ms "
                f"{row['faster_whisper_ms']:>10.0f} ms {row['ratio']:>10.3f} {row['windows']:>8.2f}"
            )
    for part in ("guard", "memory", "long"):
        for name, value in cast("dict[str, Any]", figures.get(part, {})).items():
            print(f"  {part}: {name}: {value}")
