"""One Wyoming client: reads its events, does what they ask, one request after the other, and answers.

A client's faults end its own connection, with an ``error`` event that says why; nobody else notices.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from voxedge.chain import as_fault
from voxedge.daemon import wyoming_events as wire
from voxedge.daemon.wyoming_contract import WyomingRefused
from voxedge.daemon.wyoming_framing import EventDecoder, encode
from voxedge.daemon.wyoming_requests import Job, Requests
from voxedge.errors import VoxedgeError

if TYPE_CHECKING:
    from wyoming.event import Event as WireOut

    from voxedge.daemon.wyoming_contract import WyomingBackend, WyomingSettings

READ_BYTES = 64 * 1024
WRITE_BUFFER_BYTES = 256 * 1024
QUEUED_JOBS = 16
"""Requests that one client may have waiting; then its next ones stay in its socket."""
GOODBYE_S = 1.0
GONE_GRACE_S = 0.5
"""So long what was asked for goes on when the client has ended its side of the connection."""


class Connection:
    """Serves one client until it goes, errs, or `close` is called.

    Args:
        reader: From the client.
        writer: To the client.
        backend: Does the work.
        settings: Limits and manners.
        counts: Counters by name; what is counted is added to them.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        backend: WyomingBackend,
        settings: WyomingSettings,
        counts: dict[str, int],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._settings, self._counts = settings, counts
        self._requests = Requests(backend, settings, self.send, self._queue)
        self._jobs: asyncio.Queue[Job | None] = asyncio.Queue(QUEUED_JOBS)
        self._sending = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._working = False

    @property
    def busy(self) -> bool:
        """Whether something that the client asked for isn't finished."""
        return self._working or self._requests.listening or not self._jobs.empty()

    async def run(self) -> None:
        """Serves the client; returns when the connection is over."""
        self._writer.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        reading = asyncio.create_task(self._read(), name="wyoming-read")
        working = asyncio.create_task(self._work(), name="wyoming-work")
        self._tasks = [reading, working]
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and not reading.cancelled() and reading.exception() is None:
                await asyncio.wait([working], timeout=GONE_GRACE_S)
        finally:
            await _cancelled(self._tasks)
            failures = [task.exception() for task in self._tasks if not task.cancelled()]
            await self._end(next((one for one in failures if isinstance(one, Exception)), None))

    def close(self) -> None:
        """Ends the connection."""
        for task in self._tasks:
            task.cancel()

    async def send(self, *events: WireOut) -> None:
        """Sends events, waiting where the client is slow to take them.

        Raises:
            ConnectionError: The client is gone, or takes nothing.
        """
        async with self._sending:
            if self._writer.is_closing():
                raise ConnectionResetError
            self._writer.write(b"".join(encode(event) for event in events))
            if self._writer.transport.get_write_buffer_size() <= WRITE_BUFFER_BYTES:
                return  # nothing to wait for
            try:
                await asyncio.wait_for(self._writer.drain(), self._settings.write_timeout_s)
            except asyncio.TimeoutError:
                self._count("gone.slow")
                self._writer.transport.abort()
                raise ConnectionAbortedError from None

    async def _end(self, failure: Exception | None) -> None:
        await self._requests.close()
        if failure is not None and not isinstance(failure, OSError):
            known = failure if isinstance(failure, VoxedgeError) else as_fault("daemon", failure)
            self._count(f"error.{known.code}")
            await say_goodbye(self._reader, self._writer, known)
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            self._writer.close()
            await asyncio.wait_for(self._writer.wait_closed(), 1.0)

    async def _read(self) -> None:
        decoder = EventDecoder(self._settings.framing)
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            while (event := decoder.next()) is not None:
                begun = clock()
                known = await self._requests.take(event)
                self._count(f"request.{event.type}" if known else "ignored")
            if not decoder.pending:
                begun = clock()
            left_s = begun + self._settings.frame_timeout_s - clock() if decoder.pending else None
            block = await self._next_block(left_s)
            if not block:
                await self._requests.close()  # nobody waits for what is said by a client that vanishes
                await self._jobs.put(None)
                return
            decoder.push(block)

    async def _next_block(self, event_left_s: float | None) -> bytes:
        """The next bytes; ``event_left_s`` is how long an event that has begun may still take."""
        own = self._settings
        wait_s = own.stream_idle_s if self._requests.listening else own.idle_timeout_s
        if event_left_s is not None:
            wait_s = max(0.01, event_left_s)
        try:
            return await asyncio.wait_for(self._reader.read(READ_BYTES), wait_s)
        except asyncio.TimeoutError:
            pass
        if event_left_s is not None:
            raise WyomingRefused("An event wasn't sent to its end in time.", remedy="Send whole events.")
        await self._requests.end_sound()  # what was said until here isn't lost
        await self._jobs.join()
        raise WyomingRefused("The client was silent for too long.", remedy="Connect anew.")

    async def _work(self) -> None:
        while (job := await self._jobs.get()) is not None:
            self._working = True
            try:
                await job()
            finally:
                self._working = False
                self._jobs.task_done()

    async def _queue(self, job: Job, limited: bool) -> None:
        await self._jobs.put(lambda: self._in_time(job()) if limited else job())

    async def _in_time(self, work: Awaitable[None]) -> None:
        try:
            await asyncio.wait_for(work, self._settings.request_timeout_s)
        except asyncio.TimeoutError:
            raise WyomingRefused(
                "The request took too long and was given up.", remedy="Try again, or ask for less."
            ) from None

    def _count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels tasks until they have ended: before Python 3.12 `asyncio.wait_for` may swallow a cancelling."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.2)


async def say_goodbye(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, failure: VoxedgeError
) -> None:
    """Sends a last ``error`` event, and sees to it that it arrives.

    A connection that is closed while the client still sends is reset, and a reset throws away what the
    client hasn't read yet. So what still comes is read, for a moment, and thrown away.
    """
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        writer.write(encode(wire.error(failure.message, failure.code, failure.remedy)))
        if writer.can_write_eof():
            writer.write_eof()
        clock = asyncio.get_running_loop().time
        deadline = clock() + GOODBYE_S
        while await asyncio.wait_for(reader.read(READ_BYTES), max(0.01, deadline - clock())):
            if clock() > deadline:
                return
