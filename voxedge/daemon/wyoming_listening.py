"""A client's stream of sound: what comes in is converted and counted, what is understood goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.daemon.pcm import PcmConverter
from voxedge.daemon.wyoming_contract import WyomingRefused
from voxedge.daemon.wyoming_events import TranscriptWriter

if TYPE_CHECKING:
    from wyoming.event import Event as WireOut

    from voxedge.daemon.pcm import PcmFormat
    from voxedge.daemon.wyoming_contract import SpeechRequest, SpeechStream, WyomingSettings

LARGE_BYTES = 128 * 1024
"""Larger pieces of sound are converted outside the event loop, so that the other clients don't wait."""


class Send(Protocol):
    """Sends events to the client."""

    def __call__(self, *events: WireOut) -> Awaitable[None]:
        """Sends them, waiting where the client is slow."""
        ...


class ClientStream:
    """From the first sound of a client to its transcript.

    Args:
        stream: Listens and recognizes.
        request: What the client wants.
        settings: Limits and manners.
    """

    def __init__(self, stream: SpeechStream, request: SpeechRequest, settings: WyomingSettings) -> None:
        self._stream, self._settings = stream, settings
        self._writer = TranscriptWriter(request.language, single=settings.endpointing)
        self._converter = PcmConverter()
        self._left_samples = int(settings.max_stream_s * SAMPLE_RATE_HZ)
        self._over = False
        self._refusal: WyomingRefused | None = None
        self._forwarding: asyncio.Task[object] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._expired = False

    async def feed(self, sound: bytes, form: PcmFormat) -> None:
        """Takes the next sound. What comes after the end of the stream is left out.

        Raises:
            AudioInvalid: There is no such form of sound.
            VoxedgeError: The stream has failed.
        """
        if self._over:
            return
        if len(sound) > LARGE_BYTES:
            samples = await asyncio.to_thread(self._converter.feed, sound, form)
        else:
            samples = self._converter.feed(sound, form)
        if samples.size > self._left_samples:
            samples = samples[: self._left_samples]
            self._refusal = WyomingRefused(
                f"The sound is longer than {self._settings.max_stream_s:g} seconds; its end was left out.",
                remedy="End the stream (audio-stop) and begin another one.",
            )
        self._left_samples -= samples.size
        if samples.size:
            await self._stream.feed(samples)
        if self._refusal is not None:
            await self.finish()

    async def finish(self) -> None:
        """The client's sound is over; its transcript follows."""
        if self._over:
            return
        self._over = True
        rest = self._converter.flush()
        if rest.size:
            await self._stream.feed(rest)
        await self._stream.finish()
        self._deadline = asyncio.get_running_loop().call_later(self._settings.request_timeout_s, self._expire)

    async def forward(self, send: Send) -> None:
        """Tells the client what is heard, until the transcript has been sent.

        Raises:
            VoxedgeError: Recognition failed, or took too long after the sound's end; or the sound was too
                long (after the transcript of what was taken).
            ConnectionError: The client is gone.
        """
        self._forwarding = asyncio.current_task()
        try:
            async for event in self._stream.events():
                told = self._writer.take(event)
                if told:
                    await send(*told)
                if self._writer.done:
                    self._over = True
                    break
            await send(*self._writer.finish())
        except asyncio.CancelledError:
            if self._expired:
                raise WyomingRefused(
                    "Recognition took too long and was given up.", remedy="Try again when less is going on."
                ) from None
            raise
        finally:
            self._forwarding = None
            await self.close()
        if self._refusal is not None:
            raise self._refusal

    async def close(self) -> None:
        """Gives up what isn't finished."""
        self._over = True
        if self._deadline is not None:
            self._deadline.cancel()
        await self._stream.close()

    def _expire(self) -> None:
        if self._forwarding is not None:
            self._expired = True
            self._forwarding.cancel()
