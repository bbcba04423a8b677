"""Routes of the kiosk's page. The content policy lets nothing in but what this service gives out itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from voxedge.errors import ConfigError

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from voxedge.daemon.web.app import Web

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_FILES = {
    "/kiosk": ("index.html", "text/html; charset=utf-8"),
    "/kiosk/style.css": ("style.css", "text/css; charset=utf-8"),
    "/kiosk/kiosk.js": ("kiosk.js", "text/javascript; charset=utf-8"),
    "/kiosk/capture.js": ("capture.js", "text/javascript; charset=utf-8"),
}
_NEEDED = ("intent", "languages")
_WORDS = (
    "name", "title", "order", "menu", "add", "undo", "reset", "empty", "pardon", "lost", "no_microphone",
    "undo_said", "states", "sentence", "extras", "ask", "with", "and", "groups",
)  # fmt: skip


def kiosk_routes(web: Web) -> list[BaseRoute]:
    """The page, where the configuration names a menu.

    Raises:
        ConfigError: The menu can't be read, or lacks something.
    """
    named = web.service.config.daemon.kiosk_menu
    if not named:
        return []
    menu = json.dumps(read_menu(Path(named)), ensure_ascii=False).encode()
    folder = files("voxedge.daemon.kiosk") / "page"
    content = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in _FILES.items()}
    content["/kiosk/menu.json"] = (menu, "application/json")
    return [Route(path, _Given(*what), methods=["GET"]) for path, what in content.items()]


class _Given:
    """An application that gives always the same."""

    def __init__(self, body: bytes, kind: str) -> None:
        self._body, self._kind = body, kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Response(self._body, media_type=self._kind, headers=HEADERS)(scope, receive, send)


def read_menu(path: Path) -> Mapping[str, object]:
    """Reads a menu and checks that the page will find what it needs.

    Raises:
        ConfigError: It can't be read, or lacks something.
    """
    try:
        menu = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"The kiosk's menu {path} can't be read: {type(exc).__name__}.",
            remedy="Correct kiosk_menu under [daemon]; demos/kiosk/menu.json is an example.",
        ) from exc
    languages = menu.get("languages") if isinstance(menu, dict) else None
    lacking = [key for key in _NEEDED if not isinstance(menu, dict) or not menu.get(key)]
    if isinstance(languages, dict):
        for code, words in languages.items():
            found = words if isinstance(words, dict) else {}
            lacking += [f"languages.{code}.{key}" for key in _WORDS if not found.get(key)]
    if lacking:
        raise ConfigError(
            f"The kiosk's menu {path} lacks {', '.join(lacking)}.",
            remedy="Compare it with demos/kiosk/menu.json.",
        )
    return dict(menu)
