"""What the machine says of itself: memory of the process, temperature of the processor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_SYS, _PROC = Path("/sys"), Path("/proc")


def temperature_c(sys_root: Path = _SYS) -> float | None:
    """The hottest of the kernel's thermal zones, in degrees Celsius; None where none can be read.

    Source: the kernel's thermal sysfs interface, ``thermal_zone*/temp`` in thousandths of a degree.
    """
    found = []
    for file in sys_root.glob("class/thermal/thermal_zone*/temp"):
        try:
            degrees = int(file.read_text(encoding="ascii")) / 1000
        except (OSError, ValueError):
            continue
        if -50 < degrees < 150:  # a sensor that is absent gives nonsense
            found.append(degrees)
    return max(found, default=None)


def memory_mb(proc_root: Path = _PROC) -> float | None:
    """Resident memory of this process, in megabytes; None where the kernel doesn't tell."""
    try:
        status = (proc_root / "self" / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def look() -> Iterator[tuple[str, float]]:
    """What can be read at this moment: name of the metric, value."""
    for metric, value in (("temperature_c", temperature_c()), ("memory_mb", memory_mb())):
        if value is not None:
            yield metric, value
