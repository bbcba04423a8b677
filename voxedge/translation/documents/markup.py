"""HTML and XHTML: the source is kept letter for letter but for the text of blocks and some attributes."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from voxedge.translation.documents.contract import Document
from voxedge.translation.documents.plain import decode, encode, pieces_document
from voxedge.translation.sentences import has_letters

_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
        "i", "img", "input", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small",
        "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
_OPAQUE = "script|style|pre|code|textarea|svg|math|template|kbd|samp|var"
_TOKEN = re.compile(
    rf"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<![^>]*>"
    rf"|<({_OPAQUE})\b[^>]*(?<!/)>.*?</\1\s*>"
    r"|</?[A-Za-z][^\s>/]*(?:\"[^\"]*\"|'[^']*'|[^'\">])*>",
    re.DOTALL | re.IGNORECASE,
)
_NAME = re.compile(r"</?([A-Za-z][\w:-]*)")
_ATTRIBUTE = re.compile(r"(\s(?:alt|title|placeholder|aria-label)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_NO_TRANSLATE = re.compile(r"translate\s*=\s*[\"']?no|class\s*=\s*[\"'][^\"']*\bnotranslate\b", re.IGNORECASE)
_KEPT_ENTITIES = frozenset(("lt", "gt", "amp", "quot", "apos", "nbsp"))
_ENTITY = re.compile(r"&(\w+|#\d+|#[xX][0-9A-Fa-f]+);")


def read_html(data: bytes, name: str, suffix: str = ".html") -> Document:
    """HTML, in whatever state: what isn't understood is kept."""
    text, encoding = _decode(data, name)
    return pieces_document(html_parts(text), encoding, suffix)


def _decode(data: bytes, name: str) -> tuple[str, str]:
    head = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", data[:2048], re.IGNORECASE)
    if head is not None and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            encoding = head[1].decode("ascii")
            return data.decode(encoding), encoding
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data, name)


def html_parts(text: str) -> list[tuple[str, bool]]:
    """Cuts HTML into (text, whether it is to be translated); inline tags stay inside their sentence."""
    parts: list[tuple[str, bool]] = []
    run: list[str] = []
    position = 0
    for match in _TOKEN.finditer(text):
        if match.start() < position:
            continue  # inside an element that isn't to be translated
        run.append(_readable(text[position : match.start()]))
        position = match.end()
        token = match[0]
        found = _NAME.match(token)
        tag = found[1].lower() if found is not None else ""
        if tag and not token.startswith("</") and _NO_TRANSLATE.search(token):
            position = _end_of_element(text, match.end(), tag)
            _flush(run, parts)
            parts.append((text[match.start() : position], False))
        elif tag in _INLINE:
            run.append(token)
        else:
            _flush(run, parts)
            parts += _attributes(token, tag)
    run.append(_readable(text[position:]))
    _flush(run, parts)
    return parts


def _end_of_element(text: str, start: int, tag: str) -> int:
    """Where the element ends whose opening tag ends at `start`."""
    depth = 1
    for match in re.finditer(rf"<(/?){re.escape(tag)}\b[^>]*>", text[start:], re.IGNORECASE):
        depth += -1 if match[1] else 0 if match[0].endswith("/>") else 1
        if depth == 0:
            return start + match.end()
    return start


def _readable(text: str) -> str:
    """Letters written as entities become letters; those that are mark-up stay."""
    return _ENTITY.sub(lambda m: m[0] if m[1] in _KEPT_ENTITIES else _letter(m[0]), text)


def _letter(entity: str) -> str:
    char = html.unescape(entity)
    return char if char not in "<>&\"'\xa0" else entity


def _flush(run: list[str], parts: list[tuple[str, bool]]) -> None:
    whole = "".join(run)
    run.clear()
    bare = _TOKEN.sub("", whole)
    if not has_letters(_ENTITY.sub("", bare)):
        parts += _tags(whole)
        return
    # Tags at the edges need no place in the sentence.
    start, end = _edges(whole)
    parts += [*_tags(whole[:start]), (_one_line(whole[start:end]), True), *_tags(whole[end:])]


def _tags(text: str) -> list[tuple[str, bool]]:
    """Tags and blanks between sentences; a picture's description is to be translated."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for match in _TOKEN.finditer(text):
        found = _NAME.match(match[0])
        parts.append((text[position : match.start()], False))
        parts += _attributes(match[0], found[1] if found is not None else "")
        position = match.end()
    parts.append((text[position:], False))
    return parts


def _edges(whole: str) -> tuple[int, int]:
    places = [(m.start(), m.end()) for m in _TOKEN.finditer(whole)]
    start, end = 0, len(whole)
    opened = 0
    for begin, stop in places:
        if whole[start:begin].strip() or whole[begin + 1] == "/":
            break
        start, opened = stop, opened + 1
    for begin, stop in reversed(places):
        if opened == 0 or whole[stop:end].strip() or begin < start or whole[begin + 1] != "/":
            break
        end, opened = begin, opened - 1
    if opened:
        # Not each of the opening tags closes at the end: they belong inside.
        start, end = 0, len(whole)
    core = whole[start:end]
    return start + len(core) - len(core.lstrip()), end - len(core) + len(core.rstrip())


def _one_line(text: str) -> str:
    return re.sub(r"\s*[\r\n]\s*", " ", text)


def _attributes(token: str, tag: str) -> list[tuple[str, bool]]:
    if not tag or token.startswith("</") or _NO_TRANSLATE.search(token):
        return [(token, False)]
    parts: list[tuple[str, bool]] = []
    position = 0
    head = token[: token.find(">") + 1]
    for match in _ATTRIBUTE.finditer(head):
        value = match[2][1:-1]
        if has_letters(value):
            start = match.start(2) + 1
            parts += [(token[position:start], False), (html.unescape(value), True)]
            position = start + len(value)
    parts.append((token[position:], False))
    return parts


def rebuilt_text(parts: Sequence[tuple[str, bool]], translations: Sequence[str], encoding: str) -> bytes:
    """Puts translations in; used for the pages of an e-book."""
    following = iter(translations)
    return encode("".join(next(following) if wanted else text for text, wanted in parts), encoding)
