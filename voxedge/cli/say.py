"""``voxedge say``: speaks a text aloud, or into a WAV file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.cli.output import Progress, emit_json, note
from voxedge.errors import TextInvalid, UsageError
from voxedge.events import NEVER, CancelToken, Event

if TYPE_CHECKING:
    from voxedge.audio.contract import AudioSink, MonoF32
    from voxedge.speaking.contract import Synthesizer, SynthesizerCapabilities

HELP = "Speak a text: aloud, or into a WAV file. The first sentence sounds while the others are made."
EPILOG = """examples:
  voxedge say "Your coffee is ready."
  voxedge say "At 7:30 it's 21°C." -o weather.wav
  cat letter.txt | voxedge say -                            line by line, as they come
  voxedge say --engine espeak --language de "Guten Morgen"
  voxedge say --list

exit status: 0 all was spoken, 3 nothing to say, 4 a voice or package is missing, 5 no loudspeaker,
130 interrupted"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("text", nargs="*", metavar="TEXT", help="what to say; - reads standard input")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write a WAV file, play nothing")
    parser.add_argument("--engine", default="hibari", help="hibari (English) or espeak (many languages)")
    parser.add_argument("--voice", default="", help="a name from --list")
    parser.add_argument("--language", default="en", metavar="L", help="ISO 639-1")
    parser.add_argument("--rate", type=float, default=1.0, metavar="R", help="0.5 (slow) to 2 (fast)")
    parser.add_argument("--device", default="", metavar="NAME", help="the loudspeaker, by name or number")
    parser.add_argument("--list", action="store_true", help="list the voices that can be used now")
    parser.add_argument("--json", action="store_true", help="one JSON object with what was done")


def run(args: argparse.Namespace) -> int:
    """Speaks."""
    if args.list:
        return _list(args)
    if not args.text:
        raise UsageError(
            "There is nothing to say.", remedy='Give a text: voxedge say "Hello.", or - for standard input.'
        )
    from voxedge import speaking
    from voxedge.speaking.room import speak

    started = time.monotonic()
    synthesizer = speaking.create(
        args.engine,
        voice=args.voice,
        language=args.language,
        rate=args.rate,
        model_dir=_model_dir(args.engine, args.language),
    )
    events: list[Event] = []
    cancel = CancelToken()
    sink = _sink(args)
    meter = _Meter(sink, started)
    try:
        with _progress(args) or contextlib.nullcontext() as bar:
            voice = _Counted(synthesizer, bar.advance) if bar else synthesizer
            sounded = speak(
                _pieces(args.text), voice, meter, emit=events.append, cancel=cancel, language=args.language
            )
        if not sounded:
            raise TextInvalid(
                "There is nothing in the text that can be spoken.",
                remedy="Give it at least one word.",
                room="speaking",
            )
    except BaseException:
        # Half a text is of no use in a file; an older file of that name stays.
        getattr(sink, "discard", sink.close)()
        raise
    finally:
        sink.close()
    if args.json:
        emit_json(_summary(args, synthesizer, meter))
    elif args.output:
        note(f"{args.output}: {meter.seconds:.1f} s")
    return 0


class _Meter:
    """Passes sound on to the sink, and notes how much there was and when the first of it came."""

    def __init__(self, sink: AudioSink, started: float) -> None:
        self._sink, self._started = sink, started
        self.seconds = 0.0
        self.first_sound_s = 0.0

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        if not self.seconds:
            self.first_sound_s = time.monotonic() - self._started
        self.seconds += samples.size / rate_hz
        return self._sink.play(samples, rate_hz, cancel)

    def close(self) -> None:
        self._sink.close()


class _Counted:
    """A voice that tells how many characters of the text have become sound."""

    def __init__(self, voice: Synthesizer, advance: Callable[[int], None]) -> None:
        self._voice, self._advance = voice, advance

    @property
    def capabilities(self) -> SynthesizerCapabilities:
        return self._voice.capabilities

    def synthesize(self, text: str, cancel: CancelToken = NEVER) -> Iterator[MonoF32]:
        yield from self._voice.synthesize(text, cancel)
        self._advance(len(text) + 1)  # and the blank that it was cut at

    def close(self) -> None:
        self._voice.close()


def _progress(args: argparse.Namespace) -> Progress | None:
    """A bar while a file is written: what is played can be heard, and JSON is for programs."""
    if args.output is None or args.json or not sys.stderr.isatty():
        return None
    # How much standard input holds is known only at its end.
    total = 0 if args.text == ["-"] else len(" ".join(args.text))
    return Progress("speaking", total, "character")


def _sink(args: argparse.Namespace) -> AudioSink:
    from voxedge.audio.loudspeaker import open_loudspeaker
    from voxedge.audio.sinks import WavSink

    return WavSink(args.output) if args.output else open_loudspeaker(args.device)


def _model_dir(engine: str, language: str) -> Path | None:
    """The verified voice of the store, where it is there; else the engine looks for its own package's."""
    if engine != "hibari":
        return None
    from voxedge import store
    from voxedge.errors import ModelMissing, ModelUnknown

    try:
        return store.resolve(f"hibari-{language[:2].lower()}", kind="speech")
    except (ModelMissing, ModelUnknown):
        return None


def _pieces(words: list[str]) -> Iterator[str]:
    if words != ["-"]:
        yield " ".join(words)
        return
    try:
        # Line by line, so that what is still being written can begin to sound.
        for line in sys.stdin.buffer:
            yield line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise TextInvalid(
            "Standard input isn't text in UTF-8.", remedy="Send plain text.", room="speaking"
        ) from exc


def _summary(args: argparse.Namespace, synthesizer: Synthesizer, meter: _Meter) -> dict[str, object]:
    return {
        "engine": synthesizer.capabilities.engine,
        "voice": args.voice or "default",
        "file": str(args.output) if args.output else None,
        "seconds": round(meter.seconds, 3),
        "first_sound_s": round(meter.first_sound_s, 3),
    }


def _list(args: argparse.Namespace) -> int:
    from importlib import import_module

    from voxedge.registry import load_engine
    from voxedge.speaking import ENGINES, ENTRY_POINTS

    load_engine(ENTRY_POINTS, args.engine, ENGINES)
    module = ENGINES.get(args.engine, "").partition(":")[0]
    names = import_module(module).voices() if module else ()
    for name in names:
        if args.json:
            emit_json({"engine": args.engine, "voice": name})
        else:
            print(name)
    return 0
