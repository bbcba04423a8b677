"""The child's end: how such a process starts, gets its requests, answers, and ends with its parent.

It ends when its parent does: a thread watches the input for its end (and, where somebody else holds that
pipe open, the parent's process id) and leaves at once, whatever the library is doing. Ctrl-C in the terminal
is the parent's business. Nothing is written but frames: a library's own printing goes nowhere.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from voxedge.children import frames

CHILD_FLAG = "--voxedge-child"
MODULES = ("voxedge.conversation.child", "voxedge.audio.child")
"""What may be started: each has ``serve(requests)``, which runs until it returns."""
_WATCH_S = 5.0


def freeze_support() -> None:
    """Makes this process a child of voxedge's, when it was started as such; else does nothing.

    An app that is packed into one executable (PyInstaller, Nuitka) has no Python to start beside itself, so
    it starts itself again. It must call this first thing in its main module, before it opens a window.
    """
    if sys.argv[1:2] == [CHILD_FLAG] and sys.argv[2] in MODULES:
        main(sys.argv[2], int(sys.argv[3]))
        sys.exit(0)


def main(module: str, parent_pid: int) -> None:
    """Runs the process until its parent closes the pipe or goes away.

    Args:
        module: One of `MODULES`.
        parent_pid: Who started it.
    """
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, outgoing = _take_over_stdio()
    importlib.import_module(module).serve(Requests(incoming, outgoing, parent_pid))


class Requests:
    """What the parent asks, and the way back. `answer` may be called from any thread.

    Args:
        incoming: The pipe from the parent.
        outgoing: The pipe to it.
        parent_pid: The parent.
    """

    def __init__(self, incoming: int, outgoing: int, parent_pid: int) -> None:
        self._incoming, self._outgoing, self._parent_pid = incoming, outgoing, parent_pid
        self._inbox: queue.Queue[frames.Frame] = queue.Queue(maxsize=64)
        self._sending = threading.Lock()
        self._at_once: Callable[[frames.Frame], bool] | None = None
        self._watching: threading.Thread | None = None

    def at_once(self, take: Callable[[frames.Frame], bool]) -> None:
        """Shows each request to ``take`` when it arrives, whatever is being done; True means it was taken."""
        self._at_once = take

    def next(self) -> frames.Frame:
        """The next request; waits for it."""
        if self._watching is None:
            self._watching = threading.Thread(target=self._watch, name="voxedge-child-input", daemon=True)
            self._watching.start()
        return self._inbox.get()

    def answer(self, frame: Mapping[str, object]) -> None:
        """Sends a frame; waits while the parent takes none."""
        data = memoryview(frames.pack(frame))
        try:
            with self._sending:
                while data:
                    data = data[os.write(self._outgoing, data) :]
        except OSError:
            os._exit(0)  # nobody is listening any more

    def _watch(self) -> None:
        try:
            while (frame := frames.read(self._read_some)) is not None:
                if self._at_once is None or not self._at_once(frame):
                    self._inbox.put(frame)
        except (OSError, KeyError, ValueError, frames.FrameError):
            pass
        os._exit(0)

    def _read_some(self, size: int) -> bytes:
        if os.name == "posix":
            import select

            while not select.select([self._incoming], [], [], _WATCH_S)[0]:
                if os.getppid() != self._parent_pid:
                    return b""
        return os.read(self._incoming, size)


def _take_over_stdio() -> tuple[int, int]:
    """Keeps the two pipes for frames and gives everybody else an empty input and an output to nowhere."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return incoming, outgoing
