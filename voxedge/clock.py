"""Whether the machine's clock was ever set: a board without a battery starts in 1970, or in another past."""

from __future__ import annotations

from datetime import datetime, timezone

from voxedge._version import RELEASE_YEAR

SET_SINCE_S = int(datetime(RELEASE_YEAR, 1, 1, tzinfo=timezone.utc).timestamp())
"""Seconds since 1970 (UTC) that no right clock is before: the year of this release had begun."""


def is_set(now_s: float) -> bool:
    """Whether a clock may be right.

    Args:
        now_s: What it shows, seconds since 1970 (UTC).

    Example:
        >>> is_set(86_400.0)
        False
    """
    return now_s >= SET_SINCE_S
