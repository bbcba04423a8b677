"""What a model's files must be for the engine of its kind; looked at before an engine is."""

from __future__ import annotations

import json
import os
from pathlib import Path

from voxedge.errors import ModelCorrupt, ModelMissing

_CTRANSLATE2 = ("model.bin", "config.json")
_VOCABULARIES = {
    "recognition": ("vocabulary.json", "vocabulary.txt"),
    "translation": (
        "shared_vocabulary.json",
        "shared_vocabulary.txt",
        "source_vocabulary.json",
        "source_vocabulary.txt",
    ),
}
_ONNX_FIRST_BYTES = (b"\x08", b"\x0a", b"\x12")  # protobuf: ir_version, producer_name first or nearly so


def usable_path(path: Path, kind: str | None) -> Path:
    """Checks that a path given by hand holds what its kind of model needs.

    Args:
        path: A folder or a file.
        kind: Kind of model; None checks only that something is there.

    Returns:
        The path; for a language model the GGUF file in a folder.

    Raises:
        ModelMissing: Nothing is there.
        ModelCorrupt: What is there isn't complete, or isn't such a model.
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises on names that are too long
        raise ModelMissing(
            f"There is no model at {path}.",
            remedy="Check the path, or take a model by its name: voxedge models list",
        )
    if kind is None:
        return path
    if kind in _VOCABULARIES:
        return _ctranslate2_folder(path, kind)
    suffix = ".gguf" if kind == "language" else ".onnx"
    if path.is_dir():
        found = sorted(path.glob(f"*{suffix}"))
        if len(found) != 1:
            raise _incomplete(path, f"it must hold one {suffix} file, and holds {len(found)}")
        check_first_bytes(found[0])
        return path if kind == "speech" else found[0]
    if path.suffix.lower() != suffix:
        raise _incomplete(path, f"a model for {kind} is a {suffix} file")
    check_first_bytes(path)
    return path


def _ctranslate2_folder(path: Path, kind: str) -> Path:
    if not path.is_dir():
        raise _incomplete(path, f"a model for {kind} is a folder")
    # Without tokenizer.json faster-whisper would ask a hub for it, offline or not.
    needed = [*_CTRANSLATE2, *(["tokenizer.json"] if kind == "recognition" else [])]
    lacking = [name for name in needed if not (path / name).is_file()]
    if not any((path / name).is_file() for name in _VOCABULARIES[kind]):
        lacking.append("vocabulary.*" if kind == "recognition" else "shared_vocabulary.*")
    if lacking:
        raise _incomplete(path, f"the folder lacks {', '.join(lacking)}")
    for name in (*needed, *_VOCABULARIES[kind]):
        if (path / name).is_file():
            check_first_bytes(path / name)
    return path


def check_first_bytes(path: Path) -> None:
    """Finds out by its first bytes that a file can't be what its name says, an error page, say.

    Raises:
        ModelCorrupt: It is empty, or no such file.
    """
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start:
        raise _incomplete(path, "it is empty")
    if path.suffix == ".gguf" and start[:4] != b"GGUF":
        raise _incomplete(path, "it doesn't begin as a GGUF file does")
    if path.suffix == ".onnx" and start[:1] not in _ONNX_FIRST_BYTES:
        raise _incomplete(path, "it doesn't begin as an ONNX file does")
    if path.suffix in {".bin", ".gguf", ".onnx", ".model", ".spm"} and _is_text_page(start):
        raise _incomplete(path, "it is a web page, not a model")
    if path.suffix == ".json":
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as exc:
            raise _incomplete(path, "it isn't JSON") from exc


def _is_text_page(start: bytes) -> bool:
    head = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return head.startswith((b"<!doctype", b"<html", b"<?xml", b"version https://git-lfs"))


def _incomplete(path: Path, what: str) -> ModelCorrupt:
    return ModelCorrupt(
        f"{path} can't be used: {what}.",
        remedy="Give another path, or take a model by its name: voxedge models list",
    )
