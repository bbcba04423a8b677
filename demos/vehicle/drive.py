"""The vehicle demo: a dashboard in the terminal that reacts to what the driver says. Offline.

Usually started by ``scripts/vehicle``, which sets everything up.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from car import Car
from dashboard import Voice, draw
from handlers import register

from voxedge import Assistant, Config, VoxedgeError
from voxedge.audio.sinks import LoudspeakerSink
from voxedge.build import Parts
from voxedge.events import (
    Degraded,
    DialogueState,
    Event,
    IntentMatched,
    NoIntent,
    Partial,
    Recovered,
    Reply,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    TurnEnded,
)

HERE = Path(__file__).resolve().parent
HOME, CLEAR_LINE, CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
OTHER_SCREEN, FIRST_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


def main() -> int:
    """Runs the demo on the shipped recording, on a file, or on the microphone."""
    parser = argparse.ArgumentParser(prog="scripts/vehicle", description=__doc__)
    parser.add_argument("--mic", action="store_true", help="listen to the microphone; Ctrl-C ends it")
    default = HERE.parent / "recordings" / "drive.flac"
    parser.add_argument("--file", type=Path, default=default, help="another recording")
    parser.add_argument("--speed", type=int, default=60, metavar="KMH", help="how fast the car drives (60)")
    parser.add_argument("--silent", action="store_true", help="don't speak the replies")
    parser.add_argument("--plain", action="store_true", help="a line an event instead of the dashboard")
    parser.add_argument("--fast", action="store_true", help="the recording as fast as it can be recognized")
    args = parser.parse_args()
    try:
        return run(args)
    except VoxedgeError as error:
        print(f"vehicle: {error.message}\n  {error.remedy}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def run(args: argparse.Namespace) -> int:
    """Drives."""
    car, voice = Car(speed_kmh=args.speed), Voice()
    screen = Screen(sys.stdout.isatty() and not args.plain)
    config = Config.from_file(HERE / "voxedge.toml")
    # This program shows the car's state, so it hands its own car to the handlers.
    config = replace(config, understanding=replace(config.understanding, handlers=""))
    sink = None if args.silent else loudspeaker()
    config = replace(config, audio=replace(config.audio, speak_aloud=sink is not None))
    failed = 0
    with Assistant(config, parts=Parts(sink=sink)) as assistant, screen:
        register(assistant, car)
        last = time.monotonic()
        screen.show(car, voice)
        realtime = screen.live and not args.fast
        for event in assistant.listen(None if args.mic else args.file, realtime=realtime):
            now = time.monotonic()
            for text in car.pass_time(now - last):
                assistant.say(text)
            last = now
            follow(voice, event)
            failed += isinstance(event, TurnEnded) and event.outcome == "failed"
            screen.show(car, voice, event)
        if realtime:
            time.sleep(1.5)  # the last answer is to be seen
    for line in draw(car, voice) if not args.mic else ():
        print(line.rstrip())
    return 1 if failed else 0


def loudspeaker() -> LoudspeakerSink | None:
    """The loudspeaker, where there is one."""
    try:
        return LoudspeakerSink()
    except VoxedgeError:
        return None


def follow(voice: Voice, event: Event) -> None:
    """Keeps what the driver sees of the assistant up to date."""
    if isinstance(event, SpeechStarted):
        voice.state, voice.heard = "listening", ""
    elif isinstance(event, Partial | Transcript):
        voice.heard = event.text
    elif isinstance(event, SpeechEnded):
        voice.state = "thinking"
    elif isinstance(event, Reply):
        voice.said = event.text
    elif isinstance(event, NoIntent):
        voice.said = "Sorry, I didn't get that." if event.reason != "empty" else voice.said
    elif isinstance(event, DialogueState):
        voice.asked = event.question if event.state in {"asking", "confirming"} else ""
    elif isinstance(event, SpeakingStarted):
        voice.state = "speaking"
    elif isinstance(event, TurnEnded):
        voice.state = "idle"
    elif isinstance(event, Degraded):
        voice.trouble = f"{event.room}: {event.reason} {event.remedy}"
    elif isinstance(event, Recovered):
        voice.trouble = ""


class Screen:
    """The terminal: a dashboard on a screen of its own, or plain lines where there is no terminal.

    Args:
        live: Whether there is one.
    """

    def __init__(self, live: bool) -> None:
        self.live = live

    def __enter__(self) -> Screen:
        self._write(OTHER_SCREEN)
        return self

    def __exit__(self, *_: object) -> None:
        self._write(FIRST_SCREEN)

    def show(self, car: Car, voice: Voice, event: Event | None = None) -> None:
        """Draws the dashboard, or prints what happened."""
        if self.live:
            size = shutil.get_terminal_size()
            lines = draw(car, voice, size.columns, size.lines)
            self._write(HOME + f"{CLEAR_LINE}\r\n".join(lines) + CLEAR_LINE + CLEAR_BELOW)
        elif isinstance(event, Transcript):
            print(f"\nheard   {event.text or '(nothing said)'}", flush=True)
        elif isinstance(event, IntentMatched):
            slots = ", ".join(f"{name}={slot}" for name, slot in event.slots.items())
            print(f"intent  {event.intent}({slots})", flush=True)
        elif isinstance(event, Reply):
            print(f"reply   {event.text}", flush=True)

    def _write(self, text: str) -> None:
        if self.live:
            sys.stdout.write(text)
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
