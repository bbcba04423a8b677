"""``voxedge serve`` on a device whose clock has just begun at 1970, as without a battery.

python early_clock.py CONFIG
"""

from __future__ import annotations

import sys
import time


def main() -> int:
    began = time.monotonic()
    time.time = lambda: time.monotonic() - began
    from voxedge.cli import main as voxedge

    return voxedge(["serve", "--config", sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())
