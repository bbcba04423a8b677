"""A server with a scripted backend in place of the engines, and the library's own client at it."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
from wyoming.client import AsyncTcpClient

from voxedge.daemon.wyoming import WyomingServer
from voxedge.daemon.wyoming_contract import Offer, OfferedModel, WyomingSettings
from voxedge.events import (
    IntentMatched,
    NoIntent,
    Partial,
    Slot,
    SpeechEnded,
    SpeechStarted,
    Transcript,
)

MODEL = OfferedModel(
    name="whisper-tiny.en",
    title="Whisper tiny",
    licence="MIT",
    maker="somebody",
    url="https://example.org",
    languages=("en",),
)


class ScriptedStream:
    """Says how much sound it got; `script` may put events in between."""

    def __init__(self, backend, request):
        self.backend, self.request = backend, request
        self.samples = 0
        self.queue = asyncio.Queue()
        self.closed = False
        for event in backend.script:
            self.queue.put_nowait(event)

    async def feed(self, samples):
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        self.samples += samples.size
        self.backend.fed.append(samples)

    async def finish(self):
        if not self.backend.script:
            self.queue.put_nowait(Transcript(turn=1, text=f"{self.samples} samples", language="en"))
        self.queue.put_nowait(None)

    async def events(self):
        while (event := await self.queue.get()) is not None:
            if isinstance(event, Exception):
                raise event
            if callable(event):
                await event()
                continue
            yield event

    async def close(self):
        self.closed = True


class ScriptedBackend:
    """What the tests want of the daemon."""

    def __init__(self, script=()):
        self.script = list(script)
        self.streams = []
        self.fed = []
        self.spoken = []
        self.speak_error = None
        self.speaking_closed = 0
        self.hold = None
        self.pieces = 1

    def offer(self):
        return Offer(recognition=(MODEL,), voices=(MODEL,), intents=(MODEL,), conversation=(MODEL,))

    async def open_stream(self, request):
        stream = ScriptedStream(self, request)
        self.streams.append(stream)
        return stream

    async def speak(self, text, voice, language):
        self.spoken.append((text, voice, language))
        try:
            if self.speak_error is not None:
                raise self.speak_error
            if self.hold is not None:
                await self.hold.wait()
            for _ in range(self.pieces):
                yield np.full(5000, 0.5, dtype=np.float32), 24_000
        finally:
            self.speaking_closed += 1

    async def understand(self, text, language):
        if text.startswith("a "):
            return IntentMatched(intent="orderDrink", slots={"drink": Slot(text[2:], text[2:])})
        return NoIntent(reason="none_near")

    async def answer(self, text, language, conversation):
        if text != "nothing":
            yield "You said "
            yield text


@contextlib.asynccontextmanager
async def serving(backend=None, **settings):
    own = backend or ScriptedBackend()
    server = WyomingServer(lambda _name: own, WyomingSettings(port=0, **settings))
    await server.start()
    try:
        yield server
    finally:
        await server.close(grace_s=0.0)


@contextlib.asynccontextmanager
async def client_of(server):
    client = AsyncTcpClient("127.0.0.1", server.port, connect_timeout=5, read_timeout=10)
    await client.connect()
    try:
        yield client
    finally:
        with contextlib.suppress(OSError):
            await client.disconnect()


async def read_until(client, kind):
    """The events up to the first of a type."""
    seen = []
    while True:
        event = await client.read_event()
        assert event is not None, f"the connection ended before {kind}: {[one.type for one in seen]}"
        seen.append(event)
        if event.type == kind:
            return seen


SPOKEN = [
    SpeechStarted(turn=1, time=0.25),
    Partial(turn=1, text="a lat", stable=""),
    Partial(turn=1, text="A large latte", stable="A large"),
    SpeechEnded(turn=1, time=1.5, reason="silence", speech_end=1.25),
    Transcript(turn=1, text="A large latte, please.", language="en"),
]
