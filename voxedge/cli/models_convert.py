"""``voxedge models convert``: a checkpoint to a quantized model, and what that cost."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.cli.output import Progress, emit_json, note
from voxedge.errors import UsageError

if TYPE_CHECKING:
    from voxedge.bench.converted import Side
    from voxedge.converting import Checkpoint

WHAT = "convert a Marian (OPUS-MT), M2M-100, NLLB or Whisper checkpoint"
EPILOG = """examples:
  voxedge models convert ./opus-mt-en-fi --quantization int8
  voxedge models convert ./opus-mt-en-fi --sample newstest.tsv      quality and speed, too
  voxedge models convert ./my-whisper --sample recordings/ -o my-whisper-int8
  voxedge models add ./opus-mt-en-fi-int8 --name opus-en-fi --kind translation

DIR is a folder in the Hugging Face layout. SAMPLE is a text file with a line "sentence TAB translation" a
sentence, or a folder of recordings, each with its words in a .txt of the same name. "Before" is the same
checkpoint as float32, run by the same engine. Needs the extra: pip install '.[convert]'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("folder", metavar="DIR", help="the checkpoint's folder")
    parser.add_argument("--quantization", default="int8", metavar="TYPE", help="int8 (default), float16, ...")
    parser.add_argument("-o", "--output", metavar="DIR", help="the folder to make; default DIR-TYPE")
    parser.add_argument("--sample", metavar="PATH", help="measures quality and speed on it, before and after")
    parser.add_argument("--pairs", metavar="A-B,...", default="", help="languages, where no file tells them")
    parser.add_argument("--force", action="store_true", help="replace the output folder")


def run(args: argparse.Namespace) -> int:
    """Converts, measures, reports."""
    from voxedge.bench.converted import measure, sample_size
    from voxedge.converting import convert, inspect

    checkpoint = inspect(Path(args.folder), _pairs(args.pairs))
    default = checkpoint.folder.resolve()
    output = Path(args.output) if args.output else default.with_name(f"{default.name}-{args.quantization}")
    sample = Path(args.sample) if args.sample else None
    steps = sample_size(checkpoint, sample) if sample else 0
    note(f"Converting {checkpoint.folder.name} ({checkpoint.architecture}) to {args.quantization} ...")
    convert(checkpoint, output, args.quantization, force=args.force)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".before-") as scratch:
        note("Converting to float32, to compare ...")
        plain = convert(checkpoint, Path(scratch) / checkpoint.folder.name, "float32")
        with Progress("measuring", 2 * steps, unit="samples") as bar:
            before = measure(checkpoint, plain, sample, bar.advance)
            after = measure(checkpoint, output, sample, bar.advance)
    _report(args, checkpoint, output, before, after)
    return 0


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in filter(None, text.replace(" ", "").split(",")):
        source, dash, target = part.partition("-")
        if not (dash and source.isalpha() and target.isalpha()):
            raise UsageError(f"{part!r} is no pair of languages.", remedy="Write it like this: en-es,es-en")
        pairs.append((source.lower(), target.lower()))
    return pairs


def _report(
    args: argparse.Namespace, checkpoint: Checkpoint, output: Path, before: Side, after: Side
) -> None:
    from voxedge.store.disk import megabytes

    share = 100 * after.weights_bytes / before.weights_bytes
    if args.json:
        emit_json(
            {
                "model": str(output),
                "kind": checkpoint.kind,
                "architecture": checkpoint.architecture,
                "quantization": args.quantization,
                "checkpoint_bytes": checkpoint.weights_bytes,
                "before": before.to_json(),
                "after": after.to_json(),
                "size_percent": round(share, 1),
            }
        )
        return
    rows = [("weights", megabytes(before.weights_bytes), f"{megabytes(after.weights_bytes)} ({share:.0f} %)")]
    for name in before.quality:
        old, new = before.quality[name], after.quality[name]
        rows.append((name.replace("_", " "), f"{old:.2f}", f"{new:.2f} ({new - old:+.2f})"))
    if before.speed:
        unit = "words/s" if checkpoint.kind == "translation" else "x real time"
        rows.append((unit, f"{before.speed:.0f}", f"{after.speed:.0f} (x {after.speed / before.speed:.1f})"))
    print(f"{'':<14}{'float32':>12}  {args.quantization}")
    for what, old_text, new_text in rows:
        print(f"{what:<14}{old_text:>12}  {new_text}")
    note(f"Written to {output}. To use it by name:")
    note(f"  voxedge models add {output} --name {output.name} --kind {checkpoint.kind}")
