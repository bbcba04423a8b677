#!/usr/bin/env python3
"""Score a translation model as users get it, through the whole room: BLEU and chrF (sacrebleu).

    python scripts/score_translation.py --model models/starter --pair en-es

Sets, from ``$VOXEDGE_TEST_DATA/parallel``: our own test set, the same in transcript style (source in
lower case without punctuation), the Tatoeba challenge sample, FLORES-200 devtest.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sacrebleu
from translation_data import data_folder, read_rows, transcript_style

from voxedge.translation.contract import TranslationOptions
from voxedge.translation.engine import CTranslate2Engine
from voxedge.translation.router import Candidate, TextTranslator


def sets(pair: str) -> dict[str, list[tuple[str, str]]]:
    """Return the test sets of a pair: (left, right) each."""
    folder = data_folder()
    left, right = pair.split("-")
    own = [(row[0], row[1]) for row in read_rows(folder / f"test.{pair}.tsv")]
    challenge = [(row[0], row[1]) for row in read_rows(folder / f"test.tatoeba-challenge.{pair}.tsv")]
    rows = list(read_rows(folder / "eval.flores200-devtest.en-es-de-fr.tsv.xz"))
    at = {name: number for number, name in enumerate(rows[0])}
    flores = [(row[at[left]], row[at[right]]) for row in rows[1:]]
    return {"test": own, "transcript": own, "tatoeba-challenge": challenge, "flores200": flores}


def main() -> int:
    """Print one JSON line a set and direction."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--pair", default="en-es")
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sets", default="test,transcript,tatoeba-challenge,flores200")
    options = parser.parse_args()
    engine = CTranslate2Engine(options.model, threads=options.threads)
    translator = TextTranslator([Candidate("scored", engine.capabilities.pairs, lambda: engine)])
    left, right = options.pair.split("-")
    for name, rows in sets(options.pair).items():
        if name not in options.sets.split(","):
            continue
        for source, target, column in ((left, right, 0), (right, left, 1)):
            texts = [row[column] for row in rows]
            if name == "transcript":
                texts = [transcript_style(text) or text for text in texts]
            wanted = [row[1 - column] for row in rows]
            answers = translator.translate(
                texts, source=source, target=target, options=TranslationOptions(beam=options.beam)
            )
            found = [answer.translation for answer in answers]
            entry = {
                "set": name,
                "direction": f"{source}-{target}",
                "sentences": len(rows),
                "bleu": round(sacrebleu.corpus_bleu(found, [wanted]).score, 1),
                "chrf": round(sacrebleu.corpus_chrf(found, [wanted]).score, 1),
            }
            print(json.dumps(entry), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
