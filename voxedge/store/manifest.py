"""What a store says about a model that it holds, or once held: manifests and pins, one JSON file each."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

from voxedge.errors import StoreError
from voxedge.store.disk import named_errors, write_json
from voxedge.store.entry import ModelEntry
from voxedge.store.reading import entry_to_json, read_entry

_SCHEMA = 1
_MOST_BYTES = 4 << 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A complete model in a store, or the memory of one.

    Attributes:
        entry: The model, every file with its hash and length.
        origin: Who vouches for the hashes: ``catalogue``, ``first_pull``, ``bundle`` or ``user``.
        came_from: The source that the files came from, for people.
        commit: The hub's commit that they are of, or "".
    """

    entry: ModelEntry
    origin: str
    came_from: str = ""
    commit: str = ""

    @property
    def digest(self) -> str:
        """Names the contents: 16 hexadecimal digits over the files' paths and hashes."""
        lines = sorted(f"{file.sha256} {file.path}" for file in self.entry.files)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def read_manifest(path: Path) -> Manifest | None:
    """Reads a manifest; None where there is none.

    Raises:
        StoreError: It can't be read, or isn't one.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is far too long")
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.get("schema") != _SCHEMA:
            raise ValueError(f"its schema isn't {_SCHEMA}")
        entry = read_entry(data.get("entry"), str(path))
        if not entry.pinned:
            raise ValueError("a hash is lacking")
    except FileNotFoundError:
        return None
    except NotADirectoryError as exc:
        raise StoreError(
            f"The store can't be at {path.parents[1]}: that is no folder.",
            remedy="Set VOXEDGE_HOME to a folder; it is made where it isn't there.",
        ) from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise StoreError(
            f"The store's note {path} can't be read: {exc}.",
            remedy=f"Get the model again: voxedge models pull {path.stem}",
        ) from exc
    return Manifest(
        entry=entry,
        origin=str(data.get("origin", "")),
        came_from=str(data.get("came_from", "")),
        commit=str(data.get("commit", "")),
    )


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Writes a manifest in one step."""
    with named_errors("write the note of the model", path):
        write_json(
            path,
            {
                "schema": _SCHEMA,
                "origin": manifest.origin,
                "came_from": manifest.came_from,
                "commit": manifest.commit,
                "entry": entry_to_json(manifest.entry),
            },
        )
