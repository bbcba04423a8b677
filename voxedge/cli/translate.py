"""``voxedge translate``: text, documents and speech, from one language to another, offline."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.cli import report
from voxedge.cli.output import THREADS, Progress, emit_json, note
from voxedge.cli.outputs import printed_to, refuse_overwriting
from voxedge.cli.translate_speech import add_arguments as add_speech_arguments
from voxedge.cli.translate_speech import is_spoken, refuse_speech_options
from voxedge.errors import InputError, LanguageUnsupported, UsageError

if TYPE_CHECKING:
    from voxedge.translation.contract import TextTranslation, TranslationOptions
    from voxedge.translation.router import TextTranslator

HELP = "Translate text, documents or speech, without a network."
EPILOG = """documents: .txt .md .html .srt .vtt .po .docx .pptx .odt .odp .epub keep their structure,
.pdf gives text. Other files are taken for text. A long document that was interrupted goes on where it
was: type the same again. Sound files (.wav .flac .mp3 .ogg .m4a .mp4 ...) are listened to.

examples:
  voxedge translate --from en --to es "Where is the train station?"
  echo "¿Dónde está la estación?" | voxedge translate --from es --to en
  tail -f chat.log | voxedge translate --from auto --to en     line by line, at once
  voxedge translate --from en --to es manual.docx              writes manual.es.docx
  voxedge translate --from en --to es -o page.es.html page.html
  voxedge translate --from en --to es --glossary terms.tsv notes.md
  voxedge translate --list                                     which languages are ready
  voxedge translate --from es --to en interview.mp3            what is said in it
  voxedge translate --from es --to en --format srt film.mp4 -o film.en.srt
  voxedge translate --from es --to en --mic --say              listen, and speak the translation
  voxedge translate --from es --to en --conversation --say     two people, each in their own language
  voxedge translate --from fr --to en --engine whisper talk.ogg    by the recognizer itself
  voxedge translate                                            asks, then translates line by line

