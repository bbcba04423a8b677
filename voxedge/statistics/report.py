"""A report: one metric's cells, clipped and noised, in a JSON object of fixed length; made and read here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from voxedge.errors import InputError
from voxedge.statistics.noise import BitSource, discrete_laplace
from voxedge.statistics.schema import (
    CLIP_UNITS,
    EPSILON_PER_REPORT,
    METRICS,
    SCHEMA_VERSION,
    SUPPRESS_BELOW,
    Metric,
)

REPORT_BYTES = 256
"""Every report is padded to this length: its size says nothing about what is in it."""

BATCH_BYTES = 16
_KEYS = {"voxedge_statistics", "batch", "epsilon", "metric", "cells"}


@dataclass(frozen=True, slots=True)
class Report:
    """What one device says about one metric in one period.

    Attributes:
        batch: 32 hexadecimal digits, drawn for this report alone, so that a repetition is known as one.
        metric: What it is about.
        cells: Noised units, one a cell; may be negative.
    """

    batch: str
    metric: Metric
    cells: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Exactly the bytes that are sent."""
        text = json.dumps(
            {
                "voxedge_statistics": SCHEMA_VERSION,
                "batch": self.batch,
                "epsilon": str(EPSILON_PER_REPORT),
                "metric": self.metric.name,
                "cells": list(self.cells),
            },
            separators=(",", ":"),
        )
        return text.encode("ascii").ljust(REPORT_BYTES)

    @classmethod
    def from_bytes(cls, data: bytes) -> Report:
        """Reads a report, and trusts nothing in it.

        Raises:
            InputError: It isn't a report of this version, or holds anything that no device would send.
        """
        if len(data) != REPORT_BYTES:
            raise _refused(f"a report has {REPORT_BYTES} bytes, not {len(data)}")
        try:
            found = json.loads(data.decode("ascii"))
        except (ValueError, RecursionError) as exc:
            raise _refused("it isn't JSON") from exc
        if not isinstance(found, dict) or set(found) != _KEYS:
            raise _refused("it has other keys than a report")
        # `true` and 1.0 equal 1, too: the type is part of the version.
        version = found["voxedge_statistics"]
        if type(version) is not int or version != SCHEMA_VERSION:
            raise _refused("it is of another version")
        if found["epsilon"] != str(EPSILON_PER_REPORT):
            raise _refused("it is of another version")
        batch, name, cells = found["batch"], found["metric"], found["cells"]
        if not isinstance(batch, str) or not re.fullmatch(r"[0-9a-f]{32}", batch):
            raise _refused("its batch isn't 32 hexadecimal digits")
        metric = METRICS.get(name) if isinstance(name, str) else None
        if metric is None or not metric.shared:
            raise _refused("its metric isn't one that is shared")
        if not isinstance(cells, list) or len(cells) != len(metric.cells):
            raise _refused("it has another number of cells than its metric")
        if not all(type(cell) is int and abs(cell) <= metric.cell_limit for cell in cells):
            raise _refused("a cell isn't a whole number within the limit")
        return cls(batch, metric, tuple(cells))


def _refused(why: str) -> InputError:
    return InputError(
        f"This isn't a report: {why}.", remedy="Send what `voxedge stats preview` prints.", room="statistics"
    )


def contribution(counts: Sequence[int]) -> tuple[int, ...]:
    """What a device gives to a metric before the noise: rare cells left out, the rest clipped in proportion.

    Cells below `SUPPRESS_BELOW` become zero. If the rest is more than `CLIP_UNITS` together, it is scaled
    down to exactly that, by largest remainders (the first of equal ones), in whole numbers. So any two
    contributions differ by at most the metric's `sensitivity`, whatever was counted.
    """
    kept = [count if count >= SUPPRESS_BELOW else 0 for count in counts]
    total = sum(kept)
    if total <= CLIP_UNITS:
        return tuple(kept)
    units = [CLIP_UNITS * count // total for count in kept]
    by_remainder = sorted(range(len(kept)), key=lambda i: (-(CLIP_UNITS * kept[i] % total), i))
    for i in by_remainder[: CLIP_UNITS - sum(units)]:
        units[i] += 1
    return tuple(units)


def noised(metric: Metric, counts: Sequence[int], bits: BitSource) -> tuple[int, ...]:
    """A contribution with noise on each cell, cut off at the metric's `cell_limit`.

    The cutting looks at nothing but the noised number, so it costs no privacy.
    """
    limit, scale = metric.cell_limit, metric.noise_scale
    return tuple(
        max(-limit, min(limit, units + discrete_laplace(scale, bits))) for units in contribution(counts)
    )


def draw_report(metric: Metric, counts: Sequence[int], bits: BitSource) -> Report:
    """Draws the one report of a period: batch and noise anew."""
    batch = "".join(f"{bits.below(256):02x}" for _ in range(BATCH_BYTES))
    return Report(batch, metric, noised(metric, counts, bits))
