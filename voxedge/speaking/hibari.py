"""English speech with hibari-tts: small, quick, at 24 kHz, its voice "heart" within its package.

hibari fetches other voices when they are first named. That never happens here: a voice is taken from its
package, from ``model_dir``, or from its cache if it is there already.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from voxedge.errors import (
    ClosedError,
    EngineError,
    EngineLoadFailed,
    LanguageUnsupported,
    ModelMissing,
    UsageError,
)
from voxedge.events import NEVER, CancelToken
from voxedge.registry import need
from voxedge.speaking.contract import SynthesizerCapabilities
from voxedge.speaking.spoken import spoken_sentences

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

RATE_HZ = 24_000
_SEED = 0
"""Of the noise in the voice: with one seed, the same text always sounds the same."""
_WARM_UP = "Ready to speak, 1 2 3."


class _Voices(Protocol):
    VOICES: dict[str, dict[str, Any]]
    DEFAULT: str

    def voice_path(self, name: str, download_missing: bool) -> str: ...


class HibariSynthesizer:
    """Speaks English. Several threads may use it; they take turns, sentence by sentence.

    Args:
        voice: A name of `voices`; "" is "heart".
        rate: 0.5..2.
        model_dir: Folder with the voice's ONNX file; None takes hibari's own.
    """

    def __init__(self, voice: str = "", rate: float = 1.0, model_dir: Path | None = None) -> None:
        hibari = need("hibari", "speech", "Speech in English")
        registry = cast(_Voices, need("hibari.voices", "speech", "Speech in English"))
        self._voice = voice or registry.DEFAULT
        self._rate = rate
        model = _model_file(registry, self._voice, model_dir)
        self._voices = tuple(dict.fromkeys((self._voice, *voices())))
        try:
            self._engine: Any = hibari.Hibari(voice=self._voice, model=str(model), threads=1)  # type: ignore[attr-defined]
            # The lexicon and the network are loaded at the first sentence: here, not in a conversation.
            self._engine(_WARM_UP, seed=_SEED)
        except Exception as exc:
            raise EngineLoadFailed(
                f"The voice {self._voice!r} can't be loaded: {exc}",
                remedy="Install it again: pip install --force-reinstall '.[speech]'",
                room="speaking",
            ) from exc
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> SynthesizerCapabilities:
        """English, 24 kHz."""
        return SynthesizerCapabilities(
            engine="hibari", languages=("en",), voices=self._voices, rate_hz=RATE_HZ
        )

    def synthesize(self, text: str, cancel: CancelToken = NEVER) -> Iterator[MonoF32]:
        """Gives the sound, a sentence at a time. See `voxedge.speaking.contract.Synthesizer`."""
        for sentence in spoken_sentences(text, "en"):
            if cancel.cancelled:
                return
            yield from self._speak(sentence)

    def close(self) -> None:
        """Gives the voice back."""
        with self._lock:
            self._engine = None

    def _speak(self, sentence: str) -> Iterator[MonoF32]:
        import numpy as np

        with self._lock:
            if self._engine is None:
                raise ClosedError("The voice was closed.", remedy="Create another one.", room="speaking")
            try:
                sound = self._engine(sentence, speed=self._rate, seed=_SEED)
            except Exception as exc:
                raise EngineError(
                    f"The voice {self._voice!r} failed: {type(exc).__name__}.",
                    remedy="Say something else; if it happens again, please report the text's kind.",
                    room="speaking",
                ) from exc
        if sound.size:
            yield np.clip(sound, -1.0, 1.0)


def voices() -> tuple[str, ...]:
    """Names of the voices that can be used now, the default first.

    Raises:
        ExtraMissing: hibari isn't installed.
    """
    registry = cast(_Voices, need("hibari.voices", "speech", "Speech in English"))
    names = sorted(registry.VOICES, key=lambda name: (name != registry.DEFAULT, name))
    return tuple(name for name in names if _is_here(registry, name))


def create(*, voice: str, language: str, rate: float, model_dir: Path | None) -> HibariSynthesizer:
    """Makes one. See `voxedge.speaking.create` for arguments and errors."""
    if language[:2].lower() != "en":
        raise LanguageUnsupported(
            f"hibari doesn't speak {language!r}, only English.",
            remedy=f"Use espeak: voxedge say --engine espeak --language {language} TEXT",
            room="speaking",
        )
    return HibariSynthesizer(voice, rate, model_dir)


def _is_here(registry: _Voices, name: str) -> bool:
    try:
        return Path(registry.voice_path(name, False)).is_file()
    except FileNotFoundError:
        return False


def _model_file(registry: _Voices, voice: str, model_dir: Path | None) -> Path:
    entry = registry.VOICES.get(voice)
    if entry is None:
        raise UsageError(
            f"hibari has no voice {voice!r}.",
            remedy=f"Voices that are here: {', '.join(voices())}.",
            room="speaking",
        )
    if model_dir is not None and (inside := _in_folder(Path(model_dir), str(entry["file"]))) is not None:
        return inside
    if _is_here(registry, voice):
        return Path(registry.voice_path(voice, False))
    raise ModelMissing(
        f"The voice {voice!r} of hibari isn't on this machine.",
        remedy=f"Voices that are here: {', '.join(voices())}.",
        room="speaking",
    )


def _in_folder(folder: Path, name: str) -> Path | None:
    if folder.is_file():
        return folder if folder.name == name else None
    found = sorted(folder.rglob(name))
    return found[0] if found else None
