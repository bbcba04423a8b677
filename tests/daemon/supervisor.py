"""A service manager in miniature: starts a service, listens to its notifications, ends it when its pings
stay away, and starts it again: what systemd does with ``Type=notify``, ``WatchdogSec``, ``Restart=always``.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time


class Supervisor:
    """Runs one service until `stop`.

    Args:
        command: How the service is started.
        folder: For the socket and the log.
        watchdog_s: Without a ping for so long the service is killed; it counts from ``READY=1``.
        environment: Added to this process's own.
    """

    def __init__(self, command, folder, *, watchdog_s, environment=None):
        self.command, self.watchdog_s = command, watchdog_s
        self.log = (folder / "service.log").open("w+")
        self.environment = {**os.environ, **(environment or {})}
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.door.bind(str(folder / "notify"))
        self.door.settimeout(0.05)
        self.environment["NOTIFY_SOCKET"] = str(folder / "notify")
        self.environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1_000_000))
        self.environment.pop("WATCHDOG_PID", None)
        self.starts = self.readies = self.pings = self.killed = 0
        self.heard: list[str] = []
        self.last_ping = 0.0
        self.process = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(15)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.door.close()
        self.log.close()

    def wait_for(self, condition, within_s):
        """Waits until the condition holds; gives the seconds that it took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > within_s:
                self.log.flush()
                self.log.seek(0)
                raise AssertionError(
                    f"not within {within_s} s; heard {self.heard[-5:]}\n{self.log.read()[-3000:]}"
                )
            time.sleep(0.02)
        return time.monotonic() - began

    def _start(self):
        self.starts += 1
        self.last_ping = 0.0
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=self.log, stderr=subprocess.STDOUT
        )

    def _run(self):
        self._start()
        while not self._ended.is_set():
            self._listen()
            if self.process.poll() is not None:
                time.sleep(0.1)
                self._start()
            elif self.last_ping and time.monotonic() - self.last_ping > self.watchdog_s:
                self.killed += 1
                self.process.kill()
                self.process.wait()

    def _listen(self):
        try:
            message = self.door.recv(4096).decode()
        except TimeoutError:
            return
        for line in message.splitlines():
            self.heard.append(line)
            if line == "READY=1":
                self.readies += 1
                self.last_ping = time.monotonic()
            elif line == "WATCHDOG=1":
                self.pings += 1
                if self.last_ping:
                    self.last_ping = time.monotonic()
