"""One side of the comparison with Argos Translate, a process of its own: ``FILE argos|voxedge PACKAGE ...``.

Runs under the Python of either side, so it imports nothing of voxedge unless that is its side. Reads a JSON
object a line (``{"texts": [...], "whole": false}``), answers with translations, seconds and peak memory.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from time import perf_counter


def _argos(package: str, source: str, target: str) -> Callable[[list[str], bool], list[str]]:
    import argostranslate.package
    import argostranslate.translate

    argostranslate.package.install_from_path(package)
    languages = {language.code: language for language in argostranslate.translate.get_installed_languages()}
    found = languages[source].get_translation(languages[target])

    class Whole:
        """Each line is one sentence: without a splitter in the package, Argos would fetch one."""

        def split_sentences(self, text: str) -> list[str]:
            return [text]

    inner = found
    while not hasattr(inner, "sentencizer"):
        inner = inner.underlying
    inner.sentencizer = Whole()

    def translate(texts: list[str], whole: bool) -> list[str]:
        if whole:
            return str(found.translate("\n".join(texts))).split("\n")
        return [str(found.translate(text)) for text in texts]

    return translate


def _voxedge(package: str, source: str, target: str) -> Callable[[list[str], bool], list[str]]:
    import tempfile
    from pathlib import Path

    from voxedge.translation.argos import unpack_argos
    from voxedge.translation.contract import TranslationOptions
    from voxedge.translation.engine import CTranslate2Engine
    from voxedge.translation.router import Candidate, TextTranslator

    folder = Path(tempfile.mkdtemp(prefix="voxedge-argos-"))
    unpack_argos(Path(package), folder)
    engine = CTranslate2Engine(folder, threads=int(os.environ.get("ARGOS_INTRA_THREADS", "2")))
    translator = TextTranslator([Candidate("package", engine.capabilities.pairs, lambda: engine)])
    options = TranslationOptions(beam=4)

    def translate(texts: list[str], whole: bool) -> list[str]:
        if whole:
            answers = translator.translate(texts, source=source, target=target, options=options)
            return [answer.translation for answer in answers]
        return [
            translator.translate([text], source=source, target=target, options=options)[0].translation
            for text in texts
        ]

    return translate


def main() -> None:
    """Serves until standard input ends."""
    side, package, source, target = sys.argv[1:5]
    # What the libraries print isn't an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    translate = (_argos if side == "argos" else _voxedge)(package, source, target)
    for line in sys.stdin:
        asked = json.loads(line)
        began = perf_counter()
        found = translate(asked["texts"], bool(asked["whole"]))
        seconds = perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        answers.write(json.dumps({"found": found, "seconds": seconds, "peak_mb": round(peak_mb, 1)}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
