"""Inline mark-up (tags, emphasis, links, borders of runs): taken out before, set at the right words after.

The model gets a clean sentence. Its attention tells which source word each word of the translation comes
from; each border is then set, in order, where the fewest words end up on the wrong side.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxedge.translation.protect import CODE, UNTOUCHABLE

_TAG = r"</?[A-Za-z][\w:-]*(?:\s[^<>]*)?/?>"
_LINK = r"\]\([^()\s]*(?:\s+\"[^\"]*\")?\)|!?\[(?=[^\[\]\n]*\]\()"
_EMPHASIS = r"\*{1,3}|~~|(?<!\w)_{1,3}(?=\w[^_\n]*_)|(?<=\w)_{1,3}(?!\w)"
_SLOT = "[\uf001-\uf7ff]"
_SCAN = re.compile(f"{CODE}|(?P<outer>{_TAG}|{_LINK}|{_SLOT})|{UNTOUCHABLE.pattern}|(?P<inner>{_EMPHASIS})")
_TOKEN = re.compile(r"\w+(?:[’'-]\w+)*|[^\w\s]")
_OPENERS = '¿¡("«“‘['
_EVEN_COST = 0.3
"""Text before and after a marked word is mostly of one form: mixing those two up hardly shows."""


_PLACE_COST = 0.5
"""Attention errs now and then; then a word's place says more."""

_EMPTY_COST = 1.2
"""Marked words that vanish are worse than marking a neighbour."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence without its inline mark-up.

    Attributes:
        text: The clean sentence.
        borders: (offset in the clean sentence, mark-up, whether it opens), in order.
    """

    text: str
    borders: tuple[tuple[int, str, bool], ...] = ()


def borders_in(sentence: str) -> Iterator[re.Match[str]]:
    """The pieces of mark-up in a sentence; what is inside code, URLs and other untouchables is none."""
    return (match for match in _SCAN.finditer(sentence) if match["outer"] or match["inner"])


def strip_borders(sentence: str) -> Marked:
    """Takes the mark-up out of a sentence."""
    text, end = "", 0
    borders: list[tuple[int, str, bool]] = []
    for match in borders_in(sentence):
        text += sentence[end : match.start()]
        end = match.end()
        after = sentence[end : end + 1]
        before = text[-1:]
        closing = match[0].startswith(("</", "](")) or (before.strip() != "" and not after.strip())
        borders.append((len(text), match[0], not closing and after.strip() != ""))
    return Marked(text + sentence[end:], tuple(borders))


def set_borders(marked: Marked, translation: str, links: Sequence[tuple[int, int]]) -> str:
    """Sets the mark-up into the translation, each piece once and in the order of the source.

    Args:
        marked: The source sentence.
        translation: Its translation, without mark-up.
        links: (offset in the source, offset in the translation) of words that belong together.
    """
    if not marked.borders:
        return translation
    words = [(m.start(), m.end()) for m in _TOKEN.finditer(translation)]
    slots = _slots(marked, translation, words, links)
    cuts = _cuts(slots, _filled(marked))
    places = [
        _place(border, cut, words, translation) for border, cut in zip(marked.borders, cuts, strict=True)
    ]
    result, end = "", 0
    for (_, markup, _), place in zip(marked.borders, places, strict=True):
        place = max(place, end)
        result += translation[end:place] + markup
        end = place
    return result + translation[end:]


def _slots(
    marked: Marked, translation: str, words: Sequence[tuple[int, int]], links: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """For each word of the translation its slot in the source: by its source word, and by its place."""
    places: dict[str, list[int]] = {}
    for match in _TOKEN.finditer(marked.text):
        places.setdefault(match[0].casefold(), []).append(match.start())
    ratio = len(marked.text) / max(1, len(translation))

    def slot(at: int) -> int:
        return sum(offset <= at for offset, _, _ in marked.borders)

    found: list[tuple[int, int]] = []
    for start, stop in words:
        same = places.get(translation[start:stop].casefold(), [])
        linked = [source for source, target in links if start <= target < stop]
        by_place = int(start * ratio)
        at = same[0] if len(same) == 1 else linked[0] if linked else by_place
        found.append((slot(at), slot(by_place)))
    return found


def _filled(marked: Marked) -> list[bool]:
    """For each slot between borders whether the source has words in it."""
    edges = [0, *(offset for offset, _, _ in marked.borders), len(marked.text)]
    return [_TOKEN.search(marked.text[start:stop]) is not None for start, stop in itertools.pairwise(edges)]


def _cost(wanted: tuple[int, int], given: int) -> float:
    linked, by_place = wanted
    if linked == given:
        return 0.0
    if by_place == given:
        return _PLACE_COST
    return _EVEN_COST if linked % 2 == given % 2 == 0 else 1.0


def _cuts(slots: Sequence[tuple[int, int]], filled: Sequence[bool]) -> list[int]:
    """For each border the number of words before it, in rising order, at the least cost."""
    count = len(filled) - 1
    # From slot a to slot b: what it costs to leave those between without words.
    empty = [[_EMPTY_COST * sum(filled[a + 1 : b]) for b in range(count + 2)] for a in range(-1, count + 1)]
    best: dict[int, tuple[float, list[int]]] = {-1: (0.0, [])}
    for number, wanted in enumerate(slots):
        following: dict[int, tuple[float, list[int]]] = {}
        for given in range(count + 1):
            options = [
                (cost + empty[before + 1][given], [*cuts, *[number] * (given - max(before, 0))])
                for before, (cost, cuts) in best.items()
                if before <= given
            ]
            cost, cuts = min(options, key=lambda item: item[0])
            following[given] = (cost + _cost(wanted, given), cuts)
        best = following
    ended = [
        (cost + empty[given + 1][count + 1], [*cuts, *[len(slots)] * (count - max(given, 0))])
        for given, (cost, cuts) in best.items()
    ]
    return min(ended, key=lambda item: item[0])[1]


def _place(
    border: tuple[int, str, bool], cut: int, words: Sequence[tuple[int, int]], translation: str
) -> int:
    """Where in the translation a border stands that has `cut` words before it."""
    _, _, opens = border
    if not words:
        return 0
    if opens or cut == 0:
        place = words[cut][0] if cut < len(words) else len(translation)
        # The mark before a Spanish question belongs to its words.
        while not opens and place and translation[place - 1] in _OPENERS:
            place -= 1
        return place
    return words[cut - 1][1]
