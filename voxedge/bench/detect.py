"""``voxedge bench detect``: is the language of a text told right? Sentences, and three words of them."""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path
from time import perf_counter

from voxedge.bench import sets
from voxedge.cli.output import emit_json

HELP = "Measure the detection of languages: whole sentences, and pieces of three words."
EPILOG = """examples:
  voxedge bench detect                    2,000 sentences a language of the test files of `parallel`
  voxedge bench detect --sentences 200 --json

The languages to choose from are those that `--from auto` chooses from: en, es, de, fr, it, pt, nl.
Sentences are in four of them (en, es, de, fr)."""

_COLUMNS = (("en", "en-es", 0), ("es", "en-es", 1), ("de", "en-de", 1), ("fr", "en-fr", 1))
WORDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--sentences", type=int, default=2000, metavar="N", help="of each language")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the choice")
    parser.add_argument("--data", default="", metavar="DIR", help="folder of sentences")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    from voxedge.translation.detect import DEFAULT_LANGUAGES, LanguageDetector

    folder = sets.data_folder(args.data)
    detector = LanguageDetector()
    figures: dict[str, dict[str, object]] = {}
    right: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for language, pair, column in _COLUMNS:
        sentences = _sentences(folder, pair, column, args.sentences, args.seed)
        row: dict[str, object] = {}
        for kind, texts in (("sentences", sentences), ("three words", _pieces(sentences))):
            began = perf_counter()
            found = Counter(detector.detect(text) for text in texts)
            row[kind] = len(texts)
            row[f"{kind}, right %"] = round(100 * found[language] / len(texts), 1)
            row[f"{kind}, ms each"] = round(1000 * (perf_counter() - began) / len(texts), 3)
            wrong = [(code, count) for code, count in found.most_common() if code != language]
            row[f"{kind}, taken for"] = " ".join(f"{code}:{count}" for code, count in wrong[:3])
            right[kind] += found[language]
            tried[kind] += len(texts)
        figures[language] = row
    total = {f"{kind}, right %": round(100 * right[kind] / tried[kind], 2) for kind in tried}
    if args.json:
        emit_json({"among": list(DEFAULT_LANGUAGES), "languages": figures, "all": total})
        return 0
    for language, row in figures.items():
        print(f"{language}: " + ", ".join(f"{key} {value}" for key, value in row.items()))
    print("all: " + ", ".join(f"{key} {value}" for key, value in total.items()))
    return 0


def _sentences(folder: Path, pair: str, column: int, count: int, seed: int) -> list[str]:
    path = folder / "parallel" / f"test.{pair}.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        found = [line.rstrip("\r\n").split("\t")[column] for line in file]
    random.Random(seed).shuffle(found)
    return found[:count]


def _pieces(sentences: list[str]) -> list[str]:
    """Every three words of them that follow on each other, none twice."""
    pieces: list[str] = []
    for sentence in sentences:
        words = sentence.split()
        pieces += [" ".join(words[i : i + WORDS]) for i in range(0, len(words) - WORDS + 1, WORDS)]
    return pieces
