"""``voxedge transcribe``: writes down what is said in files, of any length, in constant memory."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

from voxedge.cli import report
from voxedge.cli.output import Progress, note
from voxedge.cli.outputs import Output
from voxedge.errors import EXIT_INPUT, InputError, LanguageUnsupported, UsageError
from voxedge.events import NEVER
from voxedge.subtitles import FORMATS, Result

if TYPE_CHECKING:
    from io import BufferedReader

    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import RecognitionOptions, Recognizer

HELP = "Write down what is said in files (wav, flac, mp3, ogg, opus, m4a, webm, ...), of any length."
EPILOG = """examples:
  voxedge transcribe interview.mp3
  voxedge transcribe *.wav --format json --words > all.jsonl
  voxedge transcribe film.m4a --model base --language de --format srt -o film.srt
  voxedge transcribe talks/*.ogg --format vtt -o subtitles/      a file each, in a folder
  arecord -t raw -f S16_LE -r 16000 -c 1 | voxedge transcribe - --rate 16000

With json, one line a file: {"file", "language", "duration", "text", "segments": [{"start", "end", "text",
"words": [{"word", "start", "end", "probability"}]}]}, and "damage" where a file breaks off.

exit status: 0 all files were written down, 3 at least one could not be read, 4 a model is missing,
130 interrupted; what was finished is kept"""

_CONTAINERS = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3", b"FORM", b"caff")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="sound files; - is standard input")
    parser.add_argument("--model", default="tiny.en", metavar="M", help="a model's name, or a folder")
    parser.add_argument("--language", metavar="L", help="ISO 639-1; found out by itself where the model can")
    parser.add_argument("--words", action="store_true", help="times and probability of each word")
    parser.add_argument("--beam", type=int, default=1, metavar="N", help="width of the beam, 1 to 16")
    parser.add_argument(
        "--numbers", choices=("spoken", "digits", "words"), default="spoken", help="how numbers are written"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="what to write")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="as --format json")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there; a folder gets a file each")
    parser.add_argument("--rate", type=int, metavar="HZ", help="standard input is raw samples of this rate")
    parser.add_argument("--channels", type=int, default=1, metavar="N", help="of raw samples")
    parser.add_argument("--sample-format", choices=("s16le", "f32le"), default="s16le", help="of raw samples")


def run(args: argparse.Namespace) -> int:
    """Writes down each file; one that can't be read is reported, and the others go on."""
    from voxedge import recognition, store
    from voxedge.recognition.contract import RecognitionOptions

    if not 1 <= args.beam <= 16:
        raise UsageError(f"A beam of {args.beam} can't be searched.", remedy="Give 1 to 16.")
    output = Output(args.output, args.format, args.files)
    folder = store.resolve(args.model, kind="recognition")
    recognizer = recognition.create(
        "whisper", folder, model_name=Path(args.model).name, threads=min(4, os.cpu_count() or 2)
    )
    options = RecognitionOptions(
        language=args.language or ("auto" if recognizer.capabilities.detects_language else "en"),
        beam=args.beam,
        words=args.words,
        numbers=args.numbers,
    )
    failed = False
    with output:
        for file in args.files:
            try:
                _transcribe(file, recognizer, options, output, args)
            except LanguageUnsupported:
                raise  # the same for every file
            except InputError as error:
                failed = True
                report(error, as_json=args.format == "json")
    recognizer.close()
    return EXIT_INPUT if failed else 0


def _transcribe(
    file: str, recognizer: Recognizer, options: RecognitionOptions, output: Output, args: argparse.Namespace
) -> None:
    from voxedge.recognition.long import recognize_long

    sound = _Sound(file, args)
    result = Result(file=file, language="" if options.language == "auto" else options.language)
    with sound, output.quiet_progress(file, sound.duration_s) as progress:
        writer = output.writer_for(file)
        try:
            for segment in recognize_long(recognizer, sound.blocks(progress), options):
                result.add(segment)
                writer.segment(segment)
        except InputError:
            if result.segments:
                # What was understood before the fault is kept; the fault is reported all the same.
                result.duration_s, result.damage = sound.seconds, "damaged"
                writer.finish(result)
            raise
        result.duration_s, result.damage = sound.seconds, sound.damage
        writer.finish(result)
    if sound.damage:
        note(f"{file} is {sound.damage}: what could be read is written down.")


class _Sound:
    """The sound of a file or of standard input, counted as it passes."""

    def __init__(self, file: str, args: argparse.Namespace) -> None:
        from voxedge.audio.decode import Decoder
        from voxedge.audio.sources import PcmSource

        self._samples = 0
        self._source: Decoder | PcmSource
        if file != "-":
            self._source = Decoder(file)
        elif args.rate is None and _is_container(cast("BufferedReader", sys.stdin.buffer).peek(4)[:4]):
            self._source = Decoder(sys.stdin.buffer)
        else:
            rate_hz = 16_000 if args.rate is None else args.rate
            self._source = PcmSource(sys.stdin.buffer, rate_hz, args.channels, args.sample_format)
        self.duration_s = getattr(self._source, "duration_s", 0.0)

    def __enter__(self) -> _Sound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    @property
    def seconds(self) -> float:
        """How much has passed."""
        return self._samples / 16_000

    @property
    def damage(self) -> str:
        """What was wrong with it."""
        return self._source.damage

    def blocks(self, progress: Progress | None) -> Iterator[MonoF32]:
        """Gives the blocks."""
        from voxedge.audio.decode import Decoder

        source, told = self._source, 0
        for block in source.blocks() if isinstance(source, Decoder) else source.blocks(NEVER):
            yield block
            self._samples += block.size
            if progress is not None and int(self.seconds) > told:
                progress.advance(int(self.seconds) - told)
                told = int(self.seconds)


def _is_container(start: bytes) -> bool:
    return start.startswith(_CONTAINERS) or start[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf1"}
