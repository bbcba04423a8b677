"""Where stores lie: the user's own, which is written, and those of the system, which are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


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
