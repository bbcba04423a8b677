"""`voxedge serve` in a process of its own, as the tests start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

READY_WITHIN_S = 90.0


@dataclass
class Serving:
    """A running `voxedge serve`.

    Attributes:
        process: It.
        folder: Where its configuration lies.
        lines: What it has said on standard error.
    """

    process: subprocess.Popen
    folder: Path
    lines: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def wait_for(self, pattern: str, within_s: float = READY_WITHIN_S) -> str:
        """Waits for a line of its output."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line
            if self.process.poll() is not None:
                time.sleep(0.2)
                found = next((line for line in self.lines if re.search(pattern, line)), None)
                if found is not None:
                    return found
                raise AssertionError(f"ended with {self.process.returncode}:\n" + "".join(self.lines[-20:]))
            time.sleep(0.02)
        raise AssertionError(f"no {pattern!r} in:\n" + "".join(self.lines[-20:]))

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def serve(folder: Path, toml: str, *words: str) -> Serving:
    """Starts `voxedge serve` with a configuration."""
    (folder / "voxedge.toml").write_text(toml, encoding="utf-8")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "voxedge", "serve", "--config", str(folder / "voxedge.toml"), *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    return followed(process, folder)


def followed(process: subprocess.Popen, folder: Path) -> Serving:
    """Reads along what the daemon writes."""
    serving = Serving(process, folder)

    def read() -> None:
        for line in process.stderr:
            serving.lines.append(line)

    threading.Thread(target=read, daemon=True).start()
    return serving


def toml_of(folder: Path, more: str = "") -> str:
    return f"""
[understanding]
intents = ["kiosk"]

[conversation]
max_reply_tokens = 24

[daemon]
http = "127.0.0.1:0"
wyoming = ""
events_socket = "{folder / "events.sock"}"
max_body_mb = 4
max_audio_s = 120
max_streams = 4
receive_timeout_s = 2.0
stop_timeout_s = 5.0
{more}
"""
