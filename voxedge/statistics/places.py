"""Where the statistics lie: two files in one folder."""

from __future__ import annotations

from pathlib import Path

from voxedge.resources import user_home


def folder_of(folder: str | Path | None = None) -> Path:
    """The folder of the statistics: the one that is named, else ``statistics`` in the user's own folder."""
    return Path(folder) if folder else user_home() / "statistics"


def monitor_file(folder: str | Path | None = None) -> Path:
    """The counts by hour and day, for the owner's eyes."""
    return folder_of(folder) / "monitor.db"


def sharing_file(folder: str | Path | None = None) -> Path:
    """Consent, budget and reports that wait; there only after an opt-in."""
    return folder_of(folder) / "sharing.db"
