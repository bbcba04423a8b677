"""Tells the local network that a Wyoming server is here (Zeroconf, mDNS: RFC 6762 and 6763)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from voxedge.registry import need

if TYPE_CHECKING:
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

SERVICE_TYPE = "_wyoming._tcp.local."
MAX_NAME_BYTES = 63
"""Of one label of a DNS name (RFC 1035)."""


class Announcement:
    """One service on the local network, from `begin` to `end`.

    Nothing but its name, its addresses and its port is told. It is only to be used where the server
    listens beyond loopback, and the owner has switched it on.

    Args:
        name: What people see.
        host: The address that the server listens on; "0.0.0.0", "::" or "" for all of them.
        port: Its port.
        interfaces: Addresses of the interfaces that it is told on; all where none is named.
    """

    def __init__(self, name: str, host: str, port: int, *, interfaces: Sequence[str] = ()) -> None:
        self._name, self._host, self._port = name, host, port
        self._interfaces = list(interfaces)
        self._zeroconf: AsyncZeroconf | None = None

    def addresses(self) -> list[bytes]:
        """The addresses that are told, packed: those of this machine that others can reach."""
        if self._host in {"", "0.0.0.0", "::"}:
            ifaddr = need("ifaddr", "serve", "Announcing the service")
            found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]  # type: ignore[attr-defined]
            texts = [one[0] if isinstance(one, tuple) else one for one in found]
        else:
            texts = [
                info[4][0] for info in socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            ]
        reachable = [ipaddress.ip_address(str(text).partition("%")[0]) for text in texts]
        kept = [
            one for one in reachable if not one.is_loopback and not (one.version == 6 and one.is_link_local)
        ]
        return sorted({one.packed for one in kept}, key=lambda packed: (len(packed), packed))

    def service(self) -> ServiceInfo:
        """What is told of the service.

        Raises:
            ExtraMissing: The package zeroconf isn't installed.
        """
        from voxedge._version import __version__

        zeroconf = need("zeroconf", "serve", "Announcing the service")
        label = self._name.replace(".", "-").encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        info = zeroconf.ServiceInfo(  # type: ignore[attr-defined]
            SERVICE_TYPE,
            f"{label}.{SERVICE_TYPE}",
            port=self._port,
            addresses=self.addresses(),
            properties={"version": __version__},
        )
        return cast("ServiceInfo", info)

    async def begin(self) -> None:
        """Announces the service; another one of the same name makes it take a number.

        Raises:
            ExtraMissing: The package zeroconf isn't installed.
        """
        info = self.service()
        asyncio_part = need("zeroconf.asyncio", "serve", "Announcing the service")
        chosen = {"interfaces": self._interfaces} if self._interfaces else {}
        self._zeroconf = asyncio_part.AsyncZeroconf(**chosen)  # type: ignore[attr-defined]
        await self._zeroconf.async_register_service(info, allow_name_change=True)

    async def end(self) -> None:
        """Says goodbye, so that nobody looks for the service any more."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()
