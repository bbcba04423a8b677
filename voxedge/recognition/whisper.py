"""The Whisper recognizer: short windows, a guard, and a wider window only when a sign says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.errors import LanguageUnsupported, UsageError
from voxedge.events import NEVER, Alternative, CancelToken, Word
from voxedge.recognition.contract import Recognition, RecognitionOptions, RecognizerCapabilities, Segment
from voxedge.recognition.engine import Decoded, Hypothesis, Storage, WhisperEngine
from voxedge.recognition.guard import Signs, verdict
from voxedge.recognition.loops import cut_loop
from voxedge.recognition.samples import RATE_HZ, check_samples
from voxedge.recognition.speech import Evidence, SpeechFinder
from voxedge.recognition.tokens import Piece
from voxedge.recognition.windows import FULL_S, WindowPolicy
from voxedge.recognition.words import align_words

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.engine import Mel

_MARGIN_S = 0.25
"""Sound kept before and behind the speech."""


def create(model_dir: Path, *, model_name: str = "", threads: int = 2) -> WhisperRecognizer:
    """Loads the recognizer; the factory that the registry names."""
    return WhisperRecognizer(model_dir, model_name=model_name or model_dir.name, threads=threads)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One window, decoded.

    Attributes:
        window_s: Length of the window.
        decoded: What came out.
        best: Its best hypothesis, cut to what can have been said.
        doubt: The sign that asks for a wider window, or "".
    """

    window_s: float
    decoded: Decoded
    best: Hypothesis
    doubt: str
    encoded: Storage


