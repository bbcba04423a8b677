"""The picture of ``voxedge stats show --plot``; needs the extra ``plot``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from voxedge.errors import InputError, UsageError
from voxedge.registry import need
from voxedge.statistics.monitor import Slot, Span
from voxedge.statistics.overview import Summary

_COLUMNS = 3


def plot_counts(summaries: Sequence[Summary], slots: Sequence[Slot], span: Span, file: Path) -> None:
    """Draws each metric over time, a color a cell.

    Raises:
        ExtraMissing: matplotlib isn't installed.
        UsageError: Nothing was counted.
        InputError: The file can't be written.
    """
    if not summaries:
        raise UsageError(
            "Nothing was counted, so there is nothing to draw.",
            remedy="Set `monitor = true` under [statistics], and use the device for a while.",
        )
    matplotlib: Any = need("matplotlib", "plot", "Plotting")
    matplotlib.use("Agg")
    pyplot: Any = need("matplotlib.pyplot", "plot", "Plotting")
    rows = -(-len(summaries) // _COLUMNS)
    figure, axes = pyplot.subplots(rows, _COLUMNS, figsize=(14, 2.9 * rows), squeeze=False)
    colors = pyplot.get_cmap("viridis")
    form = "%H:%M" if span == "hour" else "%d %b"
    labels = [
        datetime.fromtimestamp(slot.start_s, timezone.utc).strftime(form) if slot.start_s else "?"
        for slot in slots
    ]
    for axis, found in zip(axes.flat, summaries, strict=False):
        cells = found.metric.cells
        bottom = [0] * len(slots)
        for i, label in enumerate(cells):
            heights = [slot.counts.get(found.metric.name, [0] * len(cells))[i] for slot in slots]
            if any(heights):
                color = colors(0.9 * i / max(1, len(cells) - 1))
                axis.bar(range(len(slots)), heights, bottom=bottom, width=0.9, color=color, label=label)
                bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
        axis.set_title(found.metric.name, loc="left", fontsize=10)
        step = max(1, len(slots) // 6)
        axis.set_xticks(range(0, len(slots), step), labels[::step], fontsize=8)
        axis.set_xlim(-0.6, len(slots) - 0.4)
        axis.yaxis.get_major_locator().set_params(integer=True)
        if len(cells) > 1:
            unit = found.metric.unit or None
            axis.legend(
                fontsize=7,
                frameon=False,
                title=unit,
                title_fontsize=7,
                loc="upper left",
                bbox_to_anchor=(1, 1),
            )
    for axis in list(axes.flat)[len(summaries) :]:
        axis.axis("off")
    figure.tight_layout()
    try:
        figure.savefig(file, dpi=110)
    except (OSError, ValueError) as exc:
        raise InputError(
            f"The picture can't be written to {file}: {exc}.",
            remedy="Name a file that ends in .png, .svg or .pdf in a folder that you may write.",
            room="statistics",
        ) from exc
    finally:
        pyplot.close(figure)
