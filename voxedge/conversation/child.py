"""The process that llama.cpp runs in: loads the model, writes answers, and forgets when it is told to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from voxedge.children import frames
from voxedge.errors import TextInvalid

if TYPE_CHECKING:
    from voxedge.children.inside import Requests
    from voxedge.conversation.writer import Writer


def serve(requests: Requests) -> None:
    """Answers until the model fails."""
    from voxedge.conversation.writer import LoadError, Writer

    _offer_to_the_oom_killer()
    cancelled, send = _Cancelled(), requests.answer
    requests.at_once(cancelled.take)
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


def _offer_to_the_oom_killer() -> None:
    """When memory runs out, the kernel shall take the model, which restarts, and not the app."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("500")


class _Cancelled:
    """Which requests are no longer wanted: they are numbered upwards, so one number says it."""

    def __init__(self) -> None:
        self.up_to = 0

    def take(self, frame: frames.Frame) -> bool:
        """Takes note of a cancellation; leaves other requests."""
        if frame.get("op") != "cancel":
            return False
        self.up_to = int(str(frame["id"]))
        return True
