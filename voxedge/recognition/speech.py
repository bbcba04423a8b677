"""Where in a piece of sound somebody speaks: Silero's voice activity model over the whole at once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from voxedge.errors import EngineLoadFailed
from voxedge.resources import silero_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32

    Probabilities: TypeAlias = NDArray[np.float32]

FRAME_SAMPLES = 512
FRAME_S = FRAME_SAMPLES / 16_000
LEAD_FRAMES = 31
"""A second of silence that the network hears first. Started amid noise it takes the noise for speech (on a
kitchen's clatter up to 0.85 instead of 0.75, on speech no less than before)."""
_CONTEXT_SAMPLES = 64
_BATCH_FRAMES = 2_000
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the sound tells about speech, before any word was recognized.

    Attributes:
        probabilities: float32, one a frame of 32 ms, 0..1.
        start_s: Where the first speech begins.
        end_s: Where the last speech ends.
        peak: The greatest mean probability over five frames in a row (160 ms).
    """

    probabilities: Probabilities
    start_s: float
    end_s: float
    peak: float


class SpeechFinder:
    """Silero, one pass over an utterance. Safe to use from several threads."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Its pool keeps the most that each new length of sound needed, for ever; without it, it is as fast.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
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
        self._lead = self._after_silence()
        self._last: tuple[tuple[bytes, Evidence], ...] = ()

    def _after_silence(self) -> tuple[Probabilities, Probabilities]:
        """The network's state behind `LEAD_FRAMES` of silence: always the same, so it is made once."""
        import numpy as np

        zeros = np.zeros((1, 1, 128), np.float32)
        batch = np.zeros((LEAD_FRAMES, _CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        _, state, cell = self._session.run(None, {"input": batch, "h": zeros, "c": zeros})
        return state, cell

    def probabilities(self, samples: MonoF32) -> Probabilities:
        """The probability of speech in each frame of 512 samples (the last one padded with zeros)."""
        import numpy as np

        if not len(samples):
            return np.zeros(0, np.float32)
        count = -(-len(samples) // FRAME_SAMPLES)
        padded = np.zeros(_CONTEXT_SAMPLES + count * FRAME_SAMPLES, np.float32)
        padded[_CONTEXT_SAMPLES : _CONTEXT_SAMPLES + len(samples)] = samples
        width = _CONTEXT_SAMPLES + FRAME_SAMPLES
        frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::FRAME_SAMPLES]
        state, cell = self._lead
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
        """Looks an utterance over; the last few's evidence is kept, since they may be decoded again."""
        digest = hashlib.blake2b(samples.tobytes(), digest_size=16).digest()
        for known, found in self._last:
            if known == digest:
                return found
        found = weigh(self.probabilities(samples), len(samples) / 16_000)
        self._last = ((digest, found), *self._last[: _KEPT - 1])
        return found


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


def weigh(probabilities: Probabilities, duration_s: float) -> Evidence:
    """Sums up the probabilities of frames.

    Frames above 0.3 form islands (gaps of up to 0.3 s don't part them). Beside one that is surely speech,
    doubtful ones at either end are left out: noise before and after an utterance invites invented words.
    Without any island the whole counts as speech.
    """
    islands = _islands(probabilities)
    peak = _peak(probabilities)
    if peak >= _SURE:
        peaks = [_peak(probabilities[begin:end]) for begin, end in islands]
        while len(islands) > 1 and peaks[-1] < _DOUBTFUL:
            islands.pop()
            peaks.pop()
        while len(islands) > 1 and peaks[0] < _DOUBTFUL:
            islands.pop(0)
            peaks.pop(0)
    start_s = islands[0][0] * FRAME_S if islands else 0.0
    end_s = min(duration_s, islands[-1][1] * FRAME_S) if islands else duration_s
    return Evidence(probabilities, start_s, end_s, peak)


_THRESHOLD = 0.3
_GAP_FRAMES = 10
_SURE = 0.85
_DOUBTFUL = 0.7
_PEAK_FRAMES = 5


def _islands(probabilities: Probabilities) -> list[tuple[int, int]]:
    islands: list[tuple[int, int]] = []
    for index, chance in enumerate(probabilities.tolist()):
        if chance < _THRESHOLD:
            continue
        if islands and index - islands[-1][1] <= _GAP_FRAMES:
            islands[-1] = (islands[-1][0], index + 1)
        else:
            islands.append((index, index + 1))
    return islands


def _peak(probabilities: Probabilities) -> float:
    import numpy as np

    width = min(_PEAK_FRAMES, len(probabilities))
    if not width:
        return 0.0
    return float(np.convolve(probabilities, np.full(width, 1 / width), "valid").max())


def _model_file() -> Path:
    file = silero_file()
    if file is not None:
        return file
    raise EngineLoadFailed(
        "The voice activity model isn't there: it comes with the package faster-whisper 1.2 or later.",
        remedy="Install it: pip install 'faster-whisper>=1.2'",
        room="recognition",
    )
