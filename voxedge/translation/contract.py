"""Contract of translation: texts go in, translations of the same texts come out, in order.

Two levels: a `SentenceEngine` translates single sentences with a model; a `Translator` takes any text
(lines, lists, placeholders, over-long sentences) and hands well-kept sentences to engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from voxedge.events import NEVER, Alternative, CancelToken

MARK_BASE = 0xE000
"""A placeholder in a sentence is the private-use character ``chr(MARK_BASE + n)``, n from 1 to `MARKS`."""

MARKS = 9
"""How many placeholders a sentence may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationOptions:
    """How to translate.

    Attributes:
        beam: Width of the beam, 1..16; 1 is greedy (fastest).
        alternatives: How many readings to give of a text of one sentence, 1..16 (n-best).
    """

    beam: int = 4
    alternatives: int = 1

    def __post_init__(self) -> None:
        from voxedge.errors import UsageError

        for name in ("beam", "alternatives"):
            if not 1 <= getattr(self, name) <= 16:
                raise UsageError(
                    f"{name} is {getattr(self, name)}; it must be 1 to 16.",
                    remedy=f"Give --{name} a number from 1 to 16.",
                    room="translation",
                )


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One translation of one sentence.

    Attributes:
        text: The sentence in the target language.
        score: Geometric mean of the probabilities of its tokens, 0..1; 0 where the engine has none.
        links: (offset in the sentence, offset in the translation), a pair a token, where asked for.
    """

    text: str
    score: float
    links: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTranslation:
    """A text and its translation.

    Attributes:
        source: ISO 639-1 of the text.
        target: ISO 639-1 of the translation.
        text: The text as handed in.
        translation: The same in the target language; lines, blanks and placeholders as in ``text``.
        score: Mean of the scores of the sentences, weighted by length, 0..1.
        engine: Name of the engine, such as ``"ctranslate2"``.
        model: Name of the model, or ``"first+second"`` where the way led through another language.
        via: ISO 639-1 of the language between, or "".
        alternatives: Readings of a text of one sentence, best first, where more than one was asked for.
    """

    source: str
    target: str
    text: str
    translation: str
    score: float = 0.0
    engine: str = ""
    model: str = ""
    via: str = ""
    alternatives: tuple[Alternative, ...] = ()

    def to_json(self) -> dict[str, object]:
        """One JSON object; ``via`` and ``alternatives`` only where there are any."""
        value: dict[str, object] = {
            "source": self.source,
            "target": self.target,
            "text": self.text,
            "translation": self.translation,
            "score": round(self.score, 4),
            "engine": self.engine,
            "model": self.model,
        }
        if self.via:
            value["via"] = self.via
        if self.alternatives:
            value["alternatives"] = [item.to_json() for item in self.alternatives]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCapabilities:
    """What a sentence engine can do.

    Attributes:
        engine: Name of the engine.
        model: Name of its model.
        pairs: (source, target) in ISO 639-1.
        placeholders: Whether it carries the characters of `MARK_BASE` through.
        max_tokens: Longer sentences must be split before.
    """

    engine: str
    model: str
    pairs: frozenset[tuple[str, str]]
    placeholders: bool = False
    max_tokens: int = 90


class SentenceEngine(Protocol):
    """Translates sentences with one model."""

    @property
    def capabilities(self) -> EngineCapabilities:
        """What it can do."""
        ...

    def count_tokens(self, sentence: str) -> int:
        """How many tokens of the model the sentence is."""
        ...

    def translate_sentences(
        self,
        sentences: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions,
        strict: bool = False,
        links: bool = False,
        cancel: CancelToken = NEVER,
    ) -> list[list[Hypothesis]]:
        """Translates sentences; one list of hypotheses a sentence, best first.

        Args:
            sentences: Non-empty, without line ends, each at most ``max_tokens`` tokens.
            source: ISO 639-1.
            target: ISO 639-1.
            options: Beam and number of hypotheses.
            strict: Forbid repeated word sequences; a second try where the first one looped.
            links: Whether to tell which words belong together; an engine that can't gives none.
            cancel: Looked at between batches.

        Raises:
            LanguageUnsupported: The model doesn't know the pair.
            Cancelled: `cancel` was set.
            EngineError: The engine failed.
        """
        ...

    def close(self) -> None:
        """Gives memory and processes back; may be called twice."""
        ...


class Translator(Protocol):
    """Translates texts of any form. Safe to use from several threads."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The (source, target) pairs that work, in ISO 639-1, those through a third language included."""
        ...

    def translate(
        self,
        texts: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions = TranslationOptions(),
        cancel: CancelToken = NEVER,
    ) -> list[TextTranslation]:
        """Translates texts; the answer has as many as were handed in, in their order.

        Args:
            texts: Any text, "" included; line ends and blanks are kept.
            source: ISO 639-1, or ``"auto"`` to detect the language of each text.
            target: ISO 639-1.
            options: Beam and alternatives.
            cancel: Looked at between batches.

        Raises:
            LanguageUnsupported: No model for the pair; the remedy lists what there is.
            TextInvalid: A text is binary.
            Cancelled: `cancel` was set.
        """
        ...

    def close(self) -> None:
        """Gives the engines back; may be called twice."""
        ...
