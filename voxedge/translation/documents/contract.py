"""A document as the translator sees it: segments of text, and a way to put translations in their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxedge.errors import InputError

_SLOT_BASE = 0xF000
_MOST_SLOTS = 0x800


class DocumentInvalid(InputError):
    """A document is damaged, encrypted, or not of the format that its name says."""

    code = "document_invalid"
    room = "translation"


class DocumentUnsupported(InputError):
    """There is no reader for this kind of file."""

    code = "document_unsupported"
    room = "translation"


@dataclass(frozen=True, slots=True)
class Document:
    """A document taken apart.

    Attributes:
        segments: The texts to translate, in order.
        rebuild: Takes one translation a segment, gives the document's bytes.
        suffix: Suffix of the output (``.pdf`` becomes ``.txt``).
        is_text: Whether the bytes can go to a terminal.
    """

    segments: tuple[str, ...]
    rebuild: Callable[[Sequence[str]], bytes]
    suffix: str
    is_text: bool


def join_slots(texts: Sequence[str]) -> str:
    """Several pieces that stand in one sentence (runs of a paragraph) as one segment.

    The borders are private-use characters, which the translator keeps like any untouchable.
    """
    if len(texts) > _MOST_SLOTS:
        return "".join(texts)
    return texts[0] + "".join(chr(_SLOT_BASE + i) + text for i, text in enumerate(texts[1:], start=1))


def split_slots(translation: str, count: int) -> list[str]:
    """The pieces of a translated segment, as many as went in.

    Where the borders changed places (the words did), everything goes into the first piece: the text is
    right, and the finer formatting of that sentence is lost.
    """
    found = [0, *(ord(c) - _SLOT_BASE for c in translation if _SLOT_BASE < ord(c) < _SLOT_BASE + _MOST_SLOTS)]
    if found == list(range(count)):
        pieces, current = [], ""
        for char in translation:
            if _SLOT_BASE < ord(char) < _SLOT_BASE + _MOST_SLOTS:
                pieces.append(current)
                current = ""
            else:
                current += char
        return [*pieces, current]
    plain = "".join(c for c in translation if not _SLOT_BASE < ord(c) < _SLOT_BASE + _MOST_SLOTS)
    return [plain, *[""] * (count - 1)]
