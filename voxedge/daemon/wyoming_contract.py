"""What the Wyoming server needs of the rest of the daemon, and the values that pass between them."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from voxedge.daemon.wyoming_framing import FramingLimits
from voxedge.errors import ConfigError, VoxedgeError

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.events import Event, IntentMatched, NoIntent


class WyomingRefused(VoxedgeError):
    """A Wyoming client asked for what isn't given: out of order, too much, too slow, or not offered."""

    code = "wyoming_refused"
    room = "daemon"


class WyomingBusy(WyomingRefused):
    """There are as many clients as there may be."""

    code = "busy"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WyomingSettings:
    """How the Wyoming server behaves.

    Attributes:
        host: Where it listens; "" on all interfaces.
        port: 0 takes a free one.
        allow: Addresses and networks whose clients are served, beside this machine itself. The protocol has
            no passwords, so beyond loopback this list is what keeps others out.
        announce: Whether the service is announced by Zeroconf, where it listens beyond loopback.
        name: Name under which it is announced.
        endpointing: Whether a transcript is sent as soon as the first utterance ends (the client needs no
            voice activity detection of its own), and not when the client says that its sound ends.
        intents: Who answers commands: ``voxedge`` (its handlers and replies) or ``client`` (gets them as
            intents, as Home Assistant can run them).
        max_clients: Connections at the same time; more are told that the server is busy.
        max_stream_s: Seconds of sound in one stream.
        max_text_chars: Characters of one text to speak or to understand.
        frame_timeout_s: An event that has begun must be whole within this time.
        stream_idle_s: So long may a stream of sound pause.
        idle_timeout_s: So long may a connection be silent.
        write_timeout_s: A client that takes nothing for so long is let go.
        request_timeout_s: A request that takes longer is given up.
        framing: Limits of one event.
    """

    host: str = "127.0.0.1"
    port: int = 10300
    allow: tuple[str, ...] = ()
    announce: bool = False
    name: str = "voxedge"
    endpointing: bool = False
    intents: Literal["voxedge", "client"] = "voxedge"
    max_clients: int = 64
    max_stream_s: float = 600.0
    max_text_chars: int = 10_000
    frame_timeout_s: float = 20.0
    stream_idle_s: float = 60.0
    idle_timeout_s: float = 600.0
    write_timeout_s: float = 20.0
    request_timeout_s: float = 120.0
    framing: FramingLimits = field(default_factory=FramingLimits)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    def check(self) -> None:
        """Refuses to listen to everybody.

        Raises:
            ConfigError: It listens beyond loopback and ``allow`` is empty, or has what is no network.
        """
        self.networks()
        if not self.loopback and not self.allow:
            raise ConfigError(
                f"Wyoming has no passwords, and {self.host or 'all interfaces'} can be reached by others.",
                remedy='Name the clients: [wyoming] allow = ["192.168.1.0/24"], or listen on 127.0.0.1.',
                room="daemon",
            )

    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """``allow`` as networks.

        Raises:
            ConfigError: One of them is none.
        """
        found = []
        for text in self.allow:
            try:
                found.append(ipaddress.ip_network(text, strict=False))
            except ValueError as exc:
                raise ConfigError(
                    f"{text!r} is no address and no network.",
                    remedy='Write addresses like "192.168.1.20" or networks like "192.168.1.0/24".',
                    room="daemon",
                ) from exc
        return tuple(found)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedModel:
    """A model, as clients are told of it.

    Attributes:
        name: Its name in the catalogue.
        title: Its name for people.
        licence: SPDX name of its licence.
        maker: Who made it, or where it is kept.
        url: Where it is from.
        languages: ISO 639-1.
    """

    name: str
    title: str
    licence: str
    maker: str
    url: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the daemon can do, by kind; an empty tuple where it can't.

    Attributes:
        recognition: Models that turn speech to text; the first is the default.
        voices: Voices; the first is the default.
        intents: Templates.
        conversation: Language models.
    """

    recognition: tuple[OfferedModel, ...] = ()
    voices: tuple[OfferedModel, ...] = ()
    intents: tuple[OfferedModel, ...] = ()
    conversation: tuple[OfferedModel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """What a client wants of its stream of sound.

    Attributes:
        language: ISO 639-1, or "" for the configured one.
        sensitivity: How soon an utterance ends: "", ``default``, ``relaxed`` or ``aggressive``.
        bias: Names and terms that are likely, the likeliest first.
    """

    language: str = ""
    sensitivity: str = ""
    bias: tuple[str, ...] = ()


class SpeechStream(Protocol):
    """One client's stream of sound on its way to text."""

    async def feed(self, samples: MonoF32) -> None:
        """Takes the next sound; waits while the stream has more than it can hold.

        Args:
            samples: float32, shape ``(n,)``, 16 kHz, -1..1.

        Raises:
            VoxedgeError: The stream has failed.
        """
        ...

    async def finish(self) -> None:
        """The sound is over: what is open is recognized, then `events` ends."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """``SpeechStarted``, ``Partial``, ``SpeechEnded`` and ``Transcript`` as they come.

        Raises:
            VoxedgeError: Recognition failed or was refused.
        """
        ...

    async def close(self) -> None:
        """Gives up what isn't finished. May be called twice."""
        ...


class WyomingBackend(Protocol):
    """The daemon, as the Wyoming server sees it. All calls are made in its event loop."""

    def offer(self) -> Offer:
        """What can be done. Quick: loads nothing."""
        ...

    async def open_stream(self, request: SpeechRequest) -> SpeechStream:
        """Begins to listen to a client.

        Raises:
            VoxedgeError: Too many listen already (retryable), or the language isn't known.
        """
        ...

    def speak(self, text: str, voice: str, language: str) -> AsyncIterator[tuple[MonoF32, int]]:
        """Sound of a text in pieces: float32, shape ``(n,)``, and its samples a second.

        Raises:
            VoxedgeError: There is no such voice, nothing to say, or too much work already.
        """
        ...

    async def understand(self, text: str, language: str) -> IntentMatched | NoIntent:
        """The command in a text.

        Raises:
            VoxedgeError: No templates, or too much work already.
        """
        ...

    def answer(self, text: str, language: str, conversation: str) -> AsyncIterator[str]:
        """The reply to a text, in pieces; none where nobody has one.

        Args:
            text: What was said or typed.
            language: ISO 639-1, or "".
            conversation: Names the conversation that it belongs to, or "".

        Raises:
            VoxedgeError: The reply failed, or too much work already.
        """
        ...
