"""Starts uvicorn in the daemon's own event loop, with the application and its limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from voxedge.daemon.faults import AddressInUse
from voxedge.daemon.settings import Address, DaemonSettings
from voxedge.errors import ConfigError
from voxedge.registry import need

if TYPE_CHECKING:
    import uvicorn

    from voxedge.daemon.service import Service

KEEP_ALIVE_S = 30
_BACKLOG = 128


async def start(service: Service) -> HttpServer | None:
    """Listens for HTTP; see `voxedge.daemon.servers`.

    Raises:
        AddressInUse: Something else listens there.
        ExtraMissing: The packages aren't installed.
    """
    settings = service.settings
    if settings.http is None:
        return None
    need("uvicorn", "serve", "Serving HTTP")
    need("starlette", "serve", "Serving HTTP")
    need("python_multipart", "serve", "Serving HTTP")
    need("websockets", "serve", "Serving WebSockets")
    import uvicorn

    from voxedge.daemon.web.app import Web, build_app
    from voxedge.daemon.web.protocol import HEADER_BYTES, limited
    from voxedge.daemon.web.routes import ROUTES, more_routes

    own = settings.daemon
    tls = _tls(settings) if own.tls_certificate else None
    listening = listen(settings.http)
    web = Web(service)
    config = uvicorn.Config(
        build_app(service, ROUTES, web=web, more=more_routes(web)),
        http=limited(own.receive_timeout_s, own.max_connections),
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        ws_max_queue=16,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(own.stop_timeout_s)),
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        use_colors=False,
    )
    config.load()
    config.ssl = tls
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    server = _server(config)
    running = HttpServer(server, listening, settings.http, tls=bool(own.tls_certificate))
    await running.started()
    return running


class HttpServer:
    """The running server (`voxedge.daemon.servers.Server`)."""

    def __init__(
        self, server: uvicorn.Server, listening: socket.socket, asked: Address, *, tls: bool
    ) -> None:
        self._server = server
        port = int(listening.getsockname()[1])
        self._address = Address(asked.host, port)
        self._scheme = "https" if tls else "http"
        self._task = asyncio.create_task(server.serve(sockets=[listening]))

    @property
    def address(self) -> str:
        """As a URL."""
        return f"{self._scheme}://{self._address}"

    async def started(self) -> None:
        """Waits until connections are taken."""
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise AddressInUse("HTTP didn't start.", remedy="Look at the log.")
            await asyncio.sleep(0.01)

    def reload(self) -> None:
        """Nothing to do: limits and tokens are read at each request."""

    async def close(self, timeout_s: float) -> None:
        """Takes no more connections; what is under way may end."""
        self._server.should_exit = True
        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), timeout_s + 1)
        self._server.force_exit = True


def listen(address: Address) -> socket.socket:
    """A socket that listens.

    Raises:
        AddressInUse: Something else listens there, or the address isn't this machine's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address.host, address.port))
        found.listen(_BACKLOG)
    except OSError as exc:
        found.close()
        raise AddressInUse(
            f"{address} can't be listened at: {exc.strerror or exc}.",
            remedy=f"Stop what listens there, or take another port: --http {address.host}:{address.port + 1}",
        ) from exc
    found.setblocking(False)
    return found


def _tls(settings: DaemonSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.daemon.tls_certificate, settings.daemon.tls_key)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(
            f"The TLS certificate or its key can't be used: {type(exc).__name__}.",
            remedy="Check tls_certificate and tls_key under [daemon]: PEM files that belong together.",
        ) from exc
    return context


def _server(config: uvicorn.Config) -> uvicorn.Server:
    import uvicorn

    class Quiet(uvicorn.Server):
        """A server that leaves the signals to the daemon."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Quiet(config)
