"""What this process uses: memory, threads, open files. Linux in full; elsewhere what the system tells."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

MB = 1_000_000


def resident_mb() -> float:
    """Resident memory now, in megabytes (the most so far, where the system tells no more)."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / MB
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MB if sys.platform == "darwin" else most * 1024 / MB


def open_files() -> int:
    """Open file descriptors; -1 where the system doesn't tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else -1


def thread_count() -> int:
    """Threads of the process, those of libraries included, where the system tells; else Python's."""
    folder = Path("/proc/self/task")
    return len(list(folder.iterdir())) if folder.exists() else threading.active_count()
