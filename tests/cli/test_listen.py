"""``voxedge listen`` as a process: what it prints, how it ends, and what Ctrl-C leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.models
COMMAND = [sys.executable, "-m", "voxedge", "listen", "--intents", "kiosk", "--json"]


@pytest.fixture
def recording(repository, model_dir):
    model_dir("tiny.en")
    return str(repository / "demos" / "recordings" / "orders.flac")


def events_of(lines):
    return [json.loads(line) for line in lines if line.strip()]


def test_the_shipped_recording_gives_its_orders(recording):
    done = subprocess.run([*COMMAND, "--file", recording], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    events = events_of(done.stdout.splitlines())
    assert events[0]["type"] == "Started"
    ends = [e["turn"] for e in events if e["type"] == "TurnEnded"]
    assert ends == sorted(set(ends))
    assert {e["turn"] for e in events if e["turn"]} == set(ends)
    orders = [e["slots"] for e in events if e["type"] == "IntentMatched" and e["intent"] == "orderDrink"]
    assert len(orders) == 4
    assert orders[0]["coffeeDrink"]["value"] == "latte"


@pytest.mark.parametrize("after", ["Started", "SpeechStarted", "Partial", "Transcript"])
def test_ctrl_c_ends_every_turn_and_says_so(recording, after):
    process = subprocess.Popen(
        [*COMMAND, "--file", recording, "--realtime"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if json.loads(line)["type"] == after:
            process.send_signal(signal.SIGINT)
            break
    rest, notes = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in notes
    assert "Traceback" not in notes
    events = events_of([*lines, *rest.splitlines()])
    started = [e["turn"] for e in events if e["type"] == "SpeechStarted"]
    assert [e["turn"] for e in events if e["type"] == "TurnEnded"] == started


def test_a_reader_that_leaves_ends_it_quietly(recording):
    with subprocess.Popen(
        [*COMMAND, "--file", recording], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=100) == 0
        assert "Traceback" not in process.stderr.read()


@pytest.fixture
def cut(recording, tmp_path):
    """The first order of the recording, and a file that breaks off."""
    data = Path(recording).read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 4])
    return str(tmp_path / "cut.flac")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
@pytest.mark.parametrize("how", [[], ["--realtime"]])
def test_an_output_that_is_full_ends_it_with_a_named_error(cut, how):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, *how, "--file", cut], stdout=full, stderr=subprocess.PIPE, text=True, timeout=100
        )
    assert done.returncode == 6
    assert "disk_full" in done.stderr
    assert "raised" not in done.stderr


def test_a_recording_that_breaks_off_is_said_to(cut):
    done = subprocess.run([*COMMAND, "--file", cut], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert f"{cut} is " in done.stderr
    assert events_of(done.stdout.splitlines())[-1]["type"] == "TurnEnded"


def test_a_missing_model_names_the_command_that_gets_it(tmp_path, repository):
    done = subprocess.run(
        [*COMMAND, "--file", str(repository / "demos" / "recordings" / "orders.flac")],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "VOXEDGE_HOME": str(tmp_path / "store")},
    )
    assert done.returncode == 4
    assert "voxedge models pull" in done.stderr
    assert done.stdout == ""


def test_a_language_that_the_model_doesn_t_know_is_refused_before_anything_is_heard(recording):
    done = subprocess.run(
        [*COMMAND, "--file", recording, "--model", "tiny.en", "--language", "zz"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 3
    assert "base" in done.stderr
    assert not any(json.loads(line)["type"] == "SpeechStarted" for line in done.stdout.splitlines())
