"""The live half of ``voxedge bench orders``: when the intent is there, and how many orders are cut in two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.paced import PacedSource, Spoken, joined
from voxedge.bench.sets import coffee_orders
from voxedge.bench.speech_ends import load, speech_ends
from voxedge.cli.output import Progress
from voxedge.events import Event, IntentMatched, NoIntent, SpeechEnded, SpeechStarted

if TYPE_CHECKING:
    from pathlib import Path

    from voxedge.assistant import Assistant
    from voxedge.audio.contract import MonoF32

GAP_S = 2.0
SLACK_S = 0.2
"""What sounds outside of the order by more than this is no part of it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance as the assistant took it.

    Attributes:
        start_s: Where its speech starts, in seconds of the stream.
        end_s: Where its speech ends.
        declared_s: When the end was declared.
        reason: Why it ended.
        result: What was understood.
        clock: When that was told, on the monotonic clock.
    """

    start_s: float
    end_s: float
    declared_s: float
    reason: str
    result: IntentMatched | NoIntent | None
    clock: float


@dataclass(slots=True)
class Order:
    """One order of the stream.

    Attributes:
        key: Its label's.
        spoken: Where it sounds.
        heard: The utterances that it became.
    """

    key: str
    spoken: Spoken
    heard: list[Heard] = field(default_factory=list)


def stream(folder: Path, clips: int, every: int = 1) -> tuple[MonoF32, list[Order]]:
    """Orders one behind the other, spread over the set."""
    ends = speech_ends()
    files = [file for file in coffee_orders(folder)[::every] if file.relative_to(folder).as_posix() in ends]
    if clips:
        files = files[:: max(1, len(files) // clips)][:clips]
    marks = [ends[file.relative_to(folder).as_posix()] for file in files]
    sound, spoken = joined([load(file) for file in files], marks, GAP_S)
    return sound, [Order(f"audio/{file.name}", at) for file, at in zip(files, spoken, strict=True)]


def assistant_for(model: str, intents: str, preset: str, threads: int, *, partials: bool) -> Assistant:
    """An assistant that listens and understands, and does nothing else."""
    from voxedge.assistant import Assistant
    from voxedge.config import Config

    sections: dict[str, Mapping[str, object]] = {
        "recognition": {"model": model, "partials": partials},
        "listening": {"preset": preset},
        "understanding": {"intents": [intents]},
        "conversation": {"engine": "none"},
        "speaking": {"engine": "none"},
        "audio": {"speak_aloud": False},
        "runtime": {"threads": threads},
    }
    return Assistant(Config.from_mapping(sections, environment={}))


def gather(events: Iterable[Event], orders: Sequence[Order], progress: Progress) -> int:
    """Sorts what was heard to the orders; gives how many utterances belong to none."""
    outside = 0
    started: dict[int, float] = {}
    ended: dict[int, SpeechEnded] = {}
    for event in events:
        if isinstance(event, SpeechStarted):
            started[event.turn] = event.time
        elif isinstance(event, SpeechEnded):
            ended[event.turn] = event
        elif isinstance(event, (IntentMatched, NoIntent)) and event.turn in ended:
            end = ended.pop(event.turn)
            heard = Heard(started.pop(event.turn), end.speech_end, end.time, end.reason, event, event.clock)
            outside += not _sort(heard, orders, progress)
    for turn, end in ended.items():  # nothing was recognized in these
        heard = Heard(started.get(turn, end.time), end.speech_end, end.time, end.reason, None, end.clock)
        outside += not _sort(heard, orders, progress)
    return outside


def _sort(heard: Heard, orders: Sequence[Order], progress: Progress) -> bool:
    for order in orders:
        if heard.start_s < order.spoken.end_s - SLACK_S and heard.end_s > order.spoken.start_s + SLACK_S:
            if not order.heard:
                progress.advance(1)
            order.heard.append(heard)
            return True
    return False


def summary(orders: Sequence[Order], labels: Mapping[str, Mapping[str, Any]], outside: int) -> dict[str, Any]:
    """Cuts, accuracy, and the delay of the declared end behind the last speech."""
    import numpy as np

    from voxedge.bench.orders import right

    whole = [order for order in orders if len(order.heard) == 1]
    waits = [order.heard[0].declared_s - order.spoken.end_s for order in whole]
    reasons: dict[str, int] = {}
    for order in whole:
        reasons[order.heard[0].reason] = reasons.get(order.heard[0].reason, 0) + 1
    cut = [order.key for order in orders if len(order.heard) > 1]
    return {
        "orders": len(orders),
        "cut": len(cut),
        "cut_percent": round(100 * len(cut) / max(1, len(orders)), 2),
        "where_cut": cut,
        "not_heard": sum(not order.heard for order in orders),
        "right": sum(right(order.heard[0].result, labels[order.key]) for order in whole),
        "end_declared_after_ms": {
            "p50": round(1000 * float(np.median(waits))) if waits else None,
            "p95": round(1000 * float(np.percentile(waits, 95))) if waits else None,
        },
        "reasons": reasons,
        "utterances_outside": outside,
    }


def cuts(
    folder: Path, labels: Mapping[str, Mapping[str, Any]], assistant: Assistant, every: int
) -> dict[str, Any]:
    """All orders in the caller's own thread, and what a pause tells is known at once."""
    sound, orders = stream(folder, 0, every)
    with Progress("orders as a stream", len(orders), "order") as progress:
        outside = gather(assistant.listen(iter([sound])), orders, progress)
    return summary(orders, labels, outside)


def live(
    folder: Path, labels: Mapping[str, Mapping[str, Any]], assistant: Assistant, clips: int
) -> dict[str, Any]:
    """Some orders in real time through the threads: last speech sample to intent."""
    import numpy as np

    sound, orders = stream(folder, clips)
    source = PacedSource(sound)
    assistant.load()
    with Progress(f"playing {len(sound) / SAMPLE_RATE_HZ:.0f} s", len(orders), "order") as progress:
        outside = gather(assistant.listen(source), orders, progress)
    delays = [
        1000 * (order.heard[0].clock - source.clock_at(order.spoken.end_s))
        for order in orders
        if len(order.heard) == 1 and order.heard[0].result is not None
    ]
    return {
        **summary(orders, labels, outside),
        "speech_to_intent_ms": {
            "p50": round(float(np.median(delays))) if delays else None,
            "p95": round(float(np.percentile(delays, 95))) if delays else None,
        },
        "frame_late_ms": round(source.late_s * 1000, 1),
    }
