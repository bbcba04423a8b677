"""The daemon under a service manager: killed, hung, reloaded, stopped; each survived in the watchdog time."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest
from supervisor import Supervisor
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import read_event

from voxedge.daemon.wyoming_framing import encode

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(400)]

START_S = 60.0
WATCHDOG_S = 3.0


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


@pytest.fixture
def service(tmp_path, model_dir):
    model_dir("tiny.en")
    port = free_port()
    config = tmp_path / "voxedge.toml"
    config.write_text(
        f"""
[conversation]
engine = "none"
[speaking]
engine = "none"
[audio]
speak_aloud = false
[daemon]
http = ""
wyoming = "127.0.0.1:{port}"
stop_timeout_s = 2.0
"""
    )
    hang = tmp_path / "hang"
    command = [sys.executable, str(Path(__file__).with_name("faulty_service.py")), str(config), str(hang)]
    with Supervisor(command, tmp_path, watchdog_s=WATCHDOG_S) as own:
        own.port, own.hang, own.config = port, hang, config
        own.wait_for(lambda: own.readies == 1, START_S)
        yield own


def speak(port, samples, timeout_s=20.0):
    """Sends a sound; gives the transcript, or None where the connection breaks off."""
    form = {"rate": 16_000, "width": 2, "channels": 1}
    with socket.create_connection(("127.0.0.1", port), timeout_s) as door:
        door.sendall(encode(AudioStart(**form).event()))
        sound = (samples * 32767).astype("<i2").tobytes()
        for at in range(0, len(sound), 8192):
            door.sendall(encode(AudioChunk(**form, audio=sound[at : at + 8192]).event()))
        door.sendall(encode(AudioStop().event()))
        with door.makefile("rb") as answers:
            while (event := read_event(answers)) is not None:
                if Transcript.is_type(event.type):
                    return event.data["text"]
    return None


@pytest.fixture
def order_samples(order):
    from voxedge.audio.decode import read

    return read(order)


@pytest.mark.data
def test_killed_hung_and_stopped(service, order_samples):
    # It is ready and fed.
    service.wait_for(lambda: service.pings >= 2, 10)
    assert re.search("coffee", speak(service.port, order_samples))

    # kill -9: another one is there as soon as it has loaded.
    os.kill(service.process.pid, signal.SIGKILL)
    service.wait_for(lambda: service.readies == 2, START_S)
    assert re.search("coffee", speak(service.port, order_samples))
    assert service.killed == 0

    # A stage hangs: the event loop and the watchdog's own thread live on, the pings end nevertheless.
    service.hang.touch()
    with pytest.raises((OSError, AssertionError)):
        assert speak(service.port, order_samples) is not None
    service.wait_for(lambda: service.killed == 1, 3 * WATCHDOG_S + 5)
    assert any(line.startswith("STATUS=No progress in compute") for line in service.heard)
    service.hang.unlink()
    service.wait_for(lambda: service.readies == 3, START_S)
    assert re.search("coffee", speak(service.port, order_samples))

    # The whole process stops dead: as a hang.
    os.kill(service.process.pid, signal.SIGSTOP)
    service.wait_for(lambda: service.killed == 2, 3 * WATCHDOG_S)
    service.wait_for(lambda: service.readies == 4, START_S)

    # A clean stop is announced.
    service.process.send_signal(signal.SIGTERM)
    service.wait_for(lambda: "STOPPING=1" in service.heard, 10)


def test_hang_up_reloads(service):
    service.process.send_signal(signal.SIGHUP)
    service.wait_for(lambda: service.readies == 2, 10)
    assert "RELOADING=1" in service.heard
    # A configuration that can't be read changes nothing.
    service.config.write_text("[daemon]\nwyomming = 1\n")
    service.process.send_signal(signal.SIGHUP)
    service.wait_for(lambda: service.readies == 3, 10)
    assert service.starts == 1
    service.wait_for(lambda: service.pings >= 3, 10)
