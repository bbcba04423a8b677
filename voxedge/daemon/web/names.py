"""The names of models that clients may give: those configured, and aliases that clients have built in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from voxedge.daemon.faults import NotServed

if TYPE_CHECKING:
    from voxedge.daemon.service import Service

Kind = Literal["recognition", "speech", "language", "translation"]

ALIASES: dict[Kind, tuple[str, ...]] = {
    "recognition": ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
    "speech": ("tts-1", "tts-1-hd", "gpt-4o-mini-tts"),
    "language": (),
    "translation": (),
}
"""Clients that can't be told a model send one of these: they mean the configured one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedModel:
    """A model that may be named.

    Attributes:
        name: Its name.
        kind: What it does.
        aliases: Other names for it.
        loaded: Whether it is loaded now.
    """

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    loaded: bool = False


def offered_models(service: Service) -> list[OfferedModel]:
    """All models that may be named, the configured one of each kind first."""
    config = service.config
    found: list[OfferedModel] = []
    for index, name in enumerate(dict.fromkeys((config.recognition.model, *config.daemon.models))):
        aliases = (f"whisper-{name}", *(ALIASES["recognition"] if index == 0 else ()))
        found.append(
            OfferedModel(
                name=name, kind="recognition", aliases=aliases, loaded=name in service.loaded_recognizers
            )
        )
    troubles = service.troubles
    if config.conversation.engine != "none" and "conversation" not in troubles:
        found.append(OfferedModel(name=config.conversation.model, kind="language", loaded=service.ready))
    if config.speaking.engine != "none" and "speaking" not in troubles:
        name = f"{config.speaking.engine}-{config.speaking.language}"
        found.append(OfferedModel(name=name, kind="speech", aliases=ALIASES["speech"], loaded=service.ready))
    return found


def model_named(service: Service, name: str, kind: Kind) -> str:
    """The model that a client means: by its name or an alias; "" means the configured one.

    Raises:
        NotServed: There is no such model of that kind. Nothing is looked up elsewhere: a name from a
            client never reaches the file system.
    """
    offered = [one for one in offered_models(service) if one.kind == kind]
    if not offered:
        room = {"language": "conversation", "speech": "speaking"}.get(kind, kind)
        raise service.troubles.get(room) or NotServed(
            f"This service has no {kind} model.",
            remedy="Configure one; GET /v1/models lists them.",
            param="model",
        )
    if not name:
        return offered[0].name
    for one in offered:
        if name in (one.name, *one.aliases):
            return one.name
    known = ", ".join(one.name for one in offered)
    raise NotServed(f"There is no such {kind} model here.", remedy=f"There are: {known}.", param="model")
