"""What was counted on this device, by hour and by day, for nobody but its owner. Bounded."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from voxedge.clock import is_set
from voxedge.errors import StatisticsDamaged
from voxedge.statistics.database import Database
from voxedge.statistics.schema import METRICS

Counts: TypeAlias = Mapping[tuple[str, int], int]
"""Name of a metric and number of a cell, to how often."""

Span: TypeAlias = Literal["hour", "day"]

SPAN_S: Mapping[Span, int] = {"hour": 3_600, "day": 86_400}
KEPT: Mapping[Span, int] = {"hour": 72, "day": 400}
"""How many hours and days are kept."""

LIMIT_BYTES = 8 << 20

_TABLES = """
CREATE TABLE IF NOT EXISTS slots (
    id INTEGER PRIMARY KEY AUTOINCREMENT, span TEXT NOT NULL, start INTEGER NOT NULL, UNIQUE (span, start)
);
CREATE TABLE IF NOT EXISTS cells (
    slot INTEGER NOT NULL, metric TEXT NOT NULL, cell INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (slot, metric, cell)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour or a day.

    Attributes:
        start_s: Its start, seconds since 1970 (UTC); 0 for when the clock wasn't set.
        counts: Name of a metric to its cells.
    """

    start_s: int
    counts: dict[str, list[int]] = field(default_factory=dict)


class Monitor:
    """The local counts. Safe to use from several processes at once.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path, _TABLES, limit_bytes=LIMIT_BYTES)

    def add(self, counts: Counts, now_s: float) -> None:
        """Adds counts to the present hour and the present day.

        A file that was damaged (by a failing card, say) is begun anew: these counts are a help, not a record.

        Raises:
            StatisticsUnwritable: They can't be kept now; they are in the file as a whole or not at all.
        """
        try:
            self._add(counts, now_s)
        except StatisticsDamaged:
            self.database.delete()
            self._add(counts, now_s)

    def _add(self, counts: Counts, now_s: float) -> None:
        with self.database.writing() as connection:
            for span in SPAN_S:
                slot = self._slot(connection, span, now_s)
                connection.executemany(
                    "INSERT INTO cells VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (slot, metric, cell) DO UPDATE SET count = count + excluded.count",
                    [(slot, metric, cell, count) for (metric, cell), count in counts.items() if count],
                )

    def _slot(self, connection: sqlite3.Connection, span: Span, now_s: float) -> int:
        start = int(now_s) // SPAN_S[span] * SPAN_S[span] if is_set(now_s) else 0
        added = connection.execute("INSERT OR IGNORE INTO slots (span, start) VALUES (?, ?)", (span, start))
        if added.rowcount:
            # The slots made longest ago go, whatever date they bear: a clock that jumped to 2099 and back
            # neither deletes what is true nor stays for ever.
            gone = connection.execute(
                "SELECT id FROM slots WHERE span = ? ORDER BY id DESC LIMIT -1 OFFSET ?", (span, KEPT[span])
            ).fetchall()
            connection.executemany("DELETE FROM cells WHERE slot = ?", gone)
            connection.executemany("DELETE FROM slots WHERE id = ?", gone)
        found = connection.execute("SELECT id FROM slots WHERE span = ? AND start = ?", (span, start))
        return int(found.fetchone()[0])

    def read(self, span: Span) -> list[Slot]:
        """The hours or days that something was counted in, by their date.

        Raises:
            StatisticsDamaged: The file can't be read any more.
        """
        slots: dict[int, Slot] = {}
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(self.database.reading())
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT start, metric, cell, count FROM cells JOIN slots ON slots.id = cells.slot "
                "WHERE span = ? ORDER BY start",
                (span,),
            )
            for start, name, cell, count in rows:
                metric = METRICS.get(name)
                if metric is not None and 0 <= cell < len(metric.cells):  # else: written by another version
                    slot = slots.setdefault(start, Slot(start))
                    slot.counts.setdefault(name, [0] * len(metric.cells))[cell] = count
        return list(slots.values())
