"""Wyoming on the wire: bytes to events and back, with a limit to everything a client may send.

An event is one line of JSON (``type``, perhaps ``data``, ``data_length``, ``payload_length``), then
``data_length`` bytes of more JSON, then ``payload_length`` bytes (https://github.com/OHF-Voice/wyoming).
The library's own reader has no limits and takes damage for the end of the stream; hence this one. No
sockets here: bytes go in as they come, cut anywhere, and whole events come out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

from voxedge._version import __version__
from voxedge.errors import InputError

if TYPE_CHECKING:
    from wyoming.event import Event

    from voxedge.events import SlotValue

MAX_TYPE_CHARS = 64


class FramingError(InputError):
    """What a client sent is no Wyoming event, or is larger than allowed. The connection can't go on."""

    code = "wyoming_framing"
    room = "daemon"


@dataclass(frozen=True, slots=True, kw_only=True)
class FramingLimits:
    """The most that one event may have.

    Attributes:
        header_bytes: Of its line of JSON, the line's end not counted.
        data_bytes: Of the JSON behind it.
        payload_bytes: Of the sound: at 16 kHz and 16 bits, 2 MiB are 65 seconds.
    """

    header_bytes: int = 64 * 1024
    data_bytes: int = 256 * 1024
    payload_bytes: int = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WireEvent:
    """One event as it came.

    Attributes:
        type: What it is: ``audio-chunk``, ``transcribe``, ...
        data: Its fields. Nothing about them has been checked but that they are JSON.
        payload: Its sound, or b"".
    """

    type: str
    data: dict[str, SlotValue]
    payload: bytes = b""


class EventDecoder:
    """Makes events of bytes. The result does not depend on how the bytes are cut.

    After an error it takes nothing more: where the next event begins is not known.

    Args:
        limits: What is refused.
    """

    def __init__(self, limits: FramingLimits | None = None) -> None:
        self._limits = limits or FramingLimits()
        self._buffer = bytearray()
        self._searched = 0
        self._header: _Header | None = None
        self._failed = False

    @property
    def pending(self) -> bool:
        """Whether an event has begun and isn't whole."""
        return bool(self._buffer) or self._header is not None

    def push(self, block: bytes) -> None:
        """Takes the next bytes; `next` gives what they are."""
        if self._failed:
            _refuse("The stream was damaged before.", "Connect anew.")
        self._buffer += block

    def next(self) -> WireEvent | None:
        """The next whole event, or None while more bytes are needed.

        Raises:
            FramingError: The bytes are no event, or one that is too large.
        """
        if self._failed:
            _refuse("The stream was damaged before.", "Connect anew.")
        try:
            return self._next()
        except FramingError:
            self._failed = True
            self._buffer.clear()
            raise

    def _next(self) -> WireEvent | None:
        if self._header is None:
            line = self._take_line()
            if line is None:
                return None
            self._header = _read_header(line, self._limits)
        header = self._header
        if len(self._buffer) < header.data_length + header.payload_length:
            return None
        data = header.data
        if header.data_length:
            data = {**data, **_json_object(bytes(self._buffer[: header.data_length]), "data")}
        end = header.data_length + header.payload_length
        payload = bytes(self._buffer[header.data_length : end])
        del self._buffer[:end]
        self._header, self._searched = None, 0
        return WireEvent(header.type, data, payload)

    def _take_line(self) -> bytes | None:
        most = self._limits.header_bytes
        end = self._buffer.find(b"\n", self._searched, most + 1)
        if end < 0:
            if len(self._buffer) > most:
                _refuse(
                    f"The line of an event is longer than {most} bytes.",
                    "Put large fields behind the line and give their data_length.",
                )
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line


@dataclass(frozen=True, slots=True)
class _Header:
    type: str
    data: dict[str, SlotValue]
    data_length: int
    payload_length: int


def encode(event: Event) -> bytes:
    """An event of the ``wyoming`` library as bytes for the wire; halves of characters become "?"."""
    header: dict[str, object] = {"type": event.type, "version": __version__}
    data = json.dumps(event.data, ensure_ascii=False).encode("utf-8", "replace") if event.data else b""
    payload = event.payload or b""
    if data:
        header["data_length"] = len(data)
    if payload:
        header["payload_length"] = len(payload)
    return b"".join((json.dumps(header).encode(), b"\n", data, payload))


def _read_header(line: bytes, limits: FramingLimits) -> _Header:
    fields = _json_object(line, "line")
    kind = fields.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= MAX_TYPE_CHARS:
        _refuse("An event has no type.", 'Begin each event with a line like {"type": "describe"}.')
    data = fields.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        _refuse("The data of an event is no JSON object.", 'Write "data": {...}.')
    return _Header(
        kind,
        data,
        _length(fields.get("data_length"), "data_length", limits.data_bytes),
        _length(fields.get("payload_length"), "payload_length", limits.payload_bytes),
    )


def _length(value: object, name: str, most: int) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _refuse(f"{name} is no number of bytes.", "Give a whole number, 0 or more.")
    if value > most:
        _refuse(f"{name} is larger than {most}.", "Send sound in smaller pieces (1,024 samples, say).")
    return value


def _json_object(text: bytes, what: str) -> dict[str, SlotValue]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        value = None
    if not isinstance(value, dict):
        _refuse(
            f"The {what} of an event is no JSON object.",
            "Speak the Wyoming protocol at this port; HTTP has one of its own.",
        )
    return cast("dict[str, SlotValue]", value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(message: str, remedy: str) -> NoReturn:
    raise FramingError(message, remedy=remedy)
