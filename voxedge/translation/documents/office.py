"""Word, PowerPoint, OpenDocument and e-books: zip files of XML; all parts but the texts stay as they are."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from voxedge.registry import need
from voxedge.translation.archives import unsafe
from voxedge.translation.documents.contract import Document, DocumentInvalid, join_slots, split_slots
from voxedge.translation.documents.markup import html_parts, rebuilt_text
from voxedge.translation.sentences import has_letters

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_ODF_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_WORD_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$")
_SLIDE_PARTS = re.compile(r"ppt/(?:slides/slide|notesSlides/notesSlide|diagrams/data)\d+\.xml$")
_ODF_PARTS = re.compile(r"(?:content|styles)\.xml$")
_BOOK_PARTS = re.compile(r".*\.x?html?$", re.IGNORECASE)

Slot = tuple[Callable[[], str], Callable[[str], None]]
"""A place for text: how to read it and how to set it."""


@dataclass(slots=True)
class _Part:
    """One changed file of the archive: its segments, and how to write it."""

    name: str
    segments: list[str]
    write: Callable[[Sequence[str]], bytes]


def read_office(data: bytes, name: str, suffix: str) -> Document:
    """Reads ``.docx``, ``.pptx``, ``.odt``, ``.odp`` or ``.epub``; headers, footers, notes and tables too.

    Raises:
        DocumentInvalid: Damaged, encrypted, or unsafe to unpack.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        why = unsafe(archive)
        if why:
            raise _invalid(name, why)
        parts = [part for item in archive.namelist() for part in _read_part(archive, item, suffix, name)]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as exc:
        raise _invalid(name, "it is damaged, encrypted, or of an older format") from exc
    if not parts:
        raise _invalid(name, f"it holds no text of a {suffix} document")

    def rebuild(translations: Sequence[str]) -> bytes:
        changed: dict[str, bytes] = {}
        position = 0
        for part in parts:
            changed[part.name] = part.write(translations[position : position + len(part.segments)])
            position += len(part.segments)
        return _rewritten(archive, changed)

    return Document(tuple(s for part in parts for s in part.segments), rebuild, suffix, False)


def _invalid(name: str, why: str) -> DocumentInvalid:
    return DocumentInvalid(
        f"{name} can't be read: {why}.", remedy="Open it in its program and save it anew, without a password."
    )


def _rewritten(archive: zipfile.ZipFile, changed: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for info in archive.infolist():
            # Order and way of packing stay: an e-book's first entry must be its bare type.
            target.writestr(info, changed.get(info.filename, archive.read(info)), info.compress_type)
    return out.getvalue()


def _read_part(archive: zipfile.ZipFile, item: str, suffix: str, name: str) -> Iterator[_Part]:
    if suffix == ".epub":
        if _BOOK_PARTS.match(item):
            yield _page(item, archive.read(item))
        return
    pattern, paragraphs = {
        ".docx": (_WORD_PARTS, _word_paragraphs),
        ".pptx": (_SLIDE_PARTS, _slide_paragraphs),
        ".odt": (_ODF_PARTS, _odf_paragraphs),
        ".odp": (_ODF_PARTS, _odf_paragraphs),
    }[suffix]
    if pattern.match(item):
        yield _xml(item, archive.read(item), paragraphs, name)


def _page(item: str, data: bytes) -> _Part:
    text = data.decode("utf-8-sig", errors="replace")
    parts = html_parts(text)
    segments = [segment for segment, wanted in parts if wanted]
    return _Part(item, segments, lambda done: rebuilt_text(parts, done, "utf-8"))


def _xml(item: str, data: bytes, paragraphs: Callable[[_Element], Iterator[list[Slot]]], name: str) -> _Part:
    need("lxml.etree", "translate", "Reading office documents")
    from lxml import etree

    try:
        # No entities, no network: a document is input from anywhere.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as exc:
        raise _invalid(name, f"{item} in it is no well-formed XML") from exc
    slots = [found for found in paragraphs(root) if has_letters("".join(read() for read, _ in found))]

    def write(done: Sequence[str]) -> bytes:
        for places, translation in zip(slots, done, strict=True):
            for (_, put), text in zip(places, split_slots(translation, len(places)), strict=True):
                put(text)
        standalone = True if b"standalone=" in data[:200] else None
        result: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=standalone)
        return result

    return _Part(item, [join_slots([read() for read, _ in places]) for places in slots], write)


