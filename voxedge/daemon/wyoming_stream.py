"""A live stream of the service for a Wyoming client: threads on one side, the event loop on the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from voxedge.daemon.wyoming_contract import WyomingRefused
from voxedge.events import Partial, SpeechEnded, SpeechStarted, Transcript, TurnEnded

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.daemon.streams import LiveStream
    from voxedge.events import Event

INLINE_SAMPLES = 2048
"""Listening costs 0.1 ms a frame of 512 samples: so much is done in the event loop, more in a thread."""
CROWDED_WAIT_S = 0.02


class ServiceStream:
    """See `voxedge.daemon.wyoming_contract.SpeechStream`.

    Args:
        loop: Where the events are read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._stream: LiveStream | None = None
        self._open_turns: set[int] = set()
        self._finishing = False
        self._ended = False

    def begin(self, stream: LiveStream) -> None:
        """The service's stream is there."""
        self._stream = stream

    def deliver(self, event: Event) -> None:
        """Takes an event of the service's threads."""
        self._loop.call_soon_threadsafe(self._take, event)

    async def feed(self, samples: MonoF32) -> None:
        """Takes the next sound; waits while recognition doesn't keep up with what came before."""
        stream = self._stream
        assert stream is not None
        while stream.crowded and not self._ended:
            await asyncio.sleep(CROWDED_WAIT_S)
        if samples.size <= INLINE_SAMPLES:
            stream.feed(samples)
            return
        for start in range(0, samples.size, 16_000):
            await asyncio.to_thread(stream.feed, samples[start : start + 16_000])
            while stream.crowded and not self._ended:
                await asyncio.sleep(CROWDED_WAIT_S)

    async def finish(self) -> None:
        """The sound is over."""
        assert self._stream is not None
        await asyncio.to_thread(self._stream.flush)
        # What the flush told is on its way into the loop; this goes in behind it.
        self._loop.call_soon(self._finish)

    async def events(self) -> AsyncIterator[Event]:
        """What is heard.

        Raises:
            WyomingRefused: An utterance couldn't be recognized.
        """
        while (event := await self._events.get()) is not None:
            if isinstance(event, TurnEnded):
                if event.error is not None:
                    raise WyomingRefused(
                        f"What was said couldn't be recognized ({event.error.code}).",
                        remedy=event.error.hint or "Try again.",
                    )
                continue
            yield event

    async def close(self) -> None:
        """Gives up what isn't finished."""
        self._ended = True
        if self._stream is not None:
            self._stream.close()
        self._events.put_nowait(None)

    def _take(self, event: Event) -> None:
        if isinstance(event, SpeechStarted):
            self._open_turns.add(event.turn)
        elif isinstance(event, TurnEnded):
            self._open_turns.discard(event.turn)
        elif not isinstance(event, (Partial, SpeechEnded, Transcript)):
            return
        self._events.put_nowait(event)
        self._end_if_done()

    def _finish(self) -> None:
        self._finishing = True
        self._end_if_done()

    def _end_if_done(self) -> None:
        # Every turn ends with exactly one TurnEnded, so nothing more comes when none is open.
        if self._finishing and not self._open_turns:
            self._events.put_nowait(None)
