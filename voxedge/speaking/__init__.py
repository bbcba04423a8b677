"""From a reply's text to its sound."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from voxedge.errors import UsageError
from voxedge.speaking.contract import Synthesizer

ENTRY_POINTS = "voxedge.synthesizers"
ENGINES = {
    "hibari": "voxedge.speaking.hibari:create",
    "espeak": "voxedge.speaking.espeak:create",
}
MIN_RATE, MAX_RATE = 0.5, 2.0


class _Factory(Protocol):
    def __call__(self, *, voice: str, language: str, rate: float, model_dir: Path | None) -> Synthesizer: ...


def create(
    engine: str,
    *,
    voice: str = "",
    language: str = "en",
    rate: float = 1.0,
    model_dir: Path | None = None,
) -> Synthesizer:
    """Loads a synthesizer and warms it up, so that the first sentence is as quick as the others.

    Args:
        engine: ``"hibari"`` (English), ``"espeak"`` (many languages), or an app's own.
        voice: Name of a voice; "" is the engine's default for the language.
        language: ISO 639-1.
        rate: 0.5..2; 1 is the voice's own pace.
        model_dir: Folder of a verified model, for engines that take one; None takes what the engine's own
            package holds.

    Raises:
        UsageError: No engine or no voice has that name, or the rate is out of range.
        LanguageUnsupported: The engine doesn't speak the language.
        ExtraMissing: The engine's package isn't installed.
        SystemPackageMissing: The engine's program isn't installed.
        ModelMissing: The folder lacks the model.
        EngineLoadFailed: The engine can't load it.
    """
    from voxedge.registry import load_engine

    if not MIN_RATE <= rate <= MAX_RATE:
        raise UsageError(
            f"A rate of {rate} can't be spoken.", remedy=f"Give {MIN_RATE} to {MAX_RATE}; 1 is usual."
        )
    factory = cast(_Factory, load_engine(ENTRY_POINTS, engine, ENGINES))
    return factory(voice=voice, language=language, rate=rate, model_dir=model_dir)
