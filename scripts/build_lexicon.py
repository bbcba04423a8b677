"""Makes ``voxedge/understanding/sounds/english.lex`` from misaki's American lexicon (Apache-2.0).

The lexicon is in the package hibari-tts. Run after a change of that package:
    python scripts/build_lexicon.py
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import hibari

OUT = Path(__file__).resolve().parent.parent / "voxedge" / "understanding" / "sounds" / "english.lex"
SAME = str.maketrans({"ˈ": "", "ˌ": "", "ː": "", "ɾ": "t", "T": "t", "ʔ": "t", "ᵊ": "ə", "ᵻ": "ɪ", "g": "ɡ"})
OWN = {"a": ["ə", "A"], "the": ["ðə", "ði"], "americano": ["əmɛɹɪkɑnO"], "iced": ["Ist"]}


def main() -> None:
    """Writes the lexicon, sorted by the bytes of ``word<tab>``."""
    words: dict[str, list[str]] = {}
    assets = Path(hibari.__file__).parent / "assets"
    with gzip.open(assets / "lexicon_us_gold.json.gz", "rt", encoding="utf-8") as file:
        entries = json.load(file)
    for word, sounds in sorted(entries.items(), key=lambda item: (item[0] != item[0].lower(), item[0])):
        key = word.casefold().replace("’", "'")
        if "\t" in key or " " in key or "-" in key:
            continue
        ways = list(sounds.values()) if isinstance(sounds, dict) else [sounds]
        if not key.isascii() or (word != word.lower() and key in words):
            continue
        known = words.setdefault(key, [])
        known += [way for way in (str(w).translate(SAME) for w in ways if w) if way not in known]
    words.update(OWN)
    lines = sorted(f"{word}\t{' '.join(ways[:3])}\n".encode() for word, ways in words.items() if ways)
    OUT.write_bytes(b"".join(lines))


if __name__ == "__main__":
    main()
