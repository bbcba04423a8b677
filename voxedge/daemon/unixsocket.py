"""Events as lines of JSON on a Unix socket, for other processes of the same user: GPIO, lights, CAN.

A process that connects gets every event of every stream. It may send lines itself: ``{"type": "ask",
"text": "..."}`` is answered as if it had been said, its events go to all who listen.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge._version import __version__
from voxedge.daemon.fairness import Client
from voxedge.daemon.faults import AddressInUse, RequestInvalid
from voxedge.daemon.streams import LiveStream, StreamOptions
from voxedge.errors import VoxedgeError
from voxedge.events import Event, Started

if TYPE_CHECKING:
    from voxedge.daemon.service import Service

MAX_LINE_BYTES = 64 * 1024
MOST_WAITING_BYTES = 4 * 1024 * 1024
"""A process that doesn't read so much is let go."""
MAX_CLIENTS = 32


async def start(service: Service) -> EventSocket | None:
    """Listens at the configured path; see `voxedge.daemon.servers`.

    Raises:
        AddressInUse: Another process listens there, or the path can't be made.
    """
    path = service.settings.daemon.events_socket
    if not path:
        return None
    server = EventSocket(service, Path(path))
    await server.start()
    return server


class EventSocket:
    """The running server (`voxedge.daemon.servers.Server`)."""

    def __init__(self, service: Service, path: Path) -> None:
        self._service, self._path = service, path
        self._server: asyncio.AbstractServer | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._unwatch: Callable[[], None] = _nothing
        self._numbers = itertools.count(2_000_000)

    @property
    def address(self) -> str:
        """The path."""
        return str(self._path)

    async def start(self) -> None:
        """Begins to listen. Only the user's own processes may connect."""
        await self._remove_stale()
        # The rights are those of the moment of making: nobody else may get in between.
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._accept, str(self._path), limit=MAX_LINE_BYTES
            )
        except OSError as exc:
            raise AddressInUse(
                f"{self._path} can't be listened at: {exc.strerror or type(exc).__name__}.",
                remedy="Set events_socket under [daemon] to a path in a folder that can be written to.",
            ) from exc
        finally:
            os.umask(before)
        loop = asyncio.get_running_loop()

        def seen(event: Event) -> None:
            loop.call_soon_threadsafe(self._send, event)

        self._unwatch = self._service.watch(seen)

    def reload(self) -> None:
        """Nothing to do."""

    async def close(self, timeout_s: float) -> None:
        """Ends the connections and removes the socket."""
        del timeout_s
        self._unwatch()
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for writer in list(self._clients):
            writer.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    async def _remove_stale(self) -> None:
        """A socket that nobody listens at is left from a crash; one that somebody does is theirs."""
        try:
            if not stat.S_ISSOCK(self._path.stat().st_mode):
                raise AddressInUse(f"{self._path} is something else.", remedy="Choose another path.")
        except FileNotFoundError:
            return
        try:
            _, writer = await asyncio.open_unix_connection(str(self._path))
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink()
            return
        writer.close()
        raise AddressInUse(
            f"Another process listens at {self._path}.", remedy="Stop it, or take another path."
        )

    def _send(self, event: Event) -> None:
        line = _line(event.to_json())
        for writer in list(self._clients):
            transport = writer.transport
            if transport.get_write_buffer_size() > MOST_WAITING_BYTES:
                self._clients.discard(writer)
                transport.abort()
            else:
                writer.write(line)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= MAX_CLIENTS:
            writer.close()
            return
        self._clients.add(writer)
        writer.write(_line(Started(version=__version__, models=self._service.rooms.models()).to_json()))
        stream: LiveStream | None = None
        try:
            while line := await reader.readline():
                try:
                    stream = await self._command(line, stream)
                except VoxedgeError as error:
                    writer.write(_line({"type": "Error", "error": error.to_json()}))
        except (ValueError, ConnectionError):
            # A line that is too long: where the next one begins can't be known.
            fault = RequestInvalid("The line is too long.", remedy=f"Send {MAX_LINE_BYTES} bytes at most.")
            writer.write(_line({"type": "Error", "error": fault.to_json()}))
        finally:
            self._clients.discard(writer)
            if stream is not None:
                await asyncio.to_thread(stream.close)
            writer.close()

    async def _command(self, line: bytes, stream: LiveStream | None) -> LiveStream | None:
        try:
            command = json.loads(line)
        except (ValueError, RecursionError) as exc:
            raise RequestInvalid("The line isn't JSON.", remedy='Send {"type": "ask", "text": "…"}.') from exc
        kind = command.get("type") if isinstance(command, dict) else None
        text = command.get("text") if isinstance(command, dict) else None
        if kind != "ask" or not isinstance(text, str) or not text.strip():
            raise RequestInvalid(
                "This command isn't known.", remedy='Send {"type": "ask", "text": "…"}.', param="type"
            )
        if stream is None:
            options = StreamOptions(partials=False, intents=True, replies=True)
            # The watcher takes the events to everybody, this process included.
            stream = await asyncio.to_thread(
                self._service.open_stream, options, lambda _event: None, client=Client("events-socket")
            )
        stream.ask(next(self._numbers), text)
        return stream


def _nothing() -> None:
    """Before there is anything to end."""


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