exit status: 0 all was translated, 1 an utterance failed, 2 usage, 3 input that can't be used or no model
for the languages, 4 a model or package is missing, 5 no microphone or loudspeaker, 130 interrupted; what
was finished is kept"""

_MOST_LINE_BYTES = 16_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "inputs", nargs="*", metavar="TEXT|FILE|-", help="text, files (sound too), or - for standard input"
    )
    parser.add_argument(
        "--from", dest="source", default="auto", metavar="L", help="language, or auto (default)"
    )
    parser.add_argument("--to", dest="target", metavar="L", help="language to translate to")
    parser.add_argument(
        "--engine", default="auto", help="auto, ctranslate2, apertium; whisper: speech to English"
    )
    parser.add_argument("--model", default="", help="name of a model, or its folder")
    parser.add_argument("--beam", type=int, default=4, help="1 (fastest) to 16, default 4")
    parser.add_argument("--alternatives", type=int, default=1, help="readings to give of a sentence, 1 to 16")
    parser.add_argument(
        "--glossary", metavar="FILE", help="lines of TERM, a tab, TRANSLATION (or nothing: keep)"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="file to write; a folder for several sound files"
    )
    parser.add_argument(
        "--threads", type=THREADS, default=0, help="cores to use; 0: as many as there are, at most 4"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines")
    parser.add_argument("--list", action="store_true", help="list pairs: ready, and one pull away")
    add_speech_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from voxedge.cli.translators import build_translator, print_pairs
    from voxedge.translation.contract import TranslationOptions

    if args.list:
        return print_pairs(args)
    asks = not args.inputs and not args.mic and not args.conversation and sys.stdin.isatty()
    if not args.target and asks:
        return _ask_languages(args)
    if not args.target:
        raise UsageError(
            "--to is missing.", remedy="Name the language to translate to: --to es", room="translation"
        )
    if is_spoken(args):
        from voxedge.cli import translate_speech

        return translate_speech.run(args)
    refuse_speech_options(args)
    args.json = args.json or args.format == "json"
    options = TranslationOptions(beam=args.beam, alternatives=args.alternatives)
    with build_translator(args) as translator:
        if args.source != "auto":
            # An unknown pair is said before anything is read.
            way = translator.route(args.source, args.target)
            if len(way) > 1 and not args.json:
                names = " and ".join(candidate.name for candidate in way)
                note(f"{args.source} to {args.target} goes through English: {names}.")
        files = [name for name in args.inputs if name != "-" and _is_file(name, len(args.inputs) == 1)]
        if files and len(files) == len(args.inputs):
            return _documents([Path(name) for name in files], translator, args, options)
        with printed_to(args.output):
            return _texts(translator, args, options)


def _texts(translator: TextTranslator, args: argparse.Namespace, options: TranslationOptions) -> int:
    if args.inputs and args.inputs != ["-"]:
        _print(translator, [" ".join(args.inputs)], args, options)
        return 0
    if not args.inputs and sys.stdin.isatty():
        return _interactive(translator, args, options)
    return _stream(translator, args, options)


def _is_file(name: str, alone: bool) -> bool:
    from voxedge.translation.documents import SUFFIXES

    try:
        path = Path(name)
        if path.is_file():
            return True
        folder = path.is_dir()
    except (OSError, ValueError):  # a text that is longer than a name may be
        return False
    # One word of several may well be a folder's name by chance.
    meant = os.sep in name or (alone and " " not in name)
    if (folder and meant) or (path.suffix.lower() in SUFFIXES and " " not in name.strip()):
        raise InputError(
            f"{name} is a folder." if folder else f"There is no file {name}.",
            remedy="Name a file. To translate these very words, add a blank.",
        )
    return False


def _print(
    translator: TextTranslator, texts: list[str], args: argparse.Namespace, options: TranslationOptions
) -> None:
    for item in translator.translate(texts, source=args.source, target=args.target, options=options):
        _print_one(item, args)


def _print_one(item: TextTranslation, args: argparse.Namespace) -> None:
    if args.json:
        emit_json(item.to_json())
        return
    print(item.translation, flush=True)
    for other in item.alternatives[1:]:
        print(f"  {other.score:.2f}  {other.text}", flush=True)


def _stream(translator: TextTranslator, args: argparse.Namespace, options: TranslationOptions) -> int:
    for texts in _arriving_lines():
        _print(translator, texts, args, options)
    return 0


def _arriving_lines() -> Iterator[list[str]]:
    """Lines of standard input as they arrive: one at a time from a person, many at once from a file."""
    from voxedge.translation.documents.plain import decode

    rest = b""
    descriptor = sys.stdin.fileno()
    while block := os.read(descriptor, 65536):
        rest += block
        *whole, rest = rest.split(b"\n")
        if whole:
            yield [decode(line.rstrip(b"\r"), "standard input")[0] for line in whole]
        if len(rest) > _MOST_LINE_BYTES:
            raise InputError(
                f"A line of standard input is longer than {_MOST_LINE_BYTES // 1_000_000} MB.",
                remedy="Hand in text with line ends.",
                room="translation",
            )
    if rest:
        yield [decode(rest.rstrip(b"\r"), "standard input")[0]]


def _ask_languages(args: argparse.Namespace) -> int:
    """Without arguments: asks for the languages, then for lines."""
    from voxedge.cli.translators import build_translator
    from voxedge.translation.contract import TranslationOptions

    with build_translator(args) as translator:
        ready = sorted({target for _, target in translator.pairs})
        note(f"Languages that can be translated to: {', '.join(ready) or 'none; voxedge translate --list'}.")
        try:
            while args.target not in ready:
                args.target = input("to: ").strip().lower()
                if not args.target:
                    return 0
        except EOFError:
            note("")
            return 0
        options = TranslationOptions(beam=args.beam, alternatives=args.alternatives)
        with printed_to(args.output):
            return _interactive(translator, args, options)


def _interactive(translator: TextTranslator, args: argparse.Namespace, options: TranslationOptions) -> int:
    note(f"{args.source} to {args.target}. Type a line; an empty one, or Ctrl-D, ends.")
    while True:
        try:
            if args.output:  # the prompt isn't part of the file
                print("> ", end="", file=sys.stderr, flush=True)
            line = input("" if args.output else "> ")
        except EOFError:
            note("")
            return 0
        if not line.strip():
            return 0
        _print(translator, [line], args, options)


def _documents(
    paths: list[Path], translator: TextTranslator, args: argparse.Namespace, options: TranslationOptions
) -> int:
    """Translates document after document; one that can't be read doesn't keep the others from it."""
    if args.output and len(paths) > 1:
        raise UsageError("--output names one file, and there are several inputs.", remedy="Leave it out.")
    outputs = [Path(args.output) if args.output else _beside(path, args.target) for path in paths]
    refuse_overwriting(paths, outputs)
    status = 0
    for path, output in zip(paths, outputs, strict=True):
        try:
            _document(path, output, len(paths) == 1 and not args.output, translator, args, options)
        except LanguageUnsupported:
            raise  # mostly the same for every document
        except InputError as error:
            status = report(error, as_json=args.json)
    return status


def _document(
    path: Path,
    output: Path,
    may_be_printed: bool,
    translator: TextTranslator,
    args: argparse.Namespace,
    options: TranslationOptions,
) -> None:
    from voxedge.translation.documents import read_document
    from voxedge.translation.documents.job import translate_document

    document = read_document(path)
    to_terminal = document.is_text and may_be_printed
    with Progress(f"translating {path.name}", len(document.segments), "segment") as progress:
        data = translate_document(
            translator,
            document,
            None if to_terminal else output,
            source=args.source,
            target=args.target,
            options=options,
            progress=progress.advance,
        )
    if to_terminal:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    elif args.json:
        emit_json({"file": str(path), "output": str(output), "segments": len(document.segments)})
    else:
        note(f"{path} -> {output}")


def _beside(path: Path, target: str) -> Path:
    from voxedge.translation.documents import output_suffix

    return path.with_name(f"{path.stem}.{target}{output_suffix(path.suffix.lower())}")
