#!/usr/bin/env python3
"""Write ``models/starter*.toml`` from the files in ``models/starter*/``: names, sizes, hashes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

HEAD = """name = "{name}"
kind = "translation"
format = "ctranslate2"
title = "Our own small translation model, {names}"
licence = "CC-BY-2.0-FR"
languages = [{languages}]
pairs = [{pairs}]
memory_mb = {memory_mb}
good_for = "Short everyday sentences, at once and anywhere. For long or learned text get a larger model."
note = "Trained by scripts/train_translation.py; models/{name}/README.md has the data, scores and limits."
"""


def entry(folder: Path) -> str:
    """The catalogue's entry of the model in a folder."""
    about = json.loads((folder / "translation.json").read_text(encoding="utf-8"))
    text = HEAD.format(
        name=folder.name,
        names=", ".join(f"{a}-{b}" for a, b in about["pairs"]),
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
    return text + f'\n[[sources]]\ntype = "shipped"\nfolder = "{folder.name}"\n'


def main() -> None:
    """Write the entries."""
    models = Path(__file__).resolve().parent.parent / "models"
    for about in sorted(models.glob("starter*/translation.json")):
        folder = about.parent
        (models / f"{folder.name}.toml").write_text(entry(folder), encoding="utf-8")


if __name__ == "__main__":
    main()
