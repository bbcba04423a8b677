"""``/v1/realtime``: OpenAI's realtime transcription (server events and client events by their names).

https://platform.openai.com/docs/guides/realtime-transcription. Deltas are the words that are never taken
back; ``completed`` has the whole text.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from starlette.websockets import WebSocket, WebSocketDisconnect

from voxedge.daemon.faults import NotServed, RequestInvalid, RequestTooLarge
from voxedge.daemon.pcm import PcmConverter, PcmFormat
from voxedge.daemon.streams import LiveStream, StreamOptions
from voxedge.daemon.web import answers
from voxedge.daemon.web.fields import Json
from voxedge.daemon.web.names import model_named
from voxedge.daemon.web.sockets import Outgoing, converse, feed, opened
from voxedge.errors import VoxedgeError
from voxedge.events import Event, Partial, SpeechEnded, SpeechStarted, Transcript, TurnEnded

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.daemon.fairness import Client
    from voxedge.daemon.web.app import Web

DEFAULT_RATE_HZ = 24_000
MOST_HELD_S = 120.0
"""Without turn detection the client says when an utterance ends; more than this isn't held for it."""
MAX_EVENT_CHARS = 15 * 1024 * 1024 // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What the client has chosen.

    Attributes:
        rate_hz: Of its sound, 16-bit mono.
        model: As it named it; "" for the configured one.
        language: ISO 639-1, or "".
        prompt: What is likely.
        detects: Whether utterances are found here, and not committed by the client.
        silence_ms: The pause that ends one; 0 for the configured one.
    """

    rate_hz: int = DEFAULT_RATE_HZ
    model: str = ""
    language: str = ""
    prompt: str = ""
    detects: bool = True
    silence_ms: int = 0

    def to_json(self, number: str) -> dict[str, Json]:
        """As the API shows it."""
        turns: Json = {"type": "server_vad", "silence_duration_ms": self.silence_ms or None}
        return {
            "id": number,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "expires_at": 0,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": self.rate_hz},
                    "transcription": {
                        "model": self.model,
                        "language": self.language or None,
                        "prompt": self.prompt,
                    },
                    "noise_reduction": None,
                    "turn_detection": turns if self.detects else None,
                }
            },
        }


@dataclass(slots=True)
class _Item:
    number: str
    sent: str = ""
    started_s: float = 0.0
    done: bool = False


async def realtime(socket: WebSocket, web: Web) -> None:
    """Serves one client."""
    client = await opened(socket, web)
    if client is None:
        return
    await converse(socket, RealtimeTalk(socket, web, client))


class RealtimeTalk:
    """One client of ``/v1/realtime``."""

    def __init__(self, socket: WebSocket, web: Web, client: Client) -> None:
        self._socket, self._service, self._client = socket, web.service, client
        self._out = Outgoing()
        self._number = f"sess_{uuid.uuid4().hex}"
        self._session = Session(model=self._service.config.recognition.model)
        self._stream: LiveStream | None = None
        self._converter = PcmConverter()
        self._held: list[MonoF32] = []
        self._items: dict[int, _Item] = {}
        self._previous: str | None = None
        self._lock = asyncio.Lock()

    async def receive(self) -> None:
        """Takes the client's events until it goes."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect()
            text = message.get("text")
            given: Json = None
            try:
                event = _parsed(text if text is not None else "")
                given = event.get("event_id")
                await self._take(event)
            except VoxedgeError as error:
                shape = cast("dict[str, Json]", answers.error_body(error)["error"])
                await self._tell(
                    "error", error={**shape, "event_id": given if isinstance(given, str) else None}
                )

    async def send(self) -> None:
        """Sends the session, then what happens."""
        await self._tell("session.created", session=self._session.to_json(self._number))
        while True:
            await self._happened(await self._out.get())

    def close(self) -> None:
        """Gives up what isn't finished."""
        if self._stream is not None:
            self._stream.close()

    async def _tell(self, kind: str, **fields: Json) -> None:
        event = {"type": kind, "event_id": f"event_{uuid.uuid4().hex}", **fields}
        async with self._lock:
            await self._socket.send_text(json.dumps(event, ensure_ascii=False))

    # From the client.

    async def _take(self, event: Mapping[str, Json]) -> None:
        kind = event.get("type")
        if kind in {"session.update", "transcription_session.update"}:
            self._session = _updated(self._session, event.get("session"))
            model_named(self._service, self._session.model, "recognition")
            if self._stream is not None:
                self._stream.flush()
                stream, self._stream = self._stream, None
                await asyncio.get_running_loop().run_in_executor(
                    self._service.callers, stream.wait_idle, 30.0
                )
                stream.close()
                self._items.clear()
            answer = "session.updated" if kind == "session.update" else "transcription_session.updated"
            await self._tell(answer, session=self._session.to_json(self._number))
        elif kind == "input_audio_buffer.append":
            await self._append(event.get("audio"))
        elif kind == "input_audio_buffer.commit":
            await self._commit()
        elif kind == "input_audio_buffer.clear":
            self._held.clear()
            if self._stream is not None:
                self._stream.clear()
            await self._tell("input_audio_buffer.cleared")
        else:
            raise RequestInvalid(
                "This event isn't served here.",
                remedy="Send session.update or input_audio_buffer.append, .commit, .clear.",
                param="type",
            )

    async def _append(self, audio: Json) -> None:
        if not isinstance(audio, str):
            raise RequestInvalid("'audio' is of the wrong type.", remedy="Send base64.", param="audio")
        try:
            data = base64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise RequestInvalid("'audio' isn't base64.", remedy="Send base64.", param="audio") from exc
        samples = self._converter.feed(data, PcmFormat(self._session.rate_hz, 2, 1))
        if self._session.detects:
            await feed(self._service, await self._begun(), samples)
            return
        self._held.append(samples)
        if sum(len(block) for block in self._held) > MOST_HELD_S * 16_000:
            self._held.clear()
            raise RequestTooLarge(
                f"More than {MOST_HELD_S:g} s without a commit.", remedy="Commit earlier.", param="audio"
            )

    async def _commit(self) -> None:
        if self._session.detects:
            stream = await self._begun()
            stream.feed(self._converter.flush())
            stream.flush()
            return
        import numpy as np

        held, self._held = [*self._held, self._converter.flush()], []
        samples = np.concatenate(held)
        if samples.size < 1600:
            raise RequestInvalid(
                "There is less than 100 ms of sound.", remedy="Append sound first.", param="audio"
            )
        item = self._new_item()
        await self._committed(item)
        await self._transcribed(item, samples)

    async def _transcribed(self, item: _Item, samples: MonoF32) -> None:
        own = self._session
        model = model_named(self._service, own.model, "recognition")

        def work() -> str:
            from voxedge.recognition.contract import RecognitionOptions

            can = self._service.recognizer(model).capabilities
            options = RecognitionOptions(
                language=own.language or ("auto" if can.detects_language else can.languages[0]),
                bias=(own.prompt,) if own.prompt else (),
            )
            return self._service.transcribe(samples, options, model=model, client=self._client).text

        try:
            text = await asyncio.get_running_loop().run_in_executor(self._service.callers, work)
        except VoxedgeError as error:
            await self._failed(item, error.code, error.message)
            return
        await self._completed(item, text, len(samples) / 16_000)

    async def _begun(self) -> LiveStream:
        if self._stream is None:
            own = self._session
            options = StreamOptions(
                language=own.language,
                model=model_named(self._service, own.model, "recognition"),
                silence_ms=own.silence_ms,
                bias=(own.prompt,) if own.prompt else (),
            )
            self._stream = await asyncio.get_running_loop().run_in_executor(
                self._service.callers,
                lambda: self._service.open_stream(options, self._out.deliver, client=self._client),
            )
        return self._stream

    # To the client.

    async def _happened(self, event: Event) -> None:
        if isinstance(event, SpeechStarted):
            item = self._items[event.turn] = self._new_item()
            item.started_s = event.time
            await self._tell(
                "input_audio_buffer.speech_started",
                audio_start_ms=round(event.time * 1000),
                item_id=item.number,
            )
            return
        item = self._items.get(event.turn, _Item(""))
        if isinstance(event, SpeechEnded) and event.reason != "cancelled":
            await self._tell(
                "input_audio_buffer.speech_stopped",
                audio_end_ms=round(event.speech_end * 1000),
                item_id=item.number,
            )
            await self._committed(item)
        elif isinstance(event, Partial):
            await self._delta(item, event.stable)
        elif isinstance(event, Transcript):
            await self._delta(item, event.text)
            await self._completed(item, event.text, max(0.0, event.end - event.start))
        elif isinstance(event, TurnEnded):
            if event.error is not None and not item.done:
                await self._failed(item, event.error.code, event.error.hint)
            self._items.pop(event.turn, None)

    def _new_item(self) -> _Item:
        return _Item(f"item_{uuid.uuid4().hex[:24]}")

    async def _committed(self, item: _Item) -> None:
        await self._tell("input_audio_buffer.committed", item_id=item.number, previous_item_id=self._previous)
        content: Json = [{"type": "input_audio", "transcript": None}]
        shown: Json = {
            "id": item.number,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": content,
        }
        await self._tell("conversation.item.added", item=shown, previous_item_id=self._previous)
        self._previous = item.number

    async def _delta(self, item: _Item, text: str) -> None:
        """Sends what is new of a text that begins with what was sent; nothing where it doesn't."""
        if text.startswith(item.sent) and len(text) > len(item.sent):
            delta, item.sent = text[len(item.sent) :], text
            await self._tell(
                "conversation.item.input_audio_transcription.delta",
                item_id=item.number,
                content_index=0,
                delta=delta,
            )

    async def _completed(self, item: _Item, text: str, seconds: float) -> None:
        item.done = True
        await self._tell(
            "conversation.item.input_audio_transcription.completed",
            item_id=item.number,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": math.ceil(seconds)},
        )

    async def _failed(self, item: _Item, code: str, message: str) -> None:
        item.done = True
        await self._tell(
            "conversation.item.input_audio_transcription.failed",
            item_id=item.number,
            content_index=0,
            error={"type": "transcription_error", "code": code, "message": message, "param": None},
        )


