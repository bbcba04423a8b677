"""Text, Markdown and subtitles: everything but the words stays byte for byte."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from voxedge.errors import TextInvalid
from voxedge.translation.documents.contract import Document
from voxedge.translation.sentences import has_letters, lines

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TIMES = re.compile(r"\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s*-->\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_MD_KEEP = re.compile(
    r"\s*(?:\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?|[=-]{3,}|\[[^\]]+\]:\s.*|<[^>]+>)\s*$"
)


def decode(data: bytes, name: str = "") -> tuple[str, str]:
    """Text and encoding of a file: by its mark, else UTF-8, else Windows-1252 (which has Latin-1 in it).

    Raises:
        TextInvalid: The bytes are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as exc:
                raise _binary(name) from exc
    try:
        text, encoding = data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = data.decode("cp1252", errors="replace"), "cp1252"
    odd = sum(char < " " and char not in "\t\r\n\f\v\x1b" for char in text[:65536])
    if "\0" in text or odd * 50 > len(text[:65536]):
        raise _binary(name)
    return text, encoding


def _binary(name: str) -> TextInvalid:
    return TextInvalid(
        f"{name or 'The input'} is no text: its bytes are binary.",
        remedy="Hand in text, or a document of a known format (voxedge translate --help lists them).",
        room="translation",
    )


def encode(text: str, encoding: str) -> bytes:
    """Text in the encoding it came in; UTF-8 where that has no such letters."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")


def pieces_document(parts: Sequence[tuple[str, bool]], encoding: str, suffix: str) -> Document:
    """A text document from parts: (text, whether it is to be translated)."""

    def rebuild(translations: Sequence[str]) -> bytes:
        following = iter(translations)
        return encode("".join(next(following) if wanted else text for text, wanted in parts), encoding)

    return Document(tuple(text for text, wanted in parts if wanted), rebuild, suffix, True)


def read_text(data: bytes, name: str, suffix: str = ".txt") -> Document:
    """Plain text: line by line, blank lines and ends kept."""
    text, encoding = decode(data, name)
    parts: list[tuple[str, bool]] = []
    for body, end in lines(text):
        parts += [(body, has_letters(body)), (end, False)]
    return pieces_document(parts, encoding, suffix)


def read_markdown(data: bytes, name: str) -> Document:
    """Markdown: code blocks, front matter, rules, link targets and tables' bars are kept."""
    text, encoding = decode(data, name)
    parts: list[tuple[str, bool]] = []
    fence = ""
    front = text.startswith(("---\n", "---\r\n"))
    for number, (body, end) in enumerate(lines(text)):
        mark = _FENCE.match(body)
        keep = bool(fence) or mark is not None or front or _MD_KEEP.match(body) is not None
        keep = keep or (body.startswith(("    ", "\t")) and not body.lstrip().startswith(("-", "*", "+")))
        if mark is not None and not front:
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
        if front and number and body.strip() == "---":
            front = False
        if not keep and body.lstrip().startswith("|"):
            parts += [
                (cell, cell != "|" and has_letters(cell)) for cell in re.split(r"((?<!\\)\|)", body) if cell
            ]
        else:
            parts.append((body, not keep and has_letters(body)))
        parts.append((end, False))
    return pieces_document(parts, encoding, ".md")


def read_subtitles(data: bytes, name: str, suffix: str) -> Document:
    """SubRip and WebVTT: numbers, times, settings and notes kept; a cue is one text, wrapped as before."""
    text, encoding = decode(data, name)
    parts: list[tuple[str, bool]] = []
    widths: list[tuple[int, str]] = []
    cue: list[tuple[str, str]] = []
    in_cue = False

    def flush() -> None:
        if cue:
            joined = " ".join(body.strip() for body, _ in cue)
            end = cue[0][1] or "\n"
            if has_letters(joined):
                parts.append((joined, True))
                widths.append((len(cue), end))
            else:
                parts.append((end.join(body for body, _ in cue), False))
            parts.append((cue[-1][1], False))
            cue.clear()

    for body, end in lines(text):
        if not body.strip():
            flush()
            in_cue = False
            parts.append((body + end, False))
        elif _TIMES.match(body):
            flush()
            in_cue = True
            parts.append((body + end, False))
        elif in_cue:
            cue.append((body, end))
        else:
            parts.append((body + end, False))
    flush()
    plain = pieces_document(parts, encoding, suffix)

    def rebuild(translations: Sequence[str]) -> bytes:
        wrapped = [wrap(item, *how) for item, how in zip(translations, widths, strict=True)]
        return plain.rebuild(wrapped)

    return Document(plain.segments, rebuild, suffix, True)


def wrap(text: str, count: int, end: str) -> str:
    """Breaks a text into at most so many lines of about equal length."""
    words = text.split()
    if count < 2 or len(words) < 2:
        return text
    target = len(text) / count
    rows: list[str] = []
    current = ""
    for word in words:
        longer = f"{current} {word}".strip()
        if current and len(rows) < count - 1 and len(longer) > target + len(word) / 2:
            rows.append(current)
            current = word
        else:
            current = longer
    return end.join([*rows, current])
