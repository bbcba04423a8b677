"""Who may call: tokens, pages of other sites, rates. Sees every request before anything else does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from voxedge.daemon.fairness import Client
from voxedge.daemon.faults import NotAuthorized, RequestInvalid, TooManyRequests

if TYPE_CHECKING:
    from starlette.types import Scope

    from voxedge.daemon.settings import DaemonSettings

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


class ForeignPage(RequestInvalid):
    """The request comes from a page of another site, in somebody's browser."""

    code = "foreign_origin"


class Rates:
    """Counts requests by client: a bucket that fills at an even pace. Thread-safe.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, client: str, per_minute: int) -> None:
        """Counts one request; a burst of a quarter of a minute's worth is let through.

        Raises:
            TooManyRequests: The client has had its share.
        """
        if per_minute <= 0:
            return
        size = max(1.0, per_minute / 4)
        now = self._clock()
        with self._lock:
            left, since = self._buckets.get(client, (size, now))
            left = min(size, left + (now - since) * per_minute / 60)
            if left < 1:
                self._buckets[client] = (left, now)
                raise TooManyRequests(
                    f"More than {per_minute} requests a minute of one client.",
                    retry_after_s=(1 - left) * 60 / per_minute,
                )
            self._buckets[client] = (left - 1, now)
            if len(self._buckets) > 1000:
                self._buckets = {k: v for k, v in self._buckets.items() if now - v[1] < 60}


def client_of(scope: Scope, settings: DaemonSettings, *, token: str = "") -> Client:
    """Who asks, by the token in the header (or, for WebSockets in browsers, in the subprotocol).

    Args:
        scope: Of the request.
        settings: Has the tokens.
        token: One that came another way.

    Raises:
        NotAuthorized: A token is wanted, and this is none of them.
    """
    peer = scope.get("client")
    connection = f"{peer[0]}:{peer[1]}" if peer else "local"
    if settings.tokens is None:
        return Client("", connection)
    name = settings.tokens.client_of(token or bearer(Headers(scope=scope)))
    if name is None:
        raise NotAuthorized(
            "The token is missing, or is none that is known here.",
            remedy="Send `Authorization: Bearer TOKEN`; a token is made by: voxedge serve --new-token NAME",
        )
    return Client(name, connection)


def bearer(headers: Headers) -> str:
    """The token of a request, or ""."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    # Browsers can set no header on a WebSocket: OpenAI's own client sends the key as a subprotocol.
    for item in headers.get("sec-websocket-protocol", "").split(","):
        if item.strip().startswith("openai-insecure-api-key."):
            return item.strip().removeprefix("openai-insecure-api-key.")
    return ""


def check_origin(scope: Scope, settings: DaemonSettings) -> None:
    """Refuses what a page of another site sends through the browser of somebody who may call.

    Without a token, a page on the internet could otherwise use a service on loopback: directly (cross-site
    forms and WebSockets need no leave), or by a name that it makes point to 127.0.0.1 (DNS rebinding).

    Raises:
        ForeignPage: It is such a request.
    """
    headers = Headers(scope=scope)
    host = _host_of(f"//{headers.get('host', '')}")
    origin = headers.get("origin")
    if origin is not None and _site(origin) != headers.get("host", "").lower():
        raise ForeignPage(
            "Pages of other sites may not call this service.",
            remedy="Call it from a program, or from the page that it serves itself.",
            param="origin",
        )
    http = settings.http
    if settings.tokens is None and http is not None and http.loopback and host not in _LOCAL_NAMES:
        if host == http.host:
            return
        raise ForeignPage(
            "The request names another host than this machine.",
            remedy="Call http://127.0.0.1 or http://localhost.",
            param="host",
        )


def _site(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
