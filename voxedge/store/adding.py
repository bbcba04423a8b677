"""``voxedge models add``: a bundle, a package that another room converts, or a model of the user's own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from voxedge.errors import InputError, UsageError
from voxedge.store.disk import hash_file, named_errors, need_space
from voxedge.store.entry import KINDS, ModelEntry, ModelFile, safe_name, safe_path
from voxedge.store.formats import usable_path
from voxedge.store.lookup import Found, Library
from voxedge.store.manifest import Manifest
from voxedge.store.reading import read_entry
from voxedge.store.sources.job import Job, Listener
from voxedge.store.sources.local import copy_file

Converter = Callable[[Path, Path], Mapping[str, object]]
"""Unpacks a package (first argument) into a folder (second), checked; gives the entry without its files:
``name``, ``kind``, ``format``, ``title``, ``licence``, ``pairs``, ... as in the catalogue."""

_FORMATS = {
    "recognition": "ctranslate2-whisper",
    "language": "gguf",
    "speech": "onnx",
    "vad": "onnx",
    "translation": "ctranslate2",
}
_MOST_FILES = 1000


def add(
    library: Library,
    path: Path,
    *,
    own: tuple[str, str, str] = ("", "", "unknown"),
    listener: Listener,
    converters: Mapping[str, Converter] | None = None,
) -> list[Found]:
    """Adds what a file or folder holds to the store.

    Args:
        library: Where to.
        path: A bundle, a package with a converter, or the file or folder of a model.
        own: Name, kind and licence for a model of the user's own; "" for a bundle or package.
        listener: Who hears how it gets on.
        converters: Suffix (``.argosmodel``) to what unpacks such a package.

    Returns:
        What was added, each model hashed.

    Raises:
        InputError: Nothing is there, or it is nothing that can be added.
        UsageError: Name or kind are lacking or don't fit.
        SourceMismatch, DiskFull, StoreReadOnly, StoreError: It can't be kept.
    """
    from voxedge.store.bundle import add_bundle, is_bundle

    if not path.exists():
        raise InputError(f"There is nothing at {path}.", remedy="Check the path.", room="store")
    if path.is_file() and is_bundle(path):
        return add_bundle(library, path, listener)
    convert = (converters or {}).get(path.suffix.lower())
    if convert is not None:
        return [_add_converted(library, path, convert, listener)]
    name, kind, licence = own
    if not name or not kind:
        raise UsageError(
            f"{path} is no bundle. For a model of your own, name and kind are needed.",
            remedy=f"voxedge models add {path} --name NAME --kind {'|'.join(KINDS)}",
        )
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of model.", remedy=f"Kinds: {', '.join(KINDS)}.")
    usable = usable_path(path, kind)
    folder = path if path.is_dir() else path.parent
    table: dict[str, object] = {
        "name": name,
        "kind": kind,
        "format": _FORMATS[kind],
        "title": f"your own, from {path.name}",
        "licence": licence,
    }
    if usable.is_file():
        table["main_file"] = usable.name
    files = _files_of(folder) if path.is_dir() else [path]
    return [_add_folder(library, folder, files, table, listener)]


def _add_converted(library: Library, path: Path, convert: Converter, listener: Listener) -> Found:
    library.store.check_writable()
    need_space(library.store.home, 2 * path.stat().st_size, f"Unpacking {path.name}")
    # In the store's own folder: /tmp may be small, and may be memory.
    with tempfile.TemporaryDirectory(dir=library.store.home / "partial", prefix="convert-") as unpacked:
        folder = Path(unpacked)
        with named_errors("unpack the package", path):
            table = convert(path, folder)
        return _add_folder(library, folder, _files_of(folder), table, listener)


def _files_of(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files or len(files) > _MOST_FILES:
        raise InputError(
            f"{folder} holds {len(files)} files; a model has 1 to {_MOST_FILES}.",
            remedy="Name the folder of the model itself.",
            room="store",
        )
    return files


def _add_folder(
    library: Library, folder: Path, paths: list[Path], table: Mapping[str, object], listener: Listener
) -> Found:
    name = safe_name(str(table.get("name", "")), "the model")
    known = library.called(name)
    if known is not None:
        raise UsageError(
            f"{name!r} is the name of a model in the catalogue.",
            remedy=f"Choose another name, or: voxedge models pull {known.name} --from {folder}",
        )
    library.store.check_writable()
    files = []
    with named_errors("read the model", folder):
        for path in paths:
            inside = safe_path(path.relative_to(folder).as_posix(), str(folder))
            files.append({"path": inside, "sha256": hash_file(path), "size_bytes": path.stat().st_size or 0})
    entry = read_entry({**table, "files": files}, str(folder))
    return _keep(library, folder, entry, listener)


def _keep(library: Library, folder: Path, entry: ModelEntry, listener: Listener) -> Found:
    from voxedge.store.locks import locked

    store = library.store
    need_space(store.home, entry.size_bytes, f"Adding {entry.name!r}")
    with locked(store.lock(f"model-{entry.name}")):
        job = Job(
            store=store,
            entry=entry,
            wanted=entry.files,
            listener=listener,
            environment=os.environ,
            sleep=lambda _: None,
        )
        with store.counting_on(entry.name, [file.sha256 for file in entry.files]):
            for file in _each_once(entry.files):
                if store.find_blob(file) is None:
                    copy_file(folder / file.path, file, job, str(folder))
            store.install(Manifest(entry=entry, origin="user", came_from="user"))
    return library.require(entry)


def _each_once(files: tuple[ModelFile, ...]) -> list[ModelFile]:
    return list({file.sha256: file for file in files}.values())
