"""What the owner has agreed to share: consent, privacy budget, the period's counts, reports that wait.

All of it lies in one file, so that one transaction can charge the budget, keep the report and forget the
counts. No file, no consent: that is how it begins, and how it is after `Sharing.delete`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path

from voxedge.clock import is_set
from voxedge.errors import UsageError
from voxedge.statistics.database import Database
from voxedge.statistics.monitor import Counts
from voxedge.statistics.noise import BitSource, SystemBits
from voxedge.statistics.report import draw_report
from voxedge.statistics.schema import EPSILON_LIFETIME, EPSILON_PER_REPORT, METRICS, shared_on

QUEUE_REPORTS = 8
"""So many reports wait at most; while it is full, the period goes on and no budget is spent."""

PERIOD_DAYS = 7
MAX_PERIOD_DAYS = 90
LIMIT_BYTES = 1 << 20
DAY_S = 86_400
FIRST_WAIT_S = 6 * 3_600
"""A new report waits up to so long, by chance: when it is sent doesn't tell when its period ended."""

BETWEEN_REPORTS_S = (3_600, 24 * 3_600)
"""After one report the next waits at least and at most so long, by chance: they don't come in pairs."""

RETRY_S = (60, 86_400)
"""First and longest wait after a failure; it doubles in between, and half of it is chance."""

