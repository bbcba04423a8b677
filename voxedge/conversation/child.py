"""The process that llama.cpp runs in. It reads requests from its standard input and answers on its output.

It ends when its parent does: a thread watches the input for its end (and, where somebody else holds that
pipe open, the parent's process id) and leaves at once, whatever llama.cpp is doing. Ctrl-C in the terminal is
the parent's business. Nothing is written but frames: llama.cpp's own printing goes nowhere.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from voxedge.conversation import frames
from voxedge.errors import TextInvalid

if TYPE_CHECKING:
    from voxedge.conversation.writer import Writer

CHILD_FLAG = "--voxedge-language-model"
_WATCH_S = 5.0


def freeze_support() -> None:
    """Makes this process the language model's, when it was started as such; else does nothing.

    An app that is packed into one executable (PyInstaller, Nuitka) has no Python to start beside itself, so
    it starts itself again. It must call this first thing in its main module, before it opens a window.
    """
    if sys.argv[1:2] == [CHILD_FLAG]:
        main(int(sys.argv[2]))
        sys.exit(0)


def main(parent_pid: int) -> None:
    """Runs the process until its parent closes the pipe or goes away."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, outgoing = _take_over_stdio()
    _offer_to_the_oom_killer()
    inbox: queue.Queue[frames.Frame] = queue.Queue(maxsize=64)
    cancelled = _Cancelled()
    threading.Thread(
        target=_watch, args=(incoming, inbox, cancelled, parent_pid), name="voxedge-llm-input", daemon=True
    ).start()

    def send(frame: frames.Frame) -> None:
        data = memoryview(frames.pack(frame))
        try:
            while data:
                data = data[os.write(outgoing, data) :]
        except OSError:
            os._exit(0)  # nobody is listening any more

    _serve(inbox, cancelled, send)


def _take_over_stdio() -> tuple[int, int]:
    """Keeps the two pipes for frames and gives everybody else an empty input and an output to nowhere."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return incoming, outgoing


def _offer_to_the_oom_killer() -> None:
    """When memory runs out, the kernel shall take the model, which restarts, and not the app."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("500")


class _Cancelled:
    """Which requests are no longer wanted: they are numbered upwards, so one number says it."""

    def __init__(self) -> None:
        self.up_to = 0


def _watch(incoming: int, inbox: queue.Queue[frames.Frame], cancelled: _Cancelled, parent_pid: int) -> None:
    def read_some(size: int) -> bytes:
        if os.name == "posix":
            import select

            while not select.select([incoming], [], [], _WATCH_S)[0]:
                if os.getppid() != parent_pid:
                    return b""
        return os.read(incoming, size)

    try:
        while (frame := frames.read(read_some)) is not None:
            if frame.get("op") == "cancel":
                cancelled.up_to = int(str(frame["id"]))
            else:
                inbox.put(frame)
    except (OSError, KeyError, ValueError, frames.FrameError):
        pass
    os._exit(0)


def _serve(
    inbox: queue.Queue[frames.Frame], cancelled: _Cancelled, send: Callable[[frames.Frame], None]
) -> None:
    from voxedge.conversation.writer import LoadError, Writer

    writer: Writer | None = None
    while True:
        frame = inbox.get()
        try:
            if frame["op"] == "load":
                writer = Writer(
                    str(frame["path"]),
                    context_tokens=int(str(frame["context_tokens"])),
                    threads=int(str(frame["threads"])),
                )
                send({"type": "ready"})
            elif writer is None:
                raise LoadError("no model was loaded")
            elif frame["op"] == "forget":
                writer.forget()
            else:
                for answer in _answers(writer, frame, cancelled):
                    send({**answer, "id": frame["id"]})
        except LoadError as exc:
            send({"type": "error", "code": "engine_load_failed", "message": str(exc)})
            return
        except Exception as exc:  # noqa: BLE001 - the parent hears of it, not of words in it
            send({"type": "error", "code": "engine_crashed", "message": type(exc).__name__})
            return


def _answers(writer: Writer, frame: frames.Frame, cancelled: _Cancelled) -> Iterator[frames.Frame]:
    number = int(str(frame["id"]))
    try:
        yield from writer.write(frame, lambda: number <= cancelled.up_to)
    except TextInvalid as exc:
        yield {"type": "refused", "message": exc.message, "remedy": exc.remedy}
