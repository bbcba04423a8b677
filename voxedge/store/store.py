"""The store: contents by their hash, models as folders of them, a note (manifest) that makes a model count.

- ``<home>/blobs/<sha256>``: contents, once each
- ``<home>/models/<name>/<digest>/<files>``: second names of the contents, as an engine wants them
- ``<home>/manifests/<name>.json``: written last: what has no manifest isn't there
- ``<home>/pins/<name>.json``: hashes learnt at the first pull; kept when a model is removed
- ``<home>/partial/, <home>/locks/``: unfinished transfers, and who is at it
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from voxedge.errors import ModelCorrupt, StoreError, StoreReadOnly
from voxedge.store.disk import discard, link_or_move, named_errors, sync_folder
from voxedge.store.entry import ModelFile
from voxedge.store.locks import locked, try_lock
from voxedge.store.manifest import Manifest, read_manifest, write_manifest


class BlobGone(StoreError):
    """A blob that was there is not: another process removed the model that it belonged to."""

    retryable = True


class Store:
    """One folder of models. Any number of processes may use it at once.

    Args:
        home: The folder; it needn't be there yet. A read-only one can be read.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def blob(self, sha256: str) -> Path:
        """Where contents of that hash belong."""
        return self.home / "blobs" / sha256

    def partial(self, key: str) -> Path:
        """Where an unfinished transfer lies."""
        return self.home / "partial" / key

    def lock(self, key: str) -> Path:
        """The lock file of a name."""
        return self.home / "locks" / f"{key}.lock"

    def manifest_path(self, name: str) -> Path:
        """The note that makes a model count."""
        return self.home / "manifests" / f"{name}.json"

    def pin_path(self, name: str) -> Path:
        """The hashes learnt at a model's first pull."""
        return self.home / "pins" / f"{name}.json"

    def model_folder(self, manifest: Manifest) -> Path:
        """The folder of a model's files."""
        return self.home / "models" / manifest.entry.name / manifest.digest

    def manifest(self, name: str) -> Manifest | None:
        """What the store holds under a name; None where it holds none.

        Raises:
            StoreError: The note can't be read.
        """
        return read_manifest(self.manifest_path(name))

    def pin(self, name: str) -> Manifest | None:
        """The hashes learnt at the first pull; None where there was none."""
        return read_manifest(self.pin_path(name))

    def manifests(self) -> Iterator[Manifest]:
        """All models held; notes that can't be read are passed over."""
        for path in sorted((self.home / "manifests").glob("[!.]*.json")):
            with contextlib.suppress(StoreError):
                found = read_manifest(path)
                if found is not None:
                    yield found

    def find_blob(self, file: ModelFile) -> Path | None:
        """A file of the store with this hash and length by name; its contents aren't hashed here."""
        candidates = [self.blob(file.sha256)]
        for manifest in self.manifests():
            folder = self.model_folder(manifest)
            same = (other for other in manifest.entry.files if other.sha256 == file.sha256)
            candidates += [folder / other.path for other in same]
        for path in candidates:
            with contextlib.suppress(OSError):
                if path.stat().st_size == file.size_bytes:
                    return path
        return None

    def check_writable(self) -> None:
        """Finds out at once, before anything is fetched, that nothing can be written.

        Raises:
            StoreReadOnly: The folder can't be made or written.
            DiskFull: Not even a folder fits.
        """
        with named_errors("write the store", self.home):
            for name in ("blobs", "manifests", "models", "partial", "locks"):
                (self.home / name).mkdir(parents=True, exist_ok=True)
        if not os.access(self.home / "blobs", os.W_OK):
            raise StoreReadOnly(
                f"The store {self.home} can be read, not written.",
                remedy="Set VOXEDGE_HOME to a folder that you may write.",
            )

    def install(self, manifest: Manifest, *, pin: bool = False) -> Path:
        """Makes a model of blobs that are all there.

        The folder is built beside its place and renamed, the manifest comes last; an older version of the
        model is deleted after that.

        Args:
            manifest: The model.
            pin: Holds every later pull to these hashes, even after the model was removed.

        Returns:
            The model's folder.

        Raises:
            BlobGone: A blob went away meanwhile.
            DiskFull, StoreReadOnly, StoreError: It can't be written.
        """
        entry, folder = manifest.entry, self.model_folder(manifest)
        with locked(self.lock("commit")), named_errors("make the model's folder", folder):
            self._build(manifest, folder)
            write_manifest(self.manifest_path(entry.name), manifest)
            if pin:
                write_manifest(self.pin_path(entry.name), manifest)
            # FAT: contents that moved may be needed by another model; collect() knows.
            for other in folder.parent.iterdir():
                if other != folder:
                    discard(other)
            self._collect()
        return folder

    def _build(self, manifest: Manifest, folder: Path) -> None:
        building = folder.with_name(f".{folder.name}.building")
        discard(building)
        building.mkdir(parents=True)
        try:
            for file in manifest.entry.files:
                source = self.find_blob(file)
                if source is None:
                    raise _gone(file.path)
                target = building / file.path
                if source == self.blob(file.sha256):
                    link_or_move(source, target)
                else:
                    # Where blobs move (FAT), a second user of the same contents needs a copy.
                    self._copy(source, target)
            sync_folder(building)
        except FileNotFoundError as exc:
            raise _gone(str(exc.filename)) from exc
        discard(folder)
        building.replace(folder)
        sync_folder(folder.parent)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        import shutil

        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
            with target.open("rb+") as stream:
                os.fsync(stream.fileno())

    def remove(self, name: str) -> int:
        """Deletes a model; contents that another model has stay, and so does its pin.

        Returns:
            Bytes that became free.

        Raises:
            StoreReadOnly, StoreError: It can't be deleted.
        """
        before = self.used_bytes()
        with locked(self.lock(f"model-{name}")), locked(self.lock("commit")):
            with named_errors("remove the model", self.home / "models" / name):
                self.manifest_path(name).unlink(missing_ok=True)
                sync_folder(self.home / "manifests")
                discard(self.home / "models" / name)
                self._collect()
        return before - self.used_bytes()

    def _collect(self) -> None:
        """Deletes blobs of no model, but for those that a running pull has just brought."""
        used = {file.sha256 for manifest in self.manifests() for file in manifest.entry.files}
        for blob in (self.home / "blobs").glob("*"):
            if blob.name not in used and not self._wanted(blob.name):
                discard(blob)

    @contextlib.contextmanager
    def counting_on(self, key: str, hashes: Iterable[str]) -> Iterator[None]:
        """Keeps contents that no model has yet, so that removing another model leaves them alone.

        The note counts while its lock is held: one that a killed process left behind is deleted.
        """
        note = self.partial(f"{key}.wants")
        with locked(self.lock(f"wants-{key}")):
            try:
                with named_errors("note what is wanted", note):
                    note.write_text(" ".join(hashes), encoding="ascii")
                yield
            finally:
                discard(note)

    def _wanted(self, sha256: str) -> bool:
        """Whether a process that is at it counts on this blob."""
        for note in (self.home / "partial").glob("*.wants"):
            lock = try_lock(self.lock(f"wants-{note.stem}"))
            if lock is not None:
                with lock:
                    discard(note)
                continue
            with contextlib.suppress(OSError):
                if sha256 in note.read_text(encoding="ascii").split():
                    return True
        return False

    def used_bytes(self) -> int:
        """Disk that the store takes, each content counted once."""
        seen: dict[tuple[int, int], int] = {}
        for folder in ("blobs", "models", "partial"):
            for root, _, names in os.walk(self.home / folder):
                for name in names:
                    with contextlib.suppress(OSError):
                        facts = Path(root, name).stat()
                        seen[(facts.st_dev, facts.st_ino)] = facts.st_size
        return sum(seen.values())

    def damaged(self, manifest: Manifest) -> list[str]:
        """Hashes every file of a model; gives what is wrong, one text a file.

        The hash is worked out anew each time: what counts is what lies on the disk now.
        """
        from voxedge.store.verify import wrong_files

        return wrong_files(self.model_folder(manifest), manifest.entry.files)

    def require_sound(self, manifest: Manifest) -> Path:
        """The folder of a model, after every file was hashed.

        Raises:
            ModelCorrupt: A file is gone, too short or too long, or has another hash.
        """
        wrong = self.damaged(manifest)
        if wrong:
            name = manifest.entry.name
            raise ModelCorrupt(
                f"The model {name!r} in {self.home} is damaged: {'; '.join(wrong)}.",
                remedy=f"Get it again: voxedge models pull {name}",
            )
        return self.model_folder(manifest)


def _gone(name: str) -> BlobGone:
    return BlobGone(f"{name} went away: another process removed it.", remedy="Try again.")
