"""Finds models: in the user's store, in those of the system, in voxedge itself and in installed packages."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from voxedge.errors import ModelCorrupt, ModelMissing, ModelUnknown
from voxedge.resources import models_dir, user_home
from voxedge.store.catalogue import Catalogue
from voxedge.store.entry import ModelEntry, ModelFile, PackageSource, ShippedSource
from voxedge.store.formats import usable_path
from voxedge.store.manifest import Manifest
from voxedge.store.places import system_homes
from voxedge.store.store import Store
from voxedge.store.verify import wrong_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A model that is here.

    Attributes:
        entry: The model, every file with its hash.
        folder: Where its files lie.
        where: ``store``, ``system``, ``shipped`` or ``package``.
        origin: Who vouches for the hashes, as in `Manifest`.
    """

    entry: ModelEntry
    folder: Path
    where: str
    origin: str

    @property
    def path(self) -> Path:
        """What an engine loads: the folder, or the model's one file."""
        return self.folder / self.entry.main_file if self.entry.main_file else self.folder

    @property
    def mending(self) -> str:
        """What to type when it is damaged: a model of the user's own can't be pulled from anywhere."""
        own = self.entry
        if self.origin == "user":
            return f"Add it again: voxedge models add PATH --name {own.name} --kind {own.kind}"
        return f"Get it again: voxedge models pull {own.name}"

    def damaged(self) -> list[str]:
        """Hashes all files; gives what is wrong, a text a file."""
        return wrong_files(self.folder, self.entry.files)


class Library:
    """The catalogue and all stores, as one.

    Args:
        store: The store that is written; None takes the user's.
        others: Stores that are only read; None takes the system's.
        catalogue: The catalogue; None takes the one that travels with voxedge, and adds the user's own
            entries, ``<home>/catalogue/*.toml``.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        others: tuple[Store, ...] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.store = Store(user_home()) if store is None else store
        self.others = tuple(map(Store, system_homes())) if others is None else others
        base = Catalogue.shipped() if catalogue is None else catalogue
        own = self.store.home / "catalogue"
        self._base = base.with_entries(Catalogue.from_folder(own)) if own.is_dir() else base

    @property
    def stores(self) -> tuple[Store, ...]:
        """All stores, the written one first."""
        return (self.store, *self.others)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue, and the models in the stores that it doesn't know."""
        held = [manifest.entry for store in reversed(self.stores) for manifest in store.manifests()]
        return self._base.with_entries(held)

    def listed(self, name: str) -> ModelEntry | None:
        """What the catalogue itself says of a model, without the stores."""
        return next((entry for entry in self._base if entry.name == name), None)

    def called(self, name: str) -> ModelEntry | None:
        """The model of the catalogue itself that has this name or short name."""
        return next((entry for entry in self._base if name in entry.names), None)

    def entry(self, name: str, *, kind: str | None = None) -> ModelEntry:
        """The entry of a name or short name.

        Raises:
            ModelUnknown: Neither the catalogue nor a store has it.
        """
        try:
            return self._base.find(name, kind=kind)
        except ModelUnknown:
            return self.catalogue.find(name, kind=kind)

    def find(self, entry: ModelEntry) -> Found | None:
        """The first place that holds this model; its files aren't hashed here.

        A model in a store that the catalogue names with other hashes (an older version) isn't this model.
        """
        for store in self.stores:
            manifest = store.manifest(entry.name)
            if manifest is not None and agrees(entry, manifest):
                return Found(
                    entry=manifest.entry,
                    folder=store.model_folder(manifest),
                    where="store" if store is self.store else "system",
                    origin=manifest.origin,
                )
        return self._in_place(entry)

    def _in_place(self, entry: ModelEntry) -> Found | None:
        if not entry.pinned:
            return None
        for source in entry.sources:
            folder, where = in_place_folder(source, entry), "package"
            if isinstance(source, ShippedSource):
                where = "shipped"
            if folder is not None and all(_has_size(folder, file) for file in entry.files):
                return Found(entry=entry, folder=folder, where=where, origin="catalogue")
        return None

    def resolve(self, name_or_path: str | os.PathLike[str], *, kind: str | None = None) -> Path:
        """What an engine loads for a model: see `voxedge.store.resolve`."""
        if isinstance(name_or_path, os.PathLike) or _looks_like_path(name_or_path):
            return usable_path(Path(name_or_path).expanduser(), kind)
        try:
            entry = self.entry(name_or_path, kind=kind)
        except ModelUnknown:
            if name_or_path and os.path.exists(name_or_path):  # noqa: PTH110 - never raises
                return usable_path(Path(name_or_path), kind)
            raise
        return self.require(entry).path

    def require(self, entry: ModelEntry) -> Found:
        """The model, every file hashed just now.

        Raises:
            ModelMissing: It is in none of the places.
            ModelCorrupt: It is there, and damaged; no other place has it whole.
        """
        found = self.find(entry)
        if found is None:
            held = any(store.manifest_path(entry.name).exists() for store in self.stores)
            what = (
                f"The store's {entry.name!r} is another version than the one in the catalogue."
                if held
                else f"The model {entry.name!r} isn't here (looked in {self.store.home})."
            )
            raise ModelMissing(what, remedy=f"Get it, once, with a network: voxedge models pull {entry.name}")
        wrong = found.damaged()
        if not wrong:
            return found
        spare = self._in_place(entry)
        if spare is not None and spare.folder != found.folder and not spare.damaged():
            return spare
        raise ModelCorrupt(
            f"The model {entry.name!r} in {found.folder} is damaged: {'; '.join(wrong)}.",
            remedy=found.mending,
        )


def agrees(entry: ModelEntry, manifest: Manifest) -> bool:
    """Whether a store's model has the files that the entry names, as far as it knows their hashes."""
    held = {file.path: file for file in manifest.entry.files}
    return {file.path for file in entry.files} == set(held) and all(
        not file.pinned or held[file.path].sha256 == file.sha256 for file in entry.files
    )


def in_place_folder(source: object, entry: ModelEntry) -> Path | None:
    """The folder in which a source's files lie already, named as the model's are; None: nowhere."""
    if isinstance(source, ShippedSource):
        return models_dir() / source.folder
    if not isinstance(source, PackageSource):
        return None
    root = package_folder(source.module)
    if root is None:
        return None
    folders = {(root / inner).parent for path, inner in source.files.items() if Path(inner).name == path}
    return folders.pop() if len(folders) == 1 and len(source.files) == len(entry.files) else None


def package_folder(module: str) -> Path | None:
    """The folder of an installed package, without importing it; None where it isn't installed."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _has_size(folder: Path, file: ModelFile) -> bool:
    try:
        return (folder / file.path).stat().st_size == file.size_bytes
    except OSError:
        return False


def _looks_like_path(text: str) -> bool:
    return "/" in text or os.sep in text or text.startswith((".", "~")) or text.endswith((".gguf", ".onnx"))
