"""The collector's page: one drawing a metric, no script, no style in the markup, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from voxedge.statistics.estimate import MIN_REPORTS, Estimate
from voxedge.statistics.schema import CLIP_UNITS, EPSILON_PER_REPORT, METRICS, Metric

STYLE = """
:root { color-scheme: light dark; --ink: #1d2327; --soft: #5b666e; --line: #d5dbdf; --paper: #ffffff;
  --bar: #1b7f79; --whisker: #1d2327; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecee; --soft: #a3aeb5; --line: #3a4349; --paper: #14181b;
  --bar: #3fb0a8; --whisker: #e8ecee; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 0; }
p { margin: .15rem 0 .6rem; color: var(--soft); max-width: 70ch; }
main { display: grid; gap: 2.2rem 3rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr));
  margin-top: 2rem; }
nav a { color: inherit; margin-right: 1rem; }
nav a[aria-current] { font-weight: 700; text-decoration: none; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg .bar { fill: var(--bar); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .whisker { stroke: var(--whisker); stroke-width: 1.5; }
"""

_WIDTH, _ROW, _LEFT, _RIGHT = 520, 24, 138, 92
_SPAN = _WIDTH - _LEFT - _RIGHT


def page(found: Mapping[str, tuple[int, Sequence[Estimate]]], weeks: int) -> str:
    """The whole page."""
    epsilon = EPSILON_PER_REPORT
    reports = sum(number for number, _ in found.values())
    sections = "".join(_section(METRICS[name], number, cells) for name, (number, cells) in found.items())
    links = "".join(
        f'<a href="/?weeks={n}"{" aria-current=page" if n == weeks else ""}>{_span(n)}</a>'
        for n in (1, 4, 12, 52)
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>voxedge: what devices report</title><link rel="stylesheet" href="/style.css"></head><body>'
        f"<header><h1>What devices report</h1><p>{reports:,} reports in {_span(weeks)}, the present "
        "one included. Each device "
        f"gives at most {CLIP_UNITS} units to a metric and adds its own noise (epsilon {epsilon} a "
        "report). A bar is the mean over devices; the line across its end holds the truth 99 times in 100. "
        "Where the line is long, nobody knows.</p>"
        f'<nav aria-label="Time">{links}</nav></header><main>{sections}</main></body></html>'
    )


def _span(weeks: int) -> str:
    return "1 week" if weeks == 1 else f"{weeks} weeks"


def _section(metric: Metric, reports: int, cells: Sequence[Estimate]) -> str:
    head = (
        f'<section><h2 id="{metric.name}">{escape(metric.name)}</h2>'
        f"<p>{escape(metric.about)}. {escape(metric.purpose)} {reports:,} reports.</p>"
    )
    if not cells:
        return f"{head}<p>Fewer than {MIN_REPORTS} reports give no estimate.</p></section>"
    height = _ROW * len(cells) + 22
    rows = "".join(_row(cell, _ROW * i) for i, cell in enumerate(cells))
    grid = "".join(
        f'<line class="grid" x1="{_x(unit):.1f}" x2="{_x(unit):.1f}" y1="0" y2="{height - 20}"/>'
        f'<text class="soft" x="{_x(unit):.1f}" y="{height - 5}" text-anchor="middle">{unit}</text>'
        for unit in (0, 5, 10)
    )
    said = "; ".join(f"{cell.cell}: {cell.units:.1f} plus or minus {cell.bar:.1f}" for cell in cells)
    return (
        f'{head}<svg role="img" aria-label="{escape(said, quote=True)}" viewBox="0 0 {_WIDTH} {height}">'
        f"{grid}{rows}</svg></section>"
    )


def _row(cell: Estimate, top: int) -> str:
    middle = top + _ROW / 2
    low, high, end = _x(cell.units - cell.bar), _x(cell.units + cell.bar), _x(cell.units)
    if cell.share is not None and cell.share_bar is not None:
        figure = f"{100 * cell.share:.0f} ± {100 * cell.share_bar:.0f} %"
    else:
        figure = f"{cell.units:.1f} ± {cell.bar:.1f}"
    length = max(0.0, end - _x(0))
    return (
        f'<text x="{_LEFT - 22}" y="{middle + 4:.1f}" text-anchor="end">{escape(cell.cell)}</text>'
        f'<rect class="bar" x="{_x(0):.1f}" y="{top + 5}" width="{length:.1f}" height="{_ROW - 10}"/>'
        f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>'
        f'<text class="soft" x="{_WIDTH - 2}" y="{middle + 4:.1f}" text-anchor="end">{figure}</text>'
    )


def _x(units: float) -> float:
    """Place of a value; what lies outside the axis ends at its edge."""
    return _LEFT + _SPAN * min(CLIP_UNITS + 0.5, max(-0.5, units)) / CLIP_UNITS
