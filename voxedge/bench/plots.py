"""Plots of measurements; need the extra ``plot``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxedge.registry import need

_OURS, _THEIRS = "#1b7f79", "#b8b8b8"


def plot_recognition(result: dict[str, Any], file: Path) -> None:
    """Errors by set and times by seconds of speech, ours beside faster-whisper's.

    Raises:
        ExtraMissing: matplotlib isn't installed.
    """
    pyplot: Any = _pyplot()
    models = [(name, value["words"]) for name, value in result["models"].items() if "words" in value]
    figure, axes = pyplot.subplots(len(models), 2, figsize=(11, 3.6 * len(models)), squeeze=False)
    for (left, right), (name, beams) in zip(axes, models, strict=True):
        beam, found = next(iter(beams.items()))
        labels = list(found["errors"])
        left.barh([i + 0.2 for i in range(len(labels))], _column(found["errors"], "ours"), 0.4, color=_OURS)
        left.barh(
            [i - 0.2 for i in range(len(labels))],
            _column(found["errors"], "faster_whisper"),
            0.4,
            color=_THEIRS,
        )
        left.set_yticks(range(len(labels)), labels)
        left.set_xlabel("errors, % of words (of characters in ja, zh, ko)")
        left.set_title(f"{name}, {beam}: errors")
        left.legend(["voxedge", "faster-whisper"])
        spans = [f"{r['speech_s'][0]:g} to {r['speech_s'][1]:g} s" for r in found["times"]]
        places = range(len(spans))
        ours = [r["ours_ms"] for r in found["times"]]
        theirs = [r["faster_whisper_ms"] for r in found["times"]]
        right.bar([i - 0.2 for i in places], ours, 0.4, color=_OURS)
        right.bar([i + 0.2 for i in places], theirs, 0.4, color=_THEIRS)
        for place, row in zip(places, found["times"], strict=True):
            right.text(place - 0.2, row["ours_ms"], f"{row['ratio']:.2f}", ha="center", va="bottom")
        right.set_xticks(places, spans)
        right.set_xlabel("speech in the recording")
        right.set_ylabel("median time, ms")
        right.set_title(f"{name}, {beam}: time (the number is the ratio)")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def plot_orders(
    models: Mapping[str, Mapping[str, float]], rhino: Mapping[int, float], noise: str, file: Path
) -> None:
    """Percent of spoken orders understood right against noise, ours beside Rhino's published curve.

    Args:
        models: By model: percent by level ("24", ..., "clean").
        rhino: Percent by level in dB; empty where it wasn't measured with such noise.
        noise: What the noise is of ("kitchen").
        file: Where the picture goes.

    Raises:
        ExtraMissing: matplotlib isn't installed.
    """
    pyplot: Any = _pyplot()
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name, percent in models.items():
        levels = sorted(int(level) for level in percent if level != "clean")
        axes.plot(levels, [percent[str(level)] for level in levels], marker="o", label=f"voxedge, {name}")
    if rhino:
        axes.plot(
            list(rhino),
            list(rhino.values()),
            color=_THEIRS,
            marker="s",
            label="Rhino (published; other noise mix)",
        )
    axes.set(
        xlabel=f"signal to noise of a {noise}, dB", ylabel="orders right in every slot, %", ylim=(None, 100.2)
    )
    axes.invert_xaxis()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _pyplot() -> object:
    matplotlib: Any = need("matplotlib", "plot", "Plotting")
    matplotlib.use("Agg")
    return need("matplotlib.pyplot", "plot", "Plotting")


def _column(rows: dict[str, dict[str, Any]], key: str) -> list[float]:
    return [float(row[key]) for row in rows.values()]


def plot_matching(times: dict[str, list[float]], file: Path) -> None:
    """The share of sentences that are matched within a time, a line for each matcher.

    Raises:
        ExtraMissing: matplotlib isn't installed.
    """
    pyplot: Any = _pyplot()
    figure, axes = pyplot.subplots(figsize=(7, 3.6))
    styles = [(_OURS, "-"), (_THEIRS, "-"), (_OURS, "--")]
    for (name, values), (color, line) in zip(times.items(), styles, strict=False):
        ordered = sorted(values)
        shares = [100 * (rank + 1) / len(ordered) for rank in range(len(ordered))]
        axes.plot(ordered, shares, line, color=color, label=name)
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds a sentence")
    axes.set_ylabel("% of the sentences")
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=130)
    pyplot.close(figure)
