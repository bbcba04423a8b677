"""The models: catalogue, content-addressed store, sources, verification.

`resolve` is what engines need. `Library` finds and lists, `pull` fetches, `voxedge.store.bundle` carries.
"""

from __future__ import annotations

import os
from pathlib import Path

from voxedge.store.catalogue import Catalogue
from voxedge.store.entry import KINDS, ModelEntry, ModelFile
from voxedge.store.lookup import Found, Library
from voxedge.store.store import Store

__all__ = ["KINDS", "Catalogue", "Found", "Library", "ModelEntry", "ModelFile", "Store", "resolve"]


def resolve(name_or_path: str | os.PathLike[str], *, kind: str | None = None) -> Path:
    """The folder or file that an engine loads for a model. Never opens a connection, never writes.

    A model of the catalogue is hashed, every file of it, each time. A path given by hand is returned as it
    is, after a look at whether it holds what its kind needs.

    Args:
        name_or_path: A model's name (``whisper-tiny.en``), a short name (``tiny.en``), or a folder or file.
            What has a slash, or is a `Path`, is a path.
        kind: ``recognition``, ``language``, ``speech``, ``vad`` or ``translation``; None: any.

    Raises:
        ModelMissing: The model isn't here; the remedy is the command that gets it. Or: no such path.
        ModelUnknown: No model has that name; the remedy has the nearest names.
        ModelCorrupt: A file of the model is damaged, or the path holds no such model.
    """
    return Library().resolve(name_or_path, kind=kind)
