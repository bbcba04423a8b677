"""Other languages than the configured one: their templates, and a model that knows them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from voxedge.daemon.faults import NotServed
from voxedge.resources import intents_dir

if TYPE_CHECKING:
    from voxedge.build import Rooms
    from voxedge.config import Config
    from voxedge.understanding.contract import Understander

ENGLISH_ONLY = ".en"


def model_for(config: Config, language: str) -> str:
    """The recognition model for a language: the configured one, or the first further one that may know it.

    Args:
        config: Names the models.
        language: ISO 639-1, "auto", or "" for the configured one.
    """
    own = config.recognition.model
    if language in ("", "en") or not own.endswith(ENGLISH_ONLY):
        return own
    return next((name for name in config.daemon.models if not name.endswith(ENGLISH_ONLY)), own)


class Understanders:
    """The templates by language, compiled when they are first asked for. Thread-safe."""

    def __init__(self) -> None:
        self._by_language: dict[str, Understander] = {}
        self._lock = threading.Lock()

    def get(self, rooms: Rooms, language: str) -> Understander | None:
        """The templates for a language; None where the configuration names none.

        Raises:
            NotServed: There are none in this language.
        """
        own = rooms.config.understanding
        if not own.intents or language in ("", "auto", own.language):
            return rooms.understander()
        # A client names the language: only those that are there may become part of a path.
        known = sorted(path.name for path in intents_dir().iterdir() if path.is_dir())
        if language not in known:
            raise NotServed(
                f"There are no intents in the language {language!r}.",
                remedy=f"There are: {', '.join(known)}.",
                param="language",
            )
        from voxedge import understanding

        with self._lock:
            if language not in self._by_language:
                made = understanding.create(own.intents, language=language, threshold=own.threshold)
                self._by_language[language] = made
            return self._by_language[language]

    def forget(self) -> None:
        """The configuration has changed."""
        with self._lock:
            self._by_language.clear()
