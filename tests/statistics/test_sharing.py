"""Consent, budget, period and queue: nothing without consent, noise once, the budget never back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from statistics_helpers import DAY, NOW, SeededBits

from voxedge.clock import SET_SINCE_S
from voxedge.errors import StatisticsDamaged, UsageError
from voxedge.statistics.report import REPORT_BYTES, Report
from voxedge.statistics.schema import EPSILON_LIFETIME, EPSILON_PER_REPORT, METRICS
from voxedge.statistics.sharing import QUEUE_REPORTS, Sharing, is_due

COUNTS = {("turn_outcome", 0): 40, ("turn_outcome", 3): 10, ("starts", 0): 3, ("memory_mb", 1): 500}
ENDPOINT = "https://statistics.example.org/v1/reports"
REPORTS_IN_A_LIFE = int(EPSILON_LIFETIME / EPSILON_PER_REPORT)


@pytest.fixture
def sharing(tmp_path, bits):
    return Sharing(tmp_path / "sharing.db", bits)


@pytest.fixture
def on(sharing):
    sharing.turn_on(ENDPOINT, now_s=NOW)
    return sharing


def test_without_consent_nothing_is_kept_and_no_file_is_made(sharing):
    sharing.add(COUNTS, NOW)
    assert not sharing.close_period(NOW + 100 * DAY)
    sharing.turn_off()
    sharing.sent("x", NOW)
    sharing.failed("x", NOW)
    assert sharing.waiting() == []
    assert not sharing.status().on
    assert not sharing.database.path.exists()


def test_a_period_gives_one_report_and_is_forgotten(on):
    on.add(COUNTS, NOW)
    assert not on.close_period(NOW + 6.9 * DAY)
    assert on.close_period(NOW + 7 * DAY)
    assert not on.close_period(NOW + 7 * DAY)
    (report,) = on.waiting()
    assert Report.from_bytes(report.body).batch == report.batch
    status = on.status()
    assert (status.spent, status.waiting) == (EPSILON_PER_REPORT, 1)
    with sqlite3.connect(on.database.path) as connection:
        assert connection.execute("SELECT count(*) FROM cells").fetchone() == (0,)
    connection.close()


def test_the_report_is_made_of_what_was_counted(tmp_path, monkeypatch):
    """Without noise the clipped counts come out: 40 and 10 turns are 8 and 2 of ten units."""
    monkeypatch.setattr("voxedge.statistics.report.discrete_laplace", lambda scale, bits: 0)
    monkeypatch.setattr("voxedge.statistics.sharing.shared_on", lambda day: (METRICS["turn_outcome"],))
    sharing = Sharing(tmp_path / "sharing.db")
    sharing.turn_on(ENDPOINT, now_s=NOW)
    sharing.add(COUNTS, NOW)
    sharing.add({("turn_outcome", 1): 4}, NOW)  # too rare
    sharing.close_period(NOW + 8 * DAY)
    assert Report.from_bytes(sharing.waiting()[0].body).cells == (8, 0, 0, 2, 0, 0, 0)


def test_only_shared_metrics_are_gathered(on):
    on.add({("starts", 0): 3, ("requests", 0): 7}, NOW)
    with sqlite3.connect(on.database.path) as connection:
        assert connection.execute("SELECT count(*) FROM cells").fetchone() == (0,)
    connection.close()


def test_a_period_without_use_reports_like_any_other(on):
    assert on.close_period(NOW + 7 * DAY)
    assert len(on.waiting()[0].body) == REPORT_BYTES


def test_the_budget_ends_and_never_comes_back(on):
    now = NOW
    for _ in range(3 * REPORTS_IN_A_LIFE):
        now += 7 * DAY
        on.add(COUNTS, now)
        if on.close_period(now):
            on.sent(on.waiting()[0].batch, now)
    status = on.status()
    assert status.spent == EPSILON_LIFETIME
    assert status.exhausted
    on.turn_off()
    on.turn_on(ENDPOINT, period_days=1, now_s=now)
    on.add(COUNTS, now)
    assert on.status().spent == EPSILON_LIFETIME
    assert not on.close_period(now + 100 * DAY)
    assert on.waiting() == []


def test_a_full_queue_spends_no_budget_and_loses_no_report(on):
    now = NOW
    for _ in range(QUEUE_REPORTS + 3):
        now += 7 * DAY
        on.add(COUNTS, now)
        on.close_period(now)
    assert len(on.waiting()) == QUEUE_REPORTS
    assert on.status().spent == QUEUE_REPORTS * EPSILON_PER_REPORT
    on.sent(on.waiting()[0].batch, now)
    assert on.close_period(now)  # the period that went on meanwhile


def test_off_erases_the_queue_even_from_the_bytes_of_the_file(on):
    on.add(COUNTS, NOW)
    on.close_period(NOW + 7 * DAY)
    (report,) = on.waiting()
    assert report.batch.encode() in on.database.path.read_bytes()
    on.turn_off()
    data = on.database.path.read_bytes()
    assert report.batch.encode() not in data
    assert report.body.rstrip() not in data
    assert ENDPOINT.encode() not in data
    status = on.status()
    assert (status.on, status.waiting, status.spent) == (False, 0, EPSILON_PER_REPORT)


def test_off_before_anything_was_spent_leaves_no_file(on, tmp_path):
    on.add(COUNTS, NOW)
    on.turn_off()
    assert list(tmp_path.iterdir()) == []


def test_delete_leaves_no_file(on, tmp_path):
    on.close_period(NOW + 7 * DAY)
    on.delete()
    on.delete()
    assert list(tmp_path.iterdir()) == []


def test_what_was_counted_before_the_consent_is_not_shared(sharing):
    sharing.add(COUNTS, NOW - DAY)
    sharing.turn_on(ENDPOINT, now_s=NOW)
    with sqlite3.connect(sharing.database.path) as connection:
        assert connection.execute("SELECT count(*) FROM cells").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("jump", [-400 * DAY, -NOW])
def test_a_clock_that_goes_back_ends_no_period_early(on, jump):
    on.add(COUNTS, NOW)
    on.add(COUNTS, NOW + jump)
    assert not on.close_period(NOW + jump + 6 * DAY)
    assert on.status().spent == 0


@pytest.mark.parametrize("unset_s", [5.0, SET_SINCE_S - 60 * DAY])  # the past that a board starts in
def test_a_clock_that_was_never_set_starts_no_period(sharing, unset_s):
    sharing.turn_on(ENDPOINT, now_s=unset_s)
    sharing.add(COUNTS, unset_s + 1.0)
    assert not sharing.close_period(unset_s + 30 * DAY)
    sharing.add(COUNTS, NOW)
    assert sharing.status().period_ends_s == int(NOW) + 7 * DAY


def test_waits_grow_with_chance_and_end_when_the_clock_went_back(on):
    on.close_period(NOW + 7 * DAY)
    (report,) = on.waiting()
    waits = []
    for _ in range(20):
        on.failed(report.batch, NOW)
        waits.append(on.waiting()[0].due_s - int(NOW))
    assert all(30 * 2**i <= wait <= 60 * 2**i for i, wait in enumerate(waits[:10]))
    assert all(DAY // 2 <= wait <= DAY for wait in waits[11:])
    assert len(set(waits)) == 20
    due = on.waiting()[0].due_s
    assert not is_due(due, NOW, DAY)
    assert is_due(due, NOW + 200 * DAY, DAY)  # months later
    assert is_due(due, NOW - 200 * DAY, DAY)  # a clock that was ahead


@pytest.mark.parametrize("days", [0, 91, -1])
def test_a_period_out_of_range_is_refused(sharing, days):
    with pytest.raises(UsageError):
        sharing.turn_on(ENDPOINT, period_days=days, now_s=NOW)
    assert not sharing.database.path.exists()


def test_a_damaged_file_shares_nothing(on):
    on.close_period(NOW + 7 * DAY)
    data = on.database.path.read_bytes()
    on.database.path.write_bytes(data[:4_096] + os.urandom(len(data) - 4_096))
    with pytest.raises(StatisticsDamaged):
        on.status()
    with pytest.raises(StatisticsDamaged):
        on.add(COUNTS, NOW)


CRASHER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from statistics_helpers import SeededBits
from voxedge.statistics import sharing as module
stop_at = int(sys.argv[2])
class Crashing(SeededBits):
    calls = 0
    def below(self, bound):
        Crashing.calls += 1
        if Crashing.calls == stop_at:
            os._exit(9)
        return super().below(bound)
sharing = module.Sharing(Path(sys.argv[1]), Crashing())
sharing.close_period(float(sys.argv[3]))
os._exit(0 if sharing.status().waiting else 1)
"""


