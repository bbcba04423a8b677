"""Answers: JSON, errors in OpenAI's shape, streams of events. No content of a request is ever in an error."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from starlette.responses import Response

from voxedge.chain import as_fault
from voxedge.daemon.faults import (
    Busy,
    NotAuthorized,
    NotServed,
    RequestInvalid,
    RequestTooLarge,
    RequestTooSlow,
)
from voxedge.errors import (
    Cancelled,
    ClosedError,
    ExtraMissing,
    InputError,
    ModelMissing,
    ModelUnknown,
    SystemPackageMissing,
    UsageError,
    VoxedgeError,
)

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from voxedge.daemon.web.fields import Json

_log = logging.getLogger("voxedge.daemon.http")

CLIENT_GONE = 499
"""Logged for a client that didn't wait for its answer (as nginx does); nobody receives it."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every answer that sets none of its own: what was said isn't cached, and nothing here is a page."""

_STATUS: tuple[tuple[type[VoxedgeError], int], ...] = (
    (NotAuthorized, 401),
    (RequestTooLarge, 413),
    (RequestTooSlow, 408),
    (NotServed, 404),
    (RequestInvalid, 400),
    (InputError, 400),
    (UsageError, 400),
    (ModelMissing, 404),
    (ModelUnknown, 404),
    (ExtraMissing, 501),
    (SystemPackageMissing, 501),
    (Cancelled, CLIENT_GONE),
    (ClosedError, 503),
)


def status_of(error: VoxedgeError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, Busy):
        return error.http_status
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 503 if error.retryable else 500


def named(exc: BaseException) -> VoxedgeError:
    """The error itself, or a named one in place of what nobody foresaw (which is logged without its text)."""
    if isinstance(exc, VoxedgeError):
        return exc
    return as_fault("daemon", exc if isinstance(exc, Exception) else RuntimeError(type(exc).__name__))


def error_body(error: VoxedgeError) -> dict[str, Json]:
    """An error in OpenAI's shape, its remedy beside it."""
    status = status_of(error)
    kind = {401: "authentication_error", 429: "rate_limit_error", 404: "not_found_error"}.get(status)
    if kind is None:
        kind = "invalid_request_error" if status < 500 else "server_error"
    return {
        "error": {
            "message": f"{error.message} {error.remedy}",
            "type": kind,
            "param": getattr(error, "param", "") or None,
            "code": error.code,
            "remedy": error.remedy,
        }
    }


def error_answer(error: VoxedgeError, *, plain: bool = False) -> Response:
    """The answer to a request that failed.

    Args:
        error: Why.
        plain: LibreTranslate's shape, where ``error`` is the text.
    """
    headers: dict[str, str] = {}
    if isinstance(error, Busy):
        headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, NotAuthorized):
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, (RequestTooLarge, RequestTooSlow)):
        headers["connection"] = "close"  # the rest of the body stays unread
    body = error_body(error)
    if plain:
        body = {"error": f"{error.message} {error.remedy}", "code": error.code}
    return json_answer(body, status=status_of(error), headers=headers)


def json_answer(value: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return Response(content, status, {**HEADERS, **(headers or {})}, "application/json")


def text_answer(text: str, media_type: str = "text/plain; charset=utf-8") -> Response:
    """A text answer."""
    return Response(text.encode(), 200, dict(HEADERS), media_type)


class StreamAnswer(Response):
    """An answer in pieces, as they come; ends quietly when its client has gone.

    Args:
        pieces: The pieces. Closed at the end in any case.
        media_type: Of the whole.
    """

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(None, 200, dict(HEADERS), media_type)
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        del scope, receive
        try:
            # The first piece is waited for, so that what fails at once fails with a status.
            first = await anext_or_none(self._pieces)
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if first is not None:
                await send({"type": "http.response.body", "body": first, "more_body": True})
                async for piece in self._pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            close = getattr(self._pieces, "aclose", None)
            if close is not None:
                await close()


async def anext_or_none(pieces: AsyncIterator[bytes]) -> bytes | None:
    """The next piece, or None at the end."""
    try:
        return await pieces.__anext__()
    except StopAsyncIteration:
        return None


def sse(value: Json, event: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False, allow_nan=False)}\n\n".encode()
