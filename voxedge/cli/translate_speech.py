"""The spoken half of ``voxedge translate``: sound files, the microphone, a conversation in two languages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.cli import report
from voxedge.cli.captions import Caption, CaptionWriter, JsonCaptions, Screen
from voxedge.cli.output import Progress, note
from voxedge.cli.outputs import Output, refuse_overwriting
from voxedge.errors import EXIT_FAILED, EXIT_INPUT, InputError, LanguageUnsupported, UsageError
from voxedge.events import Degraded, Event, Started, Transcript, Translation, TurnEnded
from voxedge.files import check_target

if TYPE_CHECKING:
    from voxedge.assistant import Assistant
    from voxedge.audio.contract import AudioSource
    from voxedge.audio.sinks import WavSink
    from voxedge.config import Config

SOUND_SUFFIXES = frozenset(
    (
        *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".amr"),
        *(".au", ".weba", ".webm", ".mka", ".mkv", ".mp4", ".mov", ".avi"),
    )
)
"""Files with these names are sound (or films with sound), and are listened to."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of spoken input."""
    group = parser.add_argument_group("speech")
    group.add_argument("--mic", action="store_true", help="listen to the microphone; Ctrl-C ends it")
    group.add_argument("--device", default="", metavar="NAME", help="the microphone, by name or number")
    group.add_argument(
        "--conversation", action="store_true", help="both ways: what is said in either language is translated"
    )
    group.add_argument(
        "--speech-model",
        default="",
        metavar="M",
        help="the recognizer (tiny.en for English, else base)",
    )
    group.add_argument("--say", action="store_true", help="speak the translations on the loudspeaker")
    group.add_argument("--say-to", metavar="FILE.wav", help="speak the translations into a WAV file")
    group.add_argument(
        "--live", action="store_true", help="a file at its own pace, translated while it is being said"
    )
    group.add_argument("--format", choices=("text", "json", "srt", "vtt"), help="what to write")


def is_spoken(args: argparse.Namespace) -> bool:
    """Whether there is anything to listen to.

    Raises:
        InputError: A sound file isn't there.
        UsageError: Sound and something else at once.
    """
    sounds = [name for name in args.inputs if _names_sound(name)]
    if args.mic or (args.conversation and not args.inputs):
        if args.inputs:
            raise UsageError("--mic and files at once can't be heard.", remedy="Leave out one of them.")
        return True
    if sounds and len(sounds) < len(args.inputs):
        raise UsageError(
            "Sound files and other input can't be translated in one go.",
            remedy="Give them one after the other.",
        )
    return bool(sounds)


def refuse_speech_options(args: argparse.Namespace) -> None:
    """Options of speech mean nothing for text.

    Raises:
        UsageError: One of them was given.
    """
    given = {
        "--conversation": args.conversation,
        "--device": args.device,
        "--speech-model": args.speech_model,
        "--say": args.say,
        "--say-to": args.say_to,
        "--live": args.live,
        f"--format {args.format}": args.format in {"srt", "vtt"},
        "--engine whisper": args.engine == "whisper",
    }
    for option, there in given.items():
        if there:
            raise UsageError(
                f"{option} is for speech, and there is nothing to listen to.",
                remedy="Give a sound file or --mic, or leave the option out.",
                room="translation",
            )


def _names_sound(name: str) -> bool:
    path = Path(name)
    if path.suffix.lower() not in SOUND_SUFFIXES or (" " in name and not _is_there(path)):
        return False
    if not _is_there(path):
        raise InputError(f"There is no file {name}.", remedy="Check the name.", room="audio")
    return True


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def run(args: argparse.Namespace) -> int:
    """Listens and translates."""
    from voxedge.assistant import Assistant
    from voxedge.build import Parts

    _check(args)
    config = config_of(args)
    with ExitStack() as stack:
        sink: WavSink | None = None
        if args.say_to:
            from voxedge.audio.sinks import WavSink

            check_target(Path(args.say_to), "speech.wav")
            refuse_overwriting(args.inputs, [Path(args.say_to)])
            sink = WavSink(args.say_to)
            stack.callback(sink.close)
        assistant = stack.enter_context(Assistant(config, parts=Parts(sink=sink)))
        if config.translation.speak_aloud:
            assistant.check_voices()
        output = stack.enter_context(Output(args.output, _kind(args), args.inputs))
        if args.inputs:
            return _files(assistant, output, args)
        heard = _Heard(_captions(output, "microphone", args), live=True, notes=_SteppedIn(args))
        heard.listen(assistant, _microphone(args), note_start=True)
        return 0


