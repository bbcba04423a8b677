"""``voxedge understand``: finds the intents of recorded sentences."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from voxedge.cli import report
from voxedge.cli.output import THREADS, emit_json
from voxedge.errors import AudioInvalid, InputError
from voxedge.events import IntentMatched

HELP = "Find the intent and the slots of recorded sentences, one utterance a file."
EPILOG = """examples:
  voxedge understand order.wav --intents kiosk
  voxedge understand orders/*.flac --intents kiosk --model base --json

With --json, one line a file: {"file", "text", "intent", "slots", "score", "latency_ms"}; "intent" is null
where the sentence is no command, and "reason", "nearest" and "unknown" say why.

exit status: 0 all files were read, 3 at least one could not be read, 4 a model is missing"""

MAX_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("audio", metavar="AUDIO", nargs="+", help="files of at most 30 s")
    parser.add_argument(
        "--intents",
        metavar="PATH",
        action="append",
        required=True,
        help="a ready-made set (kiosk, common, ...), a file or a folder; may be given several times",
    )
    parser.add_argument("--model", default="tiny.en", help="recognition model (default: tiny.en)")
    parser.add_argument("--language", default="en", help="ISO 639-1 code (default: en)")
    parser.add_argument(
        "--threshold", type=float, default=0.0, help="least score, 0..1 (default: calibrated)"
    )
    parser.add_argument("--threads", type=THREADS, default=2, help="threads of the recognizer (default: 2)")
    parser.add_argument("--json", action="store_true", help="one JSON object a file")


def run(args: argparse.Namespace) -> int:
    """Understands file after file; one that can't be read doesn't keep the others from being understood."""
    from voxedge import recognition, store, understanding
    from voxedge.cli.parse import check_threshold, describe
    from voxedge.hearing import hear
    from voxedge.recognition.contract import RecognitionOptions

    check_threshold(args.threshold)
    understander = understanding.create(args.intents, language=args.language, threshold=args.threshold)
    folder = store.resolve(args.model, kind="recognition")
    recognizer = recognition.create("whisper", folder, threads=args.threads)
    status = 0
    try:
        for name in args.audio:
            try:
                samples = _samples(Path(name))
                began = time.perf_counter()
                heard = hear(recognizer, understander, samples, RecognitionOptions(language=args.language))
                latency_ms = (time.perf_counter() - began) * 1000
            except InputError as error:
                status = report(error, as_json=args.json)
                continue
            result = heard.result
            if args.json:
                emit_json(_line(name, heard.text, result, latency_ms))
            else:
                lines = [f"{name}: {heard.text}", *(f"  {line}" for line in describe(result))]
                print("\n".join(lines), flush=True)
    finally:
        recognizer.close()
    return status


def _samples(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import numpy as np

    from voxedge.audio.decode import decode

    blocks, total = [], 0
    for block in decode(path):
        blocks.append(block)
        total += len(block)
        if total > MAX_SECONDS * 16_000:
            raise AudioInvalid(
                f"{path} is longer than {MAX_SECONDS:.0f} s: no single command is.",
                remedy="Cut it into utterances, or use `voxedge listen` on it.",
            )
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _line(name: str, text: str, result: object, latency_ms: float) -> dict[str, object]:
    line: dict[str, object] = {"file": name, "text": text, "intent": None, "slots": {}, "score": 0.0}
    if isinstance(result, IntentMatched):
        line |= {
            "intent": result.intent,
            "slots": {key: slot.text for key, slot in result.slots.items()},
            "score": result.score,
        }
    else:
        for key in ("reason", "nearest", "unknown"):
            line[key] = getattr(result, key, "")
    return {**line, "latency_ms": round(latency_ms, 1)}
