#!/usr/bin/env python3
"""Turn a training checkpoint into models: Marian (Hugging Face layout), CTranslate2 int8, scores.

python scripts/translation_export.py --work-dir ../training --out models/starter/model
python scripts/translation_export.py --work-dir ../training --checkpoint ../training/marian
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from translation_data import LANGUAGES, Vocabulary
from translation_model import Size, build, load_weights


def write_marian(work_dir: Path, folder: Path, last_share: float = 0.0) -> None:
    """Write the checkpoint as an OPUS-MT model in the Hugging Face layout."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(work_dir / "shared.model")
    model = build(Size(), len(vocabulary.tokens), 0.1)
    missing, unexpected = model.load_state_dict(
        load_weights(work_dir / "checkpoint.pt", last_share), strict=False
    )
    # Tied copies of the table and the sinusoids are not in the checkpoint.
    learned = [name for name in missing if "embed_" not in name and "lm_head" not in name]
    if set(learned) - {"final_logits_bias"} or unexpected:
        raise SystemExit(f"checkpoint does not fit: {learned} {unexpected}")
    model.tie_weights()
    model.config.use_cache = True
    model.save_pretrained(folder)
    vocabulary.write_json(folder / "vocab.json")
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(work_dir / "shared.model", folder / name)
    settings = {
        "tokenizer_class": "MarianTokenizer",
        "source_lang": "mul",
        "target_lang": "mul",
        "separate_vocabs": False,
        "model_max_length": 512,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))


def convert(marian: Path, out: Path, quantization: str, pairs: list[str]) -> None:
    """Convert a Marian folder with CTranslate2's converter and add what voxedge reads."""
    from ctranslate2.converters import TransformersConverter

    out.parent.mkdir(parents=True, exist_ok=True)
    TransformersConverter(str(marian)).convert(str(out), quantization=quantization, force=True)
    shutil.copyfile(marian / "source.spm", out / "source.spm")
    directions = [d for pair in pairs for d in (pair.split("-"), pair.split("-")[::-1])]
    about = {
        "kind": "tagged",
        "pairs": directions,
        "placeholders": "bytes",
        # Trained on short sentences, it loses the thread of long ones: those are cut at clauses.
        "max_tokens": 24,
        "languages": [name for name in LANGUAGES if any(name in both for both in directions)],
    }
    (out / "translation.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Export what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder of the CTranslate2 model")
    parser.add_argument("--checkpoint", type=Path, help="also keep the Marian folder here")
    parser.add_argument("--quantization", default="int8")
    parser.add_argument("--pairs", default="en-es")
    parser.add_argument("--last-share", type=float, default=0.0, help="0: average, 1: last weights")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        marian = options.checkpoint or Path(scratch) / "marian"
        write_marian(options.work_dir, marian, options.last_share)
        if options.out:
            convert(marian, options.out, options.quantization, options.pairs.split(","))
    return 0


if __name__ == "__main__":
    sys.exit(main())
