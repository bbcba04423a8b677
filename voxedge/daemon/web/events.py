"""``/v1/events``: voxedge's own event stream over a WebSocket: sound goes in, events come out.

The client may begin with a JSON object (``{"type": "start", ...}``, fields as in `FIELDS`), or give the same
fields in the query; binary messages are samples; JSON objects are commands: ``flush``, ``clear``, ``ask``
(with ``text``), ``stop``. Every event is one JSON object, as `voxedge.events.Event.to_json` makes it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket, WebSocketDisconnect

from voxedge._version import __version__
from voxedge.daemon.faults import RequestInvalid
from voxedge.daemon.pcm import PcmConverter, PcmFormat
from voxedge.daemon.streams import LiveStream, StreamOptions
from voxedge.daemon.web import answers
from voxedge.daemon.web.fields import Field, Values, check_form, check_json
from voxedge.daemon.web.names import model_named
from voxedge.daemon.web.sockets import Outgoing, converse, feed, opened
from voxedge.errors import VoxedgeError
from voxedge.events import Started

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from voxedge.daemon.fairness import Client
    from voxedge.daemon.web.app import Web

MAX_TEXT_CHARS = 4000
FIRST_TYPED_TURN = 1_000_000
"""Typed text takes numbers from here on, so that they can't meet those of utterances."""
_WIDTHS = {"s16le": 2, "s24le": 3, "s32le": 4}

FIELDS = (
    Field(name="rate", kind="integer", default=16_000, least=8000, most=192_000, about="Samples a second."),
    Field(name="channels", kind="integer", default=1, least=1, most=8, about="1 is mono."),
    Field(
        name="format",
        kind="string",
        default="s16le",
        choices=tuple(_WIDTHS),
        about="Form of the samples.",
    ),
    Field(name="language", kind="string", default="", most=20, about="ISO 639-1, or auto."),
    Field(name="model", kind="string", default="", most=200, about="A recognition model of /v1/models."),
    Field(
        name="preset",
        kind="string",
        default="",
        choices=("", "command", "conversation", "dictation", "relaxed"),
        about="When an utterance ends.",
    ),
    Field(name="prompt", kind="string", default="", most=2000, about="Words or sentences that are likely."),
    Field(name="partials", kind="boolean", default=True, about="Hypotheses while somebody speaks."),
    Field(name="words", kind="boolean", default=False, about="Times of each word."),
    Field(name="intents", kind="boolean", default=True, about="The configured intents and handlers answer."),
    Field(name="replies", kind="boolean", default=False, about="The language model answers the rest."),
    Field(name="watch", kind="boolean", default=False, about="Only see the events of all streams."),
)


async def events(socket: WebSocket, web: Web) -> None:
    """Serves one client."""
    client = await opened(socket, web)
    if client is None:
        return
    await converse(socket, EventTalk(socket, web, client))


class EventTalk:
    """One client of ``/v1/events``."""

    def __init__(self, socket: WebSocket, web: Web, client: Client) -> None:
        self._socket, self._service, self._client = socket, web.service, client
        self._out = Outgoing()
        self._stream: LiveStream | None = None
        self._converter = PcmConverter()
        self._format = PcmFormat(16_000, 2, 1)
        self._numbers = itertools.count(FIRST_TYPED_TURN)
        self._unwatch: Callable[[], None] | None = None
        self._stopping = False
        self._language = ""

    async def receive(self) -> None:
        """Takes sound and commands until ``stop`` or the end of the connection."""
        query = list(self._socket.query_params.multi_items())
        if query:
            await self._guarded(self._start_by_query(query))
        while not self._stopping:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect()
            data, text = message.get("bytes"), message.get("text")
            if data is not None:
                await self._guarded(self._sound(data))
            elif text is not None:
                await self._guarded(self._command(text))
        await self._finish()

    async def send(self) -> None:
        """Sends the events."""
        await self._socket.send_json(
            Started(version=__version__, models=self._service.rooms.models()).to_json()
        )
        while True:
            event = await self._out.get()
            await self._socket.send_text(json.dumps(event.to_json(), ensure_ascii=False))

    def close(self) -> None:
        """Gives up what isn't finished."""
        if self._unwatch is not None:
            self._unwatch()
        if self._stream is not None:
            self._stream.close()

    async def _start_by_query(self, query: list[tuple[str, str]]) -> None:
        await self._start(check_form(FIELDS, query))

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """Tells the client of an error, and goes on."""
        try:
            await work
        except VoxedgeError as error:
            await self._socket.send_json({"type": "Error", **answers.error_body(error)})

    async def _start(self, values: Values) -> None:
        if self._stream is not None or self._unwatch is not None:
            raise RequestInvalid("The stream has begun.", remedy="Open another connection.", param="type")
        if values.flag("watch"):
            self._unwatch = self._service.watch(self._out.deliver)
            return
        self._format = PcmFormat(
            values.whole("rate"), _WIDTHS[values.text("format")], values.whole("channels")
        ).check()
        language, own = values.text("language"), self._service.config.understanding.language
        self._language = own if language in ("", "auto") else language
        prompt = values.text("prompt").strip()
        options = StreamOptions(
            language=values.text("language"),
            model=model_named(self._service, values.text("model"), "recognition"),
            preset=values.text("preset"),
            bias=(prompt,) if prompt else (),
            partials=values.flag("partials"),
            words=values.flag("words"),
            intents=values.flag("intents"),
            replies=values.flag("replies"),
        )
        self._stream = await asyncio.get_running_loop().run_in_executor(
            self._service.callers,
            lambda: self._service.open_stream(options, self._out.deliver, client=self._client),
        )

    async def _begun(self) -> LiveStream:
        if self._stream is None:
            await self._start(check_form(FIELDS, ()))
        assert self._stream is not None
        return self._stream

    async def _sound(self, data: bytes) -> None:
        if self._unwatch is not None:
            raise RequestInvalid("Who watches sends no sound.", remedy="Open another connection.")
        stream = await self._begun()
        await feed(self._service, stream, self._converter.feed(data, self._format))

    async def _command(self, text: str) -> None:
        fields = (
            Field(
                name="type",
                kind="string",
                required=True,
                choices=("start", "flush", "clear", "ask", "stop"),
                about="The command.",
            ),
            Field(name="text", kind="string", default="", most=MAX_TEXT_CHARS, about="What is asked."),
        )
        command = check_json(fields, text.encode("utf-8", "surrogatepass"))
        kind = command.text("type")
        if kind == "start":
            await self._start(check_json(FIELDS, text.encode()))
        elif kind == "stop":
            self._stopping = True
        elif kind == "ask":
            if not command.text("text").strip():
                raise RequestInvalid("Nothing is asked.", remedy="Send a text.", param="text")
            (await self._begun()).ask(next(self._numbers), command.text("text"), self._language)
        else:
            stream = await self._begun()
            if kind == "flush":
                stream.feed(self._converter.flush())
                stream.flush()
            else:
                stream.clear()

    async def _finish(self) -> None:
        """``stop``: what was said is answered to its end, and all events go out."""
        stream = self._stream
        if stream is not None:
            stream.feed(self._converter.flush())
            stream.flush()
            while not stream.idle:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0)
        while not self._out.empty:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
