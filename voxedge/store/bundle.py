"""Bundles: models in one file, carried to a machine without a network.

The file is a plain, uncompressed tar (POSIX ustar, so any system can look into it): first
``voxedge-bundle.json``, then each content once, ``blobs/<sha256>``. It is read by a reader that takes just
that and nothing else: no links, no devices, no paths, no lengths other than those announced. So nothing can
land outside the store, and nothing can swell as it is unpacked.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from voxedge.errors import InputError, SourceMismatch, UsageError
from voxedge.files import check_target, is_special
from voxedge.store.disk import CHUNK_BYTES, discard, move_into_place, named_errors, need_space
from voxedge.store.entry import ModelEntry, ModelFile
from voxedge.store.lookup import Found, Library
from voxedge.store.reading import entry_to_json, read_entry
from voxedge.store.sources.job import Listener

_HEAD = "voxedge-bundle.json"
_SCHEMA = 1
_BLOCK = 512
_MOST_HEAD_BYTES = 4 << 20
_MOST_MEMBER_BYTES = 8 << 30  # ustar has eleven octal digits for a length
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")


def write_bundle(library: Library, entries: list[ModelEntry], target: Path, listener: Listener) -> int:
    """Writes models that are here into one file; each is hashed before, and as it is written.

    Args:
        library: Where the models are.
        entries: Which models.
        target: The file; replaced in one step when all is written.
        listener: Who hears how it gets on.

    Returns:
        Length of the file in bytes.

    Raises:
        ModelMissing, ModelCorrupt: A model isn't here, or is damaged.
        UsageError: The file can't be one: a folder, a device, in a folder that isn't there.
        DiskFull, StoreError: The file can't be written.
    """
    check_target(target, "models.voxmodels")
    if is_special(target):
        raise UsageError(
            f"{target} is no ordinary file, and a bundle must be.",
            remedy="Name a file: -o models.voxmodels",
            room="store",
        )
    found = [library.require(entry) for entry in entries]
    contents: dict[str, tuple[Path, ModelFile]] = {}
    for item in found:
        for file in item.entry.files:
            contents.setdefault(file.sha256, (item.folder / file.path, file))
    total = sum(file.size_bytes for _, file in contents.values())
    need_space(target.absolute().parent, total, f"The bundle {target}")
    head = {
        "schema": _SCHEMA,
        "models": [{**entry_to_json(item.entry), "origin": item.origin} for item in found],
    }
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    listener.begin(f"{target.name}", total)
    try:
        with named_errors("write the bundle", target):
            with tarfile.open(temporary, "w:", format=tarfile.USTAR_FORMAT) as archive:
                _add(archive, _HEAD, io.BytesIO(data := json.dumps(head).encode()), len(data))
                for sha256, (path, file) in contents.items():
                    with path.open("rb") as stream:
                        _add(archive, f"blobs/{sha256}", stream, file.size_bytes)
                    listener.advance(file.size_bytes)
            size_bytes = temporary.stat().st_size
            move_into_place(temporary, target)
    finally:
        listener.end()
        discard(temporary)
    return size_bytes


def _add(archive: tarfile.TarFile, name: str, stream: io.BufferedIOBase | BinaryIO, size_bytes: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    archive.addfile(member, stream)


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a bundle does."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_HEAD)) == _HEAD.encode()
    except OSError:
        return False


def add_bundle(library: Library, path: Path, listener: Listener) -> list[Found]:
    """Takes the models out of a bundle into the store; each is checked by hash and installed whole.

    A model that the catalogue pins must be just that one. For others the bundle's hashes are taken, and
    that is said aloud.

    Raises:
        InputError: The file isn't a bundle, or is cut off or damaged.
        SourceMismatch: A model in it isn't the one that the catalogue, or an earlier pull, names.
        DiskFull, StoreReadOnly, StoreError: It can't be kept.
    """
    library.store.check_writable()
    with named_errors("read the bundle", path), path.open("rb") as stream:
        file_bytes = path.stat().st_size
        name, size_bytes = _header(stream, path)
        if name != _HEAD or size_bytes > _MOST_HEAD_BYTES:
            raise _damaged(path, "it doesn't begin as a bundle does")
        head = _body(stream, size_bytes, path)
        entries = _entries(head, path)
        targets = [_target(library, entry, listener) for entry, _ in entries]
        wanted = {file.sha256: file for entry in targets for file in entry.files}
        if sum(file.size_bytes for file in wanted.values()) > file_bytes:
            raise _damaged(path, "it is shorter than what it announces: the copy was cut off")
        lacking = [file for file in wanted.values() if library.store.find_blob(file) is None]
        need_space(library.store.home, sum(f.size_bytes for f in lacking), f"Adding {path.name}")
        with library.store.counting_on(f"bundle-{os.getpid()}", wanted):
            _take_blobs(library, stream, path, wanted, listener)
            return [
                _install(library, entry, origin) for entry, (_, origin) in zip(targets, entries, strict=True)
            ]


def _entries(head: bytes, path: Path) -> list[tuple[ModelEntry, str]]:
    try:
        data = json.loads(head)
        models = data["models"] if data["schema"] == _SCHEMA else None
        if not isinstance(models, list) or not models:
            raise ValueError
        origins = [str(model.pop("origin", "")) for model in models]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise _damaged(path, "its list of models can't be read") from exc
    entries = [read_entry(model, path.name) for model in models]
    for entry in entries:
        if not entry.pinned:
            raise _damaged(path, f"it gives no hash for {entry.name!r}")
    return list(zip(entries, origins, strict=True))


def _target(library: Library, entry: ModelEntry, listener: Listener) -> ModelEntry:
    """What must be in the bundle for this model: by the catalogue, by an earlier pull, or by itself."""
    from voxedge.store.lookup import agrees
    from voxedge.store.manifest import Manifest

    offered = Manifest(entry=entry, origin="bundle")
    listed, pin = library.listed(entry.name), library.store.pin(entry.name)
    for known, who in ((listed, "the catalogue"), (pin.entry if pin else None, "an earlier pull")):
        if known is not None and not agrees(known, offered):
            raise SourceMismatch(
                f"The bundle's {entry.name!r} has other contents than those that {who} names.",
                remedy="Make the bundle anew, with the same version of voxedge on both machines.",
            )
    if listed is None or not listed.pinned:
        listener.note(f"{entry.name}: the catalogue doesn't know its hashes; those of the bundle are kept.")
    return entry


def _take_blobs(
    library: Library, stream: BinaryIO, path: Path, wanted: dict[str, ModelFile], listener: Listener
) -> None:
    import hashlib

    store = library.store
    left = dict(wanted)
    listener.begin(path.name, sum(file.size_bytes for file in wanted.values()))
    try:
        while left:
            name, size_bytes = _header(stream, path)
            match = _BLOB.fullmatch(name)
            file = left.pop(match[1], None) if match else None
            if file is None or size_bytes != file.size_bytes:
                raise _damaged(path, f"it holds {name!r}, which it didn't announce")
            partial = store.partial(f"{file.sha256}.bundle-{os.getpid()}")
            digest = hashlib.sha256()
            try:
                with named_errors("copy from the bundle", partial), partial.open("wb") as out:
                    for chunk in _chunks(stream, size_bytes, path):
                        digest.update(chunk)
                        out.write(chunk)
                        listener.advance(len(chunk))
                if digest.hexdigest() != file.sha256:
                    raise _damaged(path, f"{file.path} in it doesn't have the right SHA-256 hash")
                with named_errors("keep what was copied", store.home):
                    move_into_place(partial, store.blob(file.sha256))
            finally:
                discard(partial)
    finally:
        listener.end()


def _install(library: Library, entry: ModelEntry, origin: str) -> Found:
    from voxedge.store.locks import locked
    from voxedge.store.manifest import Manifest

    listed = library.listed(entry.name)
    vouched = "catalogue" if listed is not None and listed.pinned else origin
    if vouched not in {"catalogue", "first_pull", "user"} or (vouched == "catalogue" and listed is None):
        vouched = "bundle"
    manifest = Manifest(entry=entry, origin=vouched, came_from="bundle")
    with locked(library.store.lock(f"model-{entry.name}")):
        library.store.install(manifest, pin=listed is not None and not listed.pinned)
    return library.require(listed or entry)


def _header(stream: BinaryIO, path: Path) -> tuple[str, int]:
    """Name and length of the next member; anything but a plain file is refused."""
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK or not block.strip(b"\0"):
        raise _damaged(path, "it ends too early: the copy was cut off")
    try:
        name = block[:100].rstrip(b"\0").decode("ascii")
        size_bytes = int(block[124:136].rstrip(b"\0 "), 8)
        checksum = int(block[148:156].rstrip(b"\0 "), 8)
    except ValueError as exc:
        raise _damaged(path, "a header in it can't be read") from exc
    added = sum(block[:148]) + 8 * 32 + sum(block[156:])
    plain = block[156:157] == b"0" and not block[345:500].strip(b"\0")
    if added != checksum or not plain or not 0 <= size_bytes < _MOST_MEMBER_BYTES:
        raise _damaged(path, "a header in it is damaged, or not of a plain file")
    return name, size_bytes


def _chunks(stream: BinaryIO, size_bytes: int, path: Path) -> Iterator[bytes]:
    left = size_bytes
    while left:
        chunk = stream.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise _damaged(path, "it ends too early: the copy was cut off")
        left -= len(chunk)
        yield chunk
    stream.seek(-size_bytes % _BLOCK, os.SEEK_CUR)


def _body(stream: BinaryIO, size_bytes: int, path: Path) -> bytes:
    return b"".join(_chunks(stream, size_bytes, path))


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} can't be used as a bundle: {what}.",
        remedy="Copy the file again, or make it anew: voxedge models bundle NAME... -o FILE",
        room="store",
    )
