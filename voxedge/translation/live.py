"""Live captions: partial transcripts are translated as they grow, and what is shown seldom changes.

A translation of half a sentence is a guess about the other half, and every new word may overturn it. Shown
as they come, they flicker: on recorded sentences each word of the final text was taken back three times. So
of each translation only the beginning is shown that the latest `AGREEING` of them begin with, each of them
checked against the translations of the same words without the last one and the last two (what changes when
a word is taken away would change with the next word as well; after Yao and Haddow, "Dynamic masking", 2020,
arXiv:2006.00249), less a part at its end. The final text is translated anew, as any text would be.

Pure logic but for the translator that is handed in: no thread, no file, no clock.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voxedge.errors import LanguageUnsupported
from voxedge.events import CancelToken, Event, Partial, Transcript, Translation
from voxedge.translation.contract import TranslationOptions, Translator

AGREEING = 7
"""So many successive translations must begin alike before more than the first words are shown."""
TAKEN_AWAY = (1, 2)
"""Each is compared with the translations of its words without so many at the end."""
HELD_BACK = 0.5
"""Share of a translation, at its end, that isn't shown before the final one."""
FIRST_WORDS = 2
"""So many words are shown at the second translation already, and one at the first: people want to see that
something happens."""

_UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my"})
_ENDS = ".,;:!?…-–— "


