"""What can go wrong with a language model, in words; and the look at its file before a process is started."""

from __future__ import annotations

import contextlib
from pathlib import Path

from voxedge.errors import ClosedError, EngineCrashed, EngineHung, EngineLoadFailed

ROOM = "conversation"


def hung(name: str, limit_s: float) -> EngineHung:
    """The process gave no sign of life."""
    return EngineHung(
        f"The language model {name} gave no sign of life for {limit_s:g} s.",
        remedy="Ask again: it is restarted. On a slow machine raise conversation.reply_timeout_s.",
        room=ROOM,
    )


def crashed(name: str, how: str) -> EngineCrashed:
    """The process died."""
    return EngineCrashed(
        f"The process of the language model {name} died ({how}).",
        remedy="Ask again: it is restarted. If it dies each time, there may be too little memory.",
        room=ROOM,
    )


def load_failed(name: str, why: str) -> EngineLoadFailed:
    """llama.cpp didn't take the file."""
    return EngineLoadFailed(
        f"The language model {name} can't be loaded: {why}.",
        remedy=f"Check the file: voxedge models verify {name}",
        room=ROOM,
    )


def closed() -> ClosedError:
    """The model was closed."""
    return ClosedError("The language model was closed.", remedy="Create a new one.", room=ROOM)


def checked_file(path: Path) -> Path:
    """A GGUF file; for a folder, the one in it.

    Raises:
        EngineLoadFailed: There is none, it can't be read, or it is something else.
    """
    file = path
    if path.is_dir():
        found = sorted(path.glob("*.gguf"))
        file = found[0] if len(found) == 1 else path / "*.gguf"
    head = b""
    reason = "it isn't there or can't be read"
    with contextlib.suppress(OSError):
        with file.open("rb") as opened:
            head = opened.read(4)
        reason = "it isn't a GGUF file" if head else "the file is empty"
    if head == b"GGUF":
        return file
    raise EngineLoadFailed(
        f"The language model {file} can't be loaded: {reason}.",
        remedy="Get a model: voxedge models pull smollm2-135m-instruct",
        room=ROOM,
    )
