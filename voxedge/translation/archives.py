"""What is looked at before anything in a zip file (package, office document, e-book) is trusted."""

from __future__ import annotations

import zipfile

MOST_BYTES = 2_000_000_000
"""An archive may unpack to so much; the largest Argos packages are around 300 MB."""

_MOST_NAMES = 20_000


def unsafe(archive: zipfile.ZipFile) -> str:
    """Why an archive must not be unpacked, or "".

    Refused are names that lead out of the folder, sizes beyond `MOST_BYTES`, and what shrinks more than
    500 times (text and weights don't; a zip bomb does).
    """
    infos = archive.infolist()
    if len(infos) > _MOST_NAMES:
        return f"it holds {len(infos)} files"
    total = 0
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            return f"the name {info.filename[:60]!r} in it leads out of the folder"
        total += info.file_size
        if info.file_size > 1_000_000 and info.file_size > 500 * max(1, info.compress_size):
            return f"{info.filename[:60]!r} in it would unpack to far too much"
    return f"it would unpack to {total // 1_000_000} MB" if total > MOST_BYTES else ""
