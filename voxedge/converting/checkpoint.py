"""What a checkpoint in the Hugging Face layout holds, told by its files; nothing of it is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voxedge.errors import InputError

Kind = Literal["translation", "recognition"]

_KINDS: Mapping[str, Kind] = {
    "marian": "translation",
    "m2m_100": "translation",
    "whisper": "recognition",
}
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "marian": ("source.spm", "target.spm", "vocab.json"),
    "m2m_100": ("sentencepiece.bpe.model",),
    "whisper": ("tokenizer.json",),
}
_CODES = {"eng": "en", "spa": "es", "deu": "de", "fra": "fr", "ita": "it", "por": "pt", "nld": "nl"}
_NAMED_PAIR = re.compile(r"(?:^|[^a-z])([a-z]{2})-([a-z]{2})$")


class CheckpointInvalid(InputError):
    """The folder holds no checkpoint that can be converted."""

    code = "checkpoint_invalid"
    room = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint that can be converted.

    Attributes:
        folder: Where it is.
        architecture: ``marian``, ``m2m_100`` (NLLB, too) or ``whisper``.
        kind: Kind of the model that comes of it.
        weights_bytes: Size of its weights, all files together.
        pairs: (source, target) in ISO 639-1 of a translation model; empty where its vocabulary tells.
    """

    folder: Path
    architecture: str
    kind: Kind
    weights_bytes: int
    pairs: tuple[tuple[str, str], ...] = ()


def inspect(folder: Path, pairs: Sequence[tuple[str, str]] = ()) -> Checkpoint:
    """Finds out what a folder holds.

    Args:
        folder: Folder with ``config.json``, weights and the tokenizer's files.
        pairs: Pairs to take where a translation model's files don't tell.

    Raises:
        CheckpointInvalid: It isn't such a folder, is incomplete, or of an architecture that we don't run.
    """
    if not folder.is_dir():
        raise _invalid(folder, "it is no folder" if folder.exists() else "there is no such folder")
    config = _json(folder, "config.json")
    architecture = str(config.get("model_type", ""))
    kind = _KINDS.get(architecture)
    if kind is None:
        raise CheckpointInvalid(
            f"{folder.name!r} is a checkpoint of the architecture {architecture or 'unknown'!r}.",
            remedy=f"These can be converted: {', '.join(_KINDS)} (OPUS-MT, M2M-100 and NLLB, Whisper).",
        )
    files = [path for pattern in _WEIGHTS for path in folder.glob(pattern)]
    size = sum(path.stat().st_size for path in files)
    if not size:
        raise _invalid(folder, "it has no weights (model.safetensors or pytorch_model.bin)")
    lacking = [name for name in _NEEDED[architecture] if not (folder / name).is_file()]
    if lacking:
        raise _invalid(folder, f"it lacks {', '.join(lacking)}")
    found = tuple(pairs) or _pairs(folder) if architecture == "marian" else ()
    if architecture == "marian" and not found:
        raise CheckpointInvalid(
            f"Neither a file of {folder.name!r} nor its name tells which languages it translates.",
            remedy="Say so: --pairs en-es,es-en",
        )
    return Checkpoint(folder=folder, architecture=architecture, kind=kind, weights_bytes=size, pairs=found)


def _pairs(folder: Path) -> tuple[tuple[str, str], ...]:
    own = folder / "translation.json"
    if own.is_file():
        listed = _json(folder, own.name).get("pairs")
        if isinstance(listed, list):
            return tuple((str(p[0]), str(p[1])) for p in listed if isinstance(p, list) and len(p) == 2)
    if (folder / "tokenizer_config.json").is_file():
        about = _json(folder, "tokenizer_config.json")
        pair = _iso(about.get("source_lang")), _iso(about.get("target_lang"))
        if all(pair):
            return (pair,)
    match = _NAMED_PAIR.search(folder.name.lower())
    return ((match[1], match[2]),) if match else ()


def _iso(code: object) -> str:
    """ISO 639-1 of a code as OPUS-MT writes it; "" for groups such as ``mul`` or ``roa``."""
    text = str(code or "").lower()
    return _CODES.get(text, text if len(text) == 2 else "")


def _json(folder: Path, name: str) -> Mapping[str, object]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise _invalid(folder, f"it has no {name}") from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise _invalid(folder, f"{name} can't be read") from exc
    if not isinstance(value, dict):
        raise _invalid(folder, f"{name} holds no object")
    return value


def _invalid(folder: Path, why: str) -> CheckpointInvalid:
    return CheckpointInvalid(
        f"{folder.name!r} is no checkpoint that can be converted: {why}.",
        remedy="Name the folder of a Marian (OPUS-MT) or Whisper checkpoint in the Hugging Face layout.",
    )
