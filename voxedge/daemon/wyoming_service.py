"""The service as the Wyoming server sees it: its calls block, the server's event loop must not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from voxedge.daemon.scheduler import Client
from voxedge.daemon.settings import parse_address
from voxedge.daemon.streams import StreamOptions
from voxedge.daemon.wyoming import WyomingServer
from voxedge.daemon.wyoming_announce import Announcement
from voxedge.daemon.wyoming_contract import Offer, OfferedModel, WyomingRefused, WyomingSettings
from voxedge.daemon.wyoming_conversations import Conversations
from voxedge.daemon.wyoming_stream import ServiceStream
from voxedge.errors import ConfigError, LanguageUnsupported, VoxedgeError
from voxedge.events import CancelToken, IntentMatched, NoIntent

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.config import DaemonConfig
    from voxedge.daemon.service import Service
    from voxedge.daemon.streams import LiveStream
    from voxedge.daemon.wyoming_contract import SpeechRequest
    from voxedge.events import Event
    from voxedge.store import ModelEntry

_log = logging.getLogger("voxedge.daemon.wyoming")
_T = TypeVar("_T")

_PRESETS = {"relaxed": "relaxed", "aggressive": "command"}
"""Wyoming's wishes for the end of an utterance, as our presets."""
_ANSWERERS: dict[str, Literal["voxedge", "client"]] = {"voxedge": "voxedge", "client": "client"}


def settings_of(own: DaemonConfig) -> WyomingSettings | None:
    """What ``[daemon]`` says of Wyoming; None where it isn't wanted.

    Raises:
        ConfigError: An address or a choice isn't one, or everybody would be let in.
    """
    address = parse_address(own.wyoming, "wyoming")
    if address is None:
        return None
    if own.wyoming_intents not in _ANSWERERS:
        raise ConfigError(
            f"daemon.wyoming_intents can't be {own.wyoming_intents!r}.", remedy='Write "voxedge" or "client".'
        )
    settings = WyomingSettings(
        host=address.host,
        port=address.port,
        allow=own.wyoming_allow,
        announce=own.wyoming_announce,
        endpointing=own.wyoming_endpointing,
        intents=_ANSWERERS[own.wyoming_intents],
        max_clients=own.max_connections,
        max_stream_s=own.max_audio_s,
        frame_timeout_s=2 * own.receive_timeout_s,
    )
    settings.check()
    return settings


class WyomingService:
    """The Wyoming server of a daemon (`voxedge.daemon.servers.Server`)."""

    def __init__(
        self,
        service: Service,
        server: WyomingServer,
        host: str,
        announcement: Announcement | None,
        conversations: Conversations,
    ) -> None:
        self._service, self._server, self._host = service, server, host
        self._announcement, self._conversations = announcement, conversations

    @classmethod
    async def start(cls, service: Service) -> WyomingService | None:
        """Begins to listen, where the configuration wants it.

        Raises:
            ConfigError: The section can't be followed.
            AddressInUse: The address is taken.
        """
        settings = settings_of(service.settings.daemon)
        if settings is None:
            return None
        conversations = Conversations()
        server = WyomingServer(lambda name: ServiceBackend(service, name, conversations), settings)
        await server.start()
        service.metrics.watch("wyoming", lambda: server.counts)
        announcement = None
        if settings.announce and not settings.loopback:
            announcement = Announcement(settings.name, settings.host, server.port)
            await announcement.begin()
        return cls(service, server, settings.host, announcement, conversations)

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self._host}:{self._server.port}"

    @property
    def server(self) -> WyomingServer:
        """The server itself, for its counts."""
        return self._server

    def reload(self) -> None:
        """Takes the new limits and manners for connections to come; the address needs a restart.

        Raises:
            ConfigError: They can't be followed; those before hold on.
        """
        settings = settings_of(self._service.settings.daemon)
        if settings is not None:
            self._server.reload(settings)

    async def close(self, timeout_s: float) -> None:
        """Takes nobody more in, lets what is under way end for so long, and ends."""
        if self._announcement is not None:
            await self._announcement.end()
        await self._server.close(timeout_s)
        self._conversations.close()


