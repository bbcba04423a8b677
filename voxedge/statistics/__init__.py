"""Counts what happened, never what was said: for the owner, and, if the owner wishes, in noised reports.

`Recorder` counts, and keeps counts by hour and day on the device. Nothing leaves it unless the owner opts in
(``voxedge stats on --endpoint URL``) and something calls `sync`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge.statistics.counting import Observer
from voxedge.statistics.recorder import Recorder

if TYPE_CHECKING:
    from voxedge.statistics.sending import SyncResult, sync

__all__ = ["Observer", "Recorder", "SyncResult", "sync"]


def __getattr__(name: str) -> object:
    # A program that only counts doesn't even load the client of the network.
    if name in {"SyncResult", "sync"}:
        from voxedge.statistics import sending

        return getattr(sending, name)
    raise AttributeError(f"module 'voxedge.statistics' has no attribute {name!r}")
