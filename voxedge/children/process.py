"""The parent's end of a child process: starts it, sends, receives with a time limit, ends it.

Why not ``multiprocessing``: spawning imports the app's main module again, which runs apps without an
``if __name__ == "__main__"`` twice, and forking copies threads and locks of GUI apps.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from voxedge.children import frames
from voxedge.children.inside import CHILD_FLAG

_END: frames.Frame = {"type": "end"}
_REAP_S = 1.0
_BOOT = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "from voxedge.children.inside import main; main(sys.argv[1], int(sys.argv[2]))"
)


class ChildProcess:
    """One process with its two pipes. All methods may be called from any thread.

    Args:
        module: What it runs, one of `inside.MODULES`.
        name: For the names of the threads.
        environment: Variables that it gets where they aren't set.

    Raises:
        OSError: It can't be started.
    """

    def __init__(self, module: str, name: str, environment: Mapping[str, str] | None = None) -> None:
        self._ended = threading.Event()
        self._ending = threading.Lock()
        # Bounded: a consumer that is slow stops the reader, the pipe fills, and the child waits.
        self._arrived: queue.Queue[frames.Frame] = queue.Queue(maxsize=256)
        self._leaving: queue.Queue[frames.Frame] = queue.Queue(maxsize=64)
        self._process = _start(module, environment or {})
        # Two threads, since a stopped process takes nothing from a full pipe, and Windows can't wait on one.
        self._threads = [
            threading.Thread(target=self._receive_all, name=f"voxedge-{name}-receive", daemon=True),
            threading.Thread(target=self._send_all, name=f"voxedge-{name}-send", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs (hung counts)."""
        return not self._ended.is_set() and self._process.poll() is None

    def send(self, frame: Mapping[str, object]) -> None:
        """Sends a frame; never blocks. To a process that has died it is as if it were sent."""
        with contextlib.suppress(queue.Full):
            self._leaving.put_nowait(dict(frame))

    def receive(self, timeout_s: float) -> frames.Frame | None:
        """The next frame; ``{"type": "end"}`` when the process has died; None when nothing came in time."""
        try:
            frame = self._arrived.get(timeout=timeout_s) if timeout_s > 0 else self._arrived.get_nowait()
        except queue.Empty:
            return None
        if frame is _END:
            self._arrived.put(_END)  # for whoever asks next
        return frame

    def how_it_died(self) -> str:
        """What is known of its end, for a message."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_REAP_S)
            return f"signal {-code}" if code < 0 else f"exit status {code}"
        return "it closed its pipes"

    def end(self) -> None:
        """Ends the process at once and reaps it; a second call does nothing.

        Killing is right here: the process has nothing to save, and one that is stopped or deep in a
        computation would not hear anything gentler.
        """
        with self._ending:
            if self._ended.is_set():
                return
            self._ended.set()
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_REAP_S)
            with contextlib.suppress(queue.Full):
                self._leaving.put_nowait(_END)
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(_REAP_S)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _receive_all(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError, frames.FrameError):
            while (frame := frames.read(lambda size: os.read(pipe.fileno(), size))) is not None:
                self._put(frame)
        self._put(_END)

    def _put(self, frame: frames.Frame) -> None:
        while True:
            try:
                self._arrived.put(frame, timeout=0.2)
                return
            except queue.Full:
                if self._ended.is_set():
                    # Whoever still reads finds the end after what fits; nobody reads on for long.
                    with contextlib.suppress(queue.Empty):
                        self._arrived.get_nowait()

    def _send_all(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError, frames.FrameError):
            while (frame := self._leaving.get()) is not _END:
                data = memoryview(frames.pack(frame))
                while data:
                    data = data[os.write(pipe.fileno(), data) :]


def _start(module: str, defaults: Mapping[str, str]) -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise FileNotFoundError(errno.ENOENT, "this Python doesn't know its own program (sys.executable)")
    pid = str(os.getpid())
    frozen = bool(getattr(sys, "frozen", False))
    command = [sys.executable, *([CHILD_FLAG] if frozen else ["-c", _BOOT]), module, pid]
    environment = {**defaults, **os.environ}
    # What the app can import, the child can: a checkout on sys.path, say.
    environment["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=environment,
        start_new_session=True,  # Ctrl-C in the terminal isn't meant for it
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
