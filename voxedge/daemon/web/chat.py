"""``/v1/chat/completions``: OpenAI's, over the local language model."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Literal, cast

from voxedge.conversation.contract import Message, ReplyOptions
from voxedge.daemon.faults import RequestInvalid
from voxedge.daemon.web.answers import StreamAnswer, error_body, json_answer, named, sse
from voxedge.daemon.web.fields import Field
from voxedge.daemon.web.names import model_named
from voxedge.daemon.web.route import Route
from voxedge.errors import Cancelled

if TYPE_CHECKING:
    from starlette.responses import Response

    from voxedge.daemon.results import ChatReply
    from voxedge.daemon.web.call import Call
    from voxedge.daemon.web.fields import Json

MAX_MESSAGE_CHARS = 32_000
_LOOK_S = 0.1
_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

FIELDS = (
    Field(
        name="messages",
        kind="objects",
        required=True,
        about="The conversation: {role, content}, the user's last; content is a text, or parts of type text.",
    ),
    Field(name="model", kind="string", default="", most=200, about="A model of /v1/models; may be left out."),
    Field(name="stream", kind="boolean", default=False, about="Send the reply as it is written, as events."),
    Field(
        name="stream_options",
        kind="object",
        about="{include_usage: true}: the last event tells the tokens.",
    ),
    Field(name="max_tokens", kind="integer", least=1, most=1_000_000, about="The reply is cut off there."),
    Field(name="max_completion_tokens", kind="integer", least=1, most=1_000_000, about="The same."),
    Field(name="temperature", kind="number", least=0, most=2, about="0 gives the likeliest words."),
    Field(name="stop", kind="strings", most=200, about="The reply ends before the first of these."),
    Field(name="n", kind="integer", default=1, least=1, most=1, about="Only one reply is written."),
)


@dataclass(frozen=True, slots=True)
class _Head:
    """What all parts of one answer have in common."""

    number: str
    created: int
    model: str

    def fields(self, kind: str) -> dict[str, Json]:
        return {"id": self.number, "object": kind, "created": self.created, "model": self.model}


async def complete(call: Call) -> Response:
    """Lets the language model reply."""
    values = call.values
    model = model_named(call.service, values.text("model"), "language")
    messages = [_message(number, one) for number, one in enumerate(values.objects("messages"))]
    if messages[-1].role != "user":
        raise RequestInvalid(
            "The last message isn't the user's.", remedy="End with one of the user.", param="messages"
        )
    options = _options(call)
    head = _Head(f"chatcmpl-{uuid.uuid4().hex}", int(time()), model)
    if values.flag("stream"):
        return StreamAnswer(_events(call, messages, options, head), "text/event-stream")
    reply = await call.run(
        lambda: call.service.chat(
            messages, options, lambda _piece: None, client=call.client, cancel=call.cancel
        )
    )
    message: Json = {"role": "assistant", "content": reply.text, "refusal": None}
    choice: Json = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(reply)}
    return json_answer({**head.fields("chat.completion"), "choices": [choice], "usage": _usage(reply)})


async def _events(
    call: Call, messages: list[Message], options: ReplyOptions, head: _Head
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[str] = asyncio.Queue()
    done = loop.run_in_executor(
        call.service.callers,
        lambda: call.service.chat(
            messages,
            options,
            lambda piece: _put(loop, waiting, piece),
            client=call.client,
            cancel=call.cancel,
        ),
    )
    common = head.fields("chat.completion.chunk")
    begun = False
    try:
        while not (done.done() and waiting.empty()):
            try:
                piece = await asyncio.wait_for(waiting.get(), _LOOK_S)
            except (asyncio.TimeoutError, TimeoutError):
                continue  # done, or still thinking
            delta: dict[str, Json] = {"content": piece}
            if not begun:
                delta = {"role": "assistant", **delta}
            begun = True
            yield sse({**common, "choices": [_choice(delta, None)]})
        reply = done.result()
    except Cancelled:
        return
    except Exception as exc:
        if not begun:
            raise
        yield sse(error_body(named(exc)))
        return
    finally:
        call.cancel.cancel()
    yield sse({**common, "choices": [_choice({}, _reason(reply))]})
    wanted = call.values.raw("stream_options")
    if isinstance(wanted, dict) and wanted.get("include_usage") is True:
        yield sse({**common, "choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def _put(loop: asyncio.AbstractEventLoop, waiting: asyncio.Queue[str], piece: str) -> None:
    loop.call_soon_threadsafe(waiting.put_nowait, piece)


def _choice(delta: dict[str, Json], reason: str | None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _reason(reply: ChatReply) -> str:
    return "length" if reply.cut else "stop"


def _usage(reply: ChatReply) -> Json:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.reply_tokens,
        "total_tokens": reply.prompt_tokens + reply.reply_tokens,
    }


def _options(call: Call) -> ReplyOptions:
    values, own = call.values, call.service.config.conversation
    asked = values.whole("max_completion_tokens") or values.whole("max_tokens") or own.max_reply_tokens
    stop = values.texts("stop")
    if len(stop) > 8 or "" in stop:
        raise RequestInvalid("'stop' can't be used.", remedy="Send up to 8 texts, none empty.", param="stop")
    return ReplyOptions(
        # The engine reserves at most half of its window for the reply.
        max_tokens=min(asked, max(1, own.context_tokens // 2)),
        temperature=values.number("temperature") if values.given("temperature") else own.temperature,
        stop=stop,
    )


def _message(number: int, one: Mapping[str, Json]) -> Message:
    role = one.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RequestInvalid(
            f"Message {number + 1} has no role that is known.",
            remedy=f"Send one of: {', '.join(_ROLES)}.",
            param="messages",
        )
    content = one.get("content")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        content = "\n".join(cast("list[str]", parts)) if all(isinstance(p, str) for p in parts) else None
    if not isinstance(content, str) or not content.strip() or len(content) > MAX_MESSAGE_CHARS:
        raise RequestInvalid(
            f"Message {number + 1} has no text that can be used.",
            remedy=f"Send a text of 1 to {MAX_MESSAGE_CHARS} characters, or parts of type text.",
            param="messages",
        )
    return Message(_ROLES[role], content)


ROUTES = (
    Route(
        method="POST",
        path="/v1/chat/completions",
        handler=complete,
        summary="Reply to a conversation",
        tag="chat",
        fields=FIELDS,
        body="json",
        answers={"application/json": "ChatCompletion", "text/event-stream": {"type": "string"}},
        work=True,
    ),
)
