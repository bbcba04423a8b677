"""Which translation models are here: builds the translator of the commands, and lists pairs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from voxedge.cli.output import emit_json
from voxedge.errors import UsageError
from voxedge.store import Library
from voxedge.translation.contract import SentenceEngine
from voxedge.translation.protect import Glossary
from voxedge.translation.router import Candidate, TextTranslator
from voxedge.translators import apertium_candidates, installed, loader, pairs_of, pullable

ENGINES = ("auto", "ctranslate2", "apertium")


def build_translator(args: argparse.Namespace) -> TextTranslator:
    """The translator that the options ask for; no model is loaded yet."""
    if args.engine not in ENGINES:
        raise UsageError(f"There is no engine {args.engine!r}.", remedy=f"Engines: {', '.join(ENGINES)}.")
    glossary = Glossary.from_tsv(args.glossary) if args.glossary else None
    threads = args.threads or min(4, os.cpu_count() or 1)
    candidates: list[Candidate] = []
    if args.engine in ("auto", "ctranslate2"):
        candidates += [_named(args.model, threads)] if args.model else installed(threads)
    if args.engine in ("auto", "apertium") and not args.model:
        candidates += apertium_candidates()
    return TextTranslator(candidates, glossary=glossary, available=pullable)


def print_pairs(args: argparse.Namespace) -> int:
    """Prints the pairs that are ready, and those that one could pull."""
    translator = build_translator(args)
    pull = pullable()
    for source, target in sorted(translator.pairs):
        way = [candidate.name for candidate in translator.route(source, target)]
        if args.json:
            emit_json({"source": source, "target": target, "ready": True, "models": way})
        else:
            print(f"{source}-{target}  ready  {' + '.join(way)}{' (through en)' if len(way) > 1 else ''}")
    for (source, target), names in sorted(pull.items()):
        if args.json:
            emit_json({"source": source, "target": target, "ready": False, "models": names})
        else:
            print(f"{source}-{target}  voxedge models pull {names[0]}")
    return 0


def _named(model: str, threads: int) -> Candidate:
    from voxedge.translation.layout import read_layout

    path = Path(model).expanduser()
    if path.is_dir() and ("/" in model or not any(e.name == model for e in Library().catalogue)):
        layout = read_layout(path)
        # An Argos folder has its model one level down, so the store's look at folders is passed over here.
        return Candidate(path.name, layout.pairs, lambda: _engine(path, threads))
    entry = Library().entry(model, kind="translation")
    return Candidate(entry.name, pairs_of(entry), loader(entry.name, entry.name, threads))


def _engine(path: Path, threads: int) -> SentenceEngine:
    from voxedge.translation.engine import CTranslate2Engine

    return CTranslate2Engine(path, threads=threads)
