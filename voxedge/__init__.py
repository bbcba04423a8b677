"""voxedge: voice and language on the device, fully offline.

Importing this package imports no engine and no NumPy: the names below are loaded when first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from voxedge._version import __version__

if TYPE_CHECKING:
    from voxedge.assistant import Assistant, Turn
    from voxedge.config import Config
    from voxedge.errors import VoxedgeError
    from voxedge.events import Event

# onnxruntime (from 1.32 on, on Linux too) gives the device a number, keeps a database of what it was used
# for, and sends that to its maker, unless this is set before it is loaded. No engine may send anything.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "Assistant": "voxedge.assistant",
    "Turn": "voxedge.assistant",
    "Config": "voxedge.config",
    "Event": "voxedge.events",
    "VoxedgeError": "voxedge.errors",
}

__all__ = ["Assistant", "Config", "Event", "Turn", "VoxedgeError", "__version__"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'voxedge' has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