def config_of(args: argparse.Namespace) -> Config:
    """The configuration that the options ask for."""
    from voxedge.config import Config

    live = bool(args.live or not args.inputs)
    aloud = bool(args.say or args.say_to)
    english = args.source == "en" and not args.conversation
    return Config.from_mapping(
        {
            "audio": {"input_device": args.device, "speak_aloud": aloud},
            # Sentences are translated as wholes: a pause for thought within one must not cut it.
            "listening": {"preset": "conversation" if args.conversation else "dictation"},
            "recognition": {
                "model": args.speech_model or ("tiny.en" if english else "base"),
                "language": args.source,
                "partials": live,
            },
            "translation": {
                "source": args.source,
                "target": args.target,
                "both_ways": args.conversation,
                "engine": args.engine,
                "model": args.model,
                "beam": args.beam,
                "glossary": args.glossary or "",
                "partials": live,
                "speak_aloud": aloud,
            },
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},  # a voice for each language is found by itself
            "runtime": {"threads": args.threads},
        }
    )


def _check(args: argparse.Namespace) -> None:
    if args.conversation and args.source == "auto":
        raise UsageError(
            "A conversation needs two languages.", remedy="Name both: --conversation --from es --to en"
        )
    if args.say and args.say_to:
        raise UsageError("--say and --say-to can't both be had.", remedy="Leave out one of them.")
    if args.live and not args.inputs:
        args.live = False  # the microphone is live anyway


def _kind(args: argparse.Namespace) -> str:
    kind = args.format or ("json" if args.json else "text")
    if args.json and kind != "json":
        raise UsageError(f"--json and --format {kind} don't go together.", remedy="Leave out one of them.")
    return str(kind)


def _microphone(args: argparse.Namespace) -> AudioSource:
    from voxedge.audio.microphone import MicrophoneSource

    return MicrophoneSource(args.device)


def _captions(output: Output, file: str, args: argparse.Namespace) -> CaptionWriter:
    kind = _kind(args)
    if kind == "json":
        return JsonCaptions(file, lambda: output.opened(file))
    return CaptionWriter(
        output.writer_for(file),
        both_ways=args.conversation and kind == "text",
        subtitles=kind in {"srt", "vtt"},
    )


def _files(assistant: Assistant, output: Output, args: argparse.Namespace) -> int:
    from voxedge.audio.sources import FileSource

    status = 0
    notes = _SteppedIn(args)
    for file in args.inputs:
        try:
            source = FileSource(file, realtime=args.live)
            heard = _Heard(_captions(output, file, args), live=args.live, notes=notes)
            with output.quiet_progress(file, source.duration_s) as progress:
                heard.listen(assistant, source, progress)
        except LanguageUnsupported:
            raise  # the same for every file
        except InputError as error:
            report(error, as_json=_kind(args) == "json")
            status = EXIT_INPUT
            continue
        if source.damage:
            note(f"{file} is {source.damage}: what could be heard is translated.")
        if heard.failed:
            status = status or EXIT_FAILED
    return status


class _SteppedIn:
    """Says, once a language, that Whisper itself translates, where nobody asked for that.

    JSON has the engine of each translation.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._silent = args.engine == "whisper" or _kind(args) == "json"
        self._told: set[str] = set()

    def see(self, event: Translation) -> None:
        if self._silent or event.engine != "whisper" or event.source in self._told:
            return
        self._told.add(event.source)
        note(
            f"{event.source} to {event.target} is translated by Whisper itself, from the sound, where no "
            "model here is better at it; models of text only: --engine ctranslate2."
        )


class _Heard:
    """Writes what comes of one stream."""

    def __init__(self, captions: CaptionWriter, *, live: bool, notes: _SteppedIn) -> None:
        self._captions, self._notes = captions, notes
        self._screen = Screen(sys.stderr, enabled=live)
        self._said: dict[int, Transcript] = {}
        self.failed = False

    def listen(
        self,
        assistant: Assistant,
        source: AudioSource,
        progress: Progress | None = None,
        *,
        note_start: bool = False,
    ) -> None:
        """Listens to the end of the source."""
        told = 0
        try:
            for event in _closing(assistant.listen(source)):
                if isinstance(event, Started) and note_start:
                    note("Listening. Speak; Ctrl-C ends it.")
                self._take(event)
                if progress is not None and int(event.time) > told:
                    progress.advance(int(event.time) - told)
                    told = int(event.time)
        finally:
            self._screen.clear()
            self._captions.finish()

    def _take(self, event: Event) -> None:
        if isinstance(event, Transcript):
            self._said[event.turn] = event
        elif isinstance(event, Translation):
            said = self._said.get(event.turn)
            start, end = (said.start, said.end) if said is not None else (event.time, event.time)
            caption = Caption(event, start, end)
            if event.final:
                self._screen.clear()
                self._notes.see(event)
                self._captions.final(caption)
            else:
                self._screen.show(event.translation)
                self._captions.growing(caption)
        elif isinstance(event, TurnEnded):
            self._said.pop(event.turn, None)
            if event.error is not None and event.error.code != "cancelled":
                self.failed = True
                note(f"voxedge: an utterance failed ({event.error.code}). {event.error.hint}")
        elif isinstance(event, Degraded):
            note(f"voxedge: {event.room} fails ({event.reason}). {event.remedy}")


def _closing(events: Iterator[Event]) -> Iterator[Event]:
    """Closes the stream at once when Ctrl-C comes, and not when the garbage is collected."""
    try:
        yield from events
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()
