"""The servers that ``voxedge bench serve`` measures, each in a process of its own on a free port."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voxedge.bench.process import MB
from voxedge.errors import UsageError

CONFIG = """
[recognition]
model = "{model}"
[conversation]
engine = "none"
[speaking]
engine = "none"
[audio]
speak_aloud = false
[daemon]
http = ""
wyoming = "127.0.0.1:{port}"
max_streams = {streams}
"""


@dataclass(slots=True)
class Serving:
    """A server that runs.

    Attributes:
        name: For messages.
        port: Where it speaks Wyoming, on loopback.
        folder: Its files, and what it said; removed at the end.
    """

    name: str
    port: int
    folder: Path
    process: asyncio.subprocess.Process

    def check(self) -> None:
        """Raises where it has ended.

        Raises:
            UsageError: With the last lines that it said.
        """
        if self.process.returncode is not None:
            said = (self.folder / "log").read_text(errors="replace").splitlines()
            raise UsageError(
                f"{self.name} ended with {self.process.returncode}: {' / '.join(said[-3:])}",
                remedy="Start it by hand to see more.",
                room="bench",
            )

    def resident_mb(self) -> float:
        """Its resident memory, in megabytes; Linux only."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / MB
        return 0.0

    def open_files(self) -> int:
        """Its open file descriptors; Linux only."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    async def stop(self) -> None:
        """Ends it."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 15)
            except asyncio.TimeoutError:
                self.process.kill()
                await self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


async def serve_voxedge(model: str, streams: int) -> Serving:
    """``voxedge serve`` with that model, for at least so many streams."""
    port, folder = _free_port(), Path(tempfile.mkdtemp(prefix="voxedge-bench-"))
    config = folder / "voxedge.toml"
    config.write_text(CONFIG.format(model=model, port=port, streams=streams), encoding="utf-8")
    command = [sys.executable, "-m", "voxedge", "serve", "--config", str(config)]
    return await _start("voxedge", command, port, folder)


async def serve_peer(python: str, model: str) -> Serving:
    """wyoming-faster-whisper with the same model folder: greedy and int8, as ours; nothing is fetched.

    Its own defaults (a beam of 5, the model's own float type) would be slower.

    Raises:
        ModelMissing: The model isn't in the store.
    """
    from voxedge.store import resolve

    port, folder = _free_port(), Path(tempfile.mkdtemp(prefix="voxedge-bench-"))
    command = [
        python, "-m", "wyoming_faster_whisper",
        "--uri", f"tcp://127.0.0.1:{port}", "--model", str(resolve(model, kind="recognition")),
        "--data-dir", str(folder), "--local-files-only", "--stt-library", "faster-whisper",
        "--language", "en", "--beam-size", "1", "--compute-type", "int8",
        "--cpu-threads", str(len(os.sched_getaffinity(0))), "--log-format", "%(levelname)s",
    ]  # fmt: skip
    return await _start("peer", command, port, folder)


async def _start(name: str, command: Sequence[str], port: int, folder: Path) -> Serving:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    with (folder / "log").open("wb") as log:
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        except OSError as exc:
            raise UsageError(
                f"{command[0]} can't be started: {exc.strerror}.",
                remedy="Name the Python of an environment with wyoming-faster-whisper: --peer DIR/bin/python",
                room="bench",
            ) from exc
    return Serving(name, port, folder, process)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
