"""The closed schema: everything that voxedge ever counts, and which of it the owner may choose to share.

A metric is a counter, an enumeration or a histogram with fixed buckets. What is kept of it is one whole
number a cell. There is no metric, and no type here, that could hold text, sound, a name, an identifier, an
address or a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction

SCHEMA_VERSION = 1
"""Raised when a cell of a shared metric changes its meaning; a collector keeps versions apart."""

EPSILON_PER_REPORT = Fraction(2)
"""Privacy loss of one report: whatever one device did in a period, no report is more than ``exp(2)`` times
likelier than if it had done something else."""

EPSILON_LIFETIME = Fraction(24)
"""Privacy loss of all reports that a device ever sends, added up. Never renewed."""

CLIP_UNITS = 10
"""Units that a device can give to a metric in a period; a busier one counts in proportion."""

SUPPRESS_BELOW = 5
"""A cell that was counted fewer times in the period is taken for zero, before the noise."""

NOISE_TAIL_SCALES = 30
"""A noised number is cut off so many noise scales beyond the clip; chance of it: ``exp(-30)``."""


class Kind(Enum):
    """What a metric is."""

    COUNTER = "counter"
    ENUMERATION = "enumeration"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that is counted.

    Attributes:
        name: Its name, with the unit.
        kind: Counter, enumeration or histogram.
        about: What is counted.
        purpose: Which question it answers.
        cells: What each cell stands for.
        edges: Of a histogram: the greatest value of each bucket but the last, in ``unit``, rising.
        unit: Unit of a histogram's values.
        shared: Whether it may be in a report, once the owner opted in.
        expires: From this day on it is in no report.
    """

    name: str
    kind: Kind
    about: str
    purpose: str
    cells: tuple[str, ...]
    edges: tuple[int, ...] = ()
    unit: str = ""
    shared: bool = False
    expires: date | None = None

    def bucket(self, value: float) -> int:
        """The bucket of a histogram that a value falls into; what isn't a number falls into the last."""
        return bisect_left(self.edges, value) if value == value else len(self.edges)

    def cell(self, label: str) -> int:
        """The cell of an enumeration; what has none counts as ``other``, or else as the last."""
        if label in self.cells:
            return self.cells.index(label)
        return self.cells.index("other") if "other" in self.cells else len(self.cells) - 1

    @property
    def sensitivity(self) -> int:
        """How far two devices can be apart: the greatest sum of the differences of their clipped cells."""
        return CLIP_UNITS if len(self.cells) == 1 else 2 * CLIP_UNITS

    @property
    def noise_scale(self) -> Fraction:
        """Scale of the discrete Laplace noise on each cell: sensitivity over epsilon."""
        return Fraction(self.sensitivity) / EPSILON_PER_REPORT

    @property
    def cell_limit(self) -> int:
        """No cell of a report is further from zero."""
        return CLIP_UNITS + int(NOISE_TAIL_SCALES * self.noise_scale)


_YEAR = date(2027, 12, 1)
_LATENCY_MS = (50, 100, 200, 400, 800, 1_600, 3_200)
_ROOMS = ("audio", "listening", "recognition", "understanding", "conversation", "speaking", "other")


def _counter(name: str, about: str, purpose: str) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, about=about, purpose=purpose, cells=("count",))


def _enumeration(
    name: str, cells: tuple[str, ...], about: str, purpose: str, *, shared: bool = False
) -> Metric:
    return Metric(
        name=name,
        kind=Kind.ENUMERATION,
        about=about,
        purpose=purpose,
        cells=cells,
        shared=shared,
        expires=_YEAR if shared else None,
    )


def _histogram(
    name: str, edges: tuple[int, ...], unit: str, about: str, purpose: str, *, shared: bool = False
) -> Metric:
    cells = (*(f"up to {edge}" for edge in edges), f"over {edges[-1]}")
    return Metric(
        name=name,
        kind=Kind.HISTOGRAM,
        about=about,
        purpose=purpose,
        cells=cells,
        edges=edges,
        unit=unit,
        shared=shared,
        expires=_YEAR if shared else None,
    )


