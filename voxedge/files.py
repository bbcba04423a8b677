"""Files under names that a person gave: what may be replaced, and what goes wrong with it."""

from __future__ import annotations

import errno
from pathlib import Path

from voxedge.errors import DiskFull, UsageError, VoxedgeError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_special(path: Path) -> bool:
    """Whether a name is a device or a pipe (``/dev/stdout``): written to, and never to be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_target(path: Path, example: str) -> None:
    """Looks, before any work is done, whether a file can be made or replaced.

    Args:
        path: The file.
        example: Name of a file to suggest where it is a folder.

    Raises:
        UsageError: It is a folder, or in a folder that isn't there.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", remedy=f"Name a file: {path / example}")
    if not path.parent.is_dir():
        raise UsageError(
            f"{path} can't be written: there is no folder {path.parent}.",
            remedy=f"Make it: mkdir -p {path.parent}",
        )


def write_failure(path: Path, exc: OSError, room: str | None = None) -> VoxedgeError:
    """What the system says about a file that was to be written, as one of our errors."""
    if exc.errno in _FULL:
        return DiskFull(f"No space is left for {path}.", remedy=f"Make room: df -h {path.parent}", room=room)
    return UsageError(
        f"{path} can't be written: {exc.strerror or exc}.",
        remedy=f"Choose a place that can be written to: ls -ld {path.parent}",
        room=room,
    )
