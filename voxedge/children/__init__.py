"""Processes of our own beside the app's, for libraries that may crash or hang."""

from __future__ import annotations

from voxedge.children.inside import freeze_support

__all__ = ["freeze_support"]
