"""``voxedge bench idle``: what listening costs while nobody speaks."""

from __future__ import annotations

import argparse
import threading
import time
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.paced import PacedSource
from voxedge.bench.process import resident_mb, thread_count
from voxedge.cli.output import Progress, emit_json
from voxedge.errors import UsageError
from voxedge.events import Transcript

if TYPE_CHECKING:
    from voxedge.assistant import Assistant
    from voxedge.audio.contract import MonoF32

HELP = "Measure what listening costs while nobody speaks: share of a core, and memory."
EPILOG = """examples:
  voxedge bench idle                        a quiet room, 30 seconds, tiny.en loaded
  voxedge bench idle --seconds 120 --json
  voxedge bench idle --microphone           with the real microphone (keep quiet)
  voxedge bench idle --level-db -50         a louder room"""

WARM_S = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model")
    parser.add_argument("--seconds", type=int, default=30, metavar="S", help="how long to listen")
    parser.add_argument(
        "--level-db", type=float, default=-70.0, metavar="DB", help="level of the room's noise"
    )
    parser.add_argument("--microphone", action="store_true", help="listen to the microphone")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the use of the core, second by second")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if not 2 <= args.seconds <= 86_400:
        raise UsageError("--seconds must be from 2 to 86400.", remedy="Try --seconds 30.", room="bench")
    figures, shares = measure(args)
    if args.plot:
        _plot(shares, args.plot)
    if args.json:
        emit_json(figures)
        return 0
    print(f"processor      {figures['core_percent']:.2f} % of one core")
    print(f"memory         {figures['resident_mb']:.0f} MB resident, {figures['threads']:.0f} threads")
    print(f"transcripts    {figures['transcripts']:.0f}")
    return 0


def measure(args: argparse.Namespace) -> tuple[dict[str, float], list[float]]:
    """Listens; gives the figures, and the share of a core in percent for each second."""
    from voxedge.assistant import Assistant
    from voxedge.config import Config

    config = Config.from_mapping(
        {
            "recognition": {"model": args.model},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
        },
        environment={},
    )
    transcripts = 0
    with Assistant(config) as assistant, Progress("listening", args.seconds, "s") as bar:
        assistant.load()
        source = None if args.microphone else PacedSource(_room(args.seconds + 60, args.level_db))
        ticker = _Ticker(assistant, args.seconds, bar)
        ticker.thread.start()
        for event in assistant.listen(source):
            transcripts += isinstance(event, Transcript)
        ticker.thread.join(5)
    figures = {
        "core_percent": round(100 * ticker.spent / max(ticker.wall, 1e-9), 2),
        "resident_mb": round(ticker.resident_mb, 1),
        "threads": ticker.threads,
        "seconds": round(ticker.wall, 1),
        "transcripts": transcripts,
    }
    return figures, ticker.shares


def _room(seconds: int, level_db: float) -> MonoF32:
    import numpy as np

    rng = np.random.default_rng(2)
    scale = 10 ** (level_db / 20)
    return rng.normal(scale=scale, size=seconds * SAMPLE_RATE_HZ).astype(np.float32)


class _Ticker:
    """Looks at the clock each second; closes the assistant in the end (a microphone never ends by itself)."""

    def __init__(self, assistant: Assistant, seconds: float, bar: Progress) -> None:
        self.shares: list[float] = []
        self._assistant, self._seconds, self._bar = assistant, seconds, bar
        self._used = self._began = self.spent = self.wall = self.resident_mb = 0.0
        self.threads = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        # What starting costs isn't what idling costs.
        time.sleep(WARM_S)
        self._began, self._used = time.monotonic(), time.process_time()
        before, at = self._used, self._began
        while time.monotonic() < self._began + self._seconds:
            time.sleep(1.0)
            now, used = time.monotonic(), time.process_time()
            self.shares.append(100 * (used - before) / (now - at))
            before, at = used, now
            self._bar.advance(1)
        self.spent, self.wall = before - self._used, at - self._began
        self.resident_mb, self.threads = resident_mb(), thread_count()
        self._assistant.close()


def _plot(shares: list[float], file: str) -> None:
    from voxedge.registry import need

    pyplot = need("matplotlib.pyplot", "plot", "Drawing")
    figure, axes = pyplot.subplots(figsize=(7, 3))  # type: ignore[attr-defined]
    axes.plot(range(1, len(shares) + 1), shares)
    axes.set(xlabel="s", ylabel="% of one core", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(file, dpi=120)
