"""``voxedge bench partials``: are stable prefixes right, and what does a partial cost late on?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ, UtteranceAudio
from voxedge.bench.sets import data_folder
from voxedge.bench.speech_ends import load, recordings, speech_ends
from voxedge.cli.output import Progress, emit_json
from voxedge.events import NEVER, Event, Partial, Transcript

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.stream import RecognitionRoom

HELP = "Measure partials: are stable prefixes right, and do partials slow down as the utterance grows?"
EPILOG = """examples:
  voxedge bench partials                     all sets, every fifth recording
  voxedge bench partials --every 1 --json    all recordings"""

SETS = ("coffee-commands", "an4", "assistant-commands", "read")
EVERY_MS = 500
EARLY_S, LATE_S, LONG_S = (2.5, 3.5), (18.0, 22.0), 23.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of the recognizer")
    parser.add_argument("--every", type=int, default=5, metavar="N", help="each N-th recording of a set")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    figures = measure(args)
    if args.json:
        emit_json(figures)
    else:
        for name, value in figures.items():
            print(f"{name.replace('_', ' '):<38} {value}")
    return 0


def measure(args: argparse.Namespace) -> dict[str, float]:
    """Recognizes growing recordings, and long utterances made of speech without pauses."""
    from voxedge import recognition, store
    from voxedge.recognition.contract import RecognitionOptions
    from voxedge.recognition.stream import RecognitionRoom

    folder = data_folder(args.data)
    recognizer = recognition.create(
        "whisper", store.resolve(args.model, kind="recognition"), model_name=args.model, threads=args.threads
    )
    room = RecognitionRoom(recognizer, RecognitionOptions(), partials=True)
    clips = [
        _speech(folder, file)
        for set_name in SETS
        for file in recordings(folder, set_name)[:: max(1, args.every)]
    ]
    utterances, partials, taken_back, agreeing, with_stable = 0, 0, 0, 0, 0
    with Progress("recognizing", len(clips), "file") as bar:
        for number, clip in enumerate(clips):
            events = [event for _, _, found in _grow(room, clip, number + 1) for event in found]
            stable = ""
            for event in events:
                if isinstance(event, Partial):
                    partials += 1
                    taken_back += not event.stable.startswith(stable)
                    stable = event.stable
                elif isinstance(event, Transcript):
                    utterances += 1
                    with_stable += bool(stable)
                    agreeing += bool(stable) and event.agrees
            bar.advance(1)
    costs = [row for long in _long(clips) for row in _grow(room, long, 100_000)]
    recognizer.close()
    early, late = _median(costs, EARLY_S), _median(costs, LATE_S)
    return {
        "utterances": utterances,
        "partials": partials,
        "stable_taken_back": taken_back,
        "finals_with_a_stable_prefix": with_stable,
        "of_them_agree_percent": round(100 * agreeing / max(1, with_stable), 1),
        "partial_at_3_s_ms": round(early, 1),
        "partial_at_20_s_ms": round(late, 1),
        "ratio": round(late / max(early, 1e-9), 2),
    }


def _speech(folder: Path, file: Path) -> MonoF32:
    """A recording from shortly before its speech to shortly behind it."""
    start, end = speech_ends().get(file.relative_to(folder).as_posix(), (0.0, 1e9))
    sound = load(file)
    return sound[max(0, int((start - 0.3) * SAMPLE_RATE_HZ)) : int(min(end + 0.2, 28.0) * SAMPLE_RATE_HZ)]


def _long(clips: Sequence[MonoF32], count: int = 6) -> list[MonoF32]:
    """Utterances of 23 s, of recordings that follow each other without a pause."""
    import numpy as np

    joined = np.concatenate([clip[4000:-3000] for clip in clips[::-1] if len(clip) > 24_000])
    size = int(LONG_S * SAMPLE_RATE_HZ)
    return [joined[i * size : (i + 1) * size] for i in range(min(count, len(joined) // size))]


def _grow(room: RecognitionRoom, clip: MonoF32, turn: int) -> list[tuple[float, float, list[Event]]]:
    """Hands a recording on as it grows, then whole: for each step its seconds, its cost in ms, its events."""
    steps = []
    size = EVERY_MS * SAMPLE_RATE_HZ // 1000
    lengths = [(length, "growing") for length in range(size, len(clip), size)] + [(len(clip), "final")]
    for length, kind in lengths:
        events: list[Event] = []
        item = UtteranceAudio(
            turn, clip[:length], 0, length, "growing" if kind == "growing" else "final",
            None if kind == "growing" else "silence",
        )  # fmt: skip
        began = perf_counter()
        room.feed(item, events.append, NEVER)
        cost = (perf_counter() - began) * 1000
        steps.append((length / SAMPLE_RATE_HZ if kind == "growing" else -1.0, cost, events))
    return steps


def _median(costs: Sequence[tuple[float, float, list[Event]]], between: tuple[float, float]) -> float:
    import statistics

    chosen = [cost for seconds, cost, _ in costs if between[0] <= seconds <= between[1]]
    return statistics.median(chosen) if chosen else 0.0
