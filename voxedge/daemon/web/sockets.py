"""What the WebSockets share: who may open one, events on their way to a client, sound on its way from one."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from voxedge.daemon.faults import Stopping
from voxedge.daemon.web import answers
from voxedge.daemon.web.guard import check_origin
from voxedge.errors import VoxedgeError
from voxedge.events import Event, Partial

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.daemon.fairness import Client
    from voxedge.daemon.service import Service
    from voxedge.daemon.streams import LiveStream
    from voxedge.daemon.web.app import Web

MOST_EVENTS = 512
"""A client that doesn't take its events gets its partials left out; with so many finals it is let go."""
AT_ONCE_SAMPLES = 4096
"""More sound than this at once isn't listened to in the event loop."""
CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009
CLOSE_GOING = 1001


class SlowClient(VoxedgeError):
    """A client doesn't take what it asked for."""

    code = "client_slow"
    room = "daemon"


async def opened(socket: WebSocket, web: Web) -> Client | None:
    """Checks who wants to open a WebSocket, and accepts it; None where it was refused (and answered)."""
    try:
        check_origin(socket.scope, web.service.settings)
        client = web.admit(socket.scope)
        if not web.service.ready:
            raise Stopping("The service isn't ready.", retry_after_s=2)
    except VoxedgeError as error:
        await socket.send_denial_response(answers.error_answer(error))
        return None
    protocols = [p.strip() for p in socket.headers.get("sec-websocket-protocol", "").split(",")]
    # OpenAI's client offers "realtime" and its key; browsers want one of what they offered.
    await socket.accept(subprotocol="realtime" if "realtime" in protocols else None)
    return client


class Outgoing:
    """Events from the workers' threads, on their way to one client."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Event] = deque()
        self._there = asyncio.Event()
        self._overflown = False

    def deliver(self, event: Event) -> None:
        """Takes an event; from any thread, at once."""
        try:
            self._loop.call_soon_threadsafe(self._put, event)
        except RuntimeError:  # the loop has ended
            return

    async def get(self) -> Event:
        """The next event.

        Raises:
            SlowClient: Too many wait.
        """
        while not self._waiting:
            if self._overflown:
                raise SlowClient("Events weren't taken in time.", remedy="Read them as they come.")
            self._there.clear()
            await self._there.wait()
        return self._waiting.popleft()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def _put(self, event: Event) -> None:
        if len(self._waiting) >= MOST_EVENTS:
            partial = next((e for e in self._waiting if isinstance(e, Partial)), None)
            if partial is not None:
                self._waiting.remove(partial)
            else:
                self._overflown = True
                self._waiting.clear()
                self._there.set()
                return
        self._waiting.append(event)
        self._there.set()


async def feed(service: Service, stream: LiveStream, samples: MonoF32) -> None:
    """Hands sound to a stream; waits while it is crowded, so that a client who sends too fast is slowed."""
    if samples.size <= AT_ONCE_SAMPLES:
        stream.feed(samples)
    else:
        await asyncio.get_running_loop().run_in_executor(service.callers, stream.feed, samples)
    while stream.crowded:
        await asyncio.sleep(0.02)


class Talk(Protocol):
    """One conversation over a WebSocket."""

    async def receive(self) -> None:
        """Takes what the client sends, until it goes."""
        ...

    async def send(self) -> None:
        """Sends what the client is to get, until there is nothing more."""
        ...

    def close(self) -> None:
        """Gives up what isn't finished."""
        ...


async def converse(socket: WebSocket, talk: Talk) -> None:
    """Runs both directions until the first of them ends, and cleans up."""
    tasks = [asyncio.ensure_future(talk.receive()), asyncio.ensure_future(talk.send())]
    code, reason = 1000, ""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            exc = task.exception()
            if exc is None or isinstance(exc, (WebSocketDisconnect, OSError)):
                continue
            error = answers.named(exc)
            code, reason = CLOSE_POLICY, error.code
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        talk.close()
        with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):  # the client has closed it
            await socket.close(code, reason)
