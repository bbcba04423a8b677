"""uvicorn's HTTP/1.1, with limits that it lacks: time for the header, number of connections, named errors."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from voxedge.daemon.faults import Busy, RequestInvalid, RequestTooLarge, RequestTooSlow
from voxedge.daemon.web.answers import error_body, status_of
from voxedge.errors import VoxedgeError

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

LINGER_S = 0.5
"""So long a client that was refused may go on sending; nothing of it is kept."""
HEADER_BYTES = 32 * 1024
"""The most that a request's line and headers may have together."""
_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    503: b"Service Unavailable",
}


class GuardedProtocol(H11Protocol):
    """One connection. The limits are class attributes, set by `limited`."""

    header_timeout_s = 10.0
    max_connections = 128

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._header_timer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._refuse(Busy(f"There are {self.max_connections} connections already."))
            return
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Something came."""
        super().handle_events()
        # A whole header ends the wait; `headers` is set by it.
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._refused:
            return
        if self.conn.their_state is h11.IDLE and self._header_timer is None:
            self._await_header()  # the next request of a connection that is kept alive
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """The bytes are no HTTP, or the header is too long."""
        del msg
        buffered = len(self.conn.trailing_data[0])
        if buffered > HEADER_BYTES // 2:
            self._refuse(
                RequestTooLarge(
                    "The header is too long.",
                    remedy=f"Send at most {HEADER_BYTES // 1024} kB of headers.",
                    param="header",
                )
            )
        else:
            self._refuse(
                RequestInvalid(
                    "This isn't a request of HTTP/1.1.", remedy="Send one, as curl does.", param="request"
                )
            )

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection becomes a WebSocket."""
        self._stop_timer()
        super().handle_websocket_upgrade(event)

    def _await_header(self) -> None:
        self._stop_timer()
        self._header_timer = self.loop.call_later(self.header_timeout_s, self._header_late)

    def _header_late(self) -> None:
        self._header_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._refuse(
                RequestTooSlow(
                    "The header didn't come in time.",
                    remedy=f"Send it within {self.header_timeout_s:g} s.",
                    param="header",
                )
            )

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _refuse(self, error: VoxedgeError) -> None:
        """Answers without h11, whose state may be in error, and closes."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        status = status_of(error)
        body = json.dumps(error_body(error)).encode()
        retry = f"retry-after: {error.retry_after_s}\r\n" if isinstance(error, Busy) else ""
        head = (
            f"HTTP/1.1 {status} {_REASONS.get(status, b'').decode()}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n{retry}\r\n"
        )
        self._refused = True
        self.transport.write(head.encode() + body)
        # Closing with bytes unread would reset the connection, and the answer might be lost with it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)


def limited(header_timeout_s: float, max_connections: int) -> type[GuardedProtocol]:
    """The protocol with limits of its own."""

    class Limited(GuardedProtocol):
        pass

    Limited.header_timeout_s = header_timeout_s
    Limited.max_connections = max_connections
    return Limited
