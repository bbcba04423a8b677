"""The Wyoming server: Home Assistant, its satellites and other clients of the protocol talk to it."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from voxedge.daemon.faults import AddressInUse
from voxedge.daemon.wyoming_connection import Connection, say_goodbye
from voxedge.daemon.wyoming_contract import WyomingBusy, WyomingRefused, WyomingSettings
from voxedge.errors import VoxedgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from voxedge.daemon.service import Service
    from voxedge.daemon.wyoming_contract import WyomingBackend
    from voxedge.daemon.wyoming_service import WyomingService

__all__ = ["WyomingServer", "WyomingSettings", "start"]


class WyomingServer:
    """Listens for Wyoming clients. To be used in one event loop.

    Args:
        backend_for: Gives a client's own view of the daemon, by a name that tells the connections apart.
        settings: Where to listen, limits and manners.

    Raises:
        ConfigError: It would listen to everybody.
    """

    def __init__(
        self, backend_for: Callable[[str], WyomingBackend], settings: WyomingSettings | None = None
    ) -> None:
        self._backend_for = backend_for
        self._settings = settings or WyomingSettings()
        self._settings.check()
        self._server: asyncio.Server | None = None
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._counts: dict[str, int] = {}

    @property
    def port(self) -> int:
        """The port it listens on; 0 while it doesn't."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    @property
    def clients(self) -> int:
        """Connections now."""
        return len(self._connections)

    @property
    def counts(self) -> Mapping[str, int]:
        """What happened so far: connections, requests by kind, refusals and errors by code."""
        return dict(self._counts)

    async def start(self) -> None:
        """Begins to listen.

        Raises:
            AddressInUse: The address is taken, or isn't this machine's.
        """
        own = self._settings
        try:
            self._server = await asyncio.start_server(self._accept, own.host or None, own.port, backlog=128)
        except OSError as exc:
            raise AddressInUse(
                f"Wyoming can't listen on {own.host or 'all interfaces'}, port {own.port}: {exc.strerror}.",
                remedy="End what listens there, or take another one: --wyoming 127.0.0.1:10301",
            ) from exc

    def reload(self, settings: WyomingSettings) -> None:
        """Takes new limits and manners for the connections to come; address and port stay as they are.

        Raises:
            ConfigError: The new list of clients would let everybody in.
        """
        settings.check()
        self._settings = settings

    async def close(self, grace_s: float = 2.0) -> None:
        """Stops listening, lets what was asked for be finished for so long, then ends the connections."""
        if self._server is not None:
            self._server.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        while any(one.busy for one in self._connections) and loop.time() < deadline:
            await asyncio.sleep(0.05)
        for connection in list(self._connections):
            connection.close()
        if self._connections:
            await asyncio.wait(list(self._connections.values()), timeout=2.0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refusal = self._refusal(writer)
        if refusal is not None:
            self._count(f"error.{refusal.code}")
            await say_goodbye(reader, writer, refusal)
            writer.close()
            return
        self._count("connections")
        backend = self._backend_for(f"wyoming/{self._counts['connections']}")
        connection = Connection(reader, writer, backend, self._settings, self._counts)
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        try:
            await connection.run()
        finally:
            del self._connections[connection]

    def _refusal(self, writer: asyncio.StreamWriter) -> VoxedgeError | None:
        if not self._allowed(writer.get_extra_info("peername")):
            return WyomingRefused(
                "This client isn't on the list of those that are served.",
                remedy="Add its address to `allow` under [wyoming].",
            )
        if len(self._connections) >= self._settings.max_clients:
            return WyomingBusy("There are as many clients as there may be.", remedy="Try again in a while.")
        return None

    def _allowed(self, peer: tuple[str, int] | None) -> bool:
        try:
            address = ipaddress.ip_address(peer[0].partition("%")[0]) if peer else None
        except ValueError:
            address = None
        if address is None:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return plain.is_loopback or any(plain in network for network in self._settings.networks())

    def _count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1


async def start(service: Service) -> WyomingService | None:
    """Starts the server that the configuration of a service wants; None where it wants none.

    Raises:
        ConfigError: It would listen to everybody, or can't listen there.
    """
    from voxedge.daemon.wyoming_service import WyomingService

    return await WyomingService.start(service)
