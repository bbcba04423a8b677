"""From a decoded window to a `Recognition`: segments, words, alternatives, numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voxedge.events import Alternative, Word
from voxedge.recognition.contract import Recognition, RecognitionOptions, Segment
from voxedge.recognition.decoding import Attempt
from voxedge.recognition.engine import WhisperEngine
from voxedge.recognition.speech import FRAME_S, Evidence
from voxedge.recognition.tokens import Piece, WhisperTokenizer
from voxedge.recognition.words import align_words, tighten

_LEAST_SEGMENT_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known besides the words: the language, and where in the sound the window lay."""

    language: str
    language_probability: float
    offset_s: float
    speech_s: float
    windows: tuple[float, ...]


def build(
    engine: WhisperEngine, attempt: Attempt, evidence: Evidence, found: Found, options: RecognitionOptions
) -> Recognition:
    """Makes the result of an utterance whose text stands."""
    tokenizer = engine.tokenizer
    pieces = [
        piece for piece in tokenizer.pieces(attempt.best.tokens) if tokenizer.decode(piece.tokens).strip()
    ]
    words: tuple[Word, ...] = ()
    if options.words:
        tokens = [token for piece in pieces for token in piece.tokens]
        prompt = engine.prompt(found.language, options.task)
        words = align_words(engine, attempt.encoded, prompt, tokens, found.speech_s, found.offset_s)
        words = tighten(words, evidence.probabilities.tolist(), FRAME_S)
    confidence = math.exp(min(0.0, attempt.best.score))
    spoken = "en" if options.task == "translate" else found.language
    return Recognition(
        text=write_numbers(attempt.text, options.numbers, spoken),
        language=found.language,
        language_probability=found.language_probability,
        confidence=confidence,
        start=round(evidence.start_s, 3),
        end=round(max(evidence.start_s, evidence.end_s), 3),
        words=words,
        segments=_segments(tokenizer, pieces, words, found, confidence, options),
        alternatives=_alternatives(tokenizer, attempt, options, spoken),
        windows=found.windows,
    )


def write_numbers(text: str, how: str, language: str) -> str:
    """Writes a text's numbers as asked for; languages whose numbers aren't known stay as they are."""
    if how == "spoken":
        return text
    from voxedge.numbers import LANGUAGES, to_digits, to_words

    if language not in LANGUAGES:
        return text
    return to_digits(text, language) if how == "digits" else to_words(text, language)


def _segments(
    tokenizer: WhisperTokenizer,
    pieces: Sequence[Piece],
    words: Sequence[Word],
    found: Found,
    confidence: float,
    options: RecognitionOptions,
) -> tuple[Segment, ...]:
    spoken = "en" if options.task == "translate" else found.language
    segments: list[Segment] = []
    last_s = 0.0
    taken = 0
    for index, piece in enumerate(pieces):
        count = sum(1 for text, _ in tokenizer.words(piece.tokens) if text.strip())
        own = tuple(words[taken : taken + count] if index < len(pieces) - 1 else words[taken:])
        taken += count
        start_s = min(max(last_s, piece.start or 0.0), max(last_s, found.speech_s - _LEAST_SEGMENT_S))
        end_s = min(found.speech_s, piece.end) if piece.end is not None else found.speech_s
        end_s = max(end_s, start_s + _LEAST_SEGMENT_S)
        last_s = end_s
        start, end = found.offset_s + start_s, found.offset_s + end_s
        if own:
            start, end = own[0].start, max(own[-1].end, own[0].start + _LEAST_SEGMENT_S)
        segments.append(
            Segment(
                text=write_numbers(tokenizer.decode(piece.tokens).strip(), options.numbers, spoken),
                start=round(start, 3),
                end=round(end, 3),
                words=own,
                language=found.language,
                confidence=confidence,
            )
        )
    return tuple(segments)


def _alternatives(
    tokenizer: WhisperTokenizer, attempt: Attempt, options: RecognitionOptions, language: str
) -> tuple[Alternative, ...]:
    """The hypotheses, each text once: those that differ in their time marks only count as one."""
    if options.alternatives == 1:
        return ()
    scores: dict[str, float] = {}
    for hypothesis in attempt.hypotheses:
        text = " ".join(
            tokenizer.decode(piece.tokens).strip() for piece in tokenizer.pieces(hypothesis.tokens)
        )
        text = write_numbers(text.strip(), options.numbers, language)
        if text and text not in scores:
            scores[text] = round(hypothesis.score, 4)
    return tuple(Alternative(text, score) for text, score in scores.items())
