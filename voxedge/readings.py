"""What the hypotheses of one decoding are worth: ends that are said again are cut."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from voxedge.events import Alternative

if TYPE_CHECKING:
    from voxedge.recognition.contract import Recognition


def said(recognition: Recognition) -> tuple[Alternative, ...]:
    """The hypotheses as they are, best first."""
    return recognition.alternatives or (Alternative(recognition.text, 0.0),)


def readings_of(recognition: Recognition) -> tuple[Alternative, ...]:
    """The hypotheses, and what is left of those whose end was said before.

    Decoders miss ends in noise and run on. Where the end follows on its like, or the sentence begins anew,
    only what is before counts; elsewhere people may have said it twice.
    """
    found: dict[str, Alternative] = {}
    for item in recognition.alternatives or (Alternative(recognition.text, 0.0),):
        cut = _cut_again(item.text)
        for text in (cut,) if _stutters(item.text) else (item.text, cut):
            if text:
                found.setdefault(" ".join(bare(text)), replace(item, text=text))
    return tuple(found.values())


def bare(text: str) -> list[str]:
    """The words in small letters, without stops."""
    return [word.strip(".,!?").casefold() for word in text.split()]


def _stutters(text: str) -> bool:
    """Whether the end repeats what is before it, or the sentence begins anew."""
    words = bare(text)
    anew = any(words[at : at + 3] == words[:3] for at in range(3, len(words) - 2))
    return anew or any(words[-size:] == words[-2 * size : -size] for size in range(2, len(words) // 2 + 1))


def _cut_again(text: str) -> str:
    """The text without its longest end that was said before; of two words only right behind its like."""
    words = bare(text)
    for size in range(len(words) // 2, 1, -1):
        at = len(words) - size
        places = range(at - size, -1, -1) if size > 2 else range(at - size, at - size - 1, -1)
        if any(words[place : place + size] == words[at:] for place in places):
            return " ".join(text.split()[:at])
    return text
