"""Health, metrics, models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxedge._version import __version__
from voxedge.daemon.faults import NotServed
from voxedge.daemon.metrics import MEDIA_TYPE
from voxedge.daemon.web.answers import json_answer, text_answer
from voxedge.daemon.web.names import OfferedModel, offered_models
from voxedge.daemon.web.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response

    from voxedge.daemon.web.call import Call
    from voxedge.daemon.web.fields import Json


async def live(call: Call) -> Response:
    """Whether the process is alive: every stage that has work makes progress."""
    stuck = call.service.progress.stuck()
    body: dict[str, Json] = {"status": "stuck" if stuck else "alive", "stuck": list(stuck)}
    return json_answer(body, status=503 if stuck else 200)


async def ready(call: Call) -> Response:
    """Whether work is taken in, and what doesn't work."""
    service = call.service
    body: dict[str, Json] = {
        "status": "ready" if service.ready else ("stopping" if service.stopping else "loading"),
        "version": __version__,
        "troubles": {room: {"code": e.code, "remedy": e.remedy} for room, e in service.troubles.items()},
        "streams": service.streams,
        "requests": service.requests,
    }
    headers = {} if service.ready else {"retry-after": "2"}
    return json_answer(body, status=200 if service.ready else 503, headers=headers)


async def metrics(call: Call) -> Response:
    """Prometheus' metrics."""
    return text_answer(call.service.metrics.text(call.service), MEDIA_TYPE)


async def models(call: Call) -> Response:
    """What may be named as ``model``."""
    found: Json = [_model(one) for one in offered_models(call.service)]
    return json_answer({"object": "list", "data": found})


async def model(call: Call) -> Response:
    """One of them."""
    for one in offered_models(call.service):
        if call.path["model"] in (one.name, *one.aliases):
            return json_answer(_model(one))
    raise NotServed("There is no such model here.", remedy="GET /v1/models lists them.", param="model")


def _model(one: OfferedModel) -> dict[str, Json]:
    return {
        "id": one.name,
        "object": "model",
        "created": 0,
        "owned_by": "voxedge",
        "kind": one.kind,
        "aliases": list(one.aliases),
        "loaded": one.loaded,
    }


ROUTES = (
    Route(
        method="GET",
        path="/health/live",
        handler=live,
        summary="Whether the process makes progress",
        tag="health",
        answers={"application/json": "Live"},
        open=True,
    ),
    Route(
        method="GET",
        path="/health/ready",
        handler=ready,
        summary="Whether work is taken in",
        tag="health",
        answers={"application/json": "Ready"},
        open=True,
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Prometheus metrics",
        tag="health",
        answers={"text/plain": {"type": "string"}},
    ),
    Route(
        method="GET",
        path="/v1/models",
        handler=models,
        summary="The models that may be named",
        tag="models",
        answers={"application/json": "ModelList"},
    ),
    Route(
        method="GET",
        path="/v1/models/{model}",
        handler=model,
        summary="One model",
        tag="models",
        answers={"application/json": "Model"},
    ),
)