class _Element:
    """What is used of an lxml element."""

    tag: str
    text: str | None
    tail: str | None

    def iter(self, *tags: str) -> Iterator[_Element]: ...  # type: ignore[empty-body]

    def __iter__(self) -> Iterator[_Element]: ...  # type: ignore[empty-body]

    def getparent(self) -> _Element | None: ...

    def set(self, key: str, value: str) -> None: ...

    def find(self, path: str) -> _Element | None: ...


def _merged(texts: list[tuple[_Element, str]]) -> list[Slot]:
    """One slot a stretch of equal format: editors cut words into runs for reasons of their own."""
    groups: list[list[_Element]] = []
    last = None
    for element, form in texts:
        if groups and form == last:
            groups[-1].append(element)
        else:
            groups.append([element])
        last = form
    return [_group_slot(group) for group in groups]


def _group_slot(group: list[_Element]) -> Slot:
    def put(text: str) -> None:
        for element in group[1:]:
            element.text = ""
        group[0].text = text
        if text != text.strip():
            group[0].set(_SPACE, "preserve")

    return (lambda: "".join(element.text or "" for element in group)), put


def _format_of(element: _Element, properties: str) -> str:
    from lxml import etree

    run = element.getparent()
    found = run.find(properties) if run is not None else None
    return "" if found is None else etree.tostring(found).decode()


def _owner(element: _Element, tag: str) -> _Element | None:
    parent = element.getparent()
    while parent is not None and parent.tag != tag:
        parent = parent.getparent()
    return parent


def _word_paragraphs(root: _Element) -> Iterator[list[Slot]]:
    # A text box is a paragraph in a paragraph: each text belongs to the nearest one.
    for paragraph in root.iter(f"{_WORD}p"):
        texts = [t for t in paragraph.iter(f"{_WORD}t") if _owner(t, f"{_WORD}p") is paragraph and t.text]
        if texts:
            yield _merged([(t, _format_of(t, f"{_WORD}rPr")) for t in texts])


def _slide_paragraphs(root: _Element) -> Iterator[list[Slot]]:
    for paragraph in root.iter(f"{_DRAWING}p"):
        texts = [t for t in paragraph.iter(f"{_DRAWING}t") if t.text]
        if texts:
            yield _merged([(t, _format_of(t, f"{_DRAWING}rPr")) for t in texts])


def _odf_paragraphs(root: _Element) -> Iterator[list[Slot]]:
    for paragraph in root.iter(f"{_ODF_TEXT}p", f"{_ODF_TEXT}h"):
        slots = list(_mixed(paragraph))
        if slots:
            yield slots


def _mixed(element: _Element) -> Iterator[Slot]:
    """Texts of an element and of the inline ones in it, without paragraphs inside it (notes, frames)."""
    if element.text and element.text.strip():
        yield _text_slot(element)
    for child in element:
        if child.tag in {f"{_ODF_TEXT}span", f"{_ODF_TEXT}a"}:
            yield from _mixed(child)
        if child.tail and child.tail.strip():
            yield _tail_slot(child)


def _text_slot(element: _Element) -> Slot:
    def put(text: str) -> None:
        element.text = text

    return (lambda: element.text or ""), put


def _tail_slot(element: _Element) -> Slot:
    def put(text: str) -> None:
        element.tail = text

    return (lambda: element.tail or ""), put
