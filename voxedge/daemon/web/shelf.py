"""Translated documents that wait to be fetched: in memory, for their owner, for some minutes. Thread-safe."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

KEPT_S = 600.0
MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        name: For the client to save it under.
        data: Its bytes.
        owner: Key of the client who may fetch it; "" for whoever knows its number.
        until: Time at which it goes.
    """

    name: str
    data: bytes
    owner: str
    until: float


class Shelf:
    """Keeps documents by a number that can't be guessed; the oldest go when there is no room.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._documents: dict[str, Document] = {}
        self._lock = threading.Lock()

    def put(self, name: str, data: bytes, owner: str) -> str:
        """Keeps a document; gives its number."""
        number = secrets.token_urlsafe(24)
        with self._lock:
            self._tidy()
            held = sum(len(one.data) for one in self._documents.values())
            while self._documents and held + len(data) > MOST_BYTES:
                held -= len(self._documents.pop(next(iter(self._documents))).data)
            self._documents[number] = Document(name, data, owner, self._clock() + KEPT_S)
        return number

    def get(self, number: str, owner: str) -> Document | None:
        """The document, if it is there and is this client's."""
        with self._lock:
            self._tidy()
            found = self._documents.get(number)
        return found if found is not None and found.owner in ("", owner) else None

    def _tidy(self) -> None:
        now = self._clock()
        self._documents = {n: one for n, one in self._documents.items() if one.until > now}
