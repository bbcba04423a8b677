"""Writes the table of metrics and the numbers in docs/privacy.md from voxedge/statistics/schema.py.

python scripts/make_privacy_table.py            write
python scripts/make_privacy_table.py --check    fail when the page isn't what would be written
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from voxedge.statistics.report import REPORT_BYTES
from voxedge.statistics.schema import (
    CLIP_UNITS,
    EPSILON_LIFETIME,
    EPSILON_PER_REPORT,
    METRICS,
    SHARED,
    SUPPRESS_BELOW,
    Metric,
)
from voxedge.statistics.sharing import PERIOD_DAYS, QUEUE_REPORTS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "privacy.md"
BEGIN = "<!-- Written by scripts/make_privacy_table.py from the schema: {name}. -->\n"
END = "<!-- End of {name}. -->"


def shared_table() -> str:
    """What a report can be about."""
    lines = [
        "| metric | what is counted | cells | purpose | not from this day on |",
        "| --- | --- | --- | --- | --- |",
    ]
    for metric in SHARED:
        cells = _cells(metric)
        lines.append(f"| `{metric.name}` | {metric.about} | {cells} | {metric.purpose} | {metric.expires} |")
    return "\n".join(lines)


def local_table() -> str:
    """What is counted for the owner alone."""
    lines = ["| metric | what is counted | cells | purpose |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{metric.name}` | {metric.about} | {_cells(metric)} | {metric.purpose} |"
        for metric in METRICS.values()
        if not metric.shared
    ]
    return "\n".join(lines)


def numbers() -> str:
    """The constants of the mechanism."""
    scale = SHARED[0].noise_scale
    rows = [
        ("metrics in a report", "1, drawn at random by the device"),
        ("length of a report", f"{REPORT_BYTES} bytes, always"),
        ("period", f"{PERIOD_DAYS} days, unless the owner chose another"),
        ("a cell counted fewer times than this counts as zero", str(SUPPRESS_BELOW)),
        ("units that a device can give to a metric", f"{CLIP_UNITS}, in proportion"),
        ("noise on each cell", f"discrete Laplace, scale {scale} (sensitivity {SHARED[0].sensitivity})"),
        ("epsilon of a report", str(EPSILON_PER_REPORT)),
        ("epsilon of all reports in a device's life", str(EPSILON_LIFETIME)),
        ("so many reports in a device's life", str(int(EPSILON_LIFETIME / EPSILON_PER_REPORT))),
        ("reports that wait at most", str(QUEUE_REPORTS)),
    ]
    return "\n".join(["| | |", "| --- | --- |", *(f"| {what} | {value} |" for what, value in rows)])


def _cells(metric: Metric) -> str:
    unit = f" {metric.unit}" if metric.unit else ""
    return (
        f"buckets to {', '.join(map(str, metric.edges))}{unit}, and over"
        if metric.edges
        else ", ".join(metric.cells)
    )


def written(text: str) -> str:
    """The page with its three parts as they are to be.

    Raises:
        ValueError: The page has lost a mark.
    """
    for name, part in (("numbers", numbers()), ("shared", shared_table()), ("local", local_table())):
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, mark, rest = text.partition(begin)
        _, closing, after = rest.partition(end)
        if not mark or not closing:
            raise ValueError(f"{PAGE.name} has no part {name!r}")
        text = f"{before}{begin}\n{part}\n\n{end}{after}"
    return text


def main() -> int:
    """Writes or checks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    if written(text) == text:
        return 0
    if args.check:
        print("docs/privacy.md is stale: python scripts/make_privacy_table.py", file=sys.stderr)
        return 1
    PAGE.write_text(written(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
