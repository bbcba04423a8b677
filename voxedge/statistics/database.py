"""A small SQLite file that two processes may use at once and that a power cut can't halve."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from voxedge.errors import StatisticsDamaged, StatisticsError, StatisticsUnwritable

_BUSY_S = 5.0
_PAGE_BYTES = 4096
_UNWRITABLE = ("full", "readonly", "read-only", "unable to open", "locked", "busy", "disk i/o")
"""Words of SQLite's messages; Python 3.10 gives no error codes. Others mean: not the tables that we made."""


class Database:
    """One file. Each transaction opens it anew, so a file that was deleted stays deleted.

    Args:
        path: The file.
        tables: SQL that makes the tables, where they aren't there.
        limit_bytes: The file never grows beyond it.
    """

    def __init__(self, path: Path, tables: str, *, limit_bytes: int) -> None:
        self.path, self._tables, self._limit_bytes = path, tables, limit_bytes

    @property
    def exists(self) -> bool:
        """Whether the file is there. An empty one was made by a process that died before its first commit."""
        return self.path.is_file() and self.path.stat().st_size > 0

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is on the disk when the block ends, or none of it.

        Raises:
            StatisticsUnwritable: The disk is full or can't be written, or another process holds the file.
            StatisticsDamaged: The file isn't what it was.
        """
        with named_errors(self.path):
            self._make_file()
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
            ) as connection:
                # EXTRA also makes the removal of the journal durable: without it, a power cut can bring back
                # what was committed before (https://www.sqlite.org/pragma.html#pragma_synchronous).
                connection.execute("PRAGMA synchronous = EXTRA")
                # What is erased is overwritten.
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute(f"PRAGMA max_page_count = {self._limit_bytes // _PAGE_BYTES}")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    for statement in self._tables.split(";"):
                        connection.execute(statement)
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                    raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A view of the file; None where it isn't there. Works on a read-only disk.

        Raises:
            StatisticsDamaged: The file isn't what it was.
        """
        if not self.exists:
            yield None
            return
        with named_errors(self.path):
            # Not "ro": after a crash in a transaction the first reader has to undo it. On a read-only disk
            # SQLite opens the file read-only by itself.
            address = self.path.resolve().as_uri() + "?mode=rw"
            with contextlib.closing(
                sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)
            ) as connection:
                connection.execute("BEGIN")
                yield connection

    def delete(self) -> None:
        """Deletes the file and what SQLite may have left beside it.

        Raises:
            StatisticsUnwritable: The folder can't be written.
        """
        with named_errors(self.path):
            for suffix in ("", "-journal", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _make_file(self) -> None:
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # For nobody else's eyes, from the first moment on.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))


@contextlib.contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the system into ours.

    Raises:
        StatisticsUnwritable: Disk full, read-only, no permission, or held by another process.
        StatisticsDamaged: The file isn't a database, or is broken.
        StatisticsError: Something else.
    """
    try:
        yield
    except sqlite3.OperationalError as exc:
        if not any(words in str(exc).lower() for words in _UNWRITABLE):
            raise _damaged(path, exc) from exc
        raise StatisticsUnwritable(
            f"The statistics can't be written or read at {path}: {exc}.",
            remedy="Free some space or give permission, or set `folder` under [statistics] to another place.",
        ) from exc
    except sqlite3.DatabaseError as exc:
        raise _damaged(path, exc) from exc
    except OSError as exc:
        raise StatisticsUnwritable(
            f"The statistics can't be written at {path}: {exc.strerror or exc}.",
            remedy="Free some space or give permission, or set `folder` under [statistics] to another place.",
        ) from exc


def _damaged(path: Path, exc: sqlite3.Error) -> StatisticsError:
    return StatisticsDamaged(
        f"The statistics in {path} are damaged: {exc}.",
        remedy="Type `voxedge stats delete`; counting then starts anew, and nothing is shared until "
        "`voxedge stats on`.",
    )
