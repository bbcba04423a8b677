"""What all tests share: the recordings, the models, and a guard against outside connections."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

# A suite started in the background (nohup, some CI) inherits "ignore" for Ctrl-C, and so would every program
# that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

_leave = subprocess.Popen.__exit__


def _leave_at_once(self, kind, value, trace):
    """Leaves ``with Popen(...)``: after a failure (of time, too) the program is killed and not waited for."""
    if kind is not None:
        self.kill()
    return _leave(self, kind, value, trace)


subprocess.Popen.__exit__ = _leave_at_once

REPOSITORY = Path(__file__).resolve().parent.parent


class OutsideConnection(AssertionError):
    """A test tried to reach something other than this machine."""


def _is_local(address) -> bool:
    if isinstance(address, (str, bytes)):
        return True  # a Unix socket
    host = address[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def no_outside_connections(monkeypatch):
    """Refuses every connection but those to loopback and to Unix sockets."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(self, address):
        if not _is_local(address):
            raise OutsideConnection(f"connection to {address!r}")
        return connect(self, address)

    def guarded_connect_ex(self, address):
        if not _is_local(address):
            raise OutsideConnection(f"connection to {address!r}")
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of recordings and sentences; skips where it is absent."""
    folder = Path(os.environ.get("VOXEDGE_TEST_DATA", REPOSITORY / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder} (set VOXEDGE_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of the project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def model_dir():
    """Finds a recognition model's folder by its name; skips, with the reason, where it isn't in the store."""

    def find(name: str) -> Path:
        from voxedge.errors import ModelMissing
        from voxedge.store import resolve

        try:
            return Path(resolve(name, kind="recognition"))
        except ModelMissing as error:
            pytest.skip(f"{error.message} {error.remedy}")

    return find