def _parsed(text: str) -> Mapping[str, Json]:
    if len(text) > MAX_EVENT_CHARS:
        raise RequestTooLarge("The event is too long.", remedy="Send less sound at once.", param="audio")
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise RequestInvalid("The event isn't JSON.", remedy="Send a JSON object as text.") from exc
    if not isinstance(event, dict):
        raise RequestInvalid("The event isn't a JSON object.", remedy='Send {"type": "…"}.', param="type")
    return event


def _updated(session: Session, given: Json) -> Session:
    """The session with what the client wants changed: the present form of the API, or the one before."""
    if not isinstance(given, dict):
        raise RequestInvalid("'session' is missing.", remedy="Send an object.", param="session")
    audio = given.get("audio")
    own = audio.get("input") if isinstance(audio, dict) else None
    own = own if isinstance(own, dict) else {}
    form = own.get("format", given.get("input_audio_format"))
    chosen = own.get("transcription", given.get("input_audio_transcription"))
    session = _with_format(session, form)
    if isinstance(chosen, dict):
        texts = {
            name: value
            for name in ("model", "language", "prompt")
            if isinstance(value := chosen.get(name), str) and len(value) <= 2000
        }
        session = replace(session, **texts)  # type: ignore[arg-type]  # all three are texts
    for place in (own, given):
        if "turn_detection" in place:
            turns = place["turn_detection"]
            silence = turns.get("silence_duration_ms") if isinstance(turns, dict) else None
            whole = isinstance(silence, (int, float)) and 64 <= silence <= 10_000
            session = replace(
                session,
                detects=turns is not None,
                silence_ms=int(cast(float, silence)) if whole else 0,
            )
            break
    return session


def _with_format(session: Session, form: Json) -> Session:
    if form is None:
        return session
    kind = form.get("type") if isinstance(form, dict) else form
    rate = form.get("rate", DEFAULT_RATE_HZ) if isinstance(form, dict) else DEFAULT_RATE_HZ
    if kind not in {"audio/pcm", "pcm16"}:
        raise NotServed("Only PCM of 16 bits is taken.", remedy='Send {"type": "audio/pcm"}.', param="format")
    if isinstance(rate, bool) or not isinstance(rate, int) or not 8000 <= rate <= 192_000:
        raise RequestInvalid("The rate can't be right.", remedy="Send 8000 to 192000.", param="rate")
    return replace(session, rate_hz=rate)
