"""Where stores lie: the user's own, which is written, and those of the system, which are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def user_home(environment: Mapping[str, str] | None = None) -> Path:
    r"""The folder of the user's own store: ``VOXEDGE_HOME``, or the platform's place for data.

    Linux: ``$XDG_DATA_HOME/voxedge``, else ``~/.local/share/voxedge`` (XDG Base Directory Specification);
    macOS: ``~/Library/Application Support/voxedge``; Windows: ``%LOCALAPPDATA%\voxedge``.
    """
    env = os.environ if environment is None else environment
    named = env.get("VOXEDGE_HOME", "")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "voxedge"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "voxedge"
    base = env.get("XDG_DATA_HOME", "")
    # The specification says to ignore a relative path.
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "share"
    return folder / "voxedge"


def system_homes(environment: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Folders of stores that an administrator filled; only those that are there."""
    env = os.environ if environment is None else environment
    if sys.platform == "win32":
        found = [Path(env["PROGRAMDATA"])] if env.get("PROGRAMDATA") else []
    elif sys.platform == "darwin":
        found = [Path("/Library/Application Support")]
    else:
        dirs = env.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        found = [Path(part) for part in dirs.split(":") if part.startswith("/")]
    return tuple(home for home in (base / "voxedge" for base in found) if (home / "manifests").is_dir())
