"""Counters and histograms in Prometheus' text format. Labels are names of ours, never a client's.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voxedge.events import Dropped, Event, SpeechEnded, Transcript, TurnEnded

if TYPE_CHECKING:
    from voxedge.daemon.service import Service

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        place = next((i for i, edge in enumerate(BUCKETS_S) if seconds <= edge), len(BUCKETS_S))
        self.counts[place] += 1
        self.total += seconds


class Metrics:
    """What is counted. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds: dict[str, _Histogram] = {}
        self._events: dict[tuple[str, str], int] = {}
        self._final = _Histogram()
        self._counts: dict[str, Callable[[], Mapping[str, int]]] = {}

    def watch(self, name: str, counts: Callable[[], Mapping[str, int]]) -> None:
        """Has a server's own counts shown as well.

        Args:
            name: The server's.
            counts: Gives them; their names must be ours, never a client's.
        """
        with self._lock:
            self._counts[name] = counts

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        with self._lock:
            key = (route, status)
            self._requests[key] = self._requests.get(key, 0) + 1
            self._seconds.setdefault(route, _Histogram()).observe(seconds)

    def event(self, event: Event) -> None:
        """Counts an event of a stream (see `Service.watch`)."""
        label = ""
        if isinstance(event, TurnEnded):
            label = event.outcome
        elif isinstance(event, SpeechEnded):
            label = event.reason
        elif isinstance(event, Transcript):
            label = event.suppressed or "text"
        elif isinstance(event, Dropped):
            label = event.what
        key = (type(event).__name__, label)
        with self._lock:
            self._events[key] = self._events.get(key, 0) + 1

    def final(self, seconds: float) -> None:
        """Notes how long after the end of an utterance its words were there."""
        with self._lock:
            self._final.observe(seconds)

    def text(self, service: Service) -> str:
        """Everything, in Prometheus' format."""
        lines: list[str] = []
        _gauge(lines, "voxedge_ready", "Whether work is taken in.", int(service.ready))
        _gauge(lines, "voxedge_streams", "Live streams that are open.", service.streams)
        _gauge(lines, "voxedge_requests_under_way", "Requests that are being worked on.", service.requests)
        _head(lines, "voxedge_stage_stuck", "gauge", "Stages that have work and don't move.")
        stuck = service.progress.stuck()
        lines += [
            f'voxedge_stage_stuck{{stage="{name}"}} {int(name in stuck)}'
            for name in (*service.scheduler.stages, "recognition", "loop")
        ]
        self._lanes(lines, service)
        with self._lock:
            _head(lines, "voxedge_http_requests_total", "counter", "Answered requests.")
            for (route, status), count in sorted(self._requests.items()):
                lines.append(f'voxedge_http_requests_total{{route="{route}",status="{status}"}} {count}')
            _head(lines, "voxedge_http_request_seconds", "histogram", "Time to answer.")
            for route, histogram in sorted(self._seconds.items()):
                _histogram(lines, "voxedge_http_request_seconds", f'route="{route}"', histogram)
            _head(lines, "voxedge_events_total", "counter", "Events of live streams.")
            for (kind, label), count in sorted(self._events.items()):
                lines.append(f'voxedge_events_total{{type="{kind}",how="{label}"}} {count}')
            for name, counts in sorted(self._counts.items()):
                _head(lines, f"voxedge_{name}_total", "counter", "What this server has met with.")
                lines += [
                    f'voxedge_{name}_total{{what="{what}"}} {n}' for what, n in sorted(counts().items())
                ]
            _head(lines, "voxedge_final_seconds", "histogram", "From an utterance's end to its words.")
            _histogram(lines, "voxedge_final_seconds", "", self._final)
        return "\n".join(lines) + "\n"

    @staticmethod
    def _lanes(lines: list[str], service: Service) -> None:
        found = service.scheduler.statistics
        for name, kind, about in (
            ("waiting", "gauge", "Pieces of work that wait."),
            ("running", "gauge", "Pieces of work that run."),
            ("done", "counter", "Pieces of work that ended."),
            ("refused", "counter", "Pieces of work that were refused."),
            ("cancelled", "counter", "Pieces of work that were given up."),
            ("busy_s", "counter", "Seconds of work."),
        ):
            full = f"voxedge_lane_{name.removesuffix('_s')}" + ("_seconds" if name.endswith("_s") else "")
            full += "_total" if kind == "counter" else ""
            _head(lines, full, kind, about)
            lines += [f'{full}{{lane="{lane}"}} {getattr(one, name):g}' for lane, one in found.items()]
        _gauge(
            lines,
            "voxedge_final_wait_p95_seconds",
            "How long 95 % of the last finals waited for their turn at most.",
            found["compute"].wait_p95_ms / 1000,
        )


class FinalTimer:
    """Watches one stream: how long after the end of an utterance its words are there.

    Args:
        note: Called with the seconds.
    """

    def __init__(self, note: Callable[[float], None]) -> None:
        self._note = note
        self._ended: dict[int, float] = {}

    def __call__(self, event: Event) -> None:
        """Takes the stream's next event."""
        if isinstance(event, SpeechEnded):
            self._ended[event.turn] = event.clock
        elif isinstance(event, Transcript):
            ended = self._ended.pop(event.turn, None)
            if ended is not None:
                self._note(event.clock - ended)
        elif isinstance(event, TurnEnded):
            self._ended.pop(event.turn, None)


def _head(lines: list[str], name: str, kind: str, about: str) -> None:
    lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _gauge(lines: list[str], name: str, about: str, value: float) -> None:
    _head(lines, name, "gauge", about)
    lines.append(f"{name} {value:g}")


def _histogram(lines: list[str], name: str, labels: str, one: _Histogram) -> None:
    comma = "," if labels else ""
    running = 0
    edges: Sequence[str] = [f"{edge:g}" for edge in BUCKETS_S] + ["+Inf"]
    for edge, count in zip(edges, one.counts, strict=True):
        running += count
        lines.append(f'{name}_bucket{{{labels}{comma}le="{edge}"}} {running}')
    braces = f"{{{labels}}}" if labels else ""
    lines += [f"{name}_sum{braces} {one.total:g}", f"{name}_count{braces} {running}"]