class ServiceBackend:
    """One client's view of the service (`voxedge.daemon.wyoming_contract.WyomingBackend`).

    Args:
        service: Does the work.
        name: Tells this connection from others.
        conversations: Of all connections.
    """

    def __init__(self, service: Service, name: str, conversations: Conversations) -> None:
        self._service, self._conversations = service, conversations
        self._client = Client(connection=name)

    def offer(self) -> Offer:
        """What the configuration names, with titles and licences from the catalogue."""
        config, service = self._service.config, self._service
        spoken: tuple[str, ...] = (config.recognition.language,)
        if service.ready:
            spoken = service.recognizer().capabilities.languages
        names = (config.recognition.model, *config.daemon.models)
        templates = config.understanding
        voices: tuple[OfferedModel, ...] = ()
        if config.speaking.engine != "none" and "speaking" not in service.troubles:
            name = config.speaking.voice or f"{config.speaking.engine}-{config.speaking.language}"
            voices = (_offered(name, "speech", (config.speaking.language,)),)
        conversation: tuple[OfferedModel, ...] = ()
        if config.conversation.engine != "none" and "conversation" not in service.troubles:
            language = config.conversation.model
            conversation = (_offered(language, "language", (config.understanding.language,)),)
        return Offer(
            recognition=tuple(_offered(name, "recognition", spoken) for name in names),
            voices=voices,
            intents=tuple(_templates(Path(name).stem, templates.language) for name in templates.intents),
            conversation=conversation,
        )

    async def open_stream(self, request: SpeechRequest) -> ServiceStream:
        """Begins to listen to a client.

        Raises:
            Busy: Too many listen already.
            LanguageUnsupported: The model doesn't know the language.
        """
        stream = ServiceStream(asyncio.get_running_loop())
        able = self._service.recognizer().capabilities if self._service.ready else None
        language = "" if request.language == "auto" else request.language
        if able is not None and language and language not in able.languages:
            raise LanguageUnsupported(
                f"{able.model} doesn't know that language.",
                remedy=f"It knows: {', '.join(able.languages[:20])}. Or serve another model.",
                room="daemon",
            )
        config = self._service.config
        options = StreamOptions(
            language=language,
            preset=_PRESETS.get(request.sensitivity, ""),
            bias=request.bias,
            grammar=True,
            partials=config.recognition.partials,
        )
        stream.begin(
            await self._run(lambda: self._service.open_stream(options, stream.deliver, client=self._client))
        )
        return stream

    async def speak(self, text: str, voice: str, language: str) -> AsyncIterator[tuple[MonoF32, int]]:
        """Sound of a text in pieces, with its samples a second."""
        synthesizer = self._service.synthesizer()
        able = synthesizer.capabilities
        offered = tuple(one.name for one in self.offer().voices)
        if voice and voice not in (*able.voices, *offered):
            raise WyomingRefused(
                "There is no such voice here.", remedy=f"There are: {', '.join(offered or able.voices)}."
            )
        if language and language not in able.languages:
            raise WyomingRefused(
                "The voice doesn't speak that language.", remedy=f"It speaks: {', '.join(able.languages)}."
            )
        cancel = CancelToken()
        pieces = self._service.synthesize(text, client=self._client, cancel=cancel)
        try:
            while (piece := await self._run(lambda: next(pieces, None))) is not None:
                yield piece, able.rate_hz
        finally:
            cancel.cancel()

    async def understand(self, text: str, language: str) -> IntentMatched | NoIntent:
        """The command in a text."""
        if not text.strip():
            return NoIntent(reason="empty")
        return await self._run(lambda: self._service.understand(text, client=self._client))

    async def answer(self, text: str, language: str, conversation: str) -> AsyncIterator[str]:
        """The reply of a handler, of the intents' own response, or of the language model."""
        options = StreamOptions(language=language, partials=False, intents=True, replies=True, sound=False)

        async def opened(deliver: Callable[[Event], None]) -> LiveStream:
            return await self._run(lambda: self._service.open_stream(options, deliver, client=self._client))

        reply = self._conversations.answer(conversation, text, language, opened)
        try:
            async for piece in reply:
                yield piece
        finally:
            await reply.aclose()  # type: ignore[attr-defined]  # a generator's

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._service.callers, work)


def _offered(name: str, kind: str, languages: tuple[str, ...]) -> OfferedModel:
    entry = _entry(name, kind)
    if entry is None:
        title = Path(name).name
        return OfferedModel(name=title, title=title, licence="", maker="", url="", languages=languages)
    own = () if "*" in entry.languages else entry.languages
    return OfferedModel(
        name=entry.name,
        title=entry.title,
        licence=entry.licence,
        maker=_maker(entry.homepage),
        url=entry.homepage,
        languages=own or languages,
    )


def _entry(name: str, kind: str) -> ModelEntry | None:
    from voxedge.store import Library

    try:
        return Library().entry(name, kind=kind)
    except VoxedgeError:
        return None  # a folder, or a voice that came with its engine


def _maker(homepage: str) -> str:
    """Whose page it is: the first name in its path (``https://host/MAKER/model``)."""
    parts = homepage.partition("://")[2].split("/")
    return parts[1] if len(parts) > 1 else ""


def _templates(name: str, language: str) -> OfferedModel:
    return OfferedModel(
        name=name, title=f"Commands: {name}", licence="", maker="", url="", languages=(language,)
    )
