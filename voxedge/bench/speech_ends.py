"""The recordings that listening is measured with, and where speech starts and ends in each.

`speech_ends.json` was made once by ``scripts/make_speech_ends.py`` from the clean recordings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.bench.sets import MANY, coffee_orders

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

COFFEE = "coffee-commands"
SETS = (COFFEE, "an4", "assistant-commands", "read", MANY)
_SOUND = {".flac", ".ogg", ".wav", ".mp3", ".opus"}


def recordings(folder: Path, set_name: str) -> list[Path]:
    """The sound files of a set, in the order of their names."""
    if set_name == COFFEE:
        return coffee_orders(folder)
    place = folder / set_name if set_name == MANY else folder / "speech-en" / set_name
    return sorted(file for file in place.iterdir() if file.suffix in _SOUND)


def speech_ends() -> Mapping[str, tuple[float, float]]:
    """Start and end of speech in seconds, by the file's path in the folder of recordings."""
    text = Path(__file__).with_name("speech_ends.json").read_text(encoding="utf-8")
    return {name: (float(start), float(end)) for name, (start, end) in json.loads(text).items()}


def load(file: Path) -> MonoF32:
    """The sound of a file: float32, shape ``(n,)``, 16 kHz."""
    import numpy as np

    from voxedge.audio.sources import FileSource
    from voxedge.events import NEVER

    return np.concatenate([frame.samples for frame in FileSource(file).frames(NEVER)])
