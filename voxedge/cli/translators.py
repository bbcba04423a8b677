"""The translator of the commands, and the list of pairs."""

from __future__ import annotations

import argparse
import os

from voxedge.cli.output import emit_json
from voxedge.translation.router import TextTranslator
from voxedge.translators import chosen_translator, pullable


def build_translator(args: argparse.Namespace) -> TextTranslator:
    """The translator that the options ask for; no model is loaded yet."""
    threads = args.threads or min(4, os.cpu_count() or 1)
    return chosen_translator(threads, engine=args.engine, model=args.model, glossary=args.glossary or "")


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
