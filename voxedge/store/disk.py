"""Writing so that a crash, a full disk or a pulled plug leaves the old state or the new, never a third."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from voxedge.errors import DiskFull, StoreError, StoreReadOnly

CHUNK_BYTES = 1 << 20
KEEP_FREE_BYTES = 16 << 20
"""Left free on the disk: a system whose disk is full to the last byte misbehaves elsewhere."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextlib.contextmanager
def named_errors(what: str, where: Path) -> Iterator[None]:
    """Turns the system's errors into ours.

    Args:
        what: What was being done: "write the model".
        where: The file or folder that it is about.

    Raises:
        DiskFull: No space is left, or the user's quota is used up.
        StoreReadOnly: The place can't be written.
        StoreError: Another error of the system.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise DiskFull(
                f"The disk is full: can't {what} at {where}.",
                remedy="Free some space, or set VOXEDGE_HOME to a folder on another disk, and try again.",
            ) from exc
        if exc.errno in _READ_ONLY:
            raise StoreReadOnly(
                f"Can't {what}: {where} can't be written ({exc.strerror}).",
                remedy="Set VOXEDGE_HOME to a folder that you may write, or change this one's permissions.",
            ) from exc
        raise StoreError(
            f"Can't {what} at {where}: {exc.strerror or exc}.", remedy="Check the disk and the folder."
        ) from exc


def hash_file(path: Path, advance: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file, in constant memory."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK_BYTES))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            digest.update(buffer[:count])
            if advance is not None:
                advance(count)
    return digest.hexdigest()


def need_space(folder: Path, size_bytes: int, what: str) -> None:
    """Says before anything is written that it won't fit.

    Raises:
        DiskFull: Less than that, and a reserve, is free.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if size_bytes and free < size_bytes + KEEP_FREE_BYTES:
        raise DiskFull(
            f"{what} needs {megabytes(size_bytes + KEEP_FREE_BYTES)} of disk for the while, "
            f"and {megabytes(free)} are free at {existing}.",
            remedy="Free some space, or set VOXEDGE_HOME to a folder on another disk.",
        )


def megabytes(size_bytes: int) -> str:
    """A length for people, such as ``75.5 MB``."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:.1f} kB"


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut, where the system has a way to."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as exc:
        # Some network and FUSE file systems can't do it for folders; nothing better is to be had there.
        if exc.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS}:
            raise
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Makes the contents of a file survive a power cut."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def move_into_place(source: Path, target: Path) -> None:
    """Gives a finished file its name: contents first, then the name, each made durable."""
    sync_file(source)
    source.replace(target)
    sync_folder(target.parent)


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Replaces a small JSON file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        move_into_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def link_or_move(blob: Path, target: Path) -> None:
    """Gives a blob a second name in a model's folder, at no cost in space.

    A hard link; where the file system has none (exFAT, some network drives), a relative symbolic link;
    where it has neither (FAT), the file itself moves, and `Store.find_blob` finds it there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(blob, target)
        return
    except FileNotFoundError:
        raise
    except OSError:
        pass
    try:
        target.symlink_to(os.path.relpath(blob, target.parent))
    except OSError:
        blob.replace(target)


def discard(path: Path) -> None:
    """Deletes a file or a folder, whatever it is, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
