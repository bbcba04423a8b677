"""From words to intents and slots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voxedge.errors import TemplateError
from voxedge.understanding.contract import Understander


def create(paths: Sequence[Path | str], *, language: str = "en", threshold: float = 0.0) -> Understander:
    """Makes an understander from intents.

    What is built from the files is kept in the user's cache folder (`cache.cache_folder`), where that can be
    written, and read from there as long as the files are the same.

    Args:
        paths: Names of ready-made sets (``"kiosk"``, ``"home"``, ...), files, or folders in hassil's format.
        language: ISO 639-1; where the files name another, theirs counts.
        threshold: Least score of a match, 0..1; 0 takes the calibrated limits.

    Raises:
        TemplateError: An intent file is missing or wrong (the message names file and line), or none of them
            has a sentence.
    """
    from voxedge.understanding import cache
    from voxedge.understanding.engine import GrammarUnderstander
    from voxedge.understanding.loading import load

    if not paths:
        return GrammarUnderstander(load(paths, language=language), threshold=threshold)
    key = cache.key_of(paths, language)
    known = cache.read(key)
    if known is not None:
        return GrammarUnderstander(*known, threshold=threshold)
    grammar = load(paths, language=language)
    if not grammar.blocks:
        raise TemplateError(
            f"There is no sentence in {', '.join(map(str, paths))}.",
            remedy="Write some under `intents:`, or name a set, a file or a folder that has some.",
        )
    understander = GrammarUnderstander(grammar, threshold=threshold)
    cache.write(key, understander.grammar, understander.machine)
    return understander
