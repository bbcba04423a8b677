"""Looks over a CTranslate2 model folder before the engine opens it.

The engine reads lengths from the file and trusts them: a damaged one can end the whole process. Hashes
are the store's business; this check costs a millisecond, reads no weights, and catches what is cut off,
swapped or mangled in its structure.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import BinaryIO

from voxedge.errors import ModelCorrupt, ModelMissing

REQUIRED = ("model.bin", "config.json", "tokenizer.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_NAME = re.compile(r"(encoder|decoder|[a-z_]+)(/[a-z0-9_]+)*")
_MAX_VARIABLES = 100_000
_ITEM_BYTES = {0: 4, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2}
"""Data types of the format: float32, int8, int16, int32, float16, bfloat16."""


def check_folder(folder: Path, model_name: str) -> None:
    """Checks that a Whisper model's folder is whole as far as its structure tells.

    ``tokenizer.json`` matters most: without it the libraries around Whisper call a model hub.

    Raises:
        ModelMissing: The folder or one of its files isn't there.
        ModelCorrupt: A file has a structure that can't be right.
    """
    remedy = f"Get it: voxedge models pull {model_name}"
    if not folder.is_dir():
        raise ModelMissing(f"The model {model_name} isn't at {folder}.", remedy=remedy)
    missing = [name for name in REQUIRED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in VOCABULARIES):
        missing.append(VOCABULARIES[0])
    if missing:
        raise ModelMissing(
            f"The model {model_name} lacks {', '.join(missing)} in {folder}.",
            remedy=remedy,
            room="recognition",
        )
    for name in ("config.json", "tokenizer.json"):
        try:
            json.loads((folder / name).read_text(encoding="utf-8"))
        except (ValueError, OSError) as exc:
            raise _corrupt(model_name, name, "isn't JSON") from exc
    try:
        with (folder / "model.bin").open("rb") as file:
            _walk(file, (folder / "model.bin").stat().st_size)
    except (_Damaged, struct.error) as exc:
        raise _corrupt(model_name, "model.bin", str(exc) or "ends too early") from exc
    except OSError as exc:
        raise _corrupt(model_name, "model.bin", f"can't be read ({exc.strerror})") from exc


def _corrupt(model_name: str, file_name: str, what: str) -> ModelCorrupt:
    return ModelCorrupt(
        f"The model {model_name} is damaged: {file_name} {what}.",
        remedy=f"Get it anew: voxedge models verify {model_name}; voxedge models pull {model_name}",
        room="recognition",
    )


class _Damaged(Exception):
    """The file's structure can't be right; the text goes on after the file's name."""


def _take(file: BinaryIO, layout: str) -> tuple[int, ...]:
    size = struct.calcsize("<" + layout)
    data = file.read(size)
    if len(data) < size:
        raise _Damaged("is cut off")
    return struct.unpack("<" + layout, data)


def _take_name(file: BinaryIO) -> str:
    (length,) = _take(file, "H")
    data = file.read(length)
    if len(data) < length or not data.endswith(b"\0"):
        raise _Damaged("has a broken name in it")
    try:
        return data[:-1].decode("ascii")
    except UnicodeDecodeError as exc:
        raise _Damaged("has a broken name in it") from exc


def _walk(file: BinaryIO, size: int) -> None:
    """Follows the file's structure to its end (format: CTranslate2, ``python/ctranslate2/specs``)."""
    (version,) = _take(file, "I")
    if not 1 <= version <= 100:
        raise _Damaged("doesn't begin as a model does")
    if _take_name(file) != "WhisperSpec":
        raise _Damaged("holds another kind of model")
    _, variables = _take(file, "II")
    if not 1 <= variables <= _MAX_VARIABLES:
        raise _Damaged("has an impossible number of weights")
    before = ""
    for _ in range(variables):
        name = _take_name(file)
        # The converter writes the names in order: a changed letter nearly always breaks it.
        if name <= before or not _NAME.fullmatch(name):
            raise _Damaged("has a broken name in it")
        before = name
        (rank,) = _take(file, "B")
        if rank > 8:
            raise _Damaged(f"has a broken shape at {name}")
        shape = _take(file, f"{rank}I") if rank else ()
        kind, data_bytes = _take(file, "BI")
        count = 1
        for length in shape:
            count *= length
        if kind not in _ITEM_BYTES or count * _ITEM_BYTES[kind] != data_bytes:
            raise _Damaged(f"has a broken shape at {name}")
        if file.tell() + data_bytes > size:
            raise _Damaged("is cut off")
        file.seek(data_bytes, 1)
    (aliases,) = _take(file, "I")
    if aliases > _MAX_VARIABLES:
        raise _Damaged("has an impossible number of aliases")
    for _ in range(aliases):
        _take_name(file)
        _take_name(file)
    if file.tell() != size:
        raise _Damaged("has something behind its end")
