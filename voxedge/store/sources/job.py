"""What a source is handed: which files are wanted, where they go, whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from voxedge.errors import SourceMismatch
from voxedge.store.disk import hash_file, move_into_place, named_errors
from voxedge.store.entry import ModelEntry, ModelFile
from voxedge.store.formats import check_first_bytes
from voxedge.store.store import Store


class Listener(Protocol):
    """Who hears how a pull gets on."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def begin(self, label: str, total_bytes: int) -> None:
        """A transfer begins; 0 bytes when its length isn't known."""

    def advance(self, count_bytes: int) -> None:
        """So many bytes more are done; less than 0 when it had to begin again."""

    def end(self) -> None:
        """The transfer is over, well or not."""


class Silent:
    """Hears and says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""

    def begin(self, label: str, total_bytes: int) -> None:
        """Shows nothing."""

    def advance(self, count_bytes: int) -> None:
        """Shows nothing."""

    def end(self) -> None:
        """Shows nothing."""


@dataclass(slots=True, kw_only=True)
class Job:
    """The files of one model that are wanted from one source.

    Attributes:
        store: Where they go.
        entry: The model.
        wanted: The files that aren't there yet.
        listener: Who hears how it gets on.
        environment: Environment variables.
        sleep: Waits between attempts.
        commit: The hub's commit that files are taken from, or "": all of one pull are of the same.
        learnt: Filled by the source: the hash and length of every file that it delivered.
    """

    store: Store
    entry: ModelEntry
    wanted: tuple[ModelFile, ...]
    listener: Listener
    environment: Mapping[str, str]
    sleep: Callable[[float], None]
    commit: str = ""
    learnt: dict[str, ModelFile] = field(default_factory=dict)

    def accept(self, file: ModelFile, partial: Path, source: str) -> None:
        """Checks a finished transfer and makes it a blob; whatever doesn't fit is deleted.

        Args:
            file: What it must be.
            partial: The transferred file; it moves.
            source: Where it came from, for the message.

        Raises:
            SourceMismatch: Length or hash differ, or a file whose hash isn't known yet can't be what its
                name says.
        """
        with named_errors("check what was fetched", partial):
            size_bytes = partial.stat().st_size
            sha256 = hash_file(partial)
        if file.pinned and (size_bytes, sha256) != (file.size_bytes, file.sha256):
            partial.unlink(missing_ok=True)
            raise SourceMismatch(
                f"{source} delivered another {file.path} than the one named for {self.entry.name!r}: "
                f"{size_bytes} bytes, SHA-256 {sha256[:12]}..., instead of {file.size_bytes} bytes, "
                f"{file.sha256[:12]}....",
                remedy="It was thrown away. Try again later, or from another source: "
                f"voxedge models pull {self.entry.name} --from FILE",
            )
        if not file.pinned:
            self._check_unknown(file, partial, source)
        with named_errors("keep what was fetched", self.store.home):
            blob = self.store.blob(sha256)
            blob.parent.mkdir(parents=True, exist_ok=True)
            move_into_place(partial, blob)
        self.learnt[file.path] = ModelFile(path=file.path, sha256=sha256, size_bytes=size_bytes)

    def _check_unknown(self, file: ModelFile, partial: Path, source: str) -> None:
        from voxedge.errors import ModelCorrupt

        named = partial.with_name(f"{partial.name}{Path(file.path).suffix}")
        partial.replace(named)
        try:
            check_first_bytes(named)
        except ModelCorrupt as exc:
            named.unlink(missing_ok=True)
            raise SourceMismatch(
                f"{source} delivered something that is no {file.path}: {exc.message}",
                remedy="It was thrown away. A proxy or a login page may stand between; try again without it.",
            ) from exc
        named.replace(partial)