_TABLES = """
CREATE TABLE IF NOT EXISTS state (
    id INTEGER PRIMARY KEY CHECK (id = 1), endpoint TEXT NOT NULL, ca_file TEXT NOT NULL,
    period_days INTEGER NOT NULL, period_start_s INTEGER NOT NULL, next_send_s INTEGER NOT NULL,
    spent_thousandths INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS cells (
    metric TEXT NOT NULL, cell INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (metric, cell)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue (
    batch TEXT PRIMARY KEY, body BLOB NOT NULL, attempts INTEGER NOT NULL, due_s INTEGER NOT NULL
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingStatus:
    """What is agreed and what became of it.

    Attributes:
        endpoint: Where reports go; "" while sharing is off.
        ca_file: Certificates of a private authority, or "".
        period_days: Length of a period.
        period_ends_s: When the present period ends, seconds since 1970; 0 when nothing was counted in it yet.
        next_send_s: Nothing is sent before this time.
        spent: Privacy loss of all reports so far.
        waiting: Reports that wait to be sent.
    """

    endpoint: str = ""
    ca_file: str = ""
    period_days: int = PERIOD_DAYS
    period_ends_s: int = 0
    next_send_s: int = 0
    spent: Fraction = Fraction(0)
    waiting: int = 0

    @property
    def on(self) -> bool:
        """Whether the owner has opted in."""
        return bool(self.endpoint)

    @property
    def budget_left(self) -> Fraction:
        """Privacy loss that is still allowed in the device's life."""
        return EPSILON_LIFETIME - self.spent

    @property
    def exhausted(self) -> bool:
        """Whether the budget is too small for another report."""
        return self.budget_left < EPSILON_PER_REPORT


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that waits.

    Attributes:
        batch: Its batch id.
        body: Exactly the bytes that are sent.
        attempts: How often sending failed.
        due_s: It isn't sent before this time, seconds since 1970.
    """

    batch: str
    body: bytes
    attempts: int
    due_s: int


class Sharing:
    """The owner's consent and all that hangs on it. Safe to use from several processes at once.

    Args:
        path: The file.
        bits: Where randomness comes from.
    """

    def __init__(self, path: Path, bits: BitSource | None = None) -> None:
        self.database = Database(path, _TABLES, limit_bytes=LIMIT_BYTES)
        self._bits = bits or SystemBits()

    def status(self) -> SharingStatus:
        """What is agreed; reads only.

        Raises:
            StatisticsDamaged: The file can't be read any more. Then nothing is sent.
        """
        with self.database.reading() as connection:
            return SharingStatus() if connection is None else _status(connection)

    def turn_on(
        self, endpoint: str, *, ca_file: str = "", period_days: int = PERIOD_DAYS, now_s: float
    ) -> None:
        """The owner opts in. What was counted before isn't shared; what was spent stays spent.

        Raises:
            UsageError: The period is out of range.
            StatisticsUnwritable: The consent can't be kept; then there is none.
        """
        if not 1 <= period_days <= MAX_PERIOD_DAYS:
            raise UsageError(
                f"A period of {period_days} days is out of range.",
                remedy=f"Take 1 to {MAX_PERIOD_DAYS} days.",
            )
        with self.database.writing() as connection:
            connection.execute(
                "INSERT INTO state VALUES (1, ?, ?, ?, ?, 0, 0) ON CONFLICT (id) DO UPDATE SET "
                "endpoint = excluded.endpoint, ca_file = excluded.ca_file, "
                "period_days = excluded.period_days, period_start_s = excluded.period_start_s",
                (endpoint, ca_file, period_days, _known(now_s)),
            )

    def turn_off(self) -> None:
        """The owner opts out: waiting reports and counts are erased, only what was spent is remembered.

        If nothing was spent, nothing is remembered: the file goes.
        """
        if not self.database.exists:
            self.database.delete()
            return
        with self.database.writing() as connection:
            connection.execute("DELETE FROM queue")
            connection.execute("DELETE FROM cells")
            connection.execute(
                "UPDATE state SET endpoint = '', ca_file = '', period_start_s = 0, next_send_s = 0"
            )
            spent = _status(connection).spent
        if spent == 0:
            self.database.delete()

    def delete(self) -> None:
        """Deletes everything, the memory of the budget too: for a device that gets another owner."""
        self.database.delete()

    def add(self, counts: Counts, now_s: float) -> None:
        """Adds counts to the period, if sharing is on and another report is allowed; else keeps nothing."""
        wanted = {key: count for key, count in counts.items() if count and METRICS[key[0]].shared}
        status = self.status()
        if not wanted or not status.on or status.exhausted:
            return
        with self.database.writing() as connection:
            if not _status(connection).on:
                return  # the owner opted out between the two looks
            self._begin_period(connection, now_s)
            connection.executemany(
                "INSERT INTO cells VALUES (?, ?, ?) "
                "ON CONFLICT (metric, cell) DO UPDATE SET count = count + excluded.count",
                [(metric, cell, count) for (metric, cell), count in wanted.items()],
            )

    def close_period(self, now_s: float) -> bool:
        """Draws the period's report, if the period is over; says whether one was drawn.

        One transaction charges the budget, keeps the report's bytes and forgets the counts. So the charge is
        on the disk before a byte can leave, noise is drawn once, and a crash leaves all of it or nothing.
        A period without any use gives a report like any other: that there is one says nothing.
        """
        status = self.status()
        if not status.on or not _due(status, now_s):
            return False
        with self.database.writing() as connection:
            status = _status(connection)
            metrics = shared_on(datetime.fromtimestamp(now_s, timezone.utc).date())
            if not status.on or not _due(status, now_s) or not metrics:
                return False
            metric = metrics[self._bits.below(len(metrics))]
            counts = [0] * len(metric.cells)
            for cell, count in connection.execute(
                "SELECT cell, count FROM cells WHERE metric = ?", (metric.name,)
            ):
                if cell < len(counts):
                    counts[cell] = count
            report = draw_report(metric, counts, self._bits)
            connection.execute(
                "UPDATE state SET spent_thousandths = spent_thousandths + ?, period_start_s = ?",
                (_thousandths(EPSILON_PER_REPORT), int(now_s)),
            )
            connection.execute("DELETE FROM cells")
            connection.execute(
                "INSERT INTO queue VALUES (?, ?, 0, ?)",
                (report.batch, report.to_bytes(), int(now_s) + self._bits.below(FIRST_WAIT_S)),
            )
        return True

    def waiting(self) -> list[Waiting]:
        """The reports that wait, in no order that says which is older."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT batch, body, attempts, due_s FROM queue ORDER BY batch")
            return [Waiting(*row) for row in rows]

    def sent(self, batch: str, now_s: float) -> None:
        """A report has arrived: it is erased, and the next one waits for a while."""
        shortest, longest = BETWEEN_REPORTS_S
        pause = shortest + self._bits.below(longest - shortest)
        with self._writing_if_there() as connection:
            if connection is not None:
                connection.execute("DELETE FROM queue WHERE batch = ?", (batch,))
                connection.execute("UPDATE state SET next_send_s = ?", (int(now_s) + pause,))

    def refused(self, batch: str) -> None:
        """The collector will never take this report: it is erased."""
        with self._writing_if_there() as connection:
            if connection is not None:
                connection.execute("DELETE FROM queue WHERE batch = ?", (batch,))

    def failed(self, batch: str, now_s: float) -> None:
        """Sending failed for now: the report waits longer than the last time."""
        with self._writing_if_there() as connection:
            if connection is None:
                return
            found = connection.execute("SELECT attempts FROM queue WHERE batch = ?", (batch,)).fetchone()
            if found is not None:
                attempts = int(found[0])
                first, longest = RETRY_S
                wait = min(longest, first << min(attempts, 20))
                due_s = int(now_s) + wait // 2 + self._bits.below(wait // 2 + 1)
                connection.execute(
                    "UPDATE queue SET attempts = ?, due_s = ? WHERE batch = ?", (attempts + 1, due_s, batch)
                )

    @contextlib.contextmanager
    def _writing_if_there(self) -> Iterator[sqlite3.Connection | None]:
        """A file that the owner deleted meanwhile isn't made again."""
        if not self.database.exists:
            yield None
            return
        with self.database.writing() as connection:
            yield connection

    def _begin_period(self, connection: sqlite3.Connection, now_s: float) -> None:
        """Begins the first period; and anew when the clock went back, so that it never ends early."""
        start_s = _status_row(connection)["period_start_s"]
        if start_s == 0 or now_s < start_s:
            connection.execute("UPDATE state SET period_start_s = ?", (_known(now_s),))


