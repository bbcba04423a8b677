"""What the tests of the store share."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

NAME = "vad-test"


def contents(size_bytes, seed=1):
    """Bytes that begin as an ONNX file does."""
    return b"\x08" + random.Random(seed).randbytes(size_bytes - 1)


def file_table(path, data, pinned=True):
    if not pinned:
        return {"path": path}
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}


def entry_table(files, sources, *, name=NAME, pinned=True, **more):
    return {
        "name": name,
        "kind": "vad",
        "format": "onnx",
        "title": "of a test",
        "licence": "MIT",
        "files": [file_table(path, data, pinned) for path, data in files.items()],
        "sources": sources,
        **more,
    }


class Listening:
    """Keeps what it hears."""

    def __init__(self):
        self.notes, self.moved = [], 0

    def note(self, text):
        self.notes.append(text)

    def begin(self, label, total_bytes):
        pass

    def advance(self, count_bytes):
        self.moved += count_bytes

    def end(self):
        pass


def write_entry(home: Path, table) -> None:
    """Puts an entry into the user's own catalogue, for the real command."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, list)]
    lines += [
        f"{key} = {json.dumps(value)}"
        for key, value in table.items()
        if isinstance(value, list) and key not in {"files", "sources"}
    ]
    for key in ("files", "sources"):
        for item in table[key]:
            lines.append(f"[[{key}]]")
            inner = {k: v for k, v in item.items() if not isinstance(v, (dict, list))}
            lines += [f"{k} = {json.dumps(v)}" for k, v in inner.items()]
            lines += [f"{k} = {_inline(v)}" for k, v in item.items() if isinstance(v, (dict, list))]
    folder = home / "catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{table['name']}.toml").write_text("\n".join(lines) + "\n")


def _inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(v) for v in value) + "]"
    return json.dumps(value)


def leftovers(home: Path) -> list[str]:
    """Unfinished files in a store."""
    folder = home / "partial"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
