"""``voxedge bench soak``: thousands of utterances through one assistant; does anything grow?"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.paced import PacedSource
from voxedge.bench.process import open_files, resident_mb, thread_count
from voxedge.bench.sets import data_folder
from voxedge.bench.speech_ends import load, recordings
from voxedge.cli.output import Progress, emit_json, note
from voxedge.errors import EXIT_FAILED, UsageError
from voxedge.events import SpeechEnded, Transcript, TurnEnded

if TYPE_CHECKING:
    from voxedge.assistant import Assistant
    from voxedge.audio.contract import MonoF32

HELP = "Send thousands of utterances through one assistant; look at memory, threads and open files."
EPILOG = """examples:
  voxedge bench soak                          2,000 utterances
  voxedge bench soak --utterances 200 --json
  voxedge bench soak --plot soak.png          memory as it goes
  voxedge bench soak --everything             20 minutes: slow recognizer, LLM and speech at once"""

GAP_S = 1.0
STREAM_CLIPS = 40
"""Utterances of one stream: streams are opened and closed as well, fifty times in all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model")
    parser.add_argument("--utterances", type=int, default=2000, metavar="N", help="how many")
    parser.add_argument("--warm-up", type=int, default=200, metavar="N", help="not counted at the start")
    parser.add_argument("--plot", metavar="FILE.png", help="draw memory over utterances")
    parser.add_argument("--everything", action="store_true", help="all rooms at once, in real time")
    parser.add_argument("--minutes", type=float, default=20.0, metavar="N", help="of --everything")
    parser.add_argument(
        "--slow-ms",
        type=int,
        default=300,
        metavar="N",
        help="of --everything: the recognizer is so much slower",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if args.everything:
        figures = _everything(args)
        _show(figures, args.json)
        return EXIT_FAILED if figures["utterances_with_a_loss"] or figures["damaged"] else 0
    if not 0 < args.warm_up < args.utterances:
        raise UsageError(
            "--warm-up must be less than --utterances, and both positive.",
            remedy="Try --utterances 2000 --warm-up 200.",
            room="bench",
        )
    grown, memory = measure(args)
    if args.plot:
        _plot(memory, args.plot)
    _show(grown, args.json)
    return 0


def _everything(args: argparse.Namespace) -> Mapping[str, object]:
    from voxedge.bench.everything import measure as measure_everything

    if args.minutes <= 0 or args.slow_ms < 0:
        raise UsageError(
            "--minutes must be positive, and --slow-ms not negative.",
            remedy="Try --everything --minutes 20 --slow-ms 300.",
            room="bench",
        )
    folder = data_folder(args.data)
    return measure_everything(folder, minutes=args.minutes, model=args.model, slow_ms=args.slow_ms)


def _show(figures: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        emit_json(figures)
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<28} {value}")


def measure(args: argparse.Namespace) -> tuple[Mapping[str, object], list[tuple[int, float]]]:
    """Plays streams of short recordings through the threads, as fast as they take them."""
    from voxedge.assistant import Assistant
    from voxedge.config import Config

    config = Config.from_mapping(
        {
            "recognition": {"model": args.model, "partials": False},
            "understanding": {"intents": ["kiosk"]},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
        },
        environment={},
    )
    files = recordings(data_folder(args.data), "an4")
    sound = _stream([load(file) for file in files][:STREAM_CLIPS])
    memory: list[tuple[int, float]] = []
    began, counts = time.monotonic(), {"utterances": 0, "transcripts": 0, "turns": 0}
    baseline: tuple[float, int, int] | None = None
    with Assistant(config) as assistant, Progress("speaking", args.utterances, "utterance") as bar:
        try:
            while counts["turns"] < args.utterances:
                before = counts["turns"]
                _one_stream(assistant, sound, counts)
                bar.advance(counts["turns"] - before)
                memory.append((counts["turns"], resident_mb()))
                if baseline is None and counts["turns"] >= args.warm_up:
                    baseline = (resident_mb(), thread_count(), open_files())
                if counts["turns"] == before:
                    break
        except KeyboardInterrupt:
            if baseline is None:
                raise
            note(f"Interrupted after {counts['turns']} of {args.utterances} utterances.")
        first = baseline or (resident_mb(), thread_count(), open_files())
        last = (resident_mb(), thread_count(), open_files())
        close_s = _close_times(assistant, sound)
    figures = {
        **counts,
        "seconds": round(time.monotonic() - began, 1),
        "growth_mb": round(_growth([size for count, size in memory if count >= args.warm_up]), 1),
        "resident_mb": round(last[0], 1),
        "resident_mb_on_the_way": [round(size) for _, size in memory[:: max(1, len(memory) // 10)]],
        "new_threads": last[1] - first[1],
        "new_open_files": last[2] - first[2],
        "close_s": round(close_s, 2),
    }
    return figures, memory


def _growth(looks: list[float]) -> float:
    """From the median of the first looks to that of the last: a single one goes up and down with the work."""
    some = max(1, min(5, len(looks) // 3))
    return median(looks[-some:]) - median(looks[:some]) if looks else 0.0


def _stream(clips: list[MonoF32]) -> MonoF32:
    import numpy as np

    rng = np.random.default_rng(4)
    quiet = rng.normal(scale=1e-4, size=int(GAP_S * SAMPLE_RATE_HZ)).astype(np.float32)
    return np.concatenate([piece for clip in clips for piece in (clip, quiet)])


def _one_stream(assistant: Assistant, sound: MonoF32, counts: dict[str, int]) -> None:
    for event in assistant.listen(PacedSource(sound, realtime=False)):
        counts["utterances"] += isinstance(event, SpeechEnded)
        counts["transcripts"] += isinstance(event, Transcript)
        counts["turns"] += isinstance(event, TurnEnded)


def _close_times(assistant: Assistant, sound: MonoF32) -> float:
    """Closes in the middle of speech, from another thread; gives the seconds that it took."""
    took: list[float] = []

    def close() -> None:
        time.sleep(2.0)
        began = time.monotonic()
        assistant.close()
        took.append(time.monotonic() - began)

    closer = threading.Thread(target=close)
    closer.start()
    for _event in assistant.listen(PacedSource(sound)):
        pass
    closer.join()
    return took[0]


def _plot(memory: list[tuple[int, float]], file: str) -> None:
    from voxedge.registry import need

    pyplot = need("matplotlib.pyplot", "plot", "Drawing")
    figure, axes = pyplot.subplots(figsize=(7, 3))  # type: ignore[attr-defined]
    axes.plot([count for count, _ in memory], [size for _, size in memory])
    axes.set(xlabel="utterances", ylabel="MB resident", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(file, dpi=120)
