"""CTranslate2's Whisper behind the few calls that recognition needs; loads checked folders, never a hub."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast

from voxedge.cores import share
from voxedge.errors import ClosedError, EngineError, EngineLoadFailed
from voxedge.events import NEVER, CancelToken
from voxedge.recognition.gathering import Gathering, Result
from voxedge.recognition.modelfile import check_folder
from voxedge.recognition.slots import Pending, Slots
from voxedge.recognition.tokens import WhisperTokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mel: TypeAlias = NDArray[np.float32]

_MODELS_OWN = -1
_CLOSE_S = 0.5
_MOST_FRAMES = 600
"""Longer windows (6 s) stay alone: they are rare, and the engine keeps memory for each shape it ever saw."""
_MOST_BARRED = 100
"""Tokens; longer lists come from a vocabulary, are slow to compare, and seldom equal."""
_unloading = threading.Lock()


# Python ends a background thread where it comes back from C++ during exit, which ends the whole process with
# "terminate called": at exit one that is unloading is waited for, and none begins any more.
def _no_more_unloading() -> None:
    _unloading.acquire()


def _unlocked() -> None:
    """In a process that was forked nobody is unloading."""
    global _unloading
    _unloading = threading.Lock()


atexit.register(_no_more_unloading)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlocked)
_T = TypeVar("_T")
_U = TypeVar("_U")
POSITIONS = 448
"""Tokens that the decoder has positions for, prompt included."""


class Storage(Protocol):
    """An array of the engine's own."""

    @property
    def shape(self) -> list[int]:
        """Its sizes."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoded sequence.

    Attributes:
        tokens: Text tokens and time marks.
        score: Mean log-probability a token, the end token counted in.
    """

    tokens: tuple[int, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one run of the decoder gave.

    Attributes:
        hypotheses: Best first, at least one.
        no_speech: The model's own probability that nobody speaks.
    """

    hypotheses: tuple[Hypothesis, ...]
    no_speech: float


class _Engine(Protocol):
    @property
    def is_multilingual(self) -> bool: ...
    @property
    def n_mels(self) -> int: ...
    def encode(self, features: Storage) -> Storage: ...
    def generate(
        self, features: Storage, prompts: list[list[int]], **options: object
    ) -> list[Pending[_Generated]]: ...
    def detect_language(self, features: Storage) -> list[list[tuple[str, float]]]: ...
    def align(
        self, features: Storage, start: list[int], tokens: list[list[int]], frames: int
    ) -> list[_Aligned]: ...
    def unload_model(self) -> None: ...


class _Generated(Protocol):
    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


class _Aligned(Protocol):
    alignments: list[tuple[int, int]]
    text_token_probs: list[float]


class WhisperEngine:
    """A loaded model. Safe to use from several threads.

    With two threads or more, two calls run at once and share them (`voxedge.cores`); further ones wait, and
    those that wait for the same (windows of one length, one prompt) become one call.

    Args:
        folder: The model's folder; must be whole (`check_folder` looks).
        model_name: For messages.
        threads: Threads of all calls together, 1 or more.
        compute_type: How CTranslate2 computes; ``default`` is what the weights are kept as.

    Raises:
        ModelMissing: The folder or a file isn't there.
        ModelCorrupt: A file's structure can't be right.
        EngineLoadFailed: The engine refuses the model, or computes nonsense with it.
    """

    def __init__(
        self, folder: Path, model_name: str, threads: int = 2, *, compute_type: str = "int8"
    ) -> None:
        check_folder(folder, model_name)
        import ctranslate2

        self.model_name = model_name
        at_once, each = share(max(1, threads))
        self._slots = Slots(at_once)
        self._line = Gathering(self._slots)
        self._lock = threading.Lock()
        self._closing = False
        try:
            self.tokenizer = WhisperTokenizer(folder)
            model: object = ctranslate2.models.Whisper(
                str(folder),
                device="cpu",
                compute_type=compute_type,
                intra_threads=each,
                inter_threads=at_once,
            )
        except (RuntimeError, ValueError, OSError, MemoryError, KeyError) as exc:
            raise self._load_failed(str(exc).splitlines()[0] if str(exc) else type(exc).__name__) from exc
        except Exception as exc:  # the tokenizer library raises bare Exception
            if type(exc) is not Exception:
                raise
            raise self._load_failed(str(exc)) from exc
        self._model: _Engine | None = cast(_Engine, model)
        self.multilingual = bool(self._model.is_multilingual)
        self.bands = int(self._model.n_mels)
        self._warm_up()

    def _load_failed(self, what: str) -> EngineLoadFailed:
        return EngineLoadFailed(
            f"The model {self.model_name} can't be loaded: {what}",
            remedy=f"Check it: voxedge models verify {self.model_name}",
            room="recognition",
        )

    def _warm_up(self) -> None:
        """A first short run: later ones are faster, and weights that give no numbers show now."""
        import numpy as np

        try:
            encoded = self.encode(np.full((self.bands, 100), -1.0, np.float32))
            decoded = self.generate(encoded, self.prompt("en", "transcribe"), max_new=2)
        except EngineError as exc:
            raise self._load_failed(exc.message) from exc
        if not all(np.isfinite(h.score) for h in decoded.hypotheses) or not np.isfinite(decoded.no_speech):
            raise self._load_failed("it computes no numbers (a damaged weight?)")

    def prompt(self, language: str, task: str, marks: bool = True) -> list[int]:
        """The tokens that start a transcript."""
        tokens = [self.tokenizer.sot]
        if self.multilingual:
            tokens += [self.tokenizer.languages[language], self.tokenizer.tasks[task]]
        return tokens if marks else [*tokens, self.tokenizer.no_marks]

    def encode(self, mel: Mel, cancel: CancelToken = NEVER) -> Storage:
        """Encodes log-mel frames, shape ``(bands, n)`` with n an even number up to 3000.

        Raises:
            Cancelled: The token was cancelled before it began.
        """
        key = ("encode", mel.shape) if mel.shape[-1] <= _MOST_FRAMES else None
        return self._call(key, mel, _encode, cancel, goes_on=True)

    def generate(
        self,
        encoded: Storage,
        prompt: Sequence[int],
        *,
        max_new: int,
        beam: int = 1,
        count: int = 1,
        barred: Sequence[int] = (),
        cancel: CancelToken = NEVER,
    ) -> Decoded:
        """Decodes.

        Args:
            encoded: What `encode` gave.
            prompt: Tokens to start from.
            max_new: Most tokens to give.
            beam: Width of the beam; 1 is greedy.
            count: How many hypotheses, at most ``beam``.
            barred: Tokens that mustn't come out, beside the model's own list of them.
            cancel: Gives up, at once.

        Raises:
            Cancelled: The token was cancelled.
        """
        how = _How(tuple(prompt), max(beam, count), count, tuple(barred))
        # With a beam the limit decides which hypotheses there are, so it must be the same.
        limit = max_new if how.beam > 1 else None
        fits = len(barred) <= _MOST_BARRED and 2 * encoded.shape[1] <= _MOST_FRAMES
        key = ("generate", tuple(encoded.shape), how, limit) if fits else None

        def work(model: _Engine, wants: Sequence[_Want]) -> Sequence[Pending[_Generated]]:
            return _generate(model, how, wants)

        want = _Want(encoded, max_new)
        result = self._call(key, want, work, cancel)
        if want.limit > max_new and max(map(len, result.sequences_ids)) > max_new:
            # It went on for as long as another one might that it was together with.
            result = self._call(None, want, work, cancel)
        hypotheses = tuple(
            Hypothesis(tuple(tokens), score * len(tokens) / (len(tokens) + 1))
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        )
        return Decoded(hypotheses, float(result.no_speech_prob))

    def detect_language(self, encoded: Storage) -> list[tuple[str, float]]:
        """Languages (ISO 639-1) with their probabilities, likeliest first."""
        found = self._alone(lambda model: model.detect_language(encoded)[0])
        return [(token[2:-2], float(probability)) for token, probability in found]

    def align(
        self, encoded: Storage, prompt: Sequence[int], tokens: Sequence[int], frames: int
    ) -> tuple[list[tuple[int, int]], list[float]]:
        """Aligns text tokens: pairs (token's index, step of 20 ms), and each token's probability."""
        result = self._alone(lambda model: model.align(encoded, list(prompt), [list(tokens)], frames)[0])
        return list(result.alignments), list(result.text_token_probs)

    def close(self) -> None:
        """Gives the model's memory back. May be called twice, and doesn't wait for a call that hangs."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        if self._slots.idle(_CLOSE_S) and not threading.current_thread().daemon:
            self._unload()
        else:
            threading.Thread(target=self._unload_later, name="voxedge-unloading", daemon=True).start()

    def _unload_later(self) -> None:
        while not self._slots.idle(0.0):
            sleep(_CLOSE_S)
        with _unloading:
            self._unload()

    def _unload(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            model.unload_model()

    def _alone(self, work: Callable[[_Engine], _U]) -> _U:
        return self._call(None, None, lambda model, _items: [Result(work(model))], NEVER)

    def _call(
        self,
        key: Hashable,
        item: _T,
        work: Callable[[_Engine, Sequence[_T]], Sequence[Pending[_U]]],
        cancel: CancelToken,
        *,
        goes_on: bool = False,
    ) -> _U:
        """A call in the line of calls; turns the engine's own exceptions into ours."""
        try:
            return self._line.run(
                key, item, lambda items: work(self._open_model(), items), cancel, goes_on=goes_on
            )
        except (RuntimeError, ValueError, MemoryError) as exc:
            if key is not None:  # by itself it may fit into memory
                return self._call(None, item, work, cancel)
            raise EngineError(
                f"The model {self.model_name} failed: {exc}",
                remedy=f"Check the model: voxedge models verify {self.model_name}",
                room="recognition",
            ) from exc

    def _open_model(self) -> _Engine:
        model = self._model
        if model is None or self._closing:
            raise ClosedError("The recognizer is closed.", remedy="Make a new one.", room="recognition")
        return model


@dataclass(frozen=True, slots=True)
class _How:
    """How a decoding is done; equal ones can be one call."""

    prompt: tuple[int, ...]
    beam: int
    count: int
    barred: tuple[int, ...]


@dataclass(slots=True)
class _Want:
    """What is to be decoded.

    Attributes:
        encoded: The sound.
        max_new: Most tokens to give.
        limit: As many as it was allowed to give, together with others.
    """

    encoded: Storage
    max_new: int
    limit: int = 0


def _encode(model: _Engine, mels: Sequence[Mel]) -> Sequence[Result[Storage]]:
    import ctranslate2
    import numpy as np

    encoded = model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack(mels))))
    if len(mels) == 1:
        return [Result(encoded)]
    # Copies: one that is kept is not to keep the others.
    rows = np.asarray(encoded)
    return [Result(ctranslate2.StorageView.from_array(rows[n : n + 1].copy())) for n in range(len(mels))]


def _generate(model: _Engine, how: _How, wants: Sequence[_Want]) -> Sequence[Pending[_Generated]]:
    import ctranslate2
    import numpy as np

    encoded = wants[0].encoded
    if len(wants) > 1:
        together = np.concatenate([np.asarray(want.encoded) for want in wants])
        encoded = ctranslate2.StorageView.from_array(together)
    max_new = max(want.max_new for want in wants)
    for want in wants:
        want.limit = max_new
    # The engine gives at most min(max_length / 2, max_length - len(prompt)) tokens.
    room = min(POSITIONS, max(2 * max_new, max_new + len(how.prompt)))
    return model.generate(
        encoded,
        [list(how.prompt)] * len(wants),
        asynchronous=True,
        beam_size=how.beam,
        num_hypotheses=how.count,
        max_length=room,
        return_scores=True,
        return_no_speech_prob=True,
        max_initial_timestamp_index=50,
        suppress_tokens=[_MODELS_OWN, *how.barred],
    )
