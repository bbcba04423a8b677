"""What the subcommands of ``voxedge models`` do: call the store, print."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from voxedge.cli.output import Progress, emit_json, note
from voxedge.errors import EXIT_STORE, UsageError
from voxedge.store import KINDS, Found, Library, ModelEntry
from voxedge.store.disk import megabytes


class ProgressListener:
    """Shows a pull on standard error."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def __enter__(self) -> ProgressListener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def note(self, text: str) -> None:
        """Prints a line."""
        note(text)

    def begin(self, label: str, total_bytes: int) -> None:
        """Puts up a bar."""
        self.end()
        self._bar = Progress(label, total_bytes)
        self._bar.__enter__()

    def advance(self, count_bytes: int) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.advance(count_bytes)

    def end(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _describe(entry: ModelEntry, found: Found | None) -> dict[str, object]:
    shown = found.entry if found else entry
    origin = found.origin if found else ("catalogue" if entry.pinned else "unknown")
    return {
        "name": entry.name,
        "kind": entry.kind,
        "here": found is not None,
        "where": found.where if found else "",
        "path": str(found.path) if found else "",
        "size_bytes": shown.size_bytes,
        "hashes": origin,
        "licence": entry.licence,
        "languages": list(entry.languages),
        "pairs": list(entry.pairs),
        "memory_mb": entry.memory_mb,
        "title": entry.title,
        "good_for": entry.good_for,
    }


def run_list(args: argparse.Namespace) -> int:
    """Lists models."""
    if args.kind is not None and args.kind not in KINDS:
        raise UsageError(f"{args.kind!r} is no kind of model.", remedy=f"Kinds: {', '.join(KINDS)}.")
    library = Library()
    rows = [
        _describe(entry, library.find(entry))
        for entry in library.catalogue
        if args.kind in (None, entry.kind)
    ]
    rows = [row for row in rows if args.all or row["here"]]
    if args.json:
        for row in rows:
            emit_json(row)
        return 0
    if not rows:
        note("No model is here. Get the first ones: voxedge models pull essentials")
        note("The whole catalogue: voxedge models list --all")
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        size = row["size_bytes"]
        shown = megabytes(size) if isinstance(size, int) and size else "?"
        state = row["where"] if row["here"] else "-"
        print(f"{row['name']:<{width}}  {row['kind']:<11}  {state:<7}  {shown:>9}  {row['title']}")
    return 0


def run_pull(args: argparse.Namespace) -> int:
    """Gets models; those that were got before one fails are kept."""
    from voxedge.resources import is_offline
    from voxedge.store.pull import PullOptions, pull

    library = Library()
    given = Path(args.given) if args.given else None
    with ProgressListener() as listener:
        options = PullOptions(
            offline=args.offline or is_offline(), given=given, repin=args.repin, listener=listener
        )
        for entry in library.catalogue.expand(args.names):
            found, fetched = pull(library, entry, options)
            listener.end()
            if args.json:
                emit_json({**_describe(found.entry, found), "fetched": fetched})
            else:
                note(f"{entry.name}: {'ready' if fetched else 'already here'} ({found.where})")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Hashes models; goes on after a damaged one, and says so in the exit status."""
    library = Library()
    status = 0
    for entry, found in _chosen(library, args.names):
        wrong = found.damaged()
        status = EXIT_STORE if wrong else status
        if args.json:
            emit_json({"name": entry.name, "sound": not wrong, "wrong": wrong, "path": str(found.path)})
        elif wrong:
            print(f"{entry.name}: DAMAGED: {'; '.join(wrong)}")
        else:
            print(f"{entry.name}: sound")
        if wrong:
            note(f"  {found.mending}")
    return status


def _chosen(library: Library, names: list[str]) -> Iterator[tuple[ModelEntry, Found]]:
    for entry in library.catalogue.expand(names) if names else library.catalogue:
        found = library.find(entry)
        if found is not None:
            yield entry, found
        elif names:
            library.require(entry)  # raises, and says how to get it


def run_path(args: argparse.Namespace) -> int:
    """Prints what the engine loads, hashed just now."""
    library = Library()
    path = library.resolve(args.name, kind=args.kind)
    if args.json:
        emit_json({"name": args.name, "path": str(path)})
    else:
        print(path)
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Deletes models of the user's own store."""
    library = Library()
    for entry in library.catalogue.expand(args.names):
        if not library.store.manifest_path(entry.name).exists():
            found = library.find(entry)
            where = f"it is in {found.folder} ({found.where})" if found else "it isn't here"
            raise UsageError(
                f"{entry.name!r} isn't in the store {library.store.home}: {where}.",
                remedy="See what is: voxedge models list",
            )
        freed = library.store.remove(entry.name)
        if args.json:
            emit_json({"name": entry.name, "freed_bytes": freed})
        else:
            note(f"{entry.name}: removed, {megabytes(freed)} freed")
    return 0


def run_bundle(args: argparse.Namespace) -> int:
    """Writes models into one file."""
    from voxedge.store.bundle import write_bundle

    library = Library()
    entries = library.catalogue.expand(args.names)
    with ProgressListener() as listener:
        size_bytes = write_bundle(library, entries, Path(args.output), listener)
    if args.json:
        emit_json(
            {"file": args.output, "size_bytes": size_bytes, "models": [entry.name for entry in entries]}
        )
    else:
        count = f"{len(entries)} {'model' if len(entries) == 1 else 'models'}"
        note(f"{args.output}: {count}, {megabytes(size_bytes)}")
        note(f"On the other machine: voxedge models add {Path(args.output).name}")
    return 0


def run_add(args: argparse.Namespace) -> int:
    """Adds a bundle, a converted package, or a model of the user's own."""
    from voxedge.store.adding import add
    from voxedge.translation.argos import unpack_argos

    library = Library()
    own = (args.name or "", args.kind or "", args.licence)
    with ProgressListener() as listener:
        added = add(
            library, Path(args.file), own=own, listener=listener, converters={".argosmodel": unpack_argos}
        )
    for found in added:
        if args.json:
            emit_json(_describe(found.entry, found))
        else:
            note(f"{found.entry.name}: ready ({found.path})")
    return 0
