"""Many models as one translator: the direct one for a pair, else two through English, loaded when needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxedge.errors import ClosedError, LanguageUnsupported
from voxedge.events import NEVER, CancelToken
from voxedge.translation.care import Carefully
from voxedge.translation.contract import SentenceEngine, TextTranslation, TranslationOptions
from voxedge.translation.detect import DEFAULT_LANGUAGES, LanguageDetector
from voxedge.translation.protect import Glossary

PIVOT = "en"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that can be loaded.

    Attributes:
        name: Its name.
        pairs: (source, target) in ISO 639-1.
        load: Loads it; called at most once.
        starter: Whether it is the small model that comes with voxedge.
    """

    name: str
    pairs: frozenset[tuple[str, str]]
    load: Callable[[], SentenceEngine]
    starter: bool = False


class TextTranslator:
    """The `Translator` of this room. Safe to use from several threads.

    Args:
        candidates: The models, the better ones first: the first that knows a pair does it.
        glossary: Terms whose translation is fixed.
        available: Pairs that one could get, for the message when a pair is missing: pair to model names.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        glossary: Glossary | None = None,
        available: Callable[[], dict[tuple[str, str], list[str]]] | None = None,
    ) -> None:
        self._candidates = tuple(candidates)
        self._glossary = glossary
        self._available = available
        self._loaded: dict[str, SentenceEngine] = {}
        self._detector: LanguageDetector | None = None
        self._lock = threading.RLock()
        self._closed = False

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs that work, those through English included."""
        direct = {pair for candidate in self._candidates for pair in candidate.pairs}
        into = {a for a, b in direct if b == PIVOT}
        out = {b for a, b in direct if a == PIVOT}
        return frozenset(direct | {(a, b) for a in into for b in out if a != b})

    @property
    def settings(self) -> str:
        """What the answers depend on beside the text: the models' names, and the glossary."""
        terms = sorted(self._glossary.terms.items()) if self._glossary is not None else []
        return repr(([candidate.name for candidate in self._candidates], terms))

    def route(self, source: str, target: str) -> tuple[Candidate, ...]:
        """The model for a pair, or the two models that lead through English.

        Raises:
            LanguageUnsupported: There is no way; the remedy lists what there is and what can be pulled.
        """
        for candidate in self._candidates:
            if (source, target) in candidate.pairs:
                return (candidate,)
        first = next((c for c in self._candidates if (source, PIVOT) in c.pairs), None)
        second = next((c for c in self._candidates if (PIVOT, target) in c.pairs), None)
        if first is not None and second is not None and source != target:
            return (first, second)
        raise self._unsupported(source, target)

    def translate(
        self,
        texts: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions = TranslationOptions(),  # noqa: B008
        cancel: CancelToken = NEVER,
    ) -> list[TextTranslation]:
        """Translates texts; see `Translator.translate`."""
        if source != "auto":
            return self._one_language(list(texts), source, target, options, cancel)
        languages = [self._language(text, target) for text in texts]
        answers: dict[int, TextTranslation] = {}
        for language in dict.fromkeys(languages):
            places = [i for i, found in enumerate(languages) if found == language]
            chosen = [texts[i] for i in places]
            if language == target:
                done = [_unchanged(text, language) for text in chosen]
            else:
                done = self._one_language(chosen, language, target, options, cancel)
            answers.update(zip(places, done, strict=True))
        return [answers[i] for i in range(len(texts))]

    def detect(self, text: str, target: str = "") -> str:
        """The language of a text among those that can be translated, ISO 639-1; "" without letters."""
        return self._languages().detect(text)

    def ranked(self, text: str) -> list[tuple[str, float]]:
        """Those languages with their probabilities, likeliest first; see `LanguageDetector.ranked`."""
        return self._languages().ranked(text)

    def _languages(self) -> LanguageDetector:
        with self._lock:
            if self._detector is None:
                # The common neighbours are let in too: better to say "Italian, no model" than to guess.
                known = {language for pair in self.pairs for language in pair}
                self._detector = LanguageDetector(sorted(known | set(DEFAULT_LANGUAGES)))
            return self._detector

    def close(self) -> None:
        """Gives the engines back; may be called twice."""
        with self._lock:
            self._closed = True
            engines, self._loaded = list(self._loaded.values()), {}
        for engine in engines:
            engine.close()

    def __enter__(self) -> TextTranslator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _language(self, text: str, target: str) -> str:
        return self.detect(text, target) or target

    def _one_language(
        self,
        texts: list[str],
        source: str,
        target: str,
        options: TranslationOptions,
        cancel: CancelToken,
    ) -> list[TextTranslation]:
        way = self.route(source, target)
        cancel.raise_if_cancelled()
        if len(way) == 1:
            return self._careful(way[0]).translate(
                texts, source=source, target=target, options=options, cancel=cancel
            )
        half = self._careful(way[0]).translate(
            texts, source=source, target=PIVOT, options=options, cancel=cancel
        )
        whole = self._careful(way[1]).translate(
            [item.translation for item in half], source=PIVOT, target=target, options=options, cancel=cancel
        )
        return [
            TextTranslation(
                source=source,
                target=target,
                text=first.text,
                translation=second.translation,
                score=first.score * second.score,
                engine=second.engine,
                model=first.model if first.model == second.model else f"{first.model}+{second.model}",
                via=PIVOT,
                alternatives=second.alternatives,
            )
            for first, second in zip(half, whole, strict=True)
        ]

    def _careful(self, candidate: Candidate) -> Carefully:
        with self._lock:
            if self._closed:
                raise ClosedError("The translator was closed.", remedy="Make a new one.", room="translation")
            if candidate.name not in self._loaded:
                self._loaded[candidate.name] = candidate.load()
            return Carefully(self._loaded[candidate.name], self._glossary)

    def _unsupported(self, source: str, target: str) -> LanguageUnsupported:
        ready = ", ".join(f"{a}-{b}" for a, b in sorted(self.pairs)) or "none"
        more = self._available() if self._available is not None else {}
        names = more.get((source, target)) or sorted({name for found in more.values() for name in found})
        pull = f" To get: voxedge models pull {' | '.join(names[:6])}." if names else ""
        same = " Source and target are the same language." if source == target else ""
        return LanguageUnsupported(
            f"There is no model for {source} to {target}.{same}",
            remedy=f"Ready: {ready}.{pull} Your own: voxedge models add FILE.argosmodel, or --model DIR.",
            room="translation",
        )


def _unchanged(text: str, language: str) -> TextTranslation:
    return TextTranslation(source=language, target=language, text=text, translation=text, score=1.0)
