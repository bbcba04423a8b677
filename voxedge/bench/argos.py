"""Translation beside Argos Translate, both with one and the same package, in turns."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxedge.cli.output import Progress, emit_json
from voxedge.errors import InputError

HELP = "Translate the same sentences with voxedge and with Argos Translate, in turns, from the same package."
EPILOG = """example:
  python -m venv argos && argos/bin/pip install argostranslate
  voxedge bench argos --peer-python argos/bin/python --text lines.txt

The package is made of the starter model, in Argos' own format. Argos would fetch a sentence splitter from the
network when a package brings none; it is given one that takes each line for a sentence, the fastest there is.
Both have beam 4 and the same threads. `--text` has one sentence a line; the first 2,000 are used."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("--peer-python", required=True, metavar="PYTHON", help="a Python with argostranslate")
    parser.add_argument("--text", required=True, metavar="FILE", help="one sentence a line")
    parser.add_argument("--from", dest="source", default="en", metavar="L")
    parser.add_argument("--to", dest="target", default="es", metavar="L")
    parser.add_argument("--lines", type=int, default=2000, metavar="N", help="lines of the file (2000)")
    parser.add_argument("--singles", type=int, default=200, metavar="N", help="single sentences (200)")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    from voxedge import store

    texts = [line for line in Path(args.text).read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = texts[: args.lines]
    if not texts:
        raise InputError(f"{args.text} has no lines.", remedy="Give a text with a sentence a line.")
    with tempfile.TemporaryDirectory(prefix="voxedge-argos-") as scratch:
        package = Path(scratch) / f"translate-{args.source}_{args.target}-1_0.argosmodel"
        make_package(store.resolve("starter", kind="translation"), package, args.source, args.target)
        rest = [str(package), args.source, args.target]
        ours = _Side(sys.executable, "voxedge", rest, args.threads, Path(scratch))
        theirs = _Side(args.peer_python, "argos", rest, args.threads, Path(scratch))
        with ours, theirs:
            report = _compare(ours, theirs, texts, args.singles)
    report |= {"lines": len(texts), "pair": f"{args.source}-{args.target}", "threads": args.threads}
    if args.json:
        emit_json(report)
    else:
        for name, value in report.items():
            print(f"{name:<28} {value}")
    return 0


def make_package(model: Path, package: Path, source: str, target: str) -> Path:
    """Puts a model that names its target with ``>>es<<`` into an Argos package, for one direction.

    Argos hands over the bare pieces: the engine itself adds the tag and the end token, as its
    ``config.json`` then says.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config.update(add_source_bos=True, bos_token=f">>{target}<<", add_source_eos=True)
    about = {
        "package_version": "1.0",
        "argos_version": "1.9",
        "from_code": source,
        "from_name": source,
        "to_code": target,
        "to_name": target,
    }
    ours = json.loads((model / "translation.json").read_text(encoding="utf-8"))
    kept = {name: ours[name] for name in ("placeholders", "max_tokens") if name in ours}
    files: Mapping[str, bytes] = {
        "p/metadata.json": json.dumps(about).encode(),
        "p/model/config.json": json.dumps(config).encode(),
        "p/model/translation.json": json.dumps(kept).encode(),
        "p/model/model.bin": (model / "model.bin").read_bytes(),
        "p/model/shared_vocabulary.json": (model / "shared_vocabulary.json").read_bytes(),
        "p/sentencepiece.model": (model / "source.spm").read_bytes(),
    }
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return package


@dataclass(frozen=True, slots=True)
class _Answer:
    found: list[str]
    seconds: float
    peak_mb: float


class _Side:
    """One of the two processes."""

    def __init__(self, python: str, side: str, rest: Sequence[str], threads: int, scratch: Path) -> None:
        home = scratch / side
        home.mkdir()
        environment = {
            **os.environ,
            "ARGOS_INTRA_THREADS": str(threads),
            "ARGOS_INTER_THREADS": "1",
            "ARGOS_PACKAGES_DIR": str(home / "packages"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "OMP_NUM_THREADS": str(threads),
        }
        file = Path(__file__).with_name("argos_side.py")
        self._process = subprocess.Popen(
            [python, str(file), side, *rest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._name = side

    def __enter__(self) -> _Side:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, texts: Sequence[str], *, whole: bool = False) -> _Answer:
        """Has texts translated."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"texts": list(texts), "whole": whole}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise InputError(
                f"The side {self._name} ended without an answer.",
                remedy="For Argos: --peer-python needs a Python in which `import argostranslate` works.",
            )
        return _Answer(**json.loads(line))


def _compare(ours: _Side, theirs: _Side, texts: Sequence[str], singles: int) -> dict[str, object]:
    chosen = texts[:: max(1, len(texts) // singles)][:singles]
    warm = texts[:5]
    ours.ask(warm)
    theirs.ask(warm)
    mine: list[float] = []
    other: list[float] = []
    equal = 0
    with Progress("single sentences, then the file", len(chosen) + 2 * len(texts), unit="lines") as bar:
        for number, text in enumerate(chosen):
            pair = (ours, theirs) if number % 2 else (theirs, ours)
            answers = {id(side): side.ask([text]) for side in pair}
            mine.append(answers[id(ours)].seconds)
            other.append(answers[id(theirs)].seconds)
            equal += answers[id(ours)].found == answers[id(theirs)].found
            bar.advance(1)
        file_theirs = theirs.ask(texts, whole=True)
        bar.advance(len(texts))
        file_ours = ours.ask(texts, whole=True)
        bar.advance(len(texts))
    words = sum(len(text.split()) for text in texts)
    return {
        "single_ms": round(1000 * statistics.median(mine), 1),
        "single_ms_argos": round(1000 * statistics.median(other), 1),
        "single_ratio": round(statistics.median(a / b for a, b in zip(mine, other, strict=True)), 2),
        "single_equal_percent": round(100 * equal / len(chosen), 1),
        "file_s": round(file_ours.seconds, 2),
        "file_s_argos": round(file_theirs.seconds, 2),
        "file_times_faster": round(file_theirs.seconds / file_ours.seconds, 2),
        "words_per_s": round(words / file_ours.seconds),
        "words_per_s_argos": round(words / file_theirs.seconds),
        "peak_mb": file_ours.peak_mb,
        "peak_mb_argos": file_theirs.peak_mb,
    }
