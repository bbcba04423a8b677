"""The one table of what is served over HTTP; the application and the OpenAPI document are made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.routing import WebSocketRoute

from voxedge.daemon.kiosk.pages import kiosk_routes
from voxedge.daemon.web import audio, chat, info, speech, translate
from voxedge.daemon.web.answers import json_answer
from voxedge.daemon.web.events import events
from voxedge.daemon.web.openapi import document
from voxedge.daemon.web.realtime import realtime
from voxedge.daemon.web.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.websockets import WebSocket

    from voxedge.daemon.web.app import Web
    from voxedge.daemon.web.call import Call


async def openapi(call: Call) -> Response:
    """The OpenAPI document."""
    del call
    return json_answer(json.loads(json.dumps(document(ROUTES))))


ROUTES: tuple[Route, ...] = (
    *info.ROUTES,
    Route(
        method="GET",
        path="/openapi.json",
        handler=openapi,
        summary="This document",
        tag="models",
        answers={"application/json": {"type": "object"}},
        open=True,
    ),
    *audio.ROUTES,
    *speech.ROUTES,
    *chat.ROUTES,
    *translate.ROUTES,
)
"""All routes."""


def more_routes(web: Web) -> list[BaseRoute]:
    """WebSockets, and pages: what has no place in the document. A page's module adds its mount here."""

    async def at_events(socket: WebSocket) -> None:
        await events(socket, web)

    async def at_realtime(socket: WebSocket) -> None:
        await realtime(socket, web)

    return [
        WebSocketRoute("/v1/events", at_events),
        WebSocketRoute("/v1/realtime", at_realtime),
        *kiosk_routes(web),
    ]
