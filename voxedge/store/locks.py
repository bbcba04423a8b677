"""Locks between processes: the system lets go of them when their holder dies, however it dies."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from voxedge.store.disk import named_errors

if sys.platform == "win32":
    import msvcrt

    def _try_lock(stream: BinaryIO) -> bool:
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as exc:
            if exc.errno in {errno.EACCES, errno.EDEADLK}:
                return False
            raise
        return True
else:
    import fcntl

    def _try_lock(stream: BinaryIO) -> bool:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            if exc.errno in {errno.EAGAIN, errno.EACCES}:
                return False
            raise
        return True


_POLL_S = 0.1


def try_lock(path: Path) -> BinaryIO | None:
    """Takes a lock if it is free. Closing the stream lets go of it; None when another holds it."""
    with named_errors("lock the store", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("ab")
        try:
            held = _try_lock(stream)
        except BaseException:
            stream.close()
            raise
    if held:
        return stream
    stream.close()
    return None


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock, and waits for it as long as it takes.

    Lock files stay behind: deleting one while another process opens it would give two holders.

    Args:
        path: The lock file; made when it isn't there.
        waiting: Called once when another process holds it.
    """
    stream = try_lock(path)
    if stream is None and waiting is not None:
        waiting()
    while stream is None:
        time.sleep(_POLL_S)
        stream = try_lock(path)
    with stream:
        yield
