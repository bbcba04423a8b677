"""Schemas of the answers (JSON Schema 2020-12), named as in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxedge.daemon.web.fields import Json

_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_NUMBER: Json = {"type": "number"}
_FLAG: Json = {"type": "boolean"}


def _object(optional: Mapping[str, Json] | None = None, /, **properties: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
    }


def _list(of: Json) -> dict[str, Json]:
    return {"type": "array", "items": of}


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{name}"}


_DURATION = _object(type={"const": "duration"}, seconds=_WHOLE)
_SEGMENT = _object(
    id=_WHOLE,
    seek=_WHOLE,
    start=_NUMBER,
    end=_NUMBER,
    text=_TEXT,
    tokens=_list(_WHOLE),
    temperature=_NUMBER,
    avg_logprob=_NUMBER,
    compression_ratio=_NUMBER,
    no_speech_prob=_NUMBER,
)
_LANGUAGE = _object(language=_TEXT, confidence=_NUMBER)
_WORD = _object(word=_TEXT, start=_NUMBER, end=_NUMBER)

SCHEMAS: dict[str, Json] = {
    "Error": _object(
        error=_object(
            message=_TEXT,
            type=_TEXT,
            param={"type": ["string", "null"]},
            code=_TEXT,
            remedy=_TEXT,
        )
    ),
    "PlainError": _object({"code": _TEXT}, error=_TEXT),
    "Live": _object(status={"enum": ["alive", "stuck"]}, stuck=_list(_TEXT)),
    "Ready": _object(
        status={"enum": ["ready", "loading", "stopping"]},
        version=_TEXT,
        troubles={"type": "object", "additionalProperties": _object(code=_TEXT, remedy=_TEXT)},
        streams=_WHOLE,
        requests=_WHOLE,
    ),
    "Model": _object(
        id=_TEXT,
        object={"const": "model"},
        created=_WHOLE,
        owned_by=_TEXT,
        kind={"enum": ["recognition", "speech", "language", "translation"]},
        aliases=_list(_TEXT),
        loaded=_FLAG,
    ),
    "ModelList": _object(object={"const": "list"}, data=_list(_ref("Model"))),
    "Transcription": _object(text=_TEXT, usage=_DURATION),
    "VerboseTranscription": _object(
        {"segments": _list(_SEGMENT), "words": _list(_WORD)},
        task={"enum": ["transcribe", "translate"]},
        language=_TEXT,
        duration=_NUMBER,
        text=_TEXT,
        usage=_DURATION,
    ),
    "ChatCompletion": _object(
        id=_TEXT,
        object={"const": "chat.completion"},
        created=_WHOLE,
        model=_TEXT,
        choices=_list(
            _object(
                index=_WHOLE,
                message=_object(
                    role={"const": "assistant"}, content=_TEXT, refusal={"type": ["string", "null"]}
                ),
                logprobs={"type": "null"},
                finish_reason={"enum": ["stop", "length"]},
            )
        ),
        usage=_object(prompt_tokens=_WHOLE, completion_tokens=_WHOLE, total_tokens=_WHOLE),
    ),
    "TranslateAnswer": _object(
        {
            "detectedLanguage": {"anyOf": [_LANGUAGE, _list(_LANGUAGE)]},
            "alternatives": {"anyOf": [_list(_TEXT), _list(_list(_TEXT))]},
        },
        translatedText={"anyOf": [_TEXT, _list(_TEXT)]},
    ),
    "Detected": _list(_LANGUAGE),
    "Languages": _list(_object(code=_TEXT, name=_TEXT, targets=_list(_TEXT))),
    "TranslatedFile": _object(translatedFileUrl=_TEXT),
    "TranscriptionAnswer": {"anyOf": [_ref("VerboseTranscription"), _ref("Transcription")]},
}
