"""The file of a trained parser: a zip of data with a manifest. Nothing in it is ever executed.

``manifest.json`` names the format, its version, the language, the intents, and the size and SHA-256 of every
other member; ``<n>.json`` holds the vocabulary of an intent, ``<n>.crf`` its model in crfsuite's format, and
``choice.crf`` the model that chooses the intent.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voxedge.errors import DiskFull, ModelCorrupt, ModelMissing, StoreError
from voxedge.understanding.trained.features import FEATURES_VERSION
from voxedge.understanding.trained.vocabulary import Vocabulary

FORMAT = "voxedge-trained-parser"
FORMAT_VERSION = 1
MAX_MODEL_BYTES = 512_000_000
_MAX_MANIFEST_BYTES = 4_000_000
_RETRAIN = "Train it again: voxedge intents train DATA... -o MODEL."


@dataclass(frozen=True, slots=True)
class IntentPart:
    """What was learnt of one intent.

    Attributes:
        name: The intent.
        vocabulary: Words and values of its sentences.
        crf: The slot model in crfsuite's format; empty for an intent without slots.
    """

    name: str
    vocabulary: Vocabulary
    crf: bytes


@dataclass(frozen=True, slots=True)
class ModelParts:
    """All that a trained parser is made of.

    Attributes:
        language: ISO 639-1.
        intents: Sorted by name.
        choice: The model that chooses the intent, labels "0", "1", ...; empty where there is one intent.
    """

    language: str
    intents: tuple[IntentPart, ...]
    choice: bytes


def write_model(parts: ModelParts, path: Path) -> None:
    """Writes the file as a whole or not at all.

    Raises:
        DiskFull: Too little space is left.
        StoreError: The folder isn't there, or can't be written to.
    """
    members: dict[str, bytes] = {"choice.crf": parts.choice}
    for number, part in enumerate(parts.intents):
        members[f"{number}.json"] = json.dumps(part.vocabulary.to_json(), ensure_ascii=False).encode()
        members[f"{number}.crf"] = part.crf
    manifest = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "features": FEATURES_VERSION,
        "language": parts.language,
        "intents": [part.name for part in parts.intents],
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
        },
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in {"manifest.json": json.dumps(manifest).encode(), **members}.items():
            # A fixed date, so that the same examples give the same file.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(packed.getvalue())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as exc:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        kind = DiskFull if exc.errno == errno.ENOSPC else StoreError
        raise kind(
            f"{path} can't be written: {exc.strerror}.",
            remedy="Name another file or make room.",
            room="understanding",
        ) from exc


def read_model(path: Path) -> ModelParts:
    """Reads and checks a file of `write_model`.

    Raises:
        ModelMissing: There is no such file.
        ModelCorrupt: It is no such model, damaged, cut off, or of another version.
    """
    try:
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise _corrupt(path, f"is larger than {MAX_MODEL_BYTES // 1_000_000} MB")
        packed = path.read_bytes()
    except OSError as exc:
        raise ModelMissing(
            f"{path} can't be read: {exc.strerror}.", remedy=_RETRAIN, room="understanding"
        ) from exc
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            manifest = json.loads(_member(archive, "manifest.json", _MAX_MANIFEST_BYTES))
            _check_manifest(path, manifest)
            return _parts(archive, manifest)
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise _corrupt(path, "is no trained parser, or damaged") from exc
    except (NotImplementedError, RuntimeError, OverflowError, EOFError, RecursionError, OSError) as exc:
        raise _corrupt(path, "is damaged") from exc


def _corrupt(path: Path, what: str) -> ModelCorrupt:
    return ModelCorrupt(f"{path} {what}.", remedy=_RETRAIN, room="understanding")


def _check_manifest(path: Path, manifest: Mapping[str, object]) -> None:
    if manifest["format"] != FORMAT:
        raise ValueError("another format")
    if (manifest["version"], manifest["features"]) != (FORMAT_VERSION, FEATURES_VERSION):
        raise _corrupt(path, "was written by another version of voxedge")


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    # The size is looked at before anything is unpacked: a small zip can hold gigabytes.
    if archive.getinfo(name).file_size > limit:
        raise ValueError("a member is too large")
    return archive.read(name)


def _parts(archive: zipfile.ZipFile, manifest: Mapping[str, object]) -> ModelParts:
    names, files, language = manifest["intents"], manifest["files"], manifest["language"]
    if (
        not isinstance(names, list)
        or not names
        or not isinstance(files, dict)
        or not isinstance(language, str)
    ):
        raise TypeError("the manifest has another form")
    if sum(int(entry["bytes"]) for entry in files.values()) > MAX_MODEL_BYTES:
        raise ValueError("the members are too large")

    def read(name: str) -> bytes:
        content = _member(archive, name, int(files[name]["bytes"]))
        if hashlib.sha256(content).hexdigest() != files[name]["sha256"]:
            raise ValueError("a member has another hash")
        return content

    intents = []
    for number, name in enumerate(names):
        tables = json.loads(read(f"{number}.json"))
        intents.append(
            IntentPart(str(name), Vocabulary(tables["values"], tables["words"]), read(f"{number}.crf"))
        )
    return ModelParts(language, tuple(intents), read("choice.crf"))
