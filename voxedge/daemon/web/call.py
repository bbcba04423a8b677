"""One request on its way through a handler: client, fields, files, and whether anybody still waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from voxedge.daemon.web.fields import Values
from voxedge.events import CancelToken

if TYPE_CHECKING:
    from starlette.types import Receive

    from voxedge.daemon.scheduler import Client
    from voxedge.daemon.service import Service

T = TypeVar("T")
_QUEUED = 64


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form; in memory, never on disk.

    Attributes:
        name: As the client calls it: for telling formats apart by their suffix, never a path to open.
        data: The bytes.
    """

    name: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class Call:
    """What a handler gets.

    Attributes:
        service: Does the work.
        client: Who asks.
        values: The checked fields.
        files: By field.
        path: The parameters in the path.
        base_url: ``http://host:port``, for links in answers.
        extra: What the app carries beside the service (the download shelf).
        cancel: Set when the client has gone.
    """

    service: Service
    client: Client
    values: Values = field(default_factory=lambda: Values({}, frozenset()))
    files: Mapping[str, Upload] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)
    cancel: CancelToken = field(default_factory=CancelToken)

    async def run(self, work: Callable[[], T]) -> T:
        """Runs blocking work in a thread of the service's."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.service.callers, work)

    async def pieces(self, make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """Iterates a blocking iterator in a thread; gives its items as they come.

        A slow reader slows the iterator down; a reader that goes cancels it.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[T | None, BaseException | None]] = asyncio.Queue(_QUEUED)

        def put(item: T | None, error: BaseException | None) -> None:
            asyncio.run_coroutine_threadsafe(waiting.put((item, error)), loop).result()

        def iterate() -> None:
            try:
                for item in make():
                    self.cancel.raise_if_cancelled()
                    put(item, None)
            except BaseException as exc:  # noqa: BLE001 - told to whoever reads
                put(None, exc)
            else:
                put(None, None)

        task = loop.run_in_executor(self.service.callers, iterate)
        try:
            while True:
                item, error = await waiting.get()
                if error is not None:
                    raise error
                if item is None:
                    return
                yield item
        finally:
            self.cancel.cancel()
            while not task.done():  # the thread may wait for room
                if not waiting.empty():
                    waiting.get_nowait()
                await asyncio.wait({task}, timeout=0.02)


async def watch_for_leaving(receive: Receive, cancel: CancelToken) -> None:
    """Cancels the token when the client has gone; to be run beside the handler, once the body is read."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            cancel.cancel()
            return


__all__ = ["Call", "Upload", "partial", "watch_for_leaving"]
