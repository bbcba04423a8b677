"""One window decoded: what came out, cut to what can have been said, and whether to look again."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voxedge.events import NEVER, CancelToken
from voxedge.recognition.engine import Decoded, Hypothesis, Storage, WhisperEngine
from voxedge.recognition.loops import cut_anew, cut_loop, ends_twice
from voxedge.recognition.samples import RATE_HZ
from voxedge.recognition.windows import WindowPolicy

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import RecognitionOptions
    from voxedge.recognition.engine import Mel

DOUBTS = ("", "score", "twice", "loop", "cap", "empty")
"""Signs that a window was too narrow, from none to the worst."""
_LEAST_SCORE = -1.0
_END_SLACK_S = 0.4
_BIAS_TOKENS = 160
_KEPT = 8
_LOOK_S = 0.1
_BIAS_LEAST_SCORE = -0.9
"""A worse biased decoding is checked against a free one: a prompt mustn't put words into people's mouths."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One window, decoded.

    Attributes:
        window_s: Length of the window.
        encoded: The engine's encoding of it.
        hypotheses: Best first, each cut at the end of the speech and at loops.
        no_speech: The model's own probability that nobody speaks.
        doubt: One of `DOUBTS`.
        text: Words of the best hypothesis.
    """

    window_s: float
    encoded: Storage
    hypotheses: tuple[Hypothesis, ...]
    no_speech: float
    doubt: str
    text: str

    @property
    def best(self) -> Hypothesis:
        """The best hypothesis."""
        return self.hypotheses[0]

    @property
    def rank(self) -> tuple[int, float]:
        """Lesser is better: the doubt first, then the score."""
        return DOUBTS.index(self.doubt), -self.best.score


class WindowDecoder:
    """Encodes and decodes windows. Safe to use from several threads.

    What the last few utterances were encoded and freely decoded to is kept: they may be decoded again, with
    a hint, by threads that work side by side.

    Args:
        engine: The loaded model.
        policy: Caps of the decoder.
    """

    def __init__(self, engine: WhisperEngine, policy: WindowPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._barred: tuple[tuple[str, ...], tuple[int, ...]] = ((), ())
        self._lock = threading.Lock()
        self._encoded: dict[tuple[bytes, float], Storage] = {}
        self._under_way: dict[tuple[bytes, float], threading.Event] = {}
        # Replaced as a whole: of two threads that do so at once one finds its work forgotten, no more.
        self._plain: tuple[tuple[Storage, tuple[str, str], Attempt], ...] = ()

    def encode(self, speech: MonoF32, window_s: float, cancel: CancelToken = NEVER) -> Storage:
        """Encodes the speech in a window that silence fills up: sound is padded, never features.

        Where another thread is about to encode the same, its work is waited for.
        """
        key = (hashlib.blake2b(speech.tobytes(), digest_size=16).digest(), window_s)
        while True:
            with self._lock:
                if key in self._encoded:
                    self._encoded[key] = self._encoded.pop(key)  # the latest to be forgotten
                    return self._encoded[key]
                under_way = self._under_way.get(key)
                if under_way is None:
                    self._under_way[key] = threading.Event()
                    break
            while not under_way.wait(_LOOK_S):
                cancel.raise_if_cancelled()
        try:
            encoded = self._engine.encode(window_features(speech, window_s, self._engine.bands), cancel)
            with self._lock:
                self._encoded[key] = encoded
                while len(self._encoded) > _KEPT:
                    del self._encoded[next(iter(self._encoded))]
        finally:
            with self._lock:
                self._under_way.pop(key).set()
        return encoded

    def decode(
        self,
        encoded: Storage,
        window_s: float,
        speech_s: float,
        language: str,
        options: RecognitionOptions,
        cancel: CancelToken = NEVER,
    ) -> Attempt:
        """Decodes an encoded window.

        Of several hypotheses with a hint none has time marks, so that they differ in words; what was heard
        freely before keeps them from running on.
        """
        bias = self._bias_prompt(options.bias)
        if not bias and not options.vocabulary and options.beam == options.alternatives == 1:
            return self.decode_free(encoded, window_s, speech_s, language, options, cancel)
        cap, free = self._policy.most_tokens(speech_s), self._decoded_free(encoded, language, options)
        if free is not None and bias and options.alternatives > 1:
            start = self._engine.prompt(language, options.task, marks=False)
            likely = self._policy.hinted_tokens(speech_s, len(free.best.tokens))
            return self._once(
                encoded, window_s, speech_s, [*bias, *start], options, likely, cancel, stopped=True
            )
        start = self._engine.prompt(language, options.task)
        attempt = self._once(encoded, window_s, speech_s, [*bias, *start], options, cap, cancel)
        if bias and not options.vocabulary and (attempt.doubt or attempt.best.score < _BIAS_LEAST_SCORE):
            free = self.decode_free(encoded, window_s, speech_s, language, options, cancel)
            attempt = min(attempt, free, key=lambda a: a.rank)
        return attempt

    def decode_free(
        self,
        encoded: Storage,
        window_s: float,
        speech_s: float,
        language: str,
        options: RecognitionOptions,
        cancel: CancelToken = NEVER,
    ) -> Attempt:
        """Decodes greedily without any bias; what was decoded so just before isn't decoded again."""
        attempt = self._decoded_free(encoded, language, options)
        if attempt is None:
            plain = replace(options, beam=1, alternatives=1, bias=(), vocabulary=())
            start = self._engine.prompt(language, options.task)
            likely, most = self._policy.likely_tokens(speech_s, language), self._policy.most_tokens(speech_s)
            attempt = self._once(encoded, window_s, speech_s, start, plain, likely, cancel)
            if attempt.doubt == "cap" and likely < most:
                attempt = self._once(encoded, window_s, speech_s, start, plain, most, cancel)
            self._plain = ((encoded, (language, options.task), attempt), *self._plain[: _KEPT - 1])
        return attempt

    def _decoded_free(self, encoded: Storage, language: str, options: RecognitionOptions) -> Attempt | None:
        """What `decode_free` gave of this encoding, if that is still known."""
        for encoding, key, attempt in self._plain:
            if encoding is encoded and key == (language, options.task):
                return attempt
        return None

    def _once(
        self,
        encoded: Storage,
        window_s: float,
        speech_s: float,
        prompt: Sequence[int],
        options: RecognitionOptions,
        cap: int,
        cancel: CancelToken,
        *,
        stopped: bool = False,
    ) -> Attempt:
        """One run of the decoder; ``stopped``: that it came to the cap tells nothing."""
        beam = max(options.beam, options.alternatives)
        decoded = self._engine.generate(
            encoded,
            prompt,
            max_new=cap,
            beam=beam,
            count=options.alternatives,
            barred=self._barred_by(options),
            cancel=cancel,
        )
        cut = [self._cut(h, speech_s, cap) for h in decoded.hypotheses]
        text = self.text(cut[0][0].tokens)
        return Attempt(
            window_s,
            encoded,
            tuple(h for h, _ in cut),
            decoded.no_speech,
            self._doubt(decoded, cut[0], text, 0 if stopped else cap),
            text,
        )

    def text(self, tokens: Sequence[int]) -> str:
        """The words of a sequence with time marks."""
        tokenizer = self._engine.tokenizer
        return " ".join(
            text
            for text in (tokenizer.decode(piece.tokens).strip() for piece in tokenizer.pieces(tokens))
            if text
        )

    def _cut(self, hypothesis: Hypothesis, speech_s: float, cap: int) -> tuple[Hypothesis, bool]:
        tokens, looped = cut_loop(self._until_end(hypothesis.tokens, speech_s))
        if not looped and len(tokens) >= cap:
            first = next((i for i, t in enumerate(tokens) if self._engine.tokenizer.mark_s(t) is None), 0)
            rest, looped = cut_anew(tokens[first:])
            tokens = (*tokens[:first], *rest)
        return Hypothesis(tokens, hypothesis.score), looped

    def _doubt(self, decoded: Decoded, best: tuple[Hypothesis, bool], text: str, cap: int) -> str:
        raw, (kept, looped) = decoded.hypotheses[0], best
        if not any(c.isalnum() for c in text):
            return "empty"
        if cap and len(raw.tokens) >= cap and len(kept.tokens) == len(raw.tokens):
            return "cap"
        if looped:
            return "loop"
        if ends_twice(text):
            return "twice"
        return "score" if raw.score < _LEAST_SCORE else ""

    def _until_end(self, tokens: Sequence[int], speech_s: float) -> tuple[int, ...]:
        """Cuts at the first time mark that reaches the end of the speech: what follows was never said."""
        text_seen = False
        for index, token in enumerate(tokens):
            mark = self._engine.tokenizer.mark_s(token)
            if mark is None:
                text_seen = True
            elif text_seen and mark >= speech_s - _END_SLACK_S:
                return tuple(tokens[: index + 1])
        return tuple(tokens)

    def _barred_by(self, options: RecognitionOptions) -> tuple[int, ...]:
        """Text tokens that no word of the vocabulary has; of hinted hypotheses the stops.

        Hypotheses that differ in stops only would fill the beam.
        """
        tokenizer, words = self._engine.tokenizer, options.vocabulary
        if not words:
            return tokenizer.stops if options.bias and options.alternatives > 1 else ()
        known, barred = self._barred
        if known != (*words, options.language):
            allowed = tokenizer.tokens_of(words, options.language)
            barred = tuple(token for token in range(tokenizer.eot) if token not in allowed)
            self._barred = ((*words, options.language), barred)
        return barred

    def _bias_prompt(self, sentences: Sequence[str]) -> list[int]:
        """The sentences as what was said just before, the first ones first, within a budget of tokens."""
        chosen: list[int] = []
        for sentence in sentences:
            plain = sentence.strip()
            if not plain:
                continue
            ended = plain if plain[-1] in ".!?…。！？" else plain + "."
            tokens = self._engine.tokenizer.encode(" " + ended)
            if len(chosen) + len(tokens) > _BIAS_TOKENS:
                break
            chosen += tokens
        return [self._engine.tokenizer.previous, *chosen] if chosen else []


def window_features(speech: MonoF32, window_s: float, bands: int) -> Mel:
    """Log-mel frames of a window: the speech, then silence.

    Returns:
        float32, shape ``(bands, n)``, n even, 100 a second.
    """
    import numpy as np

    from voxedge.recognition.features import HOP_SAMPLES, log_mel

    count = round(window_s * RATE_HZ / (2 * HOP_SAMPLES)) * 2 * HOP_SAMPLES
    padded = np.zeros(count, np.float32)
    kept = min(count, len(speech))
    padded[:kept] = speech[:kept]
    return log_mel(padded, bands)
