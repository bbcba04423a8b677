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


def load(name: str) -> Start | None:
    """The function that starts a server; None where a packager has left the server out."""
    module, _, function = SERVERS[name].partition(":")
    if importlib.util.find_spec(module) is None:
        return None
    return cast("Start | None", getattr(importlib.import_module(module), function, None))
