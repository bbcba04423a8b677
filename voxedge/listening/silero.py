"""Voice activity by Silero v6 (MIT), the ONNX model that faster-whisper brings, in a session of our own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voxedge.audio.contract import FRAME_SAMPLES
from voxedge.errors import EngineError, EngineLoadFailed
from voxedge.resources import silero_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32

    class _Session(Protocol):
        def run(self, names: None, feeds: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]: ...


CONTEXT_SAMPLES = 64
"""The model sees the last samples of the frame before (its own reference code does the same)."""


def model_path() -> Path:
    """Where the model lies: in the installed package faster-whisper.

    Raises:
        EngineLoadFailed: It isn't there (a bundler left it out, say).
    """
    file = silero_file()
    if file is not None:
        return file
    raise EngineLoadFailed(
        "Silero's model isn't in the installed package faster-whisper.",
        remedy="pip install --force-reinstall 'faster-whisper>=1.2'; a bundler must take its assets along.",
        room="listening",
    )


class SileroActivity:
    """Silero's voice activity detector, on one thread; about 70 us a frame.

    The model is loaded once for all of them: what it remembers of a stream is kept here.

    Args:
        path: The ONNX file; None takes the one in faster-whisper.

    Raises:
        EngineLoadFailed: The model is missing or damaged.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._session = _load(path or model_path())
        self.reset()

    def reset(self) -> None:
        """Forgets the stream."""
        import numpy as np

        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
        self._h = np.zeros((1, 1, 128), dtype=np.float32)
        self._c = np.zeros((1, 1, 128), dtype=np.float32)

    def probability(self, samples: MonoF32) -> float:
        """The model's own probability of speech in the frame."""
        window = self._input
        window[0, :CONTEXT_SAMPLES] = window[0, -CONTEXT_SAMPLES:]
        window[0, CONTEXT_SAMPLES:] = samples
        try:
            out, self._h, self._c = self._session.run(None, {"input": window, "h": self._h, "c": self._c})
        except Exception as exc:
            raise EngineError(
                "Silero's voice activity detector failed.",
                remedy='Set voice_activity = "webrtc" in the section [listening].',
                room="listening",
            ) from exc
        return float(out.reshape(-1)[0])


@lru_cache(maxsize=2)
def _load(path: Path) -> _Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        session: _Session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
    except Exception as exc:
        raise EngineLoadFailed(
            f"{path} can't be loaded.",
            remedy="pip install --force-reinstall faster-whisper onnxruntime",
            room="listening",
        ) from exc
    return session