_ALL = (
    _enumeration(
        "turn_outcome",
        ("intent", "reply", "translation", "no_intent", "nothing_said", "failed", "cancelled"),
        "turns, by how they ended",
        "Are people understood at all? Which share fails?",
        shared=True,
    ),
    _enumeration(
        "speech_end",
        ("silence", "complete", "limit", "end_of_stream", "cancelled"),
        "utterances, by why they were ended",
        "Do endpoints come too early or too late?",
        shared=True,
    ),
    _enumeration(
        "matching",
        ("exact", "forgiving", "none_near", "tie", "empty"),
        "utterances, by how they fitted the grammar",
        "Are the templates wide enough, is the matcher's tolerance right?",
        shared=True,
    ),
    _enumeration(
        "reply_by",
        ("handler", "dialogue", "llm"),
        "replies, by who wrote them",
        "How often does the language model have to step in?",
        shared=True,
    ),
    _histogram(
        "final_latency_ms",
        _LATENCY_MS,
        "ms",
        "from the end of an utterance to its final text",
        "Is recognition quick enough on the devices that are in use?",
        shared=True,
    ),
    _histogram(
        "response_ms",
        _LATENCY_MS,
        "ms",
        "from the end of an utterance to the first piece of the reply",
        "How long do people wait?",
        shared=True,
    ),
    _histogram(
        "confidence_percent",
        (20, 40, 60, 70, 80, 90),
        "%",
        "confidence of final texts",
        "Does recognition suit the places where devices stand?",
        shared=True,
    ),
    _histogram(
        "recognition_load_percent",
        (10, 20, 40, 60, 100, 200),
        "%",
        "seconds of recognition work for a second of speech (the real-time factor, partials included)",
        "Which model can these devices bear?",
        shared=True,
    ),
    _histogram(
        "tokens_per_second",
        (5, 10, 20, 40, 80),
        "1/s",
        "pace of the language model's replies",
        "Which language model can these devices bear?",
        shared=True,
    ),
    _enumeration(
        "trouble",
        _ROOMS,
        "rooms that stopped working for a while",
        "Which part breaks in the field?",
        shared=True,
    ),
    _histogram(
        "memory_mb",
        (128, 256, 384, 512, 768, 1_024, 2_048),
        "MB",
        "resident memory of the process, looked at once a minute",
        "Does memory grow, does it fit small devices?",
        shared=True,
    ),
    _histogram(
        "temperature_c",
        (40, 50, 60, 70, 80, 90),
        "degrees Celsius",
        "the hottest sensor of the processor, looked at once a minute",
        "Do cases and climates get devices too hot?",
        shared=True,
    ),
    _histogram(
        "endpoint_wait_ms",
        (200, 300, 400, 600, 800, 1_200),
        "ms",
        "from the last speech to the decision that the utterance is over",
        "Does the chosen preset wait too long?",
    ),
    _histogram(
        "understanding_ms", (2, 5, 10, 20, 50, 100), "ms", "from text to intent", "Is the grammar too large?"
    ),
    _histogram(
        "first_sound_ms",
        _LATENCY_MS,
        "ms",
        "from the end of an utterance to the first sound of the reply",
        "How long do people wait for the voice?",
    ),
    _histogram(
        "speech_s", (1, 2, 3, 5, 8, 15), "s", "length of utterances", "Which window sizes are worth it?"
    ),
    _histogram(
        "match_score_percent", (60, 70, 80, 90, 95, 99), "%", "scores of matches", "Where should the line be?"
    ),
    _enumeration(
        "suppressed",
        ("no_speech", "low_score", "loop", "other"),
        "texts that the guard held back, by why",
        "Is the guard too strict, or the room too loud?",
    ),
    _enumeration("spoken", ("whole", "interrupted"), "spoken replies", "Are replies too long?"),
    _enumeration(
        "failure",
        ("engine", "device", "store", "input", "handler", "internal", "other"),
        "turns that failed, by cause",
        "What should be mended first?",
    ),
    _enumeration("dropped", _ROOMS, "work that was dropped, by room", "Is the device overloaded?"),
    _enumeration(
        "requests",
        ("served", "busy", "too_large", "too_many", "unauthorized", "invalid", "failed", "abandoned"),
        "requests to the service, by how they ended",
        "Is the service overloaded or misused?",
    ),
    _counter("partials", "partial texts", "How much work goes into partials?"),
    _counter("disagreements", "finals that don't begin with their stable prefix", "Is the prefix stable?"),
    _counter("translations", "final translations", "Is translation used?"),
    _counter("engine_restarts", "engines that crashed or hung and were started anew", "Are engines stable?"),
    _counter("starts", "starts of the program", "Does it restart when it shouldn't?"),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
"""Every metric, by name."""

SHARED: tuple[Metric, ...] = tuple(metric for metric in _ALL if metric.shared)
"""The metrics that a report can be about."""


def shared_on(day: date) -> tuple[Metric, ...]:
    """The metrics that have not expired on a day."""
    return tuple(metric for metric in SHARED if metric.expires is not None and day < metric.expires)
