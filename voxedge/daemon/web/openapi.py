"""The OpenAPI 3.1 document, from the table of routes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from voxedge._version import __version__
from voxedge.daemon.web.schemas import SCHEMAS

if TYPE_CHECKING:
    from voxedge.daemon.web.fields import Json
    from voxedge.daemon.web.route import Route

_MEDIA: Mapping[str, tuple[str, ...]] = {
    "json": ("application/json",),
    "form": ("multipart/form-data",),
    "either": ("application/json", "application/x-www-form-urlencoded"),
}
_FAULTS: Mapping[str, str] = {
    "400": "A field is missing or wrong, or the input can't be used.",
    "401": "No token, or one that nobody has.",
    "404": "No such model, file or address.",
    "408": "The body came too slowly.",
    "413": "The body or the sound is larger than allowed.",
    "429": "This client asks for more than its share; Retry-After says when to come back.",
    "501": "A package that this needs isn't installed.",
    "503": "Too much work, or not ready; Retry-After says when to come back.",
}


def document(routes: Sequence[Route]) -> dict[str, Json]:
    """The document of a table of routes."""
    paths: dict[str, dict[str, Json]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "voxedge",
            "version": __version__,
            "description": "Voice and language on the device. Compatible with OpenAI's audio and chat "
            "endpoints and with LibreTranslate.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Json]:
    found: dict[str, Json] = {
        "operationId": re.sub(r"[^a-z0-9]+", "_", f"{route.method} {route.path}".lower()).strip("_"),
        "summary": route.summary,
        "tags": [route.tag],
        "responses": _responses(route),
        # The token is only asked for where the service listens to others, or was told to.
        "security": [{}] if route.open else [{"token": []}, {}],
    }
    names = re.findall(r"{(\w+)(?::\w+)?}", route.path)
    if names:
        found["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in names
        ]
    if route.body != "none":
        needed = any(field.required for field in route.fields)
        found["requestBody"] = {
            "required": needed,
            "content": {media: {"schema": _body(route)} for media in _MEDIA[route.body]},
        }
    return found


def _body(route: Route) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {field.name: field.schema() for field in route.fields},
        "required": [field.name for field in route.fields if field.required],
    }


def _responses(route: Route) -> dict[str, Json]:
    content: dict[str, Json] = {}
    for media, schema in route.answers.items():
        content[media] = {
            "schema": {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
        }
    found: dict[str, Json] = {"200": {"description": "Done.", "content": content}}
    error = "PlainError" if route.plain_errors else "Error"
    fault: dict[str, Json] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{error}"}}}
    if route.path == "/health/ready" or route.path == "/health/live":
        found["503"] = {"description": "Not so.", "content": content}
    wanted = [status for status in _FAULTS if _may(route, status)]
    for status in wanted:
        found.setdefault(status, {"description": _FAULTS[status], "content": fault})
    return found


def _may(route: Route, status: str) -> bool:
    if status == "400":
        return True  # a page of another site, a host that isn't this one
    if status in {"401", "429"}:
        return not route.open
    if status == "404":
        return route.work or "{" in route.path
    if status in {"408", "413"}:
        return route.method == "POST"
    return route.work
