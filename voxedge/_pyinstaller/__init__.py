"""Hooks that tell PyInstaller what an app with voxedge needs; found by the entry point ``pyinstaller40``."""

from __future__ import annotations

from pathlib import Path


def get_hook_dirs() -> list[str]:
    """The folder of the hooks."""
    return [str(Path(__file__).resolve().parent)]
