"""Counts by hour and day survive power cuts, full and read-only disks, odd clocks, two writers."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from statistics_helpers import DAY, NOW

from voxedge.errors import StatisticsDamaged, StatisticsUnwritable
from voxedge.statistics import monitor as monitor_module
from voxedge.statistics.monitor import KEPT, Monitor
from voxedge.statistics.overview import filled, sparkline, summarize
from voxedge.statistics.recorder import Recorder

ONE = {("turn_outcome", 0): 1}


@pytest.fixture
def monitor(tmp_path):
    return Monitor(tmp_path / "monitor.db")


def total(monitor, span="day"):
    return sum(slot.counts["turn_outcome"][0] for slot in monitor.read(span))


def test_counts_roll_up_by_hour_and_day(monitor):
    start = NOW // DAY * DAY
    for hours in (0, 0.5, 1, 23.9, 24):
        monitor.add({("turn_outcome", 0): 2, ("partials", 0): 5}, start + hours * 3_600)
    assert [slot.counts["turn_outcome"][0] for slot in monitor.read("hour")] == [4, 2, 2, 2]
    assert [slot.counts["partials"][0] for slot in monitor.read("day")] == [20, 5]
    assert [slot.start_s for slot in monitor.read("day")] == [start, start + DAY]


def test_reading_what_is_not_there_makes_no_file(monitor):
    assert monitor.read("hour") == []
    assert not monitor.database.path.exists()


def test_a_file_is_for_its_owner_only(monitor):
    monitor.add(ONE, NOW)
    assert monitor.database.path.stat().st_mode & 0o077 == 0


def test_it_is_bounded(monitor):
    everything = {
        (name, cell): 10**9
        for name, metric in monitor_module.METRICS.items()
        for cell in range(len(metric.cells))
    }
    for hour in range(100):
        monitor.add(everything, NOW + 3_600 * hour)
    assert len(monitor.read("hour")) == KEPT["hour"]
    per_slot = monitor.database.path.stat().st_size / (KEPT["hour"] + 5)
    assert per_slot * sum(KEPT.values()) < monitor_module.LIMIT_BYTES


def test_a_clock_that_jumps_loses_nothing_true(monitor):
    monitor.add(ONE, NOW)
    for jump in (5.0, 4_070_908_800.0, NOW - 40 * DAY, NOW):  # 1970, 2099, long ago, right again
        monitor.add(ONE, jump)
    assert total(monitor) == 5
    assert monitor.read("day")[0].start_s == 0
    for hour in range(KEPT["hour"] + 1):
        monitor.add(ONE, NOW + 3_600 * (hour + 1))
    starts = [slot.start_s for slot in monitor.read("hour")]
    assert len(starts) == KEPT["hour"]
    assert max(starts) < 4_000_000_000  # the hour of 2099 didn't stay for ever


def test_a_slot_that_was_never_filled_is_shown_as_empty(monitor):
    monitor.add(ONE, NOW)
    monitor.add(ONE, NOW + 2 * 3_600)
    slots = filled(monitor.read("hour"), 3_600, 4, NOW + 3 * 3_600)
    assert summarize(slots)[0].by_slot == (1, 0, 1, 0)
    assert sparkline([0, 1, 8]) == " ▁█"
    assert summarize([]) == []
    assert len(filled(monitor.read("hour"), 3_600, 4, 4_070_908_800.0)) == 2  # a wrong clock still shows them


WRITER = """
import sys
from pathlib import Path
from voxedge.statistics.monitor import Monitor
monitor = Monitor(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    monitor.add({("turn_outcome", 0): 1, ("partials", 0): 1}, 1_795_000_000.0 + number)
    print(number + 1, flush=True)
"""


def writer(path, number):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(number)], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_at_once_count_everything(monitor):
    both = [writer(monitor.database.path, 40) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].splitlines()[-1] for process in both] == ["40", "40"]
    assert [process.returncode for process in both] == [0, 0]
    assert total(monitor) == 80


def test_kill_nine_leaves_the_old_state_or_the_new(monitor):
    chance = random.Random(4)
    told = 0
    for _ in range(8):
        process = writer(monitor.database.path, 100_000)
        process.stdout.readline()
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        told += 1 + len(process.communicate()[0].splitlines())
    found = [slot.counts for slot in monitor.read("hour")]
    outcome = sum(counts["turn_outcome"][0] for counts in found)
    assert outcome == sum(counts["partials"][0] for counts in found) == total(monitor)
    assert told <= outcome <= told + 8  # what was told is there; at most one more each that wasn't told yet
    with sqlite3.connect(monitor.database.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


HALFWAY = """
import os, sys
from pathlib import Path
from voxedge.statistics.monitor import Monitor
with Monitor(Path(sys.argv[1])).database.writing() as connection:
    connection.execute("PRAGMA cache_size = 1")  # so that much of the transaction is in the file already
    for cell in range(2_000):
        connection.execute("INSERT INTO cells VALUES (99, 'x' || ?, ?, 1)", (cell, cell))
    os._exit(9)
"""


def test_the_first_reader_after_a_crash_undoes_what_was_half_written(monitor):
    monitor.add({("turn_outcome", 0): 3}, NOW)
    path = monitor.database.path
    subprocess.run([sys.executable, "-c", HALFWAY, str(path)], check=False)
    assert path.with_name(path.name + "-journal").stat().st_size
    assert total(monitor) == 3


@pytest.mark.parametrize("damage", ["garbage", "half", "other tables"])
def test_a_damaged_file_is_begun_anew(monitor, damage):
    for hour in range(50):
        monitor.add({("turn_outcome", cell): 1 for cell in range(7)}, NOW + hour * 3_600)
    path = monitor.database.path
    if damage == "garbage":
        path.write_bytes(b"\xff" * 5_000)
    elif damage == "half":
        data = path.read_bytes()
        path.write_bytes(data[:4_096] + os.urandom(len(data) - 4_096))
    else:
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE slots (x)")
        connection.close()
    with pytest.raises(StatisticsDamaged) as caught:
        monitor.read("day")
    assert "voxedge stats delete" in caught.value.remedy
    monitor.add(ONE, NOW)
    assert total(monitor) == 1


def test_a_file_that_was_made_and_never_filled_is_no_damage(monitor):
    monitor.database.path.touch()
    assert monitor.read("day") == []
    monitor.add(ONE, NOW)
    assert total(monitor) == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StatisticsUnwritable, match="can't be written"):
        Monitor(tmp_path / "file" / "monitor.db").add(ONE, NOW)


def test_a_database_at_its_limit_says_so_and_keeps_what_it_has(monitor, monkeypatch):
    monitor.add(ONE, NOW)
    monitor.database._limit_bytes = monitor.database.path.stat().st_size

    def fill():
        for hour in range(500):
            monitor.add({("turn_outcome", cell): 1 for cell in range(7)}, NOW + hour * 3_600)

    with pytest.raises(StatisticsUnwritable, match="full"):
        fill()
    assert 1 <= total(monitor) < 500


DISK = """
import sys
from pathlib import Path
from voxedge.statistics.recorder import Recorder
from voxedge.statistics.monitor import Monitor
import subprocess
folder = Path(sys.argv[1])
recorder = Recorder(folder / "statistics", clock=lambda: 1_795_000_000.0)
recorder.count("turn_outcome", "intent")
assert recorder.flush()
if sys.argv[2] == "full":
    filler = folder / "filler"
    try:
        with filler.open("wb") as stream:
            while True:
                stream.write(bytes(512)); stream.flush()
    except OSError:
        pass
    undo = filler.unlink
else:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    undo = lambda: subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
for _ in range(3):
    recorder.count("turn_outcome", "intent")
    assert not recorder.flush()
monitor = Monitor(folder / "statistics" / "monitor.db")
print("while", monitor.read("day")[0].counts["turn_outcome"][0])
undo()
assert recorder.flush()
print("after", monitor.read("day")[0].counts["turn_outcome"][0])
"""


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_full_or_read_only_disk_loses_nothing_and_stops_nothing(tmp_path, kind):
    """On a real small file system, in a namespace of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("the program unshare isn't installed")
    mount = f"mount -t tmpfs -o size=128k none {tmp_path}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("this system lets users mount nothing in a namespace")
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(DISK, encoding="utf-8")
    command = f"{mount} && exec {sys.executable} {script} {tmp_path} {kind}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.split()) == (0, ["while", "1", "after", "4"]), done.stderr
    assert done.stderr.count("can't be written") <= 1  # told once, not every minute


def test_the_recorder_counts_from_many_threads_and_never_twice(tmp_path):
    import threading

    recorder = Recorder(tmp_path, clock=lambda: NOW)
    recorder.start()
    recorder.start()

    def work():
        for _ in range(500):
            recorder.count("requests", "served")
            recorder.measure("memory_mb", 100)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        recorder.flush()
    recorder.close()
    recorder.close()
    counts = Monitor(tmp_path / "monitor.db").read("day")[0].counts
    assert counts["requests"][0] == counts["memory_mb"][0] == recorder.totals()["requests"][0] == 2_000
    assert counts["starts"] == [1]
    assert "voxedge-statistics" not in {thread.name for thread in threading.enumerate()}
