"""Reading the bodies of requests: bounded in size and in time, in memory only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from voxedge.daemon.faults import RequestInvalid, RequestTooLarge, RequestTooSlow
from voxedge.daemon.web.call import Upload
from voxedge.daemon.web.fields import Values, check_form, check_json
from voxedge.errors import Cancelled

if TYPE_CHECKING:
    from starlette.types import Receive

    from voxedge.daemon.web.route import Route

LEAST_BYTES_A_SECOND = 16_000
"""A body that comes more slowly, after a grace of the time limit of one piece, is given up."""
MAX_FIELDS = 200
MAX_FIELD_BYTES = 256 * 1024
MAX_JSON_BYTES = 2 * 1024 * 1024
"""Of a body without files."""


class _InMemory(MultiPartParser):
    """What people say isn't written to disk on its way: uploads stay in memory, whatever their size."""

    spool_max_size = 1 << 40
    max_file_size = 1 << 40  # the same in older releases of Starlette


async def read_body(receive: Receive, headers: Headers, *, most_bytes: int, timeout_s: float) -> bytes:
    """Reads a whole body.

    Raises:
        RequestTooLarge: It is longer than ``most_bytes``, by its header or in truth.
        RequestTooSlow: A piece didn't come within ``timeout_s``, or the whole comes too slowly.
        Cancelled: The client has gone.
    """
    said = headers.get("content-length", "")
    if said.isdigit() and int(said) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    began = monotonic()
    while True:
        left_s = began + timeout_s + len(body) / LEAST_BYTES_A_SECOND - monotonic()
        try:
            message = await asyncio.wait_for(receive(), min(timeout_s, max(0.01, left_s)))
        except (asyncio.TimeoutError, TimeoutError) as exc:
            raise RequestTooSlow(
                "The body comes too slowly.", remedy=f"Send each piece within {timeout_s:g} s.", param="body"
            ) from exc
        if message["type"] == "http.disconnect":
            raise Cancelled()
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        if not message.get("more_body", False):
            return bytes(body)


async def read_fields(route: Route, body: bytes, headers: Headers) -> tuple[Values, dict[str, Upload]]:
    """Reads the fields and files that a route wants from a body.

    Raises:
        RequestInvalid: They can't be read, or are wrong.
    """
    if route.body == "none":
        return check_form(route.fields, ()), {}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data" and route.body in {"form", "either"}:
        return await _multipart(route, body, headers)
    if kind == "application/x-www-form-urlencoded" and route.body in {"form", "either"}:
        _check_small(body)
        try:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS * 10)
        except ValueError as exc:
            raise RequestInvalid(
                "The form can't be read.", remedy="Encode it as UTF-8.", param="body"
            ) from exc
        return check_form(route.fields, pairs), _no_files(route)
    if route.body in {"json", "either"} and kind in {"application/json", ""}:
        _check_small(body)
        return check_json(route.fields, body), _no_files(route)
    wanted = {
        "json": "application/json",
        "form": "multipart/form-data",
        "either": "application/json or application/x-www-form-urlencoded",
    }[route.body]
    raise RequestInvalid(
        "The body is of a type that isn't taken here.",
        remedy=f"Send Content-Type: {wanted}.",
        param="content-type",
    )


async def _multipart(route: Route, body: bytes, headers: Headers) -> tuple[Values, dict[str, Upload]]:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = _InMemory(
        headers,
        stream(),  # type: ignore[arg-type]
        max_files=4,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError, LookupError) as exc:
        raise RequestInvalid(
            "The form can't be read.",
            remedy="Send multipart/form-data as `curl -F` does: at most 4 files, 200 fields of 256 kB.",
            param="body",
        ) from exc
    files: dict[str, Upload] = {}
    pairs: list[tuple[str, str]] = []
    wanted = {field.name for field in route.fields if field.kind == "file"}
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name in wanted:
                    files[name] = Upload(value.filename or "", await value.read())
            else:
                pairs.append((name, value))
    finally:
        with contextlib.suppress(Exception):
            await form.close()
    for field in route.fields:
        if field.kind == "file" and field.required and field.name not in files:
            raise _no_file(field.name)
    return check_form(route.fields, pairs), files


def _no_files(route: Route) -> dict[str, Upload]:
    for field in route.fields:
        if field.kind == "file" and field.required:
            raise _no_file(field.name)
    return {}


def _no_file(name: str) -> RequestInvalid:
    return RequestInvalid(
        f"The file {name!r} is missing.",
        remedy=f"Send it as multipart/form-data: curl -F {name}=@FILE",
        param=name,
    )


def _check_small(body: bytes) -> None:
    if len(body) > MAX_JSON_BYTES:
        raise _too_large(MAX_JSON_BYTES)


def _too_large(most_bytes: int) -> RequestTooLarge:
    return RequestTooLarge(
        "The body is larger than allowed.",
        remedy=f"Send at most {most_bytes / 1_000_000:g} MB, or raise max_body_mb under [daemon].",
        param="body",
    )