def test_a_crash_while_the_report_is_drawn_leaves_all_of_it_or_nothing(on):
    """Killed at each of the random numbers that a report is drawn from, and after the last."""
    on.add(COUNTS, NOW)
    helpers = str(Path(__file__).resolve().parent)
    before = on.database.path.read_bytes()
    ends = set()
    for stop_at in (1, 2, 9, 17, 18, 25, 40, 60, 100_000):
        on.database.path.write_bytes(before)
        command = [sys.executable, "-c", CRASHER, on.database.path, str(stop_at), str(NOW + 7 * DAY), helpers]
        ends.add(subprocess.run(command, check=False, timeout=60).returncode)
        status, waiting = on.status(), on.waiting()
        assert (status.spent, len(waiting)) in {(Fraction(0), 0), (EPSILON_PER_REPORT, 1)}
    assert ends == {0, 9}


def test_a_crash_between_charging_and_sending_sends_the_same_bytes_and_charges_once(on, tmp_path):
    on.add(COUNTS, NOW)
    on.close_period(NOW + 7 * DAY)
    first = on.waiting()
    again = Sharing(tmp_path / "sharing.db", SeededBits(99))  # the program starts anew, with other bits
    assert not again.close_period(NOW + 7 * DAY + 60)
    assert again.waiting() == first
    assert again.status().spent == EPSILON_PER_REPORT


def test_two_processes_draw_one_report(on, tmp_path):
    on.add(COUNTS, NOW)
    code = (
        "import sys; from pathlib import Path; from voxedge.statistics.sharing import Sharing\n"
        f"print(Sharing(Path(sys.argv[1])).close_period({NOW + 7 * DAY}))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "sharing.db")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert sorted(process.communicate(timeout=60)[0].strip() for process in both) == ["False", "True"]
    assert on.status().spent == EPSILON_PER_REPORT


def test_two_reports_have_nothing_in_common(tmp_path):
    batches, bodies = set(), set()
    sharing = Sharing(tmp_path / "sharing.db")
    sharing.turn_on(ENDPOINT, now_s=NOW)
    for week in range(1, 7):
        sharing.add(COUNTS, NOW + 7 * DAY * week)
        sharing.close_period(NOW + 7 * DAY * week)
    for report in sharing.waiting():
        batches.add(report.batch)
        bodies.add(report.body)
    assert len(batches) == len(bodies) == 6
    with sqlite3.connect(tmp_path / "sharing.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(queue)")]
    connection.close()
    assert columns == ["batch", "body", "attempts", "due_s"]
