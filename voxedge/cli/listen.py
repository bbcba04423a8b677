"""``voxedge listen``: listens to the microphone or a file and prints events."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from voxedge.cli.output import emit_json, note
from voxedge.events import (
    Degraded,
    Event,
    IntentMatched,
    NoIntent,
    Partial,
    Recovered,
    Reply,
    Started,
    Transcript,
    TurnEnded,
)

if TYPE_CHECKING:
    from voxedge.audio.contract import AudioSource
    from voxedge.config import Config

HELP = "Listen to the microphone, a file or standard input, and print what happens."
EPILOG = """examples:
  voxedge listen                                  the microphone; Ctrl-C ends it
  voxedge listen --file order.wav --json          a file, one JSON object an event
  voxedge listen --file order.wav --realtime      at the file's own pace, as if it were spoken now
  voxedge listen --config voxedge.toml            with the intents, voice and model of a configuration
  voxedge listen --intents kiosk --llm            coffee orders; the language model takes the rest
  voxedge listen --meter                          level and voice activity, for placing the microphone
  arecord -t raw -f S16_LE -r 16000 | voxedge listen --file -

exit status: 0 the sound ended, 3 it can't be read, 4 a model or package is missing, 5 no microphone,
130 interrupted"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--file", metavar="F", help="a sound file, or - for 16-bit PCM on standard input")
    parser.add_argument("--realtime", action="store_true", help="play the file at its own pace")
    parser.add_argument("--rate", type=int, default=16_000, help="samples a second of standard input")
    parser.add_argument("--device", metavar="NAME", help="the microphone, by name or number")
    parser.add_argument("--model", metavar="M", help="the recognizer's model (tiny.en, base, ...)")
    parser.add_argument("--language", metavar="L", help="language of the speech, ISO 639-1, or auto")
    parser.add_argument("--preset", metavar="P", help="command, conversation, dictation or relaxed")
    parser.add_argument(
        "--intents", metavar="PATH", action="append", help="templates: a file, a folder or a ready-made name"
    )
    parser.add_argument(
        "--llm", action=argparse.BooleanOptionalAction, help="the language model answers what no intent takes"
    )
    parser.add_argument("--aloud", action="store_true", help="speak replies on the loudspeaker")
    parser.add_argument("--meter", action="store_true", help="show level and voice activity, nothing else")
    parser.add_argument("--config", metavar="C", help="a configuration file")
    parser.add_argument("--json", action="store_true", help="one JSON object an event")


def run(args: argparse.Namespace) -> int:
    """Listens until the sound ends."""
    if args.meter:
        return _meter(args)
    from voxedge.assistant import Assistant

    with Assistant(_config(args)) as assistant:
        printer = _Printer(args.json)
        # Printed as they happen and not as they are iterated: so the end of a turn is told even when Ctrl-C
        # ends the iteration.
        assistant.on(Event)(printer.show)
        sound = _sound(args)
        for event in assistant.listen(sound):
            if printer.failure is not None:
                raise printer.failure
            if isinstance(event, Started) and sound is None and not args.json:
                note("Listening. Speak; Ctrl-C ends it.")
        if damage := getattr(sound, "damage", ""):
            note(f"{args.file} is {damage}: what could be heard is printed.")
    return 0


class _Printer:
    """Prints events; notices when nobody reads them any more (`| head`), or they can't be written."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.failure: OSError | None = None

    def show(self, event: Event) -> None:
        """Prints one event."""
        if self.failure is not None:
            return
        try:
            if self._as_json:
                emit_json(event.to_json())
            else:
                _print(event)
        except OSError as exc:
            self.failure = exc


def _meter(args: argparse.Namespace) -> int:
    from voxedge.cli.meter import run_meter

    config = _config(args)
    sound = _sound(args)
    if sound is None:
        from voxedge.audio.microphone import MicrophoneSource

        sound = MicrophoneSource(config.audio.input_device)
    return run_meter(sound, config.listening.voice_activity, as_json=args.json)


def _sound(args: argparse.Namespace) -> AudioSource | None:
    """What is listened to; None is the microphone."""
    if args.file == "-":
        import sys

        from voxedge.audio.sources import PcmSource

        return PcmSource(sys.stdin.buffer, rate_hz=args.rate)
    if not args.file:
        return None
    from voxedge.audio.sources import FileSource

    return FileSource(args.file, realtime=args.realtime)


def _config(args: argparse.Namespace) -> Config:
    from voxedge.config import Config

    config = Config.from_file(args.config) if args.config else Config.from_mapping({})
    recognition = {key: getattr(args, key) for key in ("model", "language") if getattr(args, key)}
    changes: dict[str, dict[str, object]] = {
        "recognition": recognition,
        "listening": {"preset": args.preset} if args.preset else {},
        "audio": {"input_device": args.device} if args.device else {},
        "understanding": {"intents": tuple(args.intents)} if args.intents else {},
    }
    # On its own, the command listens and prints; a configuration says what else is to happen.
    if args.aloud or not args.config:
        changes["audio"] = {**changes["audio"], "speak_aloud": args.aloud}
    if args.llm is not None or not args.config:
        changes["conversation"] = {"engine": "llama" if args.llm else "none"}
    return config.with_values(**changes)


def _print(event: Event) -> None:
    """Tells of an event in a line, for a person; of those that say nothing to one, nothing."""
    if isinstance(event, Started):
        models = ", ".join(f"{room}: {model}" for room, model in event.models.items())
        note(f"voxedge {event.version} ({models})")
    elif isinstance(event, Partial):
        note(f"  … {event.text}")
    elif isinstance(event, Transcript):
        print(
            f"[{event.start:7.2f}-{event.end:7.2f}] {event.text or '(' + event.suppressed + ')'}", flush=True
        )
    elif isinstance(event, IntentMatched):
        slots = ", ".join(f"{name}={slot}" for name, slot in event.slots.items())
        print(f"    intent {event.intent}({slots})  score {event.score:.2f}", flush=True)
    elif isinstance(event, NoIntent) and event.nearest:
        print(f"    no intent; nearest: {event.nearest}", flush=True)
    elif isinstance(event, Reply):
        print(f"    reply  {event.text}", flush=True)
    elif isinstance(event, (Degraded, Recovered)):
        note(f"  {type(event).__name__.lower()}: {event.room} ({event.reason}). {event.remedy}")
    elif isinstance(event, TurnEnded) and event.error is not None:
        print(f"    failed: {event.error.code}. {event.error.hint}", flush=True)