class WhisperRecognizer:
    """Recognizes utterances of up to 30 s. Threads that share it take turns.

    Args:
        model_dir: Folder of a verified model.
        model_name: For messages.
        threads: Threads of one recognition.

    Raises:
        ModelMissing: The folder or one of its files isn't there.
        ModelCorrupt: A file of the model is damaged.
        EngineLoadFailed: The engine can't load the model.
    """

    def __init__(self, model_dir: Path, *, model_name: str, threads: int = 2) -> None:
        self._engine = WhisperEngine(model_dir, model_name, threads)
        self._finder = SpeechFinder()
        self._policy = WindowPolicy()

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """What this recognizer can do."""
        many = self._engine.multilingual
        return RecognizerCapabilities(
            model=self._engine.model_name,
            languages=tuple(sorted(self._engine.tokenizer.languages)) if many else ("en",),
            translates=many,
            detects_language=many,
            max_utterance_s=FULL_S,
            engine="whisper",
        )

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes one utterance; see `Recognizer.recognize`."""
        check_samples(samples, FULL_S)
        self._check_options(options)
        cancel.raise_if_cancelled()
        evidence = self._finder.evidence(samples)
        begin = max(0, int((evidence.start_s - _MARGIN_S) * RATE_HZ))
        end = min(len(samples), int((evidence.end_s + _MARGIN_S) * RATE_HZ))
        speech = samples[begin:end]
        offset_s = begin / RATE_HZ
        tried: list[_Attempt] = []
        windows = self._policy.windows_s(len(speech) / RATE_HZ)
        language, probability = self._fixed_language(options)
        for window_s in windows[:1] if options.partial else windows:
            cancel.raise_if_cancelled()
            encoded = self._engine.encode(_features(speech, window_s, self._engine.bands))
            if not language:
                language, probability = self._engine.detect_language(encoded)[0]
            cancel.raise_if_cancelled()
            attempt = self._decode(encoded, window_s, len(speech) / RATE_HZ, language, options)
            tried.append(attempt)
            if not attempt.doubt:
                break
        cancel.raise_if_cancelled()
        chosen = min(tried, key=lambda a: (bool(a.doubt), -a.best.score))
        found = _Found(
            language, probability, offset_s, len(speech) / RATE_HZ, tuple(a.window_s for a in tried)
        )
        return self._build(chosen, evidence, found, options)

    def close(self) -> None:
        """Gives the model's memory back."""
        self._engine.close()

    def _check_options(self, options: RecognitionOptions) -> None:
        if not 1 <= options.beam <= 16 or not 1 <= options.alternatives <= 16:
            raise UsageError(
                "beam and alternatives must be from 1 to 16.",
                remedy="Choose a number from 1 to 16.",
                room="recognition",
            )
        wanted = options.language
        many = self._engine.multilingual
        known_here = wanted == "auto" or wanted in (self._engine.tokenizer.languages if many else ("en",))
        if known_here and (many or options.task == "transcribe"):
            return
        known = ", ".join(self.capabilities.languages)
        raise LanguageUnsupported(
            f"The model {self._engine.model_name} knows no {options.task} of {wanted!r}.",
            remedy=f"Take a multilingual model (base) or one of its languages: {known}.",
            room="recognition",
        )

    def _fixed_language(self, options: RecognitionOptions) -> tuple[str, float]:
        if not self._engine.multilingual:
            return "en", 1.0
        return ("", 0.0) if options.language == "auto" else (options.language, 1.0)

    def _decode(
        self, encoded: Storage, window_s: float, speech_s: float, language: str, options: RecognitionOptions
    ) -> _Attempt:
        cap = self._policy.most_tokens(speech_s)
        decoded = self._engine.generate(
            encoded,
            self._engine.prompt(language, options.task),
            max_new=cap,
            beam=options.beam,
            count=options.alternatives,
        )
        raw = decoded.hypotheses[0]
        tokens = self._until_end(raw.tokens, speech_s)
        tokens, looped = cut_loop(tokens)
        doubt = ""
        if len(raw.tokens) >= cap and len(tokens) == len(raw.tokens):
            doubt = "cap"
        elif looped:
            doubt = "loop"
        elif raw.score < -1.0:
            doubt = "score"
        elif not any(token < self._engine.tokenizer.eot for token in tokens):
            doubt = "empty"
        return _Attempt(window_s, decoded, Hypothesis(tuple(tokens), raw.score), doubt, encoded)

    def _until_end(self, tokens: tuple[int, ...], speech_s: float) -> tuple[int, ...]:
        """Cuts at the first time mark that reaches the end of the speech: what follows was never said."""
        text_seen = False
        for index, token in enumerate(tokens):
            mark = self._engine.tokenizer.mark_s(token)
            if mark is None:
                text_seen = True
            elif text_seen and mark >= speech_s - 0.4:
                return tokens[: index + 1]
        return tokens

    def _build(
        self, attempt: _Attempt, evidence: Evidence, found: _Found, options: RecognitionOptions
    ) -> Recognition:
        tokenizer = self._engine.tokenizer
        pieces = tokenizer.pieces(attempt.best.tokens)
        text = " ".join(t for t in (tokenizer.decode(p.tokens).strip() for p in pieces) if t)
        signs = Signs(attempt.best.score, attempt.decoded.no_speech, evidence.peak, evidence.voiced_s)
        why = verdict(signs) or ("" if text else "no_speech")
        confidence = math.exp(min(0.0, attempt.best.score))
        if why:
            return Recognition(
                text="",
                language=found.language,
                language_probability=found.language_probability,
                suppressed=why,
                windows=found.windows,
            )
        words: tuple[Word, ...] = ()
        if options.words:
            ids = [t for p in pieces for t in p.tokens]
            prompt = self._engine.prompt(found.language, options.task)
            words = align_words(self._engine, attempt.encoded, prompt, ids, found.speech_s, found.offset_s)
        segments = self._segments(pieces, words, found, confidence)
        alternatives: tuple[Alternative, ...] = ()
        if options.alternatives > 1:
            alternatives = self._alternatives(attempt, text, found.speech_s)
        return Recognition(
            text=text,
            language=found.language,
            language_probability=found.language_probability,
            confidence=confidence,
            start=found.offset_s + min(_MARGIN_S, found.offset_s),
            end=found.offset_s + found.speech_s,
            words=words,
            segments=segments,
            alternatives=alternatives,
            windows=found.windows,
        )

    def _segments(
        self, pieces: list[Piece], words: tuple[Word, ...], found: _Found, confidence: float
    ) -> tuple[Segment, ...]:
        tokenizer = self._engine.tokenizer
        segments: list[Segment] = []
        last = 0.0
        taken = 0
        for index, piece in enumerate(pieces):
            text = tokenizer.decode(piece.tokens).strip()
            if not text:
                continue
            start = min(max(last, piece.start if piece.start is not None else last), found.speech_s)
            stop = piece.end if piece.end is not None else found.speech_s
            stop = min(max(stop, start + 0.02), max(found.speech_s, start + 0.02))
            count = len(tokenizer.words(piece.tokens))
            own = words[taken : taken + count] if index < len(pieces) - 1 else words[taken:]
            taken += count
            segments.append(
                Segment(
                    text=text,
                    start=found.offset_s + start,
                    end=found.offset_s + stop,
                    words=tuple(own),
                    language=found.language,
                    confidence=confidence,
                )
            )
            last = stop
        return tuple(segments)

    def _alternatives(self, attempt: _Attempt, text: str, speech_s: float) -> tuple[Alternative, ...]:
        scores: dict[str, float] = {text: attempt.best.score}
        for hypothesis in attempt.decoded.hypotheses[1:]:
            tokens, _ = cut_loop(self._until_end(hypothesis.tokens, speech_s))
            other = self._engine.tokenizer.decode(tokens).strip()
            if other and other not in scores:
                scores[other] = hypothesis.score
        return tuple(Alternative(words, score) for words, score in scores.items())


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known besides the words: language, and where in the sound the window lay."""

    language: str
    language_probability: float
    offset_s: float
    speech_s: float
    windows: tuple[float, ...]


def _features(speech: MonoF32, window_s: float, bands: int) -> Mel:
    import numpy as np

    from voxedge.recognition.features import log_mel

    count = round(window_s * 50) * 2 * 160
    padded = np.zeros(count, np.float32)
    kept = min(count, len(speech))
    padded[:kept] = speech[:kept]
    return log_mel(padded, bands)
