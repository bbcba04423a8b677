"""``/v1/audio/speech``: OpenAI's, over our voices."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, cast

from voxedge.audio.resample import Resampler
from voxedge.daemon.faults import NotServed, RequestInvalid
from voxedge.daemon.web.answers import StreamAnswer, error_body, named, sse
from voxedge.daemon.web.encode import MEDIA_TYPES, RATE_HZ, Encoder, Form
from voxedge.daemon.web.fields import Field
from voxedge.daemon.web.names import model_named
from voxedge.daemon.web.route import Route
from voxedge.errors import Cancelled

if TYPE_CHECKING:
    from starlette.responses import Response

    from voxedge.daemon.web.call import Call
    from voxedge.daemon.web.fields import Json
    from voxedge.speaking.contract import Synthesizer

MAX_CHARS = 4096
OPENAI_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "marin", "cedar", "nova", "onyx", "sage",
    "shimmer", "verse",
)  # fmt: skip
"""Names that OpenAI's clients send; they mean the configured voice."""

FIELDS = (
    Field(
        name="input",
        kind="string",
        required=True,
        least=1,
        most=MAX_CHARS,
        about="The text; numbers and units are spoken in full.",
    ),
    Field(name="model", kind="string", default="", most=200, about="A model of /v1/models, or tts-1."),
    Field(
        name="voice",
        kind="any",
        about="Name of a voice of this service, or {id}; OpenAI's names mean the configured voice.",
    ),
    Field(
        name="response_format",
        kind="string",
        default="mp3",
        choices=tuple(MEDIA_TYPES),
        about="pcm is 24 kHz, 16 bits, mono, without a header.",
    ),
    Field(name="speed", kind="number", default=1.0, least=0.5, most=2.0, about="1 is the voice's own pace."),
    Field(
        name="stream_format",
        kind="string",
        default="audio",
        choices=("audio", "sse"),
        about="audio, or events with base64.",
    ),
    Field(name="instructions", kind="any", about="Accepted, without effect."),
)


async def speak(call: Call) -> Response:
    """Speaks a text."""
    values = call.values
    model_named(call.service, values.text("model"), "speech")
    if not any(char.isalnum() for char in values.text("input")):
        raise RequestInvalid("There is nothing to say in it.", remedy="Send words.", param="input")
    voice = await call.run(lambda: _voice(call))
    form = cast(Form, values.text("response_format"))
    if values.text("stream_format") == "sse":
        return StreamAnswer(_events(call, voice, form), "text/event-stream")
    return StreamAnswer(call.pieces(lambda: _bytes(call, voice, form)), MEDIA_TYPES[form])


def _bytes(call: Call, voice: Synthesizer, form: Form) -> Iterator[bytes]:
    encoder = Encoder(form)
    resampler = Resampler(voice.capabilities.rate_hz, RATE_HZ)
    pieces = call.service.synthesize(
        call.values.text("input"), client=call.client, synthesizer=voice, cancel=call.cancel
    )
    for piece in pieces:
        data = encoder.feed(resampler.feed(piece))
        if data:
            yield data
    data = encoder.feed(resampler.flush()) + encoder.finish()
    if data:
        yield data


async def _events(call: Call, voice: Synthesizer, form: Form) -> AsyncIterator[bytes]:
    begun = False
    try:
        async for data in call.pieces(lambda: _bytes(call, voice, form)):
            begun = True
            yield sse({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
    except Cancelled:
        return
    except Exception as exc:
        if not begun:
            raise
        yield sse(error_body(named(exc)))
        return
    usage: Json = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield sse({"type": "speech.audio.done", "usage": usage})


def _voice(call: Call) -> Synthesizer:
    """The voice that is asked for, at its pace; made when it is first asked for."""
    asked = call.values.raw("voice")
    name = asked.get("id") if isinstance(asked, dict) else asked
    if name is not None and not isinstance(name, str):
        raise RequestInvalid("'voice' is of the wrong type.", remedy="Send a name.", param="voice")
    voices = call.service.synthesizer().capabilities.voices
    wanted = "" if not name or name in OPENAI_VOICES else name
    if wanted and wanted not in voices:
        raise NotServed(
            "There is no such voice here.", remedy=f"There are: {', '.join(voices)}.", param="voice"
        )
    return call.service.voice(wanted, round(call.values.number("speed"), 2))


ROUTES = (
    Route(
        method="POST",
        path="/v1/audio/speech",
        handler=speak,
        summary="Speak a text",
        tag="audio",
        fields=FIELDS,
        body="json",
        answers={
            **{media: {"type": "string"} for media in MEDIA_TYPES.values()},
            "text/event-stream": {"type": "string"},
        },
        work=True,
    ),
)
