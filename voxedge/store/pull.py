"""Gets models: looks what is lacking, tries the sources in order, checks, installs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxedge.errors import (
    DiskFull,
    ModelMissing,
    SourceMismatch,
    SourceUnreachable,
    StoreError,
    StoreReadOnly,
    VoxedgeError,
)
from voxedge.store.disk import discard, hash_file, need_space
from voxedge.store.entry import (
    HubSource,
    ModelEntry,
    ModelFile,
    PackageSource,
    ShippedSource,
    Source,
    UrlSource,
    WheelSource,
)
from voxedge.store.locks import locked
from voxedge.store.lookup import Found, Library
from voxedge.store.manifest import Manifest
from voxedge.store.sources.job import Job, Listener, Silent
from voxedge.store.store import BlobGone, Store

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOptions:
    """How to pull.

    Attributes:
        offline: Opens no connection; only what lies on this machine is taken.
        given: A file or folder that is the only source.
        repin: Forgets the hashes learnt at the first pull, and learns them anew.
        listener: Who hears how it gets on.
        environment: Environment variables.
        sleep: Waits between attempts.
    """

    offline: bool = False
    given: Path | None = None
    repin: bool = False
    listener: Listener = field(default_factory=Silent)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep


def pull(library: Library, entry: ModelEntry, options: PullOptions | None = None) -> tuple[Found, bool]:
    """Sees to it that a model is here and whole.

    Any number of processes may pull the same model: one fetches, the others wait and find it done. An
    interrupted pull goes on where it was, or begins again; what isn't complete is never used.

    Returns:
        Where it is, and whether anything had to be fetched.

    Raises:
        ModelMissing: It isn't here, and connections are forbidden.
        SourceUnreachable: No source delivered it.
        SourceMismatch: What the sources delivered isn't what the catalogue names.
        DiskFull, StoreReadOnly, StoreError: It can't be kept.
    """
    options = options or PullOptions()
    listed = library.listed(entry.name) or entry
    with contextlib.suppress(VoxedgeError):
        if not options.repin:
            return library.require(listed), False
    store = library.store
    store.check_writable()

    def waiting() -> None:
        options.listener.note(f"Another process is getting {entry.name}; waiting for it.")

    with locked(store.lock(f"model-{entry.name}"), waiting):
        with contextlib.suppress(VoxedgeError):
            if not options.repin:
                return library.require(listed), False
        pin = None if options.repin or listed.pinned else store.pin(entry.name)
        for _ in range(_ATTEMPTS):
            expected = _with_pins(listed, pin)
            hashes = [file.sha256 for file in expected.files if file.pinned]
            with store.counting_on(entry.name, hashes):
                manifest = _fetch_all(store, listed, pin, options)
                try:
                    store.install(manifest, pin=not listed.pinned)
                    break
                except BlobGone:
                    continue
        else:
            raise StoreError(f"Another process keeps deleting parts of {entry.name!r}.", remedy="Try again.")
    return library.require(manifest.entry), True


def _with_pins(entry: ModelEntry, pin: Manifest | None) -> ModelEntry:
    """The entry, with the hashes that its first pull taught us."""
    if pin is None:
        return entry
    known = {file.path: file for file in pin.entry.files}
    files = tuple(file if file.pinned else known.get(file.path, file) for file in entry.files)
    return dataclasses.replace(entry, files=files)


def _fetch_all(store: Store, listed: ModelEntry, pin: Manifest | None, options: PullOptions) -> Manifest:
    entry = _with_pins(listed, pin)
    have = {file.path: file for file in entry.files if file.pinned and _sound_blob(store, file)}
    job = Job(
        store=store,
        entry=entry,
        wanted=tuple(file for file in entry.files if file.path not in have),
        listener=options.listener,
        environment=options.environment,
        sleep=options.sleep,
    )
    source = "the store"
    if job.wanted:
        try:
            source = _from_any(job, options, pin)
        except SourceMismatch as error:
            if pin is not None:
                error.remedy = (
                    "The hashes are those of the first pull. If the model was changed for good reason: "
                    f"voxedge models pull {entry.name} --repin"
                )
            raise
        have.update(job.learnt)
    files = tuple(have[file.path] for file in entry.files)
    if not entry.pinned:
        _say_pins(entry.name, files, options.listener)
    return Manifest(
        entry=dataclasses.replace(entry, files=files),
        origin="catalogue" if listed.pinned else "first_pull",
        came_from=source,
        commit=job.commit,
    )


def _say_pins(name: str, files: tuple[ModelFile, ...], listener: Listener) -> None:
    listener.note(
        f"{name}: the catalogue doesn't know the hashes of this model. Those of this first pull are kept; "
        "every later pull and every use is held to them:"
    )
    for file in files:
        listener.note(f"  {file.sha256}  {file.path}  ({file.size_bytes} bytes)")


def _sound_blob(store: Store, file: ModelFile) -> bool:
    path = store.find_blob(file)
    if path is None:
        discard(store.blob(file.sha256))  # another length: cut off or damaged
        return False
    if hash_file(path) == file.sha256:
        return True
    discard(path)
    return False


def _from_any(job: Job, options: PullOptions, pin: Manifest | None) -> str:
    """Tries the sources in order; gives the name of the one that delivered."""
    failures: list[VoxedgeError] = []
    sources: list[Source | Path] = [options.given] if options.given else list(job.entry.sources)
    skipped = 0
    for source in sources:
        if options.offline and isinstance(source, (HubSource, WheelSource, UrlSource)):
            skipped += 1
            continue
        job.commit = pin.commit if pin is not None and pin.came_from == describe(source) else ""
        try:
            _from_one(source, job)
        except (DiskFull, StoreReadOnly):
            raise
        except (SourceUnreachable, SourceMismatch) as error:
            failures.append(error)
            job.wanted = tuple(file for file in job.wanted if file.path not in job.learnt)
            if len(sources) > 1:
                job.listener.note(f"{job.entry.name}: {error.message}")
        else:
            return describe(source)
    if skipped:
        lacking = ", ".join(file.path for file in job.wanted)
        raise ModelMissing(
            f"The model {job.entry.name!r} isn't here (lacking: {lacking}), and connections are forbidden.",
            remedy=f"With a network: voxedge models pull {job.entry.name}. Without: carry it here with "
            "`voxedge models bundle` and `voxedge models add`.",
        )
    if len(failures) == 1:
        raise failures[0]
    kind = SourceMismatch if any(isinstance(e, SourceMismatch) for e in failures) else SourceUnreachable
    reasons = " ".join(error.message for error in failures) or "The catalogue names no source."
    raise kind(
        f"No source delivered {job.entry.name!r}. {reasons}",
        remedy="Check the network and try again, or carry it here: voxedge models bundle, ... add.",
    )


def _from_one(source: Source | Path, job: Job) -> None:
    if isinstance(source, Path):
        from voxedge.store.sources.local import pull_from_path

        pull_from_path(source, job)
    elif isinstance(source, (PackageSource, ShippedSource)):
        from voxedge.store.sources.local import pull_from_place

        pull_from_place(source, job)
    elif isinstance(source, WheelSource):
        from voxedge.store.sources.wheel import pull_from_wheels

        pull_from_wheels(source, job)
    else:
        from voxedge.store.sources.web import pull_from_web

        need_space(job.store.home, sum(f.size_bytes for f in job.wanted), f"Getting {job.entry.name!r}")
        pull_from_web(source, job)


def describe(source: Source | Path) -> str:
    """A source in a few words."""
    if isinstance(source, HubSource):
        return f"hub {source.repository}@{source.revision}"
    if isinstance(source, WheelSource):
        return "wheel " + ", ".join(f"{wheel.name} {wheel.version}" for wheel in source.wheels)
    if isinstance(source, UrlSource):
        return "url"
    if isinstance(source, PackageSource):
        return f"package {source.module}"
    if isinstance(source, ShippedSource):
        return "shipped"
    return str(source)
