"""Message catalogs (gettext ``.po``) and the text of PDF files."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence

from voxedge.registry import need
from voxedge.translation.documents.contract import Document, DocumentInvalid
from voxedge.translation.documents.plain import decode, read_text
from voxedge.translation.sentences import has_letters


def read_po(data: bytes, name: str) -> Document:
    """A gettext catalog: untranslated messages get their ``msgstr``; all else stays, ids above all."""
    need("polib", "translate", "Reading message catalogs")
    import polib

    text, _ = decode(data, name)
    try:
        catalog = polib.pofile(text, wrapwidth=0)
    except (OSError, ValueError) as exc:
        raise DocumentInvalid(f"{name} is no message catalog.", remedy="Check it: msgfmt -c FILE") from exc
    entries = [entry for entry in catalog if not entry.obsolete and not entry.translated()]
    wanted = [
        (entry, source)
        for entry in entries
        for source in (entry.msgid, entry.msgid_plural)
        if source and has_letters(source)
    ]

    def rebuild(translations: Sequence[str]) -> bytes:
        for (entry, source), translation in zip(wanted, translations, strict=True):
            if not entry.msgid_plural:
                entry.msgstr = translation
            elif source == entry.msgid:
                entry.msgstr_plural[0] = translation
            else:
                forms = max(2, len(entry.msgstr_plural))
                entry.msgstr_plural.update(dict.fromkeys(range(1, forms), translation))
            # By the rules of gettext, what nobody has read is fuzzy.
            if "fuzzy" not in entry.flags:
                entry.flags.append("fuzzy")
        return (str(catalog).rstrip("\n") + "\n").encode("utf-8")

    return Document(tuple(source for _, source in wanted), rebuild, ".po", True)


def read_pdf(data: bytes, name: str) -> Document:
    """The text of a PDF; what comes out is text, for a PDF has no structure to put words back into."""
    need("pypdf", "translate", "Reading PDF files")
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    log = logging.getLogger("pypdf")
    if not log.handlers:
        # Without a handler anywhere, what it finds odd would go to standard error.
        log.addHandler(logging.NullHandler())
    try:
        pages = [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
    except (PyPdfError, ValueError, KeyError, OSError) as exc:
        raise DocumentInvalid(
            f"{name} can't be read: it is damaged, encrypted, or no PDF.",
            remedy="Open it in a viewer and print it to a new PDF.",
        ) from exc
    text = "\n\n".join(page.strip() for page in pages)
    if not has_letters(text):
        raise DocumentInvalid(
            f"{name} has no text in it: it may be scanned pictures.",
            remedy="Recognize its text first, for example with ocrmypdf.",
        )
    return read_text(text.encode("utf-8"), name)
