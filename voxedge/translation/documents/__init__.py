"""Documents: taken apart into segments, translated, and put together with their structure unchanged."""

from __future__ import annotations

from pathlib import Path

from voxedge.translation.documents.contract import Document, DocumentInvalid, DocumentUnsupported

__all__ = ["SUFFIXES", "Document", "DocumentInvalid", "DocumentUnsupported", "output_suffix", "read_document"]

SUFFIXES = (
    ".txt", ".md", ".markdown", ".html", ".htm", ".xhtml", ".srt", ".vtt", ".po", ".pot",
    ".docx", ".pptx", ".odt", ".odp", ".epub", ".pdf",
)  # fmt: skip
"""What can be read; any other file is tried as text."""


def output_suffix(suffix: str) -> str:
    """The suffix of what becomes of a document: mostly its own."""
    return {".pdf": ".txt", ".pot": ".po", "": ".txt"}.get(suffix, suffix)


def read_document(path: Path) -> Document:
    """Takes a file apart by its suffix.

    Raises:
        DocumentInvalid: It is damaged, or not what its name says.
        DocumentUnsupported: It can't be read at all.
        TextInvalid: It was taken for text and is binary.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise DocumentUnsupported(
            f"{path} can't be read: {exc.strerror or type(exc).__name__}.",
            remedy="Check the name and the rights of the file.",
        ) from exc
    return parse(data, path.name, path.suffix.lower())


def parse(data: bytes, name: str, suffix: str) -> Document:
    """Takes the bytes of a document apart; `name` is for messages only."""
    from voxedge.translation.documents import catalogs, markup, office, plain

    if suffix in {".md", ".markdown"}:
        return plain.read_markdown(data, name)
    if suffix in {".html", ".htm", ".xhtml"}:
        return markup.read_html(data, name, suffix)
    if suffix in {".srt", ".vtt"}:
        return plain.read_subtitles(data, name, suffix)
    if suffix in {".po", ".pot"}:
        return catalogs.read_po(data, name)
    if suffix in {".docx", ".pptx", ".odt", ".odp", ".epub"}:
        return office.read_office(data, name, suffix)
    if suffix == ".pdf":
        return catalogs.read_pdf(data, name)
    return plain.read_text(data, name, output_suffix(suffix))
