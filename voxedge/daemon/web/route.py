"""What a route is. Handlers' modules list theirs; `routes.ROUTES` has them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from voxedge.daemon.web.fields import Field, Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from voxedge.daemon.web.call import Call

Handler: TypeAlias = "Callable[[Call], Awaitable[Response]]"
Body: TypeAlias = Literal["none", "json", "form", "either"]
"""How fields come: not at all, as a JSON object, as a form (with files: multipart), or either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address of the API.

    Attributes:
        method: GET or POST.
        path: With parameters in braces.
        handler: Answers.
        summary: A line for the document.
        tag: The group in the document.
        fields: Of the body.
        body: How they come.
        answers: Media types of a good answer, each with its schema (or the name of one in `schemas`).
        work: Whether it counts among the requests under way (all but looking at things).
        open: Whether it needs no token.
        plain_errors: Errors in LibreTranslate's shape; and its ``api_key`` field may bear the token.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    summary: str
    tag: str
    fields: tuple[Field, ...] = ()
    body: Body = "none"
    answers: Mapping[str, str | dict[str, Json]] = field(default_factory=dict)
    work: bool = False
    open: bool = False
    plain_errors: bool = False
