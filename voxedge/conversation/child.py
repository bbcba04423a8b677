"""The process that llama.cpp runs in: loads the model, writes answers, and forgets when it is told to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING

from voxedge.children import frames
from voxedge.errors import TextInvalid

if TYPE_CHECKING:
    from voxedge.children.inside import Requests
    from voxedge.conversation.writer import Writer


HELD_S = 1.0
FREE_S = 0.5
"""So long at most it stands still in one go, and so long it then goes on whatever it is told."""


def serve(requests: Requests) -> None:
    """Answers until the model fails."""
    from voxedge.conversation.writer import LoadError, Writer

    _offer_to_the_oom_killer()
    told, send = _Told(), requests.answer
    requests.at_once(told.take)
    writer: Writer | None = None
    while True:
        frame = requests.next()
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
                for answer in _answers(writer, frame, told):
                    send({**answer, "id": frame["id"]})
        except LoadError as exc:
            send({"type": "error", "code": "engine_load_failed", "message": str(exc)})
            return
        except Exception as exc:  # noqa: BLE001 - the parent hears of it, not of words in it
            send({"type": "error", "code": "engine_crashed", "message": type(exc).__name__})
            return


def _answers(writer: Writer, frame: frames.Frame, told: _Told) -> Iterator[frames.Frame]:
    number = int(str(frame["id"]))

    def given_up() -> bool:
        told.stand_still(number)
        return number <= told.up_to

    try:
        yield from writer.write(frame, given_up)
    except TextInvalid as exc:
        yield {"type": "refused", "message": exc.message, "remedy": exc.remedy}


def _offer_to_the_oom_killer() -> None:
    """When memory runs out, the kernel shall take the model, which restarts, and not the app."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("500")


class _Told:
    """What the parent has said meanwhile: which requests are no longer wanted, and whether to stand still.

    Requests are numbered upwards, so one number says it.
    """

    def __init__(self) -> None:
        self.up_to = 0
        self._held = False
        self._changed = threading.Event()
        self._free_until = 0.0

    def take(self, frame: frames.Frame) -> bool:
        """Takes note of it; leaves other requests."""
        if frame.get("op") == "cancel":
            self.up_to = int(str(frame["id"]))
        elif frame.get("op") == "hold":
            self._held = frame["on"] is True
        else:
            return False
        self._changed.set()
        return True

    def stand_still(self, number: int) -> None:
        """Between two tokens: waits while the cores are wanted, but not until no reply is written."""
        began = monotonic()
        if began < self._free_until:
            return
        end = began + HELD_S
        while self._held and number > self.up_to and (left_s := end - monotonic()) > 0:
            self._changed.wait(left_s)
            self._changed.clear()
        if self._held:
            self._free_until = monotonic() + FREE_S
