"""Hashing a model's files: always before use, several at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from voxedge.store.disk import hash_file
from voxedge.store.entry import ModelFile

_WORKERS = 4


def wrong_files(folder: Path, files: Sequence[ModelFile]) -> list[str]:
    """Compares files with the length and hash that they must have.

    hashlib lets go of the interpreter's lock while it works, so threads do share the cores.

    Returns:
        A text for each file that is wrong; empty when all are right.
    """
    if len(files) == 1:
        found = [_wrong(folder, files[0])]
    else:
        with ThreadPoolExecutor(min(_WORKERS, os.cpu_count() or 1, len(files))) as pool:
            found = list(pool.map(lambda file: _wrong(folder, file), files))
    return [text for text in found if text]


def _wrong(folder: Path, file: ModelFile) -> str:
    path = folder / file.path
    try:
        size_bytes = path.stat().st_size
        if size_bytes != file.size_bytes:
            return f"{file.path} has {size_bytes} bytes instead of {file.size_bytes}"
        if hash_file(path) != file.sha256:
            return f"{file.path} doesn't have the right SHA-256 hash"
    except FileNotFoundError:
        return f"{file.path} is gone"
    except OSError as exc:
        return f"{file.path} can't be read ({exc.strerror})"
    return ""
