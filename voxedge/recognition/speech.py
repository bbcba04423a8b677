"""Where in a piece of sound somebody speaks: Silero's voice activity model over the whole at once."""

from __future__ import annotations

import importlib.util
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from voxedge.errors import EngineLoadFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32

    Probabilities: TypeAlias = NDArray[np.float32]

FRAME_SAMPLES = 512
FRAME_S = FRAME_SAMPLES / 16_000
_CONTEXT_SAMPLES = 64
_BATCH_FRAMES = 2_000
_ASSET = Path("assets", "silero_vad_v6.onnx")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the sound tells about speech, before any word was recognized.

    Attributes:
        probabilities: float32, one a frame of 32 ms, 0..1.
        start_s: Where the first speech begins.
        end_s: Where the last speech ends.
        voiced_s: Seconds of frames that are rather speech than not.
        peak: The greatest mean probability over five frames in a row (160 ms).
    """

    probabilities: Probabilities
    start_s: float
    end_s: float
    voiced_s: float
    peak: float


class SpeechFinder:
    """Silero, one pass over an utterance. Safe to use from several threads."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                str(_model_file()), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime has a class an error, none with a common root but this
            if isinstance(exc, EngineLoadFailed):
                raise
            raise EngineLoadFailed(
                f"The voice activity model can't be loaded: {type(exc).__name__}.",
                remedy="Install faster-whisper anew: pip install --force-reinstall faster-whisper",
                room="recognition",
            ) from exc
        self._lock = threading.Lock()

    def probabilities(self, samples: MonoF32) -> Probabilities:
        """The probability of speech in each frame of 512 samples (the last one padded with zeros)."""
        import numpy as np

        count = -(-len(samples) // FRAME_SAMPLES)
        padded = np.zeros(_CONTEXT_SAMPLES + count * FRAME_SAMPLES, np.float32)
        padded[_CONTEXT_SAMPLES : _CONTEXT_SAMPLES + len(samples)] = samples
        width = _CONTEXT_SAMPLES + FRAME_SAMPLES
        frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::FRAME_SAMPLES]
        state = np.zeros((1, 1, 128), np.float32)
        cell = np.zeros((1, 1, 128), np.float32)
        found = np.empty(count, np.float32)
        for begin in range(0, count, _BATCH_FRAMES):
            batch = np.ascontiguousarray(frames[begin : begin + _BATCH_FRAMES])
            with self._lock:
                output, state, cell = self._session.run(None, {"input": batch, "h": state, "c": cell})
            found[begin : begin + len(batch)] = np.asarray(output, np.float32).reshape(-1)
        return found

    def step(
        self, frame: MonoF32, context: MonoF32, state: Probabilities, cell: Probabilities
    ) -> tuple[float, Probabilities, Probabilities]:
        """One frame of a stream: its probability, and the network's state behind it."""
        import numpy as np

        joined = np.concatenate([context, frame])[None]
        with self._lock:
            output, state, cell = self._session.run(None, {"input": joined, "h": state, "c": cell})
        return float(np.asarray(output).reshape(-1)[0]), state, cell

    def evidence(self, samples: MonoF32) -> Evidence:
        """Looks an utterance over."""
        return weigh(self.probabilities(samples), len(samples) / 16_000)


class SpeechStream:
    """Silero over a stream, frame by frame. For one thread.

    Args:
        finder: Shares its loaded model; None loads one.
    """

    def __init__(self, finder: SpeechFinder | None = None) -> None:
        import numpy as np

        self._finder = finder or SpeechFinder()
        self._state = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def __call__(self, frame: MonoF32) -> float:
        """The probability of speech in the next frame: float32, shape ``(512,)``."""
        probability, self._state, self._cell = self._finder.step(
            frame, self._context, self._state, self._cell
        )
        self._context = frame[-_CONTEXT_SAMPLES:]
        return probability


def weigh(probabilities: Probabilities, duration_s: float, threshold: float = 0.3) -> Evidence:
    """Sums up probabilities of frames; without a frame above the threshold, the whole counts as speech."""
    import numpy as np

    voiced = np.flatnonzero(probabilities >= threshold)
    if len(voiced):
        start_s = float(voiced[0]) * FRAME_S
        end_s = min(duration_s, float(voiced[-1] + 1) * FRAME_S)
    else:
        start_s, end_s = 0.0, duration_s
    width = min(5, len(probabilities))
    peak = float(np.convolve(probabilities, np.full(width, 1 / width), "valid").max()) if width else 0.0
    return Evidence(probabilities, start_s, end_s, float((probabilities >= 0.5).sum()) * FRAME_S, peak)


def _model_file() -> Path:
    # Found without importing the package, which would take a quarter of a second.
    spec = importlib.util.find_spec("faster_whisper")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(place) / _ASSET
        if file.is_file():
            return file
    raise EngineLoadFailed(
        "The voice activity model isn't there: it comes with the package faster-whisper 1.2 or later.",
        remedy="Install it: pip install 'faster-whisper>=1.2'",
        room="recognition",
    )
