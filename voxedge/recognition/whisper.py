"""The Whisper recognizer: short windows, a guard, and a wider window only when a sign says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.errors import LanguageUnsupported, UsageError
from voxedge.events import NEVER, CancelToken
from voxedge.recognition.contract import Recognition, RecognitionOptions, RecognizerCapabilities
from voxedge.recognition.decoding import Attempt, WindowDecoder
from voxedge.recognition.engine import WhisperEngine
from voxedge.recognition.guard import Signs, hopeless, verdict
from voxedge.recognition.memory import Returning
from voxedge.recognition.results import Found, build
from voxedge.recognition.samples import RATE_HZ, check_utterance
from voxedge.recognition.speech import Evidence, SpeechFinder
from voxedge.recognition.windows import FULL_S, WindowPolicy

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

_MARGIN_S = 0.25
"""Sound kept before and behind the speech."""
_LEAST_SAMPLES = 400


def create(model_dir: Path, *, model_name: str = "", threads: int = 2) -> WhisperRecognizer:
    """Loads the recognizer; the factory that the registry names."""
    return WhisperRecognizer(model_dir, model_name=model_name or model_dir.name, threads=threads)


class WhisperRecognizer:
    """Recognizes utterances of up to 30 s. Safe to use from several threads; two get on at the same time.

    Args:
        model_dir: Folder of a verified model.
        model_name: For messages.
        threads: Threads of all recognitions together; see `WhisperEngine`.
        early_gate: Whether sound that can't be speech is turned away before anything is decoded. Off only
            to test the guard behind it.
        compute_type: How CTranslate2 computes; ``default`` is what the weights are kept as.

    Raises:
        ModelMissing: The folder or one of its files isn't there.
        ModelCorrupt: A file of the model is damaged.
        EngineLoadFailed: The engine can't load the model.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        model_name: str,
        threads: int = 2,
        early_gate: bool = True,
        compute_type: str = "int8",
    ) -> None:
        self._engine = WhisperEngine(model_dir, model_name, threads, compute_type=compute_type)
        self._finder = SpeechFinder()
        self._policy = WindowPolicy()
        self._decoder = WindowDecoder(self._engine, self._policy)
        self._early_gate = early_gate
        self._memory = Returning()

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
        check_utterance(samples, FULL_S)
        self._check_options(options)
        cancel.raise_if_cancelled()
        evidence = self._finder.evidence(samples)
        if len(samples) < _LEAST_SAMPLES or (self._early_gate and hopeless(evidence.peak)):
            fixed = options.language if options.language != "auto" else "en"
            return Recognition(text="", language=fixed, language_probability=0.0, suppressed="no_speech")
        begin = max(0, int((evidence.start_s - _MARGIN_S) * RATE_HZ))
        end = min(len(samples), int((evidence.end_s + _MARGIN_S) * RATE_HZ))
        speech = samples[begin:end]
        tried, language, probability = self._try_windows(speech, evidence, options, cancel)
        chosen = min(tried, key=lambda attempt: attempt.rank)
        found = Found(
            language=language,
            language_probability=probability,
            offset_s=begin / RATE_HZ,
            speech_s=len(speech) / RATE_HZ,
            windows=tuple(attempt.window_s for attempt in tried),
        )
        why = self._suppressed(chosen, evidence)
        if not why and self._leaked(chosen, evidence, found, options, cancel):
            why = "no_speech"
        if why:
            return Recognition(
                text="",
                language=language,
                language_probability=probability,
                suppressed=why,
                windows=found.windows,
            )
        cancel.raise_if_cancelled()
        return build(self._engine, chosen, evidence, found, options)

    def close(self) -> None:
        """Gives the model's memory back. May be called twice."""
        self._engine.close()

    def _try_windows(
        self, speech: MonoF32, evidence: Evidence, options: RecognitionOptions, cancel: CancelToken
    ) -> tuple[list[Attempt], str, float]:
        """Decodes windows, the cheapest first, until one leaves no doubt."""
        language, probability = self._fixed_language(options)
        speech_s = len(speech) / RATE_HZ
        tried: list[Attempt] = []
        for window_s in self._policy.windows_s(speech_s):
            cancel.raise_if_cancelled()
            encoded = self._decoder.encode(speech, window_s, cancel)
            self._memory.used(window_s)  # here: most quick looks are given up before their end
            if not language:
                cancel.raise_if_cancelled()
                language, probability = _likeliest(self._engine.detect_language(encoded), options.languages)
            cancel.raise_if_cancelled()
            attempt = self._decoder.decode(encoded, window_s, speech_s, language, options, cancel)
            tried.append(attempt)
            # Words that nobody said stay so in a wider window: noise isn't worth a second look.
            if not attempt.doubt or options.partial or self._suppressed(attempt, evidence):
                break
        return tried, language, probability

    def _suppressed(self, attempt: Attempt, evidence: Evidence) -> str:
        doubtful = attempt.doubt in {"loop", "cap"}
        return verdict(
            Signs(evidence.peak, attempt.no_speech, attempt.best.score, attempt.text, doubtful=doubtful)
        )

    def _leaked(
        self,
        attempt: Attempt,
        evidence: Evidence,
        found: Found,
        options: RecognitionOptions,
        cancel: CancelToken,
    ) -> bool:
        """Whether a bias made a text where the unbiased model hears none.

        A prompted decoder turns noise into its own sentences, with a good score. Where the sound isn't surely
        speech, the text must stand without the prompt, too.
        """
        if not options.bias or options.vocabulary or evidence.peak >= _SURELY_SPEECH:
            return False
        free = self._decoder.decode_free(
            attempt.encoded, attempt.window_s, found.speech_s, found.language, options, cancel
        )
        return bool(self._suppressed(free, evidence))

    def _check_options(self, options: RecognitionOptions) -> None:
        if not 1 <= options.beam <= 16 or not 1 <= options.alternatives <= 16:
            raise UsageError(
                "beam and alternatives must be from 1 to 16.",
                remedy="Choose a number from 1 to 16.",
                room="recognition",
            )
        wanted = options.language
        many = self._engine.multilingual
        if options.languages and not set(options.languages) <= set(self.capabilities.languages):
            wanted = next(code for code in options.languages if code not in self.capabilities.languages)
        known_here = wanted == "auto" or wanted in (self._engine.tokenizer.languages if many else ("en",))
        if known_here and (many or options.task == "transcribe"):
            return
        known = ", ".join(self.capabilities.languages)
        raise LanguageUnsupported(
            f"The model {self._engine.model_name} can't {options.task} {wanted!r}.",
            remedy=f"Take a multilingual model (base), or one of this model's languages: {known}.",
            room="recognition",
        )

    def _fixed_language(self, options: RecognitionOptions) -> tuple[str, float]:
        if not self._engine.multilingual:
            return "en", 1.0
        return ("", 0.0) if options.language == "auto" else (options.language, 1.0)


def _likeliest(found: list[tuple[str, float]], languages: tuple[str, ...]) -> tuple[str, float]:
    """The likeliest language, of those that it may be; its probability among these."""
    if not languages:
        return found[0]
    allowed = [pair for pair in found if pair[0] in languages]
    whole = sum(probability for _, probability in allowed) or 1.0
    return allowed[0][0], allowed[0][1] / whole


_SURELY_SPEECH = 0.95
