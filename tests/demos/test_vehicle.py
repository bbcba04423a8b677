"""The vehicle demo: what commands do to the car, the dashboard at any size, and the whole in a terminal."""

import os
import re
import sys
from pathlib import Path

import pytest

from voxedge.events import Slot

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "demos" / "vehicle"
sys.path.insert(0, str(FOLDER))

from car import UNDO_STEPS, Car, Timer, spoken_time  # noqa: E402
from dashboard import Voice, draw  # noqa: E402


def slots(**values):
    return {name: Slot(str(value), value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("intent", "given", "look", "becomes"),
    [
        ("climateSetTemperature", {"temperature": 22.5}, lambda c: set(c.temperatures.values()), {22.5}),
        ("climateSetTemperature", {"temperature": 40}, lambda c: set(c.temperatures.values()), {32.0}),
        (
            "climateSetTemperature",
            {"temperature": 19, "zone": "driver"},
            lambda c: c.temperatures,
            {"driver": 19.0, "passenger": 21.0},
        ),
        ("climateWarmer", {}, lambda c: c.temperatures["driver"], 22.0),
        ("climateTurnOff", {"climateDevice": "air_conditioning"}, lambda c: c.devices, set()),
        ("windowOpen", {"opening": "window", "position": "rear"}, lambda c: c.openings, {"rear window": 100}),
        ("windowOpen", {"opening": "trunk"}, lambda c: c.openings, {}),
        ("vehicleUnlock", {}, lambda c: c.locked, True),
        ("navigationStart", {"destination": "home"}, lambda c: c.destination, "home"),
        ("mediaSetVolume", {"volume": 70}, lambda c: c.volume, 70),
        ("timerStart", {"minutes": 10, "timerName": "tea"}, lambda c: c.timers, [Timer("tea", 600.0)]),
        ("timerCancel", {}, lambda c: c.timers, []),
    ],
)
def test_commands_while_driving(intent, given, look, becomes):
    car = Car(speed_kmh=60)
    answer = car.command(intent, slots(**given))
    assert look(car) == becomes
    assert 0 < len(answer.split()) <= 6, "a driver gets short answers"


def test_what_is_refused_while_driving_is_done_when_parked():
    car = Car(speed_kmh=60)
    assert car.command("vehicleUnlock", {}) == "Not while driving."
    car.speed_kmh = 0
    assert car.command("vehicleUnlock", {}) == "Unlocked."
    assert not car.locked


def test_windows_close_by_their_place():
    car = Car()
    for position in ("driver", "passenger"):
        car.command("windowOpen", slots(opening="window", position=position))
    car.command("windowClose", slots(opening="window", position="driver"))
    assert car.openings == {"passenger window": 100}
    car.command("windowClose", slots(opening="window"))
    assert car.openings == {}


def test_undo_restores_the_state_before_but_not_the_speed():
    car = Car()
    car.command("mediaVolumeUp", {}, turn=1)
    car.speed_kmh = 50
    assert car.undo(1) == "Taken back."
    assert (car.volume, car.speed_kmh) == (30, 50)
    assert car.undo(1) == "I can't take that back."


def test_undo_keeps_a_bounded_past():
    car = Car()
    for turn in range(100):
        car.command("mediaVolumeUp", {}, turn=turn)
    assert len(car._before) == UNDO_STEPS


def test_timers_run_out_and_say_so_once():
    car = Car(timers=[Timer("tea", 5.0), Timer("", 100.0), Timer("egg", 5.0, paused=True)])
    assert car.pass_time(6.0) == ["Your tea timer is done."]
    assert car.pass_time(6.0) == []
    assert [timer.name for timer in car.timers] == ["", "egg"]


def test_an_unknown_command_changes_nothing():
    car = Car()
    assert car.command("makeCoffee", {}) == "This car can't do that."
    assert car == Car()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (61, "1 minute 1 second"), (3900, "1 hour 5 minutes"), (-3, "0 seconds")],
)
def test_durations_in_words(seconds, words):
    assert spoken_time(seconds) == words


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12), (200, 60), (100, 30), (1, 1), (72, 15)])
def test_the_dashboard_fits_its_terminal(width, height):
    car = Car(speed_kmh=60, destination="x" * 300, media="\x1b[2Jevil\n", timers=[Timer("tea", 60.0)] * 20)
    lines = draw(car, Voice(heard="word " * 100, said="\u00e9" * 90, trouble="t" * 300), width, height)
    assert len(lines) == max(12, height)
    assert {len(line) for line in lines} == {max(40, width)}
    assert not any("\x1b" in line or "\n" in line for line in lines)


@pytest.mark.models
def test_the_whole_drive_in_a_terminal():
    pexpect = pytest.importorskip("pexpect")
    from voxedge.errors import ModelMissing
    from voxedge.store import resolve

    try:
        resolve("tiny.en", kind="recognition")
    except ModelMissing as error:
        pytest.skip(f"{error.message} {error.remedy}")
    child = pexpect.spawn(
        sys.executable,
        [str(FOLDER / "drive.py"), "--silent", "--fast"],
        dimensions=(24, 80),
        timeout=100,
        encoding="utf-8",
        env={**os.environ, "TERM": "xterm"},
    )
    child.expect(pexpect.EOF)
    child.close()
    seen = child.before
    assert child.exitstatus == 0
    assert seen.count("\x1b[?1049h") == seen.count("\x1b[?1049l") == 1, "the terminal is left as it was"
    final = re.split(r"\x1b\[\?1049l", seen)[-1]
    for part in (
        "driver 22 C",
        "to the central station",
        "steering",
        "passenger window 50 %",
        "volume 30",
        "locked",
    ):
        assert part in final, part
    assert re.search(r"timer (9 minutes|10 minutes)", final)
    assert "Open it?" in seen
