"""PortAudio in a dead audio system: what hangs there is left alone, and says so."""

from __future__ import annotations

import subprocess
import sys
import threading
import types

import pytest

from voxedge.audio import portaudio
from voxedge.errors import DeviceLost, DeviceNotFound


class PortAudioError(Exception):
    pass


@pytest.fixture
def library(monkeypatch):
    """A PortAudio whose calls the test can hold up."""
    calls: list[str] = []
    held = {name: threading.Event() for name in ("close", "terminate")}
    for event in held.values():
        event.set()

    def call(name):
        calls.append(name)
        if name in held:
            held[name].wait(10)

    found = types.SimpleNamespace(
        PortAudioError=PortAudioError,
        query_devices=lambda: [{"name": "USB", "max_input_channels": 1}],
        _terminate=lambda: call("terminate"),
        _initialize=lambda: call("initialize"),
        calls=calls,
        held=held,
        stream=types.SimpleNamespace(close=lambda ignore_errors: call("close")),
    )
    monkeypatch.setitem(sys.modules, "sounddevice", found)
    monkeypatch.setattr(portaudio, "_SETTLE_S", 0.2)
    monkeypatch.setattr(portaudio, "_RESTART_S", 0.2)
    yield found
    for event in held.values():
        event.set()
    for thread in threading.enumerate():
        if thread.name.startswith("voxedge-device"):
            thread.join(5)


def test_a_look_for_new_devices_starts_portaudio_again(library):
    portaudio.close_stream(library.stream)
    portaudio.refresh()
    assert library.calls == ["close", "terminate", "initialize"]


def test_a_stream_that_can_t_be_closed_keeps_portaudio_from_being_ended(library):
    library.held["close"].clear()
    portaudio.close_stream(library.stream)
    portaudio.refresh()
    assert library.calls == ["close"]
    library.held["close"].set()
    portaudio.refresh()
    assert library.calls == ["close", "terminate", "initialize"]


def test_a_portaudio_that_hangs_is_named_and_used_again_when_it_answers(library):
    library.held["terminate"].clear()
    for _ in range(2):
        with pytest.raises(DeviceLost, match="hangs"):
            portaudio.refresh()
    with pytest.raises(DeviceLost, match="hangs"):
        portaudio.find_device("", "input")
    assert library.calls == ["terminate"]
    library.held["terminate"].set()
    portaudio._restarting.join(5)
    portaudio.refresh()
    assert portaudio.find_device("usb", "input") == 0


def test_an_audio_system_that_is_gone_has_no_devices(library):
    def refuse():
        raise PortAudioError("not initialized", -10000)

    library._initialize = library.query_devices = refuse
    portaudio.refresh()
    with pytest.raises(DeviceNotFound):
        portaudio.find_device("", "input")


def test_a_program_ends_although_a_stream_can_t_be_closed():
    program = """
import atexit, sys, threading, time, types
def end():
    time.sleep(60)
sys.modules["sounddevice"] = types.SimpleNamespace(_exit_handler=end)
atexit.register(end)
from voxedge.audio import portaudio
portaudio.close_stream(types.SimpleNamespace(close=lambda ignore_errors: time.sleep(60)))
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0


def test_what_is_done_at_exit_is_registered_once_however_often_a_device_is_closed(library, monkeypatch):
    registered = []
    monkeypatch.setattr(portaudio.atexit, "register", registered.append)
    portaudio._look_after_exit.cache_clear()
    for _ in range(5):
        assert portaudio.close_stream(library.stream)
    assert len(registered) == 1
