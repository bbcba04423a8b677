"""``voxedge bench import``: what ``import voxedge`` costs over a bare interpreter."""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
from time import perf_counter

from voxedge.cli.output import emit_json
from voxedge.errors import UsageError

HELP = "Measure what `import voxedge` costs over a bare interpreter."
EPILOG = """examples:
  voxedge bench import              medians of 20 starts each, taking turns
  voxedge bench import --json"""

_STARTS = {
    "bare": "pass",
    "voxedge": "import voxedge",
    "command": "import voxedge.cli",
    "assistant": "from voxedge import Assistant",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--repeat", type=int, default=20, metavar="N", help="starts of each kind")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    figures = measure(args.repeat)
    if args.json:
        emit_json({"bench": "import", "repeat": args.repeat, "python": platform.python_version(), **figures})
        return 0
    print(f"Python {platform.python_version()}, medians of {args.repeat} starts")
    for name, code in _STARTS.items():
        more = (
            "" if name == "bare" else f"   {figures[name] - figures['bare']:+7.1f} ms over a bare interpreter"
        )
        print(f"  {code if name != 'bare' else 'bare interpreter':<32} {figures[name]:7.1f} ms{more}")
    return 0


def measure(repeat: int = 20) -> dict[str, float]:
    """Milliseconds from start to end of an interpreter, medians; the kinds take turns.

    Raises:
        UsageError: ``repeat`` is less than 1.
    """
    if repeat < 1:
        raise UsageError("--repeat must be 1 or more.", remedy="voxedge bench import --repeat 20")
    took: dict[str, list[float]] = {name: [] for name in _STARTS}
    for _ in range(repeat + 1):
        for name, code in _STARTS.items():
            began = perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            took[name].append((perf_counter() - began) * 1000)
    # The first of each fills the file cache.
    return {name: round(statistics.median(times[1:]), 1) for name, times in took.items()}
