"""What a Wyoming client may ask for, and how each is answered."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.intent import NotRecognized
from wyoming.ping import Pong
from wyoming.tts import SynthesizeStopped

from voxedge.daemon import wyoming_events as wire
from voxedge.daemon.pcm import to_pcm16
from voxedge.daemon.wyoming_contract import SpeechRequest, WyomingRefused
from voxedge.daemon.wyoming_listening import ClientStream, Send
from voxedge.events import IntentMatched
from voxedge.speaking.sentences import SentenceSplitter

if TYPE_CHECKING:
    from voxedge.daemon.wyoming_contract import WyomingBackend, WyomingSettings
    from voxedge.daemon.wyoming_framing import WireEvent

CHUNK_SAMPLES = 2048
DEFAULT_RATE_HZ = 16_000
"""Told where a text has no sound at all."""
_NOT_OFFERED = frozenset({"detect", "run-pipeline", "run-satellite"})

Job = Callable[[], Awaitable[None]]
_T = TypeVar("_T")


class Requests:
    """The requests of one client.

    Args:
        backend: Does the work.
        settings: Limits and manners.
        send: Sends events to the client.
        queue: Takes a job to be done after those before it; the flag says whether it has a time limit.
    """

    def __init__(
        self,
        backend: WyomingBackend,
        settings: WyomingSettings,
        send: Send,
        queue: Callable[[Job, bool], Awaitable[None]],
    ) -> None:
        self._backend, self._settings = backend, settings
        self._send, self._queue = send, queue
        self._request = SpeechRequest()
        self._stream: ClientStream | None = None
        self._text: _TextToSpeak | None = None

    @property
    def listening(self) -> bool:
        """Whether the client is sending sound."""
        return self._stream is not None

    async def take(self, event: WireEvent) -> bool:
        """Does, or queues, what an event asks for; gives False for an event that isn't known.

        Raises:
            WyomingRefused: It asks for what isn't given.
            VoxedgeError: The work was refused or failed.
        """
        action = _ACTIONS.get(event.type)
        if action is not None:
            await action(self, event)
            return True
        if event.type in _NOT_OFFERED:
            raise WyomingRefused(
                f"{event.type} isn't offered here.", remedy="`describe` tells what is offered."
            )
        return False  # the protocol grows: servers drop what they don't know

    async def end_sound(self) -> None:
        """The client's sound is over; its transcript follows."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.finish()

    async def close(self) -> None:
        """Gives up what isn't finished."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    async def _ping(self, event: WireEvent) -> None:
        text = event.data.get("text")
        await self._send(Pong(text=text if isinstance(text, str) else None).event())

    async def _describe(self, _event: WireEvent) -> None:
        await self._send(wire.info(self._backend.offer(), endpointing=self._settings.endpointing))

    async def _select(self, _event: WireEvent) -> None:
        """There is one program of each kind, so there is nothing to select."""

    # Speech to text.

    async def _transcribe(self, event: WireEvent) -> None:
        self._request = wire.speech_request(event.data)

    async def _audio_start(self, event: WireEvent) -> None:
        wire.format_of(event.data)
        await self.end_sound()
        await self._begin_sound()

    async def _audio_chunk(self, event: WireEvent) -> None:
        form = wire.format_of(event.data)
        # The protocol's flow for voice activity has no audio-start.
        stream = self._stream or await self._begin_sound()
        await stream.feed(event.payload, form)

    async def _audio_stop(self, _event: WireEvent) -> None:
        if self._stream is None:
            await self._begin_sound()  # no sound has an empty transcript
        await self.end_sound()

    async def _begin_sound(self) -> ClientStream:
        request, self._request = self._request, SpeechRequest()
        stream = ClientStream(await self._backend.open_stream(request), request, self._settings)
        self._stream = stream
        await self._queue(lambda: stream.forward(self._send), False)
        return stream

    # Text to speech.

    async def _synthesize(self, event: WireEvent) -> None:
        if self._text is not None:
            return  # the whole text once more, for servers that can't take it in pieces
        text = wire.text_of(event.data, self._settings.max_text_chars)
        voice, language = wire.voice_of(event.data)
        await self._queue(lambda: self._speak(text, voice, language), True)

    async def _synthesize_start(self, event: WireEvent) -> None:
        self._text = _TextToSpeak(*wire.voice_of(event.data), self._settings.max_text_chars)

    async def _synthesize_chunk(self, event: WireEvent) -> None:
        if self._text is None:
            raise WyomingRefused("A piece of text came unannounced.", remedy="Send synthesize-start first.")
        for sentence in self._text.feed(event):
            await self._queue_sentence(self._text, sentence)

    async def _synthesize_stop(self, _event: WireEvent) -> None:
        text, self._text = self._text, None
        for sentence in text.splitter.flush() if text is not None else []:
            assert text is not None
            await self._queue_sentence(text, sentence)
        await self._queue(lambda: self._send(SynthesizeStopped().event()), True)

    async def _queue_sentence(self, text: _TextToSpeak, sentence: str) -> None:
        await self._queue(lambda: self._speak(sentence, text.voice, text.language), True)

    async def _speak(self, text: str, voice: str, language: str) -> None:
        """One text as audio-start, audio-chunk..., audio-stop."""
        started_hz = 0
        async with _closing(self._backend.speak(text, voice, language)) as pieces:
            async for samples, rate_hz in pieces:
                if not started_hz:
                    started_hz = rate_hz
                    await self._send(AudioStart(rate=rate_hz, width=2, channels=1).event())
                await self._send_sound(to_pcm16(samples), rate_hz)
        if not started_hz:
            await self._send(AudioStart(rate=DEFAULT_RATE_HZ, width=2, channels=1).event())
        await self._send(AudioStop().event())

    async def _send_sound(self, sound: bytes, rate_hz: int) -> None:
        for start in range(0, len(sound), 2 * CHUNK_SAMPLES):
            piece = sound[start : start + 2 * CHUNK_SAMPLES]
            await self._send(AudioChunk(rate=rate_hz, width=2, channels=1, audio=piece).event())

    # Commands and conversation.

    async def _recognize(self, event: WireEvent) -> None:
        text = wire.text_of(event.data, self._settings.max_text_chars)
        language = wire.language_code(event.data.get("language"))

        async def work() -> None:
            found = await self._backend.understand(text, language)
            if isinstance(found, IntentMatched):
                await self._send(wire.intent(found))
            else:
                await self._send(NotRecognized().event())

        await self._queue(work, True)

    async def _handle(self, event: WireEvent) -> None:
        text = wire.text_of(event.data, self._settings.max_text_chars)
        language = wire.language_code(event.data.get("language"))
        conversation = wire.conversation_of(event.data)
        await self._queue(lambda: self._answer(text, language, conversation), True)

    async def _answer(self, text: str, language: str, conversation: str) -> None:
        if self._settings.intents == "client" and self._backend.offer().intents:
            found = await self._backend.understand(text, language)
            if isinstance(found, IntentMatched):
                await self._send(wire.intent(found))
                return
        pieces: list[str] = []
        async with _closing(self._backend.answer(text, language, conversation)) as reply:
            async for piece in reply:
                if not pieces:
                    await self._send(HandledStart().event())
                pieces.append(piece)
                await self._send(HandledChunk(piece).event())
        if pieces:
            await self._send(Handled("".join(pieces)).event(), HandledStop().event())
        else:
            await self._send(NotHandled().event())

    async def _structured(self, _event: WireEvent) -> None:
        # Handlers answer what was said; a client's own reading of it could be anything.
        await self._queue(lambda: self._send(NotHandled().event()), True)


class _TextToSpeak:
    """A text that comes in pieces, on its way to the voice."""

    def __init__(self, voice: str, language: str, most_chars: int) -> None:
        self.voice, self.language = voice, language
        self.splitter = SentenceSplitter(language or "en")
        self._left = most_chars

    def feed(self, event: WireEvent) -> list[str]:
        piece = wire.text_of(event.data, self._left)
        self._left -= len(piece)
        return self.splitter.feed(piece)


@contextlib.asynccontextmanager
async def _closing(items: AsyncIterator[_T]) -> AsyncIterator[AsyncIterator[_T]]:
    """Ends a generator at once when the work is given up, so that it frees what it holds."""
    try:
        yield items
    finally:
        close: Callable[[], Awaitable[None]] | None = getattr(items, "aclose", None)
        if close is not None:
            await close()


_ACTIONS: dict[str, Callable[[Requests, WireEvent], Awaitable[None]]] = {
    "ping": Requests._ping,
    "describe": Requests._describe,
    "select-program": Requests._select,
    "transcribe": Requests._transcribe,
    "audio-start": Requests._audio_start,
    "audio-chunk": Requests._audio_chunk,
    "audio-stop": Requests._audio_stop,
    "synthesize": Requests._synthesize,
    "synthesize-start": Requests._synthesize_start,
    "synthesize-chunk": Requests._synthesize_chunk,
    "synthesize-stop": Requests._synthesize_stop,
    "recognize": Requests._recognize,
    "transcript": Requests._handle,
    "intent": Requests._structured,
}