def is_due(time_s: int, now_s: float, longest_wait_s: int) -> bool:
    """Whether a time has come. A time further off than any wait is one of a clock that went back since."""
    return time_s <= now_s or time_s > now_s + longest_wait_s


def _due(status: SharingStatus, now_s: float) -> bool:
    return (
        not status.exhausted
        and status.waiting < QUEUE_REPORTS
        and 0 < status.period_ends_s <= now_s
        and is_set(now_s)
    )


def _known(now_s: float) -> int:
    return int(now_s) if is_set(now_s) else 0


def _thousandths(epsilon: Fraction) -> int:
    return int(epsilon * 1000)


def _status_row(connection: sqlite3.Connection) -> dict[str, int]:
    cursor = connection.execute(
        "SELECT period_start_s, next_send_s, period_days, spent_thousandths FROM state"
    )
    row = cursor.fetchone() or (0, 0, PERIOD_DAYS, 0)
    return dict(zip((column[0] for column in cursor.description), row, strict=True))


def _status(connection: sqlite3.Connection) -> SharingStatus:
    numbers = _status_row(connection)
    places = connection.execute("SELECT endpoint, ca_file FROM state").fetchone() or ("", "")
    start_s = numbers["period_start_s"]
    return SharingStatus(
        endpoint=places[0],
        ca_file=places[1],
        period_days=numbers["period_days"],
        period_ends_s=start_s + numbers["period_days"] * DAY_S if start_s else 0,
        next_send_s=numbers["next_send_s"],
        spent=Fraction(numbers["spent_thousandths"], 1000),
        waiting=int(connection.execute("SELECT count(*) FROM queue").fetchone()[0]),
    )
