"""From an utterance's sound to its words."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from voxedge.recognition.contract import Recognizer

ENTRY_POINTS = "voxedge.recognizers"
ENGINES = {"whisper": "voxedge.recognition.whisper:create"}


class _Factory(Protocol):
    def __call__(self, model_dir: Path, *, model_name: str, threads: int) -> Recognizer: ...


def create(engine: str, model_dir: Path, *, model_name: str = "", threads: int = 2) -> Recognizer:
    """Loads a recognizer.

    Args:
        engine: ``"whisper"``, or the name of an app's own engine.
        model_dir: Folder of a verified model (``voxedge models path NAME`` prints it).
        model_name: Name for messages and events; "" takes the folder's.
        threads: Threads of one recognition.

    Raises:
        UsageError: No engine has that name.
        ModelMissing: The folder or one of its files isn't there.
        ModelCorrupt: A file of the model is damaged.
        EngineLoadFailed: The engine can't load the model.
    """
    from voxedge.registry import load_engine

    factory = cast(_Factory, load_engine(ENTRY_POINTS, engine, ENGINES))
    folder = Path(model_dir)
    return factory(folder, model_name=model_name or folder.name, threads=threads)
