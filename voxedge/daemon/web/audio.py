"""``/v1/audio/transcriptions`` and ``/v1/audio/translations``: OpenAI's, over our recognition."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.daemon.faults import RequestTooLarge
from voxedge.daemon.scheduler import Priority, Terms
from voxedge.daemon.web.answers import StreamAnswer, error_body, json_answer, named, sse, text_answer
from voxedge.daemon.web.fields import Field
from voxedge.daemon.web.names import model_named
from voxedge.daemon.web.route import Route
from voxedge.errors import Cancelled, LanguageUnsupported
from voxedge.subtitles import SrtWriter, VttWriter, Writer

if TYPE_CHECKING:
    from starlette.responses import Response

    from voxedge.audio.contract import MonoF32
    from voxedge.daemon.web.call import Call, Upload
    from voxedge.daemon.web.fields import Json
    from voxedge.recognition.contract import RecognitionOptions, Segment

SHORT_S = 30.0
"""Somebody waits for a sound of this length; a longer one is a file, and waits behind the others."""
MAX_PROMPT_CHARS = 2000

_FILE = Field(
    name="file",
    kind="file",
    required=True,
    about="The recording: wav, flac, mp3, ogg, opus, m4a, webm and others.",
)
_MODEL = Field(
    name="model", kind="string", default="", about="A model of /v1/models, or whisper-1.", most=200
)
_PROMPT = Field(
    name="prompt",
    kind="string",
    default="",
    about="Words or sentences that are likely, in the language of the recording.",
    most=MAX_PROMPT_CHARS,
)
_FORMAT = Field(
    name="response_format",
    kind="string",
    default="json",
    choices=("json", "text", "srt", "verbose_json", "vtt"),
    about="Form of the answer.",
)
_TEMPERATURE = Field(
    name="temperature",
    kind="number",
    default=0,
    least=0,
    most=1,
    about="Accepted; recognition uses 0.",
)
TRANSCRIPTION_FIELDS = (
    _FILE,
    _MODEL,
    Field(
        name="language",
        kind="string",
        default="",
        about="ISO 639-1; found out where it isn't given.",
        most=20,
    ),
    _PROMPT,
    _FORMAT,
    _TEMPERATURE,
    Field(
        name="timestamp_granularities[]",
        kind="strings",
        choices=("word", "segment"),
        about="What gets times in verbose_json.",
    ),
    Field(name="stream", kind="boolean", default=False, about="Send the text as it is known, as events."),
    Field(name="include[]", kind="any", about="Accepted, without effect."),
    Field(name="chunking_strategy", kind="any", about="Accepted; recordings are always cut at pauses."),
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    task: Literal["transcribe", "translate"]
    model: str
    options: RecognitionOptions
    form: str
    words: bool
    segments: bool


async def transcribe(call: Call) -> Response:
    """Writes a recording down."""
    return await _answer(call, "transcribe")


async def translate(call: Call) -> Response:
    """Writes down in English what is said in a recording."""
    return await _answer(call, "translate")


async def _answer(call: Call, task: Literal["transcribe", "translate"]) -> Response:
    model = model_named(call.service, call.values.text("model"), "recognition")
    wanted = await call.run(lambda: _wanted(call, task, model))
    sound = _Sound(call, call.files["file"])
    if call.values.flag("stream"):
        return StreamAnswer(_events(call, sound, wanted), "text/event-stream")
    segments = await call.run(lambda: list(sound.segments(wanted)))
    text = " ".join(segment.text.strip() for segment in segments)
    if wanted.form == "text":
        return text_answer(text + "\n")
    if wanted.form in {"srt", "vtt"}:
        media = "text/vtt" if wanted.form == "vtt" else "application/x-subrip"
        return text_answer(_subtitles(wanted.form, segments), f"{media}; charset=utf-8")
    usage: Json = {"type": "duration", "seconds": math.ceil(sound.seconds)}
    if wanted.form == "json":
        return json_answer({"text": text, "usage": usage})
    language = segments[0].language if segments else wanted.options.language
    body: dict[str, Json] = {
        "task": task,
        "language": "en" if task == "translate" else language,
        "duration": round(sound.seconds, 3),
        "text": text,
        "usage": usage,
    }
    if wanted.segments:
        body["segments"] = [_segment(number, one) for number, one in enumerate(segments)]
    if wanted.words:
        body["words"] = [
            {"word": w.word, "start": round(w.start, 3), "end": round(w.end, 3)}
            for segment in segments
            for w in segment.words
        ]
    return json_answer(body)


async def _events(call: Call, sound: _Sound, wanted: _Wanted) -> AsyncIterator[bytes]:
    texts: list[str] = []
    try:
        async for segment in call.pieces(lambda: sound.segments(wanted)):
            delta = (" " if texts else "") + segment.text.strip()
            texts.append(delta)
            yield sse({"type": "transcript.text.delta", "delta": delta})
    except Cancelled:
        return
    except Exception as exc:
        if not texts:
            raise
        yield sse(error_body(named(exc)))
        return
    usage: Json = {"type": "duration", "seconds": math.ceil(sound.seconds)}
    yield sse({"type": "transcript.text.done", "text": "".join(texts), "usage": usage})


class _Sound:
    """An upload on its way through the decoder, counted as it passes."""

    def __init__(self, call: Call, upload: Upload) -> None:
        self._call, self._upload, self._samples = call, upload, 0

    @property
    def seconds(self) -> float:
        """How much has passed."""
        return self._samples / SAMPLE_RATE_HZ

    def segments(self, wanted: _Wanted) -> Iterator[Segment]:
        """Recognizes it, in a thread that may block."""
        from voxedge.audio.decode import Decoder

        call = self._call
        with closing(Decoder(io.BytesIO(self._upload.data))) as decoder:
            short = 0 < decoder.duration_s <= SHORT_S
            terms = Terms(
                client=call.client,
                priority=Priority.INTERACTIVE if short else Priority.BATCH,
                deadline_s=call.service.settings.daemon.deadline_s,
            )
            blocks = self._counted(decoder.blocks())
            yield from call.service.segments(
                blocks, wanted.options, model=wanted.model, terms=terms, cancel=call.cancel
            )

    def _counted(self, blocks: Iterator[MonoF32]) -> Iterator[MonoF32]:
        most_s = self._call.service.settings.daemon.max_audio_s
        for block in blocks:
            self._call.cancel.raise_if_cancelled()
            self._samples += block.size
            if self.seconds > most_s:
                raise RequestTooLarge(
                    f"The recording is longer than {most_s:g} s.",
                    remedy="Cut it, or raise max_audio_s under [daemon].",
                    param="file",
                )
            yield block


def _wanted(call: Call, task: Literal["transcribe", "translate"], model: str) -> _Wanted:
    """What is wanted, checked against what the model can do. Loads the model if need be."""
    from voxedge.recognition.contract import RecognitionOptions

    values, service = call.values, call.service
    can = service.recognizer(model).capabilities
    if task == "translate" and not can.translates:
        for other in service.config.daemon.models:
            if service.recognizer(other).capabilities.translates:
                model, can = other, service.recognizer(other).capabilities
                break
        else:
            raise LanguageUnsupported(
                f"The model {model} can't translate.",
                remedy='Add a multilingual one: models = ["base"] under [daemon].',
            )
    asked = values.text("language").lower()
    language = asked or ("auto" if can.detects_language else can.languages[0])
    if language != "auto" and language not in can.languages:
        raise LanguageUnsupported(
            f"The model {model} doesn't know this language.",
            remedy=f"It knows: {', '.join(can.languages[:12])}{', …' if len(can.languages) > 12 else ''}.",
        )
    grains = values.texts("timestamp_granularities[]")
    form = values.text("response_format")
    own = service.config.recognition
    prompt = values.text("prompt").strip()
    options = RecognitionOptions(
        language=language,
        task=task,
        beam=max(1, own.beam),
        words="word" in grains and form == "verbose_json",
        bias=(prompt,) if prompt else (),
        numbers=cast("Literal['spoken', 'digits', 'words']", own.numbers),
    )
    return _Wanted(task, model, options, form, "word" in grains, "segment" in grains or not grains)


def _segment(number: int, one: Segment) -> dict[str, Json]:
    text = one.text.strip()
    raw = text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": round(one.start, 3),
        "end": round(one.end, 3),
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(1e-6, one.confidence)), 4),
        # As OpenAI's own: how well zlib compresses the text; repetitions show.
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 4) if raw else 0.0,
        "no_speech_prob": 0.0,
    }


def _subtitles(form: str, segments: list[Segment]) -> str:
    from voxedge.subtitles import Result

    out = io.StringIO()
    writer: Writer = VttWriter(lambda: out) if form == "vtt" else SrtWriter(lambda: out)
    for segment in segments:
        writer.segment(segment)
    writer.finish(Result(file=""))
    return out.getvalue()


_ANSWERS: dict[str, str | dict[str, Json]] = {
    "application/json": "TranscriptionAnswer",
    "text/plain": {"type": "string"},
    "application/x-subrip": {"type": "string"},
    "text/vtt": {"type": "string"},
}

ROUTES = (
    Route(
        method="POST",
        path="/v1/audio/transcriptions",
        handler=transcribe,
        summary="Write down what is said in a recording",
        tag="audio",
        fields=TRANSCRIPTION_FIELDS,
        body="form",
        answers={**_ANSWERS, "text/event-stream": {"type": "string"}},
        work=True,
    ),
    Route(
        method="POST",
        path="/v1/audio/translations",
        handler=translate,
        summary="Write down in English what is said in a recording",
        tag="audio",
        fields=(_FILE, _MODEL, _PROMPT, _FORMAT, _TEMPERATURE),
        body="form",
        answers=_ANSWERS,
        work=True,
    ),
)
