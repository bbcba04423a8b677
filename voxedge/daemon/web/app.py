"""The web application: every request passes guard, limits, fields, handler, in this order, and is logged."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, MutableMapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from voxedge.daemon.fairness import Client
from voxedge.daemon.faults import NotAuthorized, NotServed, RequestInvalid, Stopping
from voxedge.daemon.logs import log
from voxedge.daemon.web import answers
from voxedge.daemon.web.body import read_body, read_fields
from voxedge.daemon.web.call import Call, watch_for_leaving
from voxedge.daemon.web.guard import Rates, check_origin, client_of
from voxedge.daemon.web.shelf import Shelf
from voxedge.errors import Cancelled, VoxedgeError
from voxedge.events import CancelToken

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from voxedge.daemon.service import Service
    from voxedge.daemon.web.route import Route

_log = logging.getLogger("voxedge.daemon.http")


class Web:
    """What the requests share.

    Args:
        service: Does the work.

    Attributes:
        extra: Objects by name that handlers find in `Call.extra`.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.rates = Rates()
        self.extra: dict[str, object] = {"shelf": Shelf()}

    def admit(self, scope: Scope, *, token: str = "") -> Client:
        """Who asks; counts the request.

        Raises:
            NotAuthorized: Nobody who is known.
            TooManyRequests: Somebody who asks too often.
        """
        settings = self.service.settings
        client = client_of(scope, settings, token=token)
        if client.name:
            self.rates.take(client.name, settings.daemon.requests_per_minute)
        return client


class Endpoint:
    """One route, as an ASGI application.

    Args:
        route: From the table.
        web: What is shared.
    """

    def __init__(self, route: Route, web: Web) -> None:
        self._route, self._web = route, web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        seen = _Seen(send)
        began = monotonic()
        cancel = CancelToken()
        try:
            await self._answer(scope, receive, seen, cancel)
        except Exception as exc:  # noqa: BLE001 - whatever failed, the client gets a named error
            error = answers.named(exc)
            if seen.status:
                seen.status = answers.status_of(error)  # too late for the client; not for the log
            elif not isinstance(error, Cancelled):
                await answers.error_answer(error, plain=self._route.plain_errors)(scope, receive, seen)
            else:
                seen.status = answers.CLIENT_GONE
        finally:
            cancel.cancel()
            self._note(seen.status, monotonic() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, cancel: CancelToken) -> None:
        route, service = self._route, self._web.service
        settings = service.settings
        check_origin(scope, settings)
        client: Client | None = None
        try:
            client = Client() if route.open else self._web.admit(scope)
        except NotAuthorized:
            if not route.plain_errors:  # LibreTranslate's clients send their key in the body
                raise
        headers = Headers(scope=scope)
        if route.work and not service.ready:
            raise Stopping("The service isn't ready.", retry_after_s=2)
        body = b""
        if route.method == "POST":
            own = settings.daemon
            most = own.max_body_mb * 1_000_000 if client is not None else 65_536
            body = await read_body(receive, headers, most_bytes=most, timeout_s=own.receive_timeout_s)
        values, files = await read_fields(route, body, headers)
        del body
        if client is None:
            client = self._web.admit(scope, token=values.text("api_key") or "-")
        call = Call(
            service=service,
            client=client,
            values=values,
            files=files,
            path=cast("Mapping[str, str]", scope.get("path_params", {})),
            base_url=_base_url(scope, headers),
            extra=self._web.extra,
            cancel=cancel,
        )
        watcher = asyncio.create_task(watch_for_leaving(receive, cancel))
        try:
            with service.admitted(client) if route.work else contextlib.nullcontext():
                response = await route.handler(call)
                await response(scope, receive, send)
        finally:
            watcher.cancel()

    def _note(self, status: int, seconds: float) -> None:
        route = self._route
        self._web.service.request_ended(route.path, status, seconds, work=route.work)
        log(
            _log,
            logging.INFO,
            "request",
            method=route.method,
            route=route.path,
            status=status,
            ms=round(seconds * 1000),
        )


class _Seen:
    """Sends, and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, 0

    async def __call__(self, message: MutableMapping[str, object]) -> None:
        """Passes a message on."""
        if message["type"] == "http.response.start":
            self.status = cast(int, message["status"])
        await self._send(message)


def build_app(
    service: Service,
    routes: Sequence[Route],
    *,
    web: Web | None = None,
    more: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application.

    Args:
        service: Does the work.
        routes: The table.
        web: What is shared; made where None.
        more: Further Starlette routes and mounts: WebSockets, pages.
    """
    shared = web or Web(service)
    table: list[BaseRoute] = [
        StarletteRoute(route.path, cast("ASGIApp", Endpoint(route, shared)), methods=[route.method])
        for route in routes
    ]
    return Starlette(
        routes=[*table, *more],
        exception_handlers={HTTPException: _http_error, Exception: _fault},
    )


async def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    error: VoxedgeError
    if exc.status_code == 404:
        error = NotServed("There is nothing at this address.", remedy="GET /openapi.json lists them.")
    elif exc.status_code == 405:
        answer = answers.json_answer(
            answers.error_body(
                RequestInvalid(
                    "This method isn't served here.",
                    remedy=f"Use {(exc.headers or {}).get('Allow', 'another one')}.",
                    param="method",
                )
            ),
            status=405,
            headers=exc.headers,
        )
        return answer
    else:
        error = RequestInvalid("The request can't be served.", remedy="GET /openapi.json shows how.")
    del request
    return answers.error_answer(error)


async def _fault(request: Request, exc: Exception) -> Response:
    del request
    return answers.error_answer(answers.named(exc))


def _base_url(scope: Scope, headers: Headers) -> str:
    return f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}"


__all__ = ["Endpoint", "Web", "build_app"]
