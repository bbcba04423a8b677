"""Converts a checkpoint with CTranslate2's converter, in a process of its own, all or nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from voxedge.converting.checkpoint import Checkpoint
from voxedge.errors import EngineError, UsageError
from voxedge.registry import need_installed

QUANTIZATIONS = ("int8", "int8_float32", "int16", "float16", "bfloat16", "float32")

_COPIED = {
    "marian": ("source.spm", "target.spm", "vmap.txt", "translation.json"),
    "m2m_100": ("sentencepiece.bpe.model",),
    "whisper": ("tokenizer.json", "preprocessor_config.json"),
}
_HEAVY = ("torch", "transformers")


def convert(checkpoint: Checkpoint, output: Path, quantization: str = "int8", *, force: bool = False) -> Path:
    """Converts.

    The converter runs in a process of its own: it needs several times the model's size in memory, which is
    given back with it. The folder appears when everything in it is whole; Ctrl-C leaves nothing behind.

    Args:
        checkpoint: What `inspect` found.
        output: The folder to make.
        quantization: One of `QUANTIZATIONS`.
        force: Replaces ``output`` where it exists.

    Returns:
        ``output``.

    Raises:
        UsageError: Something is at ``output`` already, or the quantization is unknown.
        ExtraMissing: PyTorch or transformers aren't installed.
        EngineError: The converter failed; its last line is in the message.
    """
    if quantization not in QUANTIZATIONS:
        raise UsageError(
            f"{quantization!r} is no quantization.", remedy=f"Choose one: {', '.join(QUANTIZATIONS)}."
        )
    if output.exists() and not force:
        raise UsageError(
            f"There is something at {output} already.",
            remedy="Choose another folder with -o, or replace it with --force.",
        )
    for package in _HEAVY:
        need_installed(package, "convert", "Converting a checkpoint")
    output.parent.mkdir(parents=True, exist_ok=True)
    # Beside the result: the last step is a rename, never a copy that could be cut off.
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as scratch:
        made = Path(scratch) / "model"
        _run_converter(checkpoint, made, quantization)
        _complete(checkpoint, made)
        old = Path(scratch) / "old"
        if output.exists():
            output.rename(old)
        made.rename(output)
    return output


def _run_converter(checkpoint: Checkpoint, made: Path, quantization: str) -> None:
    command = [
        sys.executable,
        "-c",
        "from ctranslate2.converters.transformers import main; main()",
        "--model",
        str(checkpoint.folder.resolve()),
        "--output_dir",
        str(made),
        "--quantization",
        quantization,
    ]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        command, env={**os.environ, **offline}, capture_output=True, text=True, check=False, errors="replace"
    )
    if done.returncode or not (made / "model.bin").is_file():
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        why = lines[-1].strip() if lines else f"the converter ended with status {done.returncode}"
        raise EngineError(
            f"{checkpoint.folder.name!r} can't be converted: {why}",
            remedy="Check that the checkpoint is whole and that CTranslate2 knows its architecture.",
            room="store",
        )


def _complete(checkpoint: Checkpoint, made: Path) -> None:
    """Adds what the engines need beside the weights."""
    for name in _COPIED[checkpoint.architecture]:
        if (checkpoint.folder / name).is_file():
            shutil.copyfile(checkpoint.folder / name, made / name)
    if checkpoint.architecture == "marian" and not (made / "translation.json").exists():
        tagged = any(token.startswith(">>") and token.endswith("<<") for token in _vocabulary(made))
        about = {
            "kind": "tagged" if tagged else "plain",
            "pairs": [list(pair) for pair in checkpoint.pairs],
            "languages": sorted({language for pair in checkpoint.pairs for language in pair}),
            "max_tokens": 200,
        }
        (made / "translation.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _vocabulary(folder: Path) -> list[str]:
    for path in sorted(folder.glob("*vocabulary.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        return [str(token) for token in value] if isinstance(value, list) else []
    return []
