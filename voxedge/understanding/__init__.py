"""From words to intents and slots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voxedge.understanding.contract import Understander


def create(paths: Sequence[Path | str], *, language: str = "en", threshold: float = 0.0) -> Understander:
    """Makes an understander from intents.

    Args:
        paths: Names of ready-made sets (``"kiosk"``, ``"home"``, ...), files, or folders in hassil's format.
        language: ISO 639-1; where the files name another, theirs counts.
        threshold: Least score of a match, 0..1; 0 takes the calibrated limits.

    Raises:
        TemplateError: An intent file is missing or wrong; the message names file and line.
    """
    from voxedge.understanding.engine import GrammarUnderstander
    from voxedge.understanding.loading import load

    return GrammarUnderstander(load(paths, language=language), threshold=threshold)
