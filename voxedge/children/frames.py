"""How a child process and its parent talk: JSON objects over two pipes, each after its length.

Lengths are capped, so that damage can't ask for memory; an end in the middle of a frame is an error and not
an end.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import TypeAlias

Frame: TypeAlias = "dict[str, object]"

_LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 64 * 1024 * 1024


class FrameError(Exception):
    """What came through a pipe isn't a frame."""


def pack(frame: Mapping[str, object]) -> bytes:
    """A frame as bytes.

    Raises:
        FrameError: It is larger than a frame may be.
    """
    body = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(body)} bytes")
    return _LENGTH.pack(len(body)) + body


def read(read_some: Callable[[int], bytes]) -> Frame | None:
    """Reads one frame.

    Args:
        read_some: Gives at most so many bytes, and b"" at the end, as ``os.read`` does.

    Returns:
        The frame, or None at the end of the stream.

    Raises:
        FrameError: The stream ended within a frame, or holds something else.
    """
    head = _read_exactly(read_some, _LENGTH.size, at_boundary=True)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {size} bytes")
    body = _read_exactly(read_some, size, at_boundary=False) or b""
    try:
        frame = json.loads(body)
    except ValueError as exc:
        raise FrameError("a frame that isn't JSON") from exc
    if not isinstance(frame, dict):
        raise FrameError("a frame that is no object")
    return frame


def _read_exactly(read_some: Callable[[int], bytes], size: int, *, at_boundary: bool) -> bytes | None:
    got = bytearray()
    while len(got) < size:
        some = read_some(size - len(got))
        if not some:
            if at_boundary and not got:
                return None
            raise FrameError("the stream ended within a frame")
        got += some
    return bytes(got)
