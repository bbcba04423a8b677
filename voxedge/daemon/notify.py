"""Talking to the service manager: readiness, reloading, stopping, and the watchdog.

The protocol is systemd's (``sd_notify(3)``): datagrams of ``KEY=value`` lines to the Unix socket that
``NOTIFY_SOCKET`` names. It needs no library. Without a service manager everything here does nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

_log = logging.getLogger("voxedge.daemon.notify")

PINGS_PER_TIMEOUT = 3
"""So many pings within the watchdog's time; ``sd_watchdog_enabled(3)`` asks for two, and a machine that is
busy may be late with one of them."""


class Notifier:
    """Tells the service manager how the service is. Safe to use from several threads; never raises.

    Args:
        environment: Where ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are looked up; the
            process's own where None.

    Example:
        >>> Notifier({}).enabled
        False
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        own = os.environ if environment is None else environment
        address = own.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte with which an abstract address begins.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_timeout_s = _watchdog_timeout_s(own)
        """Seconds without a ping after which the service manager ends this process; 0 where it doesn't."""
        self._lock = threading.Lock()
        self._status = ""

    @property
    def enabled(self) -> bool:
        """Whether a service manager listens."""
        return bool(self._address)

    def ready(self, status: str = "") -> None:
        """The service can be used (also said when a reload is done)."""
        self._send("READY=1", *self._status_line(status))

    def reloading(self) -> None:
        """The configuration is read again; `ready` follows."""
        # systemd from 253 on wants to know when it began, on its own clock (Type=notify-reload).
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic() * 1_000_000)}")

    def stopping(self) -> None:
        """The service ends of its own accord."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for people (``systemctl status``); said only when it changes."""
        with self._lock:
            known = " ".join(text.split()) == self._status
        if not known:
            self._send(*self._status_line(text))

    def extend(self, seconds: float) -> None:
        """Starting takes longer than usual: the time limit counts anew, for so many seconds."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def ping(self) -> None:
        """A sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def _status_line(self, text: str) -> list[str]:
        line = " ".join(text.split())  # a line break would begin another key
        if not line:
            return []
        with self._lock:
            self._status = line
        return [f"STATUS={line}"]

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        message = "\n".join(lines).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.settimeout(1.0)
                door.sendto(message, self._address)
        except OSError as exc:
            # A manager that is being restarted itself isn't there for a moment: the service goes on.
            _log.warning("The service manager wasn't reached: %s", type(exc).__name__)


def _watchdog_timeout_s(environment: Mapping[str, str]) -> float:
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0  # meant for another process: our parent, say
    try:
        return max(0, int(environment.get("WATCHDOG_USEC", "0"))) / 1_000_000
    except ValueError:
        return 0.0


class Watchdog:
    """Pings the service manager while every stage makes progress, and not a moment longer.

    It has a thread of its own, but that thread alone keeps nothing alive: where a stage is stuck, no ping
    goes out, and the service manager ends and restarts the process.

    Args:
        notifier: Where the pings go.
        stuck: Gives the names of the stages that are overdue with their work; asked before each ping.
    """

    def __init__(self, notifier: Notifier, stuck: Callable[[], Sequence[str]]) -> None:
        self._notifier, self._stuck = notifier, stuck
        self._interval_s = notifier.watchdog_timeout_s / PINGS_PER_TIMEOUT
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._reported: tuple[str, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether the service manager wants pings."""
        return self._notifier.enabled and self._interval_s > 0

    def start(self) -> None:
        """Begins to ping, if that is wanted."""
        if self.enabled and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="voxedge-watchdog", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(2.0)

    def check(self) -> bool:
        """Looks once: pings and gives True where all is well, else says what is stuck and gives False."""
        try:
            names = tuple(self._stuck())
        except Exception as exc:  # noqa: BLE001 - a watchdog that dies of a fault would hide the fault
            names = (f"health ({type(exc).__name__})",)
        if not names:
            if self._reported:
                self._notifier.status("All stages work again.")
            self._reported = ()
            self._notifier.ping()
            return True
        if names != self._reported:
            self._reported = names
            _log.error("No progress in %s: the watchdog isn't fed.", ", ".join(names))
            self._notifier.status(f"No progress in {', '.join(names)}.")
        return False

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            self.check()
