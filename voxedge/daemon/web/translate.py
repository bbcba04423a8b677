"""``/translate``, ``/detect``, ``/languages``, ``/translate_file``: LibreTranslate's, over our models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from starlette.responses import Response

from voxedge.daemon.faults import NotServed, RequestInvalid
from voxedge.daemon.scheduler import Priority
from voxedge.daemon.web.answers import HEADERS, json_answer
from voxedge.daemon.web.fields import Field
from voxedge.daemon.web.route import Route
from voxedge.daemon.web.shelf import Shelf

if TYPE_CHECKING:
    from voxedge.daemon.web.call import Call
    from voxedge.daemon.web.fields import Json
    from voxedge.translation.contract import TextTranslation
    from voxedge.translation.router import TextTranslator

MAX_CHARS = 50_000
MOST_CHARS_AT_ONCE = 200_000
MAX_ALTERNATIVES = 15
_SAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish",
    "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

_Q = Field(name="q", kind="text_or_texts", required=True, most=MAX_CHARS, about="A text, or several.")
_SOURCE = Field(
    name="source", kind="string", required=True, least=2, most=20, about="ISO 639-1, or auto to find it out."
)
_TARGET = Field(name="target", kind="string", required=True, least=2, most=20, about="ISO 639-1.")
_KEY = Field(name="api_key", kind="string", default="", most=500, about="The token, instead of the header.")

TRANSLATE_FIELDS = (
    _Q,
    _SOURCE,
    _TARGET,
    Field(
        name="format",
        kind="string",
        default="text",
        choices=("text", "html"),
        about="html: tags stay, what is between them is translated.",
    ),
    Field(
        name="alternatives",
        kind="integer",
        default=0,
        least=0,
        most=MAX_ALTERNATIVES,
        about="How many other readings of a text of one sentence to give.",
    ),
    _KEY,
)


async def translate(call: Call) -> Response:
    """Translates texts."""
    values = call.values
    texts = list(values.texts("q"))
    if sum(map(len, texts)) > MOST_CHARS_AT_ONCE:
        raise RequestInvalid(
            "The texts are too long together.",
            remedy=f"Send at most {MOST_CHARS_AT_ONCE} characters at once.",
            param="q",
        )
    many = not isinstance(values.raw("q"), str)
    asked = values.text("source")
    as_html = values.text("format") == "html"
    more = 0 if as_html else values.whole("alternatives")
    if as_html:
        done = await call.run(lambda: [_html(call, text) for text in texts])
        body: dict[str, Json] = {"translatedText": [text for text, _ in done] if many else done[0][0]}
        languages = [language for _, language in done]
    else:
        found = await call.run(lambda: _texts(call, texts, more))
        body = {"translatedText": [t.translation for t in found] if many else found[0].translation}
        languages = [item.source for item in found]
        if values.given("alternatives") and more:
            others: list[Json] = [_others(item) for item in found]
            body["alternatives"] = others if many else others[0]
    if asked == "auto":
        detected = await call.run(
            lambda: [_detected(call, t, code) for t, code in zip(texts, languages, strict=True)]
        )
        body["detectedLanguage"] = detected if many else detected[0]
    return json_answer(body)


async def detect(call: Call) -> Response:
    """Tells the language of a text."""
    text = " ".join(call.values.texts("q"))[:MAX_CHARS]
    ranked = await call.run(lambda: _router(call).ranked(text))
    # As LibreTranslate does, only what has any likelihood; English at 0 where there is nothing to go by.
    likely = [(code, chance) for code, chance in ranked if chance >= 0.01][:5]
    found: list[Json] = [{"language": code, "confidence": round(100 * chance, 1)} for code, chance in likely]
    return json_answer(found or [{"language": "en", "confidence": 0.0}])


async def languages(call: Call) -> Response:
    """The languages that can be translated, and into which."""
    pairs = await call.run(lambda: call.service.translator(call.client).pairs)
    sources = sorted({source for source, _ in pairs})
    found: Json = [
        {
            "code": source,
            "name": _NAMES.get(source, source),
            "targets": sorted({target for a, target in pairs if a == source} | {source}),
        }
        for source in sources
    ]
    return json_answer(found)


async def translate_file(call: Call) -> Response:
    """Translates a document; the answer has the address of the result."""
    from voxedge.translation.contract import TranslationOptions
    from voxedge.translation.documents import SUFFIXES, parse
    from voxedge.translation.documents.job import translate_document

    upload, values = call.files["file"], call.values
    stem, _, end = upload.name.rpartition(".")
    suffix = f".{end.lower()}"
    if suffix not in SUFFIXES:
        raise RequestInvalid(
            "Files of this kind aren't translated.",
            remedy=f"Send one of: {', '.join(SUFFIXES)}.",
            param="file",
        )
    translator = call.service.translator(call.client, Priority.BATCH)
    source, target = values.text("source"), values.text("target")

    def work() -> tuple[bytes, str]:
        # Taken apart in this thread, translated step by step; nothing touches the disk.
        document = parse(upload.data, "the file", suffix)
        data = translate_document(
            translator,
            document,
            None,
            source=source,
            target=target,
            options=TranslationOptions(),
            cancel=call.cancel,
        )
        return data, document.suffix

    data, made = await call.run(work)
    name = _SAFE_NAME.sub("_", f"{stem[:80] or 'document'}_{target}{made}")
    number = cast(Shelf, call.extra["shelf"]).put(name, data, call.client.name)
    return json_answer({"translatedFileUrl": f"{call.base_url}/download_file/{number}"})


async def download(call: Call) -> Response:
    """Gives a translated document."""
    found = cast(Shelf, call.extra["shelf"]).get(call.path["number"], call.client.name)
    if found is None:
        raise NotServed("There is no such document here.", remedy="Translate it again.", param="number")
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{found.name}"'}
    return Response(found.data, 200, headers, "application/octet-stream")


def _texts(call: Call, texts: list[str], more: int) -> list[TextTranslation]:
    from voxedge.translation.contract import TranslationOptions

    own = call.values
    return call.service.translate_text(
        texts,
        source=own.text("source"),
        target=own.text("target"),
        options=TranslationOptions(alternatives=1 + more),
        client=call.client,
        cancel=call.cancel,
    )


def _html(call: Call, text: str) -> tuple[str, str]:
    """A piece of HTML, and the language it is in."""
    from voxedge.translation.contract import TranslationOptions
    from voxedge.translation.documents.contract import Document
    from voxedge.translation.documents.job import translate_document
    from voxedge.translation.documents.markup import html_parts, rebuilt_text

    parts = html_parts(text)
    wanted = tuple(piece for piece, translated in parts if translated)
    document = Document(wanted, lambda done: rebuilt_text(parts, done, "utf-8"), ".html", True)
    source = call.values.text("source")
    if source == "auto":
        source = _router(call).detect(" ".join(wanted)) or call.values.text("target")
    if source == call.values.text("target"):
        return text, source
    data = translate_document(
        call.service.translator(call.client),
        document,
        None,
        source=source,
        target=call.values.text("target"),
        options=TranslationOptions(),
        cancel=call.cancel,
    )
    return data.decode("utf-8", "replace"), source


def _others(item: TextTranslation) -> list[Json]:
    return [other.text for other in item.alternatives if other.text != item.translation]


def _detected(call: Call, text: str, language: str) -> Json:
    chances = dict(_router(call).ranked(text))
    return {"language": language, "confidence": round(100 * chances.get(language, 0.0), 1)}


def _router(call: Call) -> TextTranslator:
    return cast("TextTranslator", call.service.rooms.translator())


ROUTES = (
    Route(
        method="POST",
        path="/translate",
        handler=translate,
        summary="Translate texts",
        tag="translation",
        fields=TRANSLATE_FIELDS,
        body="either",
        answers={"application/json": "TranslateAnswer"},
        work=True,
        plain_errors=True,
    ),
    Route(
        method="POST",
        path="/detect",
        handler=detect,
        summary="Tell the language of a text",
        tag="translation",
        fields=(_Q, _KEY),
        body="either",
        answers={"application/json": "Detected"},
        work=True,
        plain_errors=True,
    ),
    Route(
        method="GET",
        path="/languages",
        handler=languages,
        summary="The languages that can be translated",
        tag="translation",
        answers={"application/json": "Languages"},
        work=True,
    ),
    Route(
        method="POST",
        path="/translate_file",
        handler=translate_file,
        summary="Translate a document",
        tag="translation",
        fields=(
            Field(
                name="file",
                kind="file",
                required=True,
                about="txt, html, srt, docx, odt, epub, pdf …",
            ),
            _SOURCE,
            _TARGET,
            _KEY,
        ),
        body="form",
        answers={"application/json": "TranslatedFile"},
        work=True,
        plain_errors=True,
    ),
    Route(
        method="GET",
        path="/download_file/{number}",
        handler=download,
        summary="Fetch a translated document, within ten minutes",
        tag="translation",
        answers={"application/octet-stream": {"type": "string"}},
    ),
)
