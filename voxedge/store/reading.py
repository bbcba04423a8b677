"""Reads catalogue entries from TOML tables, and writes them as JSON objects that read back the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from voxedge.errors import StoreError
from voxedge.store.entry import (
    KINDS,
    HubSource,
    ModelEntry,
    ModelFile,
    PackageSource,
    ShippedSource,
    Source,
    UrlSource,
    Wheel,
    WheelSource,
    safe_name,
    safe_path,
    safe_sha256,
)

_MOST_FILES = 10_000


class _Table:
    """A table whose keys are taken one by one; what is left over is unknown."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise _wrong(where, "must be a table")
        self._rest = dict(data)
        self.where = where

    def text(self, key: str, default: str | None = None) -> str:
        value = self._rest.pop(key, default)
        if not isinstance(value, str):
            raise _wrong(self.where, f"{key} must be a text")
        return value

    def number(self, key: str) -> int:
        value = self._rest.pop(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 50:
            raise _wrong(self.where, f"{key} must be a whole number, 0 or more")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        return _texts(self._rest.pop(key, ()), f"{self.where}: {key}")

    def tables(self, key: str) -> list[_Table]:
        value = self._rest.pop(key, [])
        if not isinstance(value, list) or len(value) > _MOST_FILES:
            raise _wrong(self.where, f"{key} must be a list of tables")
        return [_Table(item, f"{self.where}: {key} {number}") for number, item in enumerate(value, 1)]

    def mapping(self, key: str) -> Mapping[str, object]:
        value = self._rest.pop(key, {})
        if not isinstance(value, Mapping):
            raise _wrong(self.where, f"{key} must be a table")
        return {safe_path(str(name), self.where): item for name, item in value.items()}

    def done(self) -> None:
        if self._rest:
            raise _wrong(self.where, f"unknown key {min(map(str, self._rest))!r}")


def _wrong(where: str, what: str) -> StoreError:
    return StoreError(f"{where}: {what}.", remedy="Correct the entry, or leave the file out.")


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise _wrong(where, "must be a list of texts")
    return tuple(value)


def read_entry(data: object, where: str) -> ModelEntry:
    """Makes an entry of a table.

    Args:
        data: The table, as TOML or JSON gives it.
        where: What messages call it.

    Raises:
        StoreError: A key is unknown, lacking or of the wrong type, or a path or name isn't safe.
    """
    table = _Table(data, where)
    name = safe_name(table.text("name"), where)
    kind = table.text("kind")
    if kind not in KINDS:
        raise _wrong(where, f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    files = tuple(_read_file(item) for item in table.tables("files"))
    paths = [file.path for file in files]
    if not files or len({path.casefold() for path in paths}) != len(paths):
        raise _wrong(where, "files must name at least one file, each once")
    main_file = table.text("main_file", "")
    if main_file and main_file not in paths:
        raise _wrong(where, f"main_file {main_file!r} is none of its files")
    entry = ModelEntry(
        name=name,
        kind=kind,
        format=table.text("format"),
        title=table.text("title"),
        licence=table.text("licence"),
        files=files,
        sources=tuple(_read_source(item, paths) for item in table.tables("sources")),
        aliases=tuple(safe_name(alias, where) for alias in table.texts("aliases")),
        languages=table.texts("languages"),
        pairs=table.texts("pairs"),
        memory_mb=table.number("memory_mb"),
        good_for=table.text("good_for", ""),
        main_file=main_file,
        homepage=table.text("homepage", ""),
        note=table.text("note", ""),
    )
    table.done()
    return entry


def _read_file(table: _Table) -> ModelFile:
    file = ModelFile(
        path=safe_path(table.text("path"), table.where),
        sha256=safe_sha256(table.text("sha256", ""), table.where),
        size_bytes=table.number("size_bytes"),
    )
    if file.sha256 and not file.size_bytes:
        raise _wrong(table.where, "a file whose sha256 is known needs its size_bytes, too")
    table.done()
    return file


def _read_source(table: _Table, paths: list[str]) -> Source:
    kind = table.text("type")
    readers: dict[str, Callable[[_Table], Source]] = {
        "hub": _read_hub,
        "wheel": _read_wheel,
        "url": lambda t: UrlSource(files=_plain(t)),
        "package": lambda t: PackageSource(module=t.text("module"), files=_plain(t)),
        "shipped": lambda t: ShippedSource(folder=safe_path(t.text("folder"), t.where)),
    }
    if kind not in readers:
        raise _wrong(table.where, f"type must be one of {', '.join(readers)}, not {kind!r}")
    source = readers[kind](table)
    named = set(getattr(source, "files", ()))
    complete = isinstance(source, (HubSource, ShippedSource))
    if not named <= set(paths) or (not complete and named != set(paths)):
        raise _wrong(table.where, "files must name all files of the model, and no others")
    table.done()
    return source


def _plain(table: _Table) -> dict[str, str]:
    files = table.mapping("files")
    texts = _texts(list(files.values()), table.where)
    return dict(zip(files, texts, strict=True))


def _read_hub(table: _Table) -> HubSource:
    return HubSource(
        repository=safe_path(table.text("repository"), table.where),
        revision=safe_path(table.text("revision", "main"), table.where),
        files=_plain(table),
    )


def _read_wheel(table: _Table) -> WheelSource:
    wheels = tuple(
        Wheel(
            name=safe_name(item.text("name"), item.where),
            version=safe_name(item.text("version"), item.where),
            sha256=safe_sha256(item.text("sha256"), item.where),
            size_bytes=item.number("size_bytes"),
        )
        for item in table.tables("wheels")
    )
    if not wheels or not all(wheel.sha256 for wheel in wheels):
        raise _wrong(table.where, "wheels must name at least one wheel, each with its sha256")
    members = {path: _texts(parts, table.where) for path, parts in table.mapping("files").items()}
    return WheelSource(wheels=wheels, files=members)


def entry_to_json(entry: ModelEntry) -> dict[str, object]:
    """The entry as one JSON object that `read_entry` takes; its sources are left out."""
    out: dict[str, object] = {}
    for item in dataclasses.fields(entry):
        value = getattr(entry, item.name)
        if item.name == "files":
            out["files"] = [
                {"path": f.path, "sha256": f.sha256, "size_bytes": f.size_bytes} for f in entry.files
            ]
        elif item.name != "sources":
            out[item.name] = list(value) if isinstance(value, tuple) else value
    return out
