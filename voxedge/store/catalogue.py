"""The catalogue: one TOML file a model, beside it ``groups.toml`` with the names of groups."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from voxedge.errors import ModelUnknown, StoreError, UsageError
from voxedge.resources import models_dir
from voxedge.store.entry import KINDS, ModelEntry
from voxedge.store.reading import read_entry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_GROUPS = "groups.toml"
_REMEDY = "See the names: voxedge models list --all"


class Catalogue:
    """Entries by name.

    Args:
        entries: The models. A later one takes the place of an earlier one of the same name.
        groups: Name of a group to the names of its models.
    """

    def __init__(self, entries: Iterable[ModelEntry], groups: Mapping[str, tuple[str, ...]] | None = None):
        self._entries = {entry.name: entry for entry in entries}
        self.groups = dict(groups or {})

    @classmethod
    def shipped(cls) -> Catalogue:
        """The catalogue that travels with voxedge.

        Raises:
            StoreError: A file of it can't be read.
        """
        return cls.from_folder(models_dir())

    @classmethod
    def from_folder(cls, folder: Path) -> Catalogue:
        """Reads every ``*.toml`` of a folder, and ``model.toml`` of each of its folders.

        Raises:
            StoreError: A file can't be read, or isn't an entry.
        """
        entries: list[ModelEntry] = []
        groups: dict[str, tuple[str, ...]] = {}
        for file in [*sorted(folder.glob("*.toml")), *sorted(folder.glob("*/model.toml"))]:
            table = _load(file)
            if file.name == _GROUPS:
                groups.update({name: tuple(map(str, names)) for name, names in table.items()})  # type: ignore[call-overload]
            else:
                entries.append(read_entry(table, str(file)))
        names = [entry.name for entry in entries]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise StoreError(
                f"{folder} has two entries named {double[0]!r}.", remedy="Rename or delete one of them."
            )
        return cls(entries, groups)

    def with_entries(self, more: Iterable[ModelEntry]) -> Catalogue:
        """This catalogue and entries that it lacks; its own stay as they are."""
        return Catalogue([*more, *self], self.groups)

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(sorted(self._entries.values(), key=lambda e: (KINDS.index(e.kind), e.size_bytes, e.name)))

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str, *, kind: str | None = None) -> ModelEntry:
        """The entry of a name or short name.

        Args:
            name: ``whisper-tiny.en``, or ``tiny.en``.
            kind: Looks among the models of this kind only.

        Raises:
            ModelUnknown: There is none; the remedy has the nearest names.
            UsageError: ``kind`` is no kind.
        """
        if kind is not None and kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind of model.", remedy=f"Kinds: {', '.join(KINDS)}.")
        own = self._entries.get(name)
        if own is not None and kind in (None, own.kind):
            return own
        found = [e for e in self if name in e.aliases and kind in (None, e.kind)]
        if len(found) == 1:
            return found[0]
        if own is not None:
            raise ModelUnknown(
                f"{name!r} is a model for {own.kind}, not for {kind}.",
                remedy=f"Models for {kind}: {', '.join(e.name for e in self if e.kind == kind)}.",
            )
        if found:
            raise ModelUnknown(
                f"{name!r} may be any of {', '.join(e.name for e in found)}.", remedy="Write the full name."
            )
        raise self._unknown(name, kind)

    def _unknown(self, name: str, kind: str | None) -> ModelUnknown:
        known = {n: e.name for e in self if kind in (None, e.kind) for n in e.names}
        near = [*difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)]
        near += [n for n in known if name.lower() in n and n not in near][: 3 - len(near)]
        hint = f"Did you mean {', '.join(dict.fromkeys(known[n] for n in near))}? " if near else ""
        what = f"model for {kind}" if kind else "model"
        return ModelUnknown(f"There is no {what} named {name[:80]!r}.", remedy=f"{hint}{_REMEDY}")

    def expand(self, names: Iterable[str]) -> list[ModelEntry]:
        """The entries of names, short names and names of groups, each once, in order.

        Raises:
            ModelUnknown: A name is none of them.
        """
        found: dict[str, ModelEntry] = {}
        for name in names:
            for member in self.groups.get(name, (name,)):
                entry = self.find(member)
                found.setdefault(entry.name, entry)
        return list(found.values())


def _load(file: Path) -> dict[str, object]:
    try:
        table: dict[str, object] = tomllib.loads(file.read_text(encoding="utf-8"))
        return table
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise StoreError(f"The catalogue's {file} can't be read: {exc}.", remedy=f"Correct {file}.") from exc
