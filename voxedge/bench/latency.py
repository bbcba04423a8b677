"""``voxedge bench latency``: coffee orders in real time, and faster-whisper beside it."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.paced import PacedSource, Spoken, joined
from voxedge.bench.sets import coffee_orders, data_folder
from voxedge.bench.speech_ends import load, speech_ends
from voxedge.cli.output import Progress, emit_json, note
from voxedge.events import Event, Partial, SpeechEnded, SpeechStarted, Transcript

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

HELP = "Measure when the text is there: coffee orders in real time, faster-whisper beside it."
EPILOG = """examples:
  voxedge bench latency                         40 coffee orders, preset command
  voxedge bench latency --clips 20 --json
  voxedge bench latency --llm smollm2-135m-instruct   the language model writes all the while
  voxedge bench latency --model base --plot latency.png"""

GAP_S = 2.5
"""Between two orders: faster-whisper has its turn there, while nobody speaks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model")
    parser.add_argument("--preset", default="command", metavar="P", help="preset of listening")
    parser.add_argument("--intents", default="kiosk", metavar="NAME", help='templates; "" for none')
    parser.add_argument("--clips", type=int, default=40, metavar="N", help="how many orders")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="cores to plan for")
    parser.add_argument("--llm", default="", metavar="NAME", help="let this language model write meanwhile")
    parser.add_argument("--no-reference", action="store_true", help="leave faster-whisper out")
    parser.add_argument("--plot", metavar="FILE.png", help="draw how the latencies are distributed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    folder = data_folder(args.data)
    ends = speech_ends()
    files = coffee_orders(folder)[:: max(1, len(coffee_orders(folder)) // args.clips)][: args.clips]
    files = [file for file in files if file.relative_to(folder).as_posix() in ends]
    clips = [load(file) for file in files]
    sound, spoken = joined(clips, [ends[f.relative_to(folder).as_posix()] for f in files], GAP_S)
    measured = measure(args, sound, spoken)
    figures = summary(measured)
    if args.plot:
        _plot(measured, Path(args.plot))
    if args.json:
        emit_json(figures)
    else:
        _print(figures)
    return 0


@dataclass(slots=True)
class Measured:
    """Milliseconds, one for each utterance.

    Attributes:
        after_endpoint: From the end declared to the final text.
        after_speech: From the last sample of speech to the final text.
        first_partial: From the start of speech to the first partial.
        reference: faster-whisper's ``transcribe`` of the same sound, called at the same endpoint.
        partial_gaps: Between two partials of an utterance, by the second of speech.
        disagreeing: Finals that don't begin with the last stable prefix.
        taken_back: Stable prefixes that didn't begin with the one before. Must be 0.
        spoken: Utterances that were played.
        late_ms: How long a frame waited for the listening thread, at most.
    """

    after_endpoint: list[float] = field(default_factory=list)
    after_speech: list[float] = field(default_factory=list)
    first_partial: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)
    disagreeing: int = 0
    taken_back: int = 0
    spoken: int = 0
    utterances: int = 0
    late_ms: float = 0.0


def measure(args: argparse.Namespace, sound: MonoF32, spoken: Sequence[Spoken]) -> Measured:
    """Plays the stream through an assistant's threads and looks at the clock of its events."""
    from voxedge.assistant import Assistant
    from voxedge.config import Config

    config = Config.from_mapping(
        {
            "recognition": {"model": args.model},
            "listening": {"preset": args.preset},
            "understanding": {"intents": [args.intents] if args.intents else []},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
            "runtime": {"threads": args.threads},
        },
        environment={},
    )
    source, measured = PacedSource(sound), Measured(spoken=len(spoken))
    reference = None if args.no_reference else reference_model(args.model, args.threads)
    stop = threading.Event()
    writer = _writer(args.llm, args.threads, stop) if args.llm else None
    try:
        with (
            Assistant(config) as assistant,
            Progress("playing", round(len(sound) / SAMPLE_RATE_HZ), "s") as bar,
        ):
            assistant.load()
            watch = _Watch(measured, source, sound, spoken, reference)
            for event in assistant.listen(source):
                watch.see(event)
                if isinstance(event, Transcript):
                    bar.advance(round(event.end - watch.shown_s))
                    watch.shown_s = event.end
    finally:
        stop.set()
        if writer is not None:
            writer.join(10)
    measured.late_ms = source.late_s * 1000
    return measured


class _Watch:
    def __init__(
        self,
        measured: Measured,
        source: PacedSource,
        sound: MonoF32,
        spoken: Sequence[Spoken],
        reference: Any,
    ) -> None:
        self._measured, self._source, self._sound = measured, source, sound
        self._spoken, self._reference = spoken, reference
        self._started: SpeechStarted | None = None
        self._ended: SpeechEnded | None = None
        self._stable = ""
        self._any_partial = False
        self.shown_s = 0.0

    def see(self, event: Event) -> None:
        """Looks at one event."""
        own = self._measured
        if isinstance(event, SpeechStarted):
            self._started, self._stable, self._any_partial = event, "", False
        elif isinstance(event, Partial) and self._started is not None:
            if not self._any_partial:
                self._any_partial = True
                own.first_partial.append((event.clock - self._source.clock_at(self._started.time)) * 1000)
            own.taken_back += not event.stable.startswith(self._stable)
            self._stable = event.stable
        elif isinstance(event, SpeechEnded):
            self._ended = event
        elif isinstance(event, Transcript) and self._ended is not None and self._started is not None:
            own.utterances += 1
            own.disagreeing += not event.agrees
            own.after_endpoint.append((event.clock - self._ended.clock) * 1000)
            # The order that ends nearest: an order that was cut in two has its end measured once too early.
            nearest = min(self._spoken, key=lambda s: abs(s.end_s - self._ended.speech_end))  # type: ignore[union-attr]
            own.after_speech.append((event.clock - self._source.clock_at(nearest.end_s)) * 1000)
            if self._reference is not None:
                first = int((self._started.time - 0.3) * SAMPLE_RATE_HZ)
                piece = self._sound[max(0, first) : int(self._ended.time * SAMPLE_RATE_HZ)]
                began = monotonic()
                segments, _ = self._reference.transcribe(piece, language="en", beam_size=1)
                _ = [segment.text for segment in segments]
                own.reference.append((monotonic() - began) * 1000)


def reference_model(model: str, threads: int) -> Any:
    """faster-whisper with a model of the store."""
    from faster_whisper import WhisperModel

    from voxedge import store

    folder = store.resolve(model, kind="recognition")
    return WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
    )


def _writer(name: str, threads: int, stop: threading.Event) -> threading.Thread:
    """Lets the language model write one reply after the other, as it would for earlier turns."""
    from voxedge import store
    from voxedge.conversation.contract import Message, ReplyOptions
    from voxedge.conversation.llama import LlamaModel
    from voxedge.runtime import plan_threads

    path = store.resolve(name, kind="language")
    model = LlamaModel(path, name=name, context_tokens=1024, threads=plan_threads(threads).conversation)

    def write() -> None:
        with model:
            while not stop.is_set():
                messages = [Message(role="user", text="Tell me a long story about the sea and the wind.")]
                for _delta in model.reply(messages, ReplyOptions(max_tokens=80)):
                    if stop.is_set():
                        break

    thread = threading.Thread(target=write, name="bench-llm", daemon=True)
    thread.start()
    return thread


def summary(measured: Measured) -> dict[str, object]:
    """Medians and 95th percentiles, in milliseconds."""
    rows = {
        "endpoint_to_text_ms": measured.after_endpoint,
        "speech_to_text_ms": measured.after_speech,
        "first_partial_ms": measured.first_partial,
        "faster_whisper_ms": measured.reference,
    }
    figures: dict[str, object] = {name: _percentiles(values) for name, values in rows.items() if values}
    figures |= {
        "spoken": measured.spoken,
        "utterances": measured.utterances,
        "finals_that_disagree": measured.disagreeing,
        "stable_taken_back": measured.taken_back,
        "frame_late_ms": round(measured.late_ms, 1),
    }
    return figures


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    import numpy as np

    middle, high = np.percentile(values, [50, 95])
    return {"p50": round(float(middle), 1), "p95": round(float(high), 1), "n": len(values)}


def _plot(measured: Measured, file: Path) -> None:
    from voxedge.registry import need

    pyplot = need("matplotlib.pyplot", "plot", "Drawing")
    figure, axes = pyplot.subplots(figsize=(7, 4))  # type: ignore[attr-defined]
    for name, values in (
        ("end declared to text", measured.after_endpoint),
        ("last speech to text", measured.after_speech),
        ("faster-whisper, from the same end", measured.reference),
    ):
        if values:
            ordered = sorted(values)
            axes.plot(ordered, [(i + 1) / len(ordered) for i in range(len(ordered))], label=name)
    axes.set(xlabel="ms", ylabel="share of the orders", ylim=(0, 1), xlim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    note(f"wrote {file}")


def _print(figures: Mapping[str, object]) -> None:
    names = {
        "endpoint_to_text_ms": "end declared to final text",
        "speech_to_text_ms": "last speech sample to final text",
        "first_partial_ms": "start of speech to first partial",
        "faster_whisper_ms": "faster-whisper from the same endpoint",
    }
    for key, value in figures.items():
        if isinstance(value, dict):
            print(
                f"{names[key]:<40} p50 {value['p50']:>7.1f} ms   p95 {value['p95']:>7.1f} ms   n {value['n']}"
            )
        else:
            print(f"{key.replace('_', ' '):<40} {value}")
