"""The main job, end to end: a voice goes in; transcript, intent and a spoken reply come out. Offline.

Usually started by ``scripts/demo``, which sets everything up.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge import Assistant, Config, VoxedgeError
from voxedge.audio.sinks import LoudspeakerSink, WavSink
from voxedge.build import Parts
from voxedge.events import CancelToken, Event, IntentMatched, NoIntent, Reply, Started, Transcript, TurnEnded

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Runs the demo on the shipped recording, on a file, or on the microphone."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--mic", action="store_true", help="listen to the microphone; Ctrl-C ends it")
    parser.add_argument(
        "--file", type=Path, default=HERE / "recordings" / "orders.flac", help="another recording"
    )
    parser.add_argument("--config", default=HERE / "kiosk" / "voxedge.toml", help="another configuration")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("out/replies.wav"), help="the spoken replies"
    )
    parser.add_argument("--silent", action="store_true", help="write the replies, don't play them")
    parser.add_argument("--json", action="store_true", help="print events, one JSON object a line")
    args = parser.parse_args()
    try:
        return run(args)
    except VoxedgeError as error:
        print(f"demo: {error.message}\n  {error.remedy}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def run(args: argparse.Namespace) -> int:
    """Builds the assistant, lets it listen, and shows what happens."""
    args.output.parent.mkdir(parents=True, exist_ok=True)
    loudspeaker = None if args.silent else open_loudspeaker()
    sink = Both(WavSink(args.output), loudspeaker)
    turns = failed = 0
    with Assistant(Config.from_file(args.config), parts=Parts(sink=sink)) as assistant:
        source = None if args.mic else args.file
        for event in assistant.listen(source, realtime=loudspeaker is not None):
            show(event, args.json)
            turns += isinstance(event, TurnEnded)
            failed += isinstance(event, TurnEnded) and event.outcome == "failed"
    sink.close()
    if not args.json:
        print(f"\n{turns} turns. The spoken replies are in {args.output}")
    return 1 if failed or not turns else 0


class Both:
    """Writes the replies and plays them."""

    def __init__(self, written: WavSink, loudspeaker: LoudspeakerSink | None) -> None:
        self.written, self.loudspeaker = written, loudspeaker

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        """Plays on both; a loudspeaker that fails leaves the file whole."""
        complete = self.written.play(samples, rate_hz, cancel)
        return complete if self.loudspeaker is None else self.loudspeaker.play(samples, rate_hz, cancel)

    def close(self) -> None:
        """Finishes the file."""
        self.written.close()
        if self.loudspeaker is not None:
            self.loudspeaker.close()


def open_loudspeaker() -> LoudspeakerSink | None:
    """The loudspeaker, where there is one."""
    try:
        return LoudspeakerSink()
    except VoxedgeError as error:
        print(f"The replies are only written: {error.message}", file=sys.stderr)
        return None


def show(event: Event, as_json: bool) -> None:
    """Prints an event: as JSON, or in a line for a person."""
    if as_json:
        print(json.dumps(event.to_json(), ensure_ascii=False), flush=True)
    elif isinstance(event, Started):
        print("models:", ", ".join(f"{room} {name}" for room, name in event.models.items()), flush=True)
    elif isinstance(event, Transcript):
        print(f"\n{event.start:6.1f} s  heard   {event.text or '(nothing said)'}", flush=True)
    elif isinstance(event, IntentMatched):
        slots = ", ".join(f"{name}={slot}" for name, slot in event.slots.items())
        print(f"          intent  {event.intent}({slots})", flush=True)
    elif isinstance(event, NoIntent):
        print("          intent  none: the language model answers", flush=True)
    elif isinstance(event, Reply):
        print(f"          reply   {event.text}", flush=True)
    elif isinstance(event, TurnEnded) and event.error:
        print(f"          failed  {event.error.code}: {event.error.hint}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