class CalmText:
    """What is shown of translations that grow, for one utterance.

    Args:
        target: ISO 639-1; languages without blanks between words are compared letter by letter.
    """

    def __init__(self, target: str = "en") -> None:
        self._unit = re.compile(r"\S\s*" if target in _UNSPACED else r"\S+\s*")
        self._sure: deque[list[str]] = deque(maxlen=AGREEING)
        self._looks = 0
        self._shown: list[str] = []

    @property
    def text(self) -> str:
        """What is shown now."""
        return _text(self._shown)

    def update(self, versions: Sequence[str]) -> str:
        """Takes the next translation; gives the text to show.

        Args:
            versions: The translation of all words so far, then those of the same words without the last
                ones; a single one will do.
        """
        whole, *shorter = [self._units(version) for version in versions]
        sure = whole
        for other in shorter:
            sure = sure[: _common(sure, other)]
        self._sure.append(sure)
        self._looks += 1
        if len(self._sure) == AGREEING:
            count = min(_common(sure, other) for other in self._sure)
            agreed = sure[: min(count, len(whole) - int(HELD_BACK * len(whole)))]
            # A beginning of what is shown is no reason to take the rest of it back.
            if len(agreed) > _common(agreed, self._shown):
                self._shown = agreed
        if self._looks == 1:
            self._shown = whole[: min(1, len(whole) - 1)]
        elif self._looks == 2 or not self._shown:
            self._shown = whole[:FIRST_WORDS]
        return self.text

    def _units(self, text: str) -> list[str]:
        found = self._unit.findall(" ".join(text.split()))
        if found:
            found[-1] = found[-1].rstrip(".…")  # half a sentence has no end
        return [unit for unit in found if unit]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The translation of an utterance.

    Attributes:
        text: In the target language.
        engine: What translated, such as ``"ctranslate2"``.
    """

    text: str
    engine: str


class Renderer(Protocol):
    """Translates what was recognized."""

    def growing(self, item: Partial, source: str, target: str, cancel: CancelToken) -> list[str]:
        """Translations of a partial, for `CalmText.update`; none where there is nothing to translate."""
        ...

    def final(self, item: Transcript, source: str, target: str, cancel: CancelToken) -> Rendered:
        """The translation of a final."""
        ...


class TextRenderer:
    """Translates the recognized words with a translator of texts.

    Args:
        translator: Shared, not closed here.
        options: As for any text.
    """

    def __init__(self, translator: Translator, options: TranslationOptions) -> None:
        self._translator, self._options = translator, options

    def growing(self, item: Partial, source: str, target: str, cancel: CancelToken) -> list[str]:
        """The words so far, and without the last ones, in one batch."""
        words = item.text.split()
        texts = [_open_end(words)]
        texts += [_open_end(words[:-count]) for count in TAKEN_AWAY if len(words) > count]
        if not any(map(str.isalnum, texts[0])):
            return []
        found = self._translator.translate(
            texts, source=source, target=target, options=self._options, cancel=cancel
        )
        return [each.translation for each in found]

    def final(self, item: Transcript, source: str, target: str, cancel: CancelToken) -> Rendered:
        """As the command translates a line."""
        found = self._translator.translate(
            [item.text], source=source, target=target, options=self._options, cancel=cancel
        )
        return Rendered(found[0].translation, found[0].engine)


class LiveTranslation:
    """The room of live translation: recognized words in, `Translation` events out.

    Not safe to use from several threads.

    Args:
        renderer: Translates.
        source: ISO 639-1 of what is said, or "auto" where the recognizer tells.
        target: ISO 639-1 to translate to.
        both_ways: Two people talk: what is said in ``target`` is translated to ``source``.
        partials: Whether translations are given while somebody speaks.
    """

    def __init__(
        self,
        renderer: Renderer,
        *,
        source: str,
        target: str,
        both_ways: bool = False,
        partials: bool = True,
    ) -> None:
        self._renderer = renderer
        self._source, self._target = source, target
        self._both_ways, self._partials = both_ways, partials
        self._turn = 0
        self._direction = ("", "")
        self._calm = CalmText(target)
        self._told = ""

    def feed(self, item: Partial | Transcript, emit: Callable[[Event], None], cancel: CancelToken) -> bool:
        """Translates; says whether there was anything to translate.

        A partial gives a `Translation` only where what is shown changes. A final gives exactly one, unless
        nothing was said.

        Raises:
            LanguageUnsupported: No model for what was said.
            EngineError: The engine failed.
            Cancelled: The token was cancelled.
        """
        if not item.text.strip() or (isinstance(item, Partial) and not self._partials):
            return False
        source, target = self.direction(item.language)
        if isinstance(item, Transcript):
            same = source == target
            found = Rendered(item.text, "") if same else self._renderer.final(item, source, target, cancel)
            self._forget()
            emit(_event(item, source, target, found.text, final=True, engine=found.engine))
            return True
        if (item.turn, (source, target)) != (self._turn, self._direction):
            self._forget()
            self._turn, self._direction = item.turn, (source, target)
            self._calm = CalmText(target)
        same = source == target
        versions = [item.text] if same else self._renderer.growing(item, source, target, cancel)
        if not versions:
            return False
        shown = self._calm.update(versions)
        if shown != self._told:
            self._told = shown
            emit(_event(item, source, target, shown, final=False))
        return True

    def direction(self, heard: str) -> tuple[str, str]:
        """From which language to which, for what was heard.

        Args:
            heard: ISO 639-1 that the recognizer tells, or "".

        Raises:
            LanguageUnsupported: The recognizer tells no language, and none was named.
        """
        if self._both_ways:
            return (self._target, self._source) if heard == self._target else (self._source, self._target)
        source = heard if self._source == "auto" else self._source
        if not source:
            raise LanguageUnsupported(
                "The language of what was said isn't known.",
                remedy="Name it: --from es, or `source` under [translation].",
                room="translation",
            )
        return source, self._target

    def _forget(self) -> None:
        self._turn, self._direction, self._told = 0, ("", ""), ""


def _event(
    item: Partial | Transcript, source: str, target: str, text: str, *, final: bool, engine: str = ""
) -> Translation:
    return Translation(
        turn=item.turn,
        time=item.time,
        source=source,
        target=target,
        text=item.text,
        translation=text,
        final=final,
        engine=engine,
    )


def _open_end(words: Sequence[str]) -> str:
    """Recognizers end half a sentence with a full stop; a translation would end there as well."""
    return " ".join(words).rstrip(_ENDS)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many units both begin with."""
    for count, (first, second) in enumerate(zip(one, other, strict=False)):
        if first.rstrip() != second.rstrip():
            return count
    return min(len(one), len(other))


def _text(units: Sequence[str]) -> str:
    return "".join(units).rstrip()
