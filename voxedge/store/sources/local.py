"""Models from files at hand: a folder, a file, an installed package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from voxedge.errors import SourceUnreachable
from voxedge.store.disk import CHUNK_BYTES, named_errors, need_space
from voxedge.store.entry import ModelFile, PackageSource, ShippedSource
from voxedge.store.lookup import in_place_folder, package_folder
from voxedge.store.sources.job import Job

_MOST_FILES = 100_000


def pull_from_place(source: PackageSource | ShippedSource, job: Job) -> None:
    """Copies files out of an installed package, or out of what travels with voxedge.

    Raises:
        SourceUnreachable: The package isn't installed, or lacks a file.
        SourceMismatch: A file is another one.
        DiskFull: It doesn't fit.
    """
    if isinstance(source, ShippedSource):
        folder = in_place_folder(source, job.entry)
        paths = {file.path: folder / file.path for file in job.wanted if folder is not None}
        label = "voxedge itself"
    else:
        root = package_folder(source.module)
        paths = {file.path: root / source.files[file.path] for file in job.wanted if root is not None}
        label = f"the package {source.module}"
    for file in job.wanted:
        path = paths.get(file.path)
        if path is None or not path.is_file():
            raise SourceUnreachable(f"{label} doesn't hold {file.path}.", remedy="Install it.")
        copy_file(path, file, job, label)


def pull_from_path(given: Path, job: Job) -> None:
    """Copies the wanted files from a file or folder that the user named, found by length and hash.

    Raises:
        SourceUnreachable: Nothing is there, or a file isn't among what is there.
        SourceMismatch: A file of the right name is another one.
        DiskFull: It doesn't fit.
    """
    if not given.exists():
        raise SourceUnreachable(f"There is nothing at {given}.", remedy="Check the path after --from.")
    need_space(job.store.home, sum(f.size_bytes for f in job.wanted), f"Copying {job.entry.name!r}")
    for file in job.wanted:
        with named_errors("look through the folder", given):
            candidates = [path for path in _files(given) if _may_be(path, file)]
        if not candidates:
            raise SourceUnreachable(
                f"{given} doesn't hold {file.path} of {job.entry.name!r}.",
                remedy="Name the folder that has all files of the model.",
            )
        # The right name first; among equal names any may be the right one.
        candidates.sort(key=lambda path: path.name != Path(file.path).name)
        _copy_first_fitting(candidates, file, job)


def _copy_first_fitting(candidates: list[Path], file: ModelFile, job: Job) -> None:
    from voxedge.errors import SourceMismatch

    for number, path in enumerate(candidates, 1):
        try:
            copy_file(path, file, job, str(path))
        except SourceMismatch:
            if number == len(candidates):
                raise
        else:
            return


def _files(given: Path) -> Iterator[Path]:
    if given.is_file():
        yield given
        return
    for number, path in enumerate(given.rglob("*")):
        if number >= _MOST_FILES:
            return
        with suppress(OSError):  # one that can't be looked at isn't the one that is wanted
            if path.is_file():
                yield path


def _may_be(path: Path, file: ModelFile) -> bool:
    if file.pinned:
        with suppress(OSError):
            return path.stat().st_size == file.size_bytes
        return False
    return path.name == Path(file.path).name


def copy_file(path: Path, file: ModelFile, job: Job, label: str) -> None:
    """Copies one file into the store, and checks it there.

    Raises:
        SourceMismatch: It is another file.
        DiskFull, StoreError: It can't be read or written.
    """
    partial = job.store.partial(f"{file.sha256 or job.entry.name}.copy")
    with named_errors("read the file", path):
        size_bytes = path.stat().st_size
    need_space(job.store.home, size_bytes, f"Copying {path.name}")
    job.listener.begin(f"{job.entry.name}: {file.path}", size_bytes)
    try:
        with named_errors("copy the file", path):
            partial.parent.mkdir(parents=True, exist_ok=True)
            copy_stream(path, partial, job.listener.advance)
        job.accept(file, partial, label)
    finally:
        job.listener.end()
        partial.unlink(missing_ok=True)


def copy_stream(source: Path, target: Path, advance: Callable[[int], None]) -> None:
    """Copies a file in constant memory."""
    with source.open("rb") as stream, target.open("wb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            out.write(chunk)
            advance(len(chunk))
