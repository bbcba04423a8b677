"""The servers by name, and what each must offer. A server's module is imported only when it is wanted.

To add one: an async function ``start(service) -> Server`` and a line in `SERVERS`. It gives None where the
configuration doesn't want it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from voxedge.daemon.service import Service

SERVERS: dict[str, str] = {
    "http": "voxedge.daemon.web.server:start",
    "events": "voxedge.daemon.unixsocket:start",
    "wyoming": "voxedge.daemon.wyoming:start",
}
"""Name to ``module:function``; started in this order, before the models are loaded."""


class Server(Protocol):
    """A server that runs in the daemon's event loop."""

    @property
    def address(self) -> str:
        """Where it listens, for the log and for people."""
        ...

    def reload(self) -> None:
        """``service.settings`` have changed."""
        ...

    async def close(self, timeout_s: float) -> None:
        """Takes nothing more in, lets what is under way end in ``timeout_s``. May be called twice."""
        ...


Start = Callable[["Service"], Awaitable[Server | None]]


def load(name: str) -> Start:
    """The function that starts a server."""
    module, _, function = SERVERS[name].partition(":")
    return cast(Start, getattr(importlib.import_module(module), function))


def present(name: str) -> bool:
    """Whether the server is part of this installation (a packager may leave one out)."""
    try:
        return importlib.util.find_spec(SERVERS[name].partition(":")[0]) is not None
    except ModuleNotFoundError:
        return False
