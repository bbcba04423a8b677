"""One HTTP request at a time, as a careful client makes it; no state, no retries."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO

from voxedge._version import __version__
from voxedge.errors import StoreError

_TIMEOUT_S = 20.0
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
"""What a connection can break with; an `HTTPError` (an answer with an error status) is one, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said, before the contents.

    Attributes:
        body: The contents; closing it closes the connection.
        status: 200 or 206.
        first_byte: Where the contents begin.
        total_bytes: Length of the whole file; 0 when the server doesn't say.
        left_bytes: Length of what follows; -1 when the server doesn't say.
        tag: A strong validator for going on later, or "".
        content_type: In lower case, without parameters.
        linked_sha256: The hub's own word on the file's hash, or "".
        commit: The hub's commit, or "".
    """

    body: IO[bytes]
    status: int
    first_byte: int
    total_bytes: int
    left_bytes: int
    tag: str
    content_type: str
    linked_sha256: str
    commit: str


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, never from HTTPS to HTTP, and keeps what each hop said of the file."""

    def __init__(self) -> None:
        self.hops: list[Message] = []

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError("the server leads from HTTPS to a connection without encryption")
        self.hops.append(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def ask(url: str, *, from_byte: int, tag: str, environment: Mapping[str, str]) -> Answer:
    """Asks for a file, or for its rest.

    Proxies come from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``; private certificate authorities from
    ``SSL_CERT_FILE``, ``SSL_CERT_DIR`` or ``REQUESTS_CA_BUNDLE``.

    Args:
        url: Address, http or https.
        from_byte: Asks for the rest from here; 0 asks for all.
        tag: Validator of the part that is already here: when the file has changed, all of it is sent.
        environment: Environment variables.

    Raises:
        urllib.error.HTTPError: The server answered with an error status (416 among them).
        urllib.error.URLError: It can't be reached, or it misbehaves.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise StoreError(f"{url!r} is no HTTP address.", remedy="Correct the catalogue's entry.")
    headers = {"User-Agent": f"voxedge/{__version__}", "Accept-Encoding": "identity"}
    if from_byte:
        headers["Range"] = f"bytes={from_byte}-"
        if tag:
            headers["If-Range"] = tag
    redirects = _Redirects()
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_context(environment)),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        redirects,
    ):
        opener.add_handler(handler)
    response = opener.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)
    if response is None:
        raise urllib.error.URLError("no handler for this address")
    return _answer(response, [*redirects.hops, response.headers])


def _answer(response: http.client.HTTPResponse, hops: list[Message]) -> Answer:
    headers = response.headers
    length = headers.get("Content-Length", "")
    left_bytes = int(length) if length.isascii() and length.isdigit() else -1
    first_byte, total_bytes = 0, max(left_bytes, 0)
    if response.status == 206:
        match = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if match is None:
            raise urllib.error.URLError("the server sent a part without saying which")
        first_byte = int(match[1])
        total_bytes = 0 if match[3] == "*" else int(match[3])
    elif response.status != 200:
        raise urllib.error.URLError(f"the server answered {response.status}")
    tag = headers.get("ETag", "")
    linked = _first(hops, "X-Linked-ETag").strip('"').lower()
    return Answer(
        body=response,
        status=response.status,
        first_byte=first_byte,
        total_bytes=total_bytes,
        left_bytes=left_bytes,
        tag="" if tag.startswith("W/") else tag,
        content_type=headers.get_content_type(),
        linked_sha256=linked if re.fullmatch(r"[0-9a-f]{64}", linked) else "",
        commit=_first(hops, "X-Repo-Commit"),
    )


def _first(hops: list[Message], name: str) -> str:
    return next((str(hop[name]) for hop in hops if hop[name]), "")


def _context(environment: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()  # takes SSL_CERT_FILE and SSL_CERT_DIR itself
    bundle = environment.get("REQUESTS_CA_BUNDLE", "")
    if bundle and Path(bundle).is_file():
        context.load_verify_locations(bundle)
    return context
