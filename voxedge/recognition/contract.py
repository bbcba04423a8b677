"""Contract of recognition: an utterance's sound goes in, hypotheses come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from voxedge.events import NEVER, Alternative, CancelToken, Word

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionOptions:
    """What is wanted of one recognition.

    Attributes:
        language: ISO 639-1, or "auto" to detect it.
        languages: Where it is detected, the languages that it may be; none for all.
        task: ``transcribe``, or ``translate`` (to English, multilingual models only).
        beam: Width of the beam, 1..16; 1 is greedy.
        alternatives: How many hypotheses to give, 1..16 (n-best).
        words: Whether words get times and probabilities.
        bias: Sentences that are likely (of the active grammar, the app's names); the model is given
            them as if they had just been said, within a budget of tokens.
        vocabulary: The only words that may come out, numbers in words and in digits; empty for all. Whether
            anybody said any of them, the caller must know already: noise comes out as such words, too.
        numbers: ``spoken`` leaves numbers as recognized; ``digits`` and ``words`` write them so.
        partial: A quick look at an utterance that goes on: no wider window, no second try.
    """

    language: str = "en"
    languages: tuple[str, ...] = ()
    task: Literal["transcribe", "translate"] = "transcribe"
    beam: int = 1
    alternatives: int = 1
    words: bool = False
    bias: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    numbers: Literal["spoken", "digits", "words"] = "spoken"
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of speech, about a sentence: a subtitle's worth.

    Attributes:
        text: The words.
        start: Seconds at which it starts.
        end: Seconds at which it ends; greater than ``start``.
        words: With times, where asked for.
        language: ISO 639-1.
        confidence: 0..1.
    """

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    language: str = "en"
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What was recognized. Times are seconds from the first sample handed in.

    Attributes:
        text: The words; "" when nothing was said.
        language: ISO 639-1.
        language_probability: 0..1.
        confidence: 0..1.
        start: Where the speech starts.
        end: Where the speech ends.
        words: With times, where asked for.
        segments: The same text in pieces of about a sentence; empty when nothing was said.
        alternatives: All hypotheses, best first, ``text`` included, where more than one was asked for.
        suppressed: Why ``text`` is empty (``no_speech``, ``low_score``, ``loop``, ...), else "".
        windows: Lengths in seconds of the encoder windows that were paid for, in order.
    """

    text: str
    language: str = "en"
    language_probability: float = 1.0
    confidence: float = 0.0
    start: float = 0.0
    end: float = 0.0
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    suppressed: str = ""
    windows: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizerCapabilities:
    """What a recognizer can do.

    Attributes:
        model: Name of its model.
        languages: ISO 639-1 codes.
        translates: Whether it can translate to English.
        detects_language: Whether ``language="auto"`` works.
        max_utterance_s: Longer sound must be cut before (`recognition.long`).
    """

    model: str
    languages: tuple[str, ...]
    translates: bool = False
    detects_language: bool = False
    max_utterance_s: float = 30.0
    engine: str = field(default="")


class Recognizer(Protocol):
    """Turns the sound of one utterance into words. Safe to call from several threads."""

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """What this recognizer can do."""
        ...

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes one utterance.

        Args:
            samples: float32, shape ``(n,)``, 16 kHz, -1..1; at most ``max_utterance_s``.
            options: What is wanted.
            cancel: Looked at between the steps.

        Raises:
            AudioInvalid: Wrong type or shape, or samples that are no numbers.
            LanguageUnsupported: The model doesn't know the language.
            EngineError: The engine failed.
            Cancelled: The token was cancelled.
        """
        ...

    def close(self) -> None:
        """Gives the model back."""
        ...
