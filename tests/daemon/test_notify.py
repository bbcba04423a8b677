"""Readiness and watchdog, against a socket that speaks the service manager's side."""

from __future__ import annotations

import os
import socket
import time

import pytest

from voxedge.daemon.notify import Notifier, Watchdog


@pytest.fixture
def manager(tmp_path):
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    door.bind(str(tmp_path / "notify"))
    door.settimeout(5)
    yield door
    door.close()


def environment(manager, **more):
    return {"NOTIFY_SOCKET": manager.getsockname(), **more}


def heard(manager):
    return dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())


def test_without_a_manager_nothing_happens():
    notifier = Notifier({})
    notifier.ready("x")
    notifier.ping()
    watchdog = Watchdog(notifier, lambda: ())
    watchdog.start()
    assert not watchdog.enabled
    watchdog.stop()


def test_what_the_manager_is_told(manager):
    notifier = Notifier(environment(manager))
    notifier.ready("serving\nHTTP")
    assert heard(manager) == {"READY": "1", "STATUS": "serving HTTP"}
    notifier.reloading()
    told = heard(manager)
    assert told["RELOADING"] == "1"
    assert abs(int(told["MONOTONIC_USEC"]) / 1e6 - time.monotonic()) < 5
    notifier.status("serving HTTP")  # not said twice
    notifier.status("busy")
    assert heard(manager) == {"STATUS": "busy"}
    notifier.extend(1.5)
    assert heard(manager) == {"EXTEND_TIMEOUT_USEC": "1500000"}
    notifier.stopping()
    assert heard(manager) == {"STOPPING": "1"}


def test_an_abstract_address(tmp_path):
    name = f"voxedge-test-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind("\0" + name)
        door.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ping()
        assert door.recv(100) == b"WATCHDOG=1"


def test_a_manager_that_is_gone_stops_nothing(manager):
    notifier = Notifier(environment(manager))
    manager.close()
    notifier.ready()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "often"}, 0.0),
        ({"WATCHDOG_USEC": "-5"}, 0.0),
        ({}, 0.0),
    ],
)
def test_how_often_pings_are_wanted(given, wanted):
    assert Notifier(given).watchdog_timeout_s == wanted


def test_pings_come_while_all_is_well_and_end_with_a_stuck_stage(manager):
    stuck: list[str] = []
    notifier = Notifier(environment(manager, WATCHDOG_USEC="90000"))
    watchdog = Watchdog(notifier, lambda: stuck)
    watchdog.start()
    for _ in range(3):
        assert heard(manager) == {"WATCHDOG": "1"}
    stuck.append("compute")
    told = heard(manager)
    while told == {"WATCHDOG": "1"}:  # one may have been on its way
        told = heard(manager)
    assert told == {"STATUS": "No progress in compute."}
    manager.settimeout(0.3)
    with pytest.raises(socket.timeout):
        manager.recv(100)
    manager.settimeout(5)
    stuck.clear()
    assert heard(manager) == {"STATUS": "All stages work again."}
    assert heard(manager) == {"WATCHDOG": "1"}
    watchdog.stop()


def test_a_fault_in_the_check_is_no_sign_of_life(manager, caplog):
    def broken():
        raise RuntimeError("x")

    watchdog = Watchdog(Notifier(environment(manager, WATCHDOG_USEC="1000000")), broken)
    assert watchdog.check() is False
    assert "health (RuntimeError)" in heard(manager)["STATUS"]
    assert "isn't fed" in caplog.text
