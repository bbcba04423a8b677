#!/usr/bin/env python3
"""Write ``models/starter.toml`` from the files in ``models/starter/``: names, sizes, hashes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

HEAD = """name = "starter"
kind = "translation"
format = "ctranslate2"
title = "Our own small translation model, {names}"
licence = "CC-BY-2.0-FR"
languages = [{languages}]
pairs = [{pairs}]
memory_mb = {memory_mb}
good_for = "Short everyday sentences, at once and anywhere. For long or learned text get a larger model."
note = "Trained by scripts/train_translation.py; models/starter/README.md has the data, scores and limits."
"""


def main() -> None:
    """Write the entry."""
    models = Path(__file__).resolve().parent.parent / "models"
    folder = models / "starter"
    about = json.loads((folder / "translation.json").read_text(encoding="utf-8"))
    names = ", ".join(f"{a}-{b}" for a, b in about["pairs"])
    text = HEAD.format(
        names=names,
        languages=", ".join(f'"{code}"' for code in about["languages"]),
        pairs=", ".join(f'"{a}-{b}"' for a, b in about["pairs"]),
        memory_mb=60,
    )
    for path in sorted(folder.iterdir()):
        if path.name == "README.md":
            continue
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        text += f'\n[[files]]\npath = "{path.name}"\nsha256 = "{digest}"\nsize_bytes = {len(data)}\n'
    text += '\n[[sources]]\ntype = "shipped"\nfolder = "starter"\n'
    (models / "starter.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
