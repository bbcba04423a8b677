"""``voxedge bench serve``: how many may speak to one machine at once, wyoming-faster-whisper beside it.

Each client is one speaker: a recording is sent at its own pace over Wyoming, and the time from its last
sound to its transcript is taken; then the next recording. Servers and clients run on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.sets import coffee_orders, data_folder
from voxedge.bench.speech_ends import load, speech_ends
from voxedge.cli.output import Progress, emit_json, note
from voxedge.errors import UsageError

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.bench.serve_peers import Serving

HELP = "Measure how many live streams are served in time; wyoming-faster-whisper beside it."
EPILOG = """examples:
  voxedge bench serve                                   voxedge alone
  voxedge bench serve --peer /opt/peer/bin/python       the Python that has wyoming-faster-whisper
  voxedge bench serve --streams 1 2 4 8 --seconds 20 --json
  voxedge bench serve --soak-hours 8                    8 hours' worth of requests: does memory grow?"""

CHUNK_SAMPLES = 1024
REFUSED_WAIT_S = 1.0
"""A client that is refused tries again after so long."""
LEAD_MS = 300
"""So much of a recording is kept before its speech."""
REQUESTS_AN_HOUR = 120
"""Of the soak: somebody says something every half minute, all day long."""
SOAK_CLIENTS = 2
SOAK_TRIES = 100
SOAK_WAIT_S = 0.3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model, of both")
    parser.add_argument("--peer", default="", metavar="PYTHON", help="a Python with wyoming-faster-whisper")
    parser.add_argument(
        "--streams", type=int, nargs="+", default=[1, 2, 3, 4, 6, 8, 12, 16, 24, 32], metavar="N",
        help="how many speak at once, in turn",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="for each number of streams")
    parser.add_argument("--limit-ms", type=float, default=500.0, metavar="MS", help="a p95 beyond isn't held")
    parser.add_argument("--tail-ms", type=int, default=700, metavar="MS", help="silence after the speech")
    parser.add_argument("--soak-hours", type=float, default=0.0, metavar="H", help="this instead: memory")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if min(args.streams) < 1 or args.seconds <= 0 or args.soak_hours < 0:
        raise UsageError("Streams and seconds must be positive.", remedy="Try --streams 1 2 4.", room="bench")
    clips = _clips(args)
    figures = asyncio.run(soak(args, clips) if args.soak_hours else measure(args, clips))
    if args.json:
        emit_json(figures)
        return 0
    for name, value in figures.items():
        if isinstance(value, list):
            print(f"\n{name}\nstreams  finals  refused  empty  p50 ms  p95 ms")
            for row in value:
                print(
                    "{streams:>7}  {finals:>6}  {refused:>7}  {empty:>5}  {p50_ms:>6}  {p95_ms:>6}".format(
                        **row
                    )
                )
        else:
            print(f"{name.replace('_', ' '):<32} {value}")
    return 0


@dataclass(slots=True)
class Level:
    """What came of so many streams at once.

    Attributes:
        streams: How many.
        latencies_s: From the last sound to the transcript.
        refused: Streams that weren't taken in.
        empty: Transcripts without a word.
    """

    streams: int
    latencies_s: list[float] = field(default_factory=list)
    refused: int = 0
    empty: int = 0

    @property
    def p95_ms(self) -> float:
        """95 % were quicker."""
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else float("inf")

    def held(self, limit_ms: float) -> bool:
        """Whether everybody was served in time."""
        return self.p95_ms <= limit_ms and not self.refused

    def row(self) -> dict[str, float]:
        """For the table."""
        middle = 1000 * statistics.median(self.latencies_s) if self.latencies_s else 0.0
        return {
            "streams": self.streams,
            "finals": len(self.latencies_s),
            "refused": self.refused,
            "empty": self.empty,
            "p50_ms": round(middle),
            "p95_ms": round(self.p95_ms) if self.latencies_s else -1,
        }


async def measure(args: argparse.Namespace, clips: Sequence[bytes]) -> dict[str, object]:
    """Tries each number of streams, both servers in turn; goes one step beyond what is held."""
    from voxedge.bench.serve_peers import serve_peer, serve_voxedge

    servers: dict[str, Serving] = {}
    levels: dict[str, list[Level]] = {}
    try:
        servers["voxedge"] = await serve_voxedge(args.model, max(args.streams))
        if args.peer:
            servers["peer"] = await serve_peer(args.peer, args.model)
        for server in servers.values():
            await _until_ready(server, clips[0])
        for streams in sorted(set(args.streams)):
            for name, server in servers.items():
                done = levels.setdefault(name, [])
                if len(done) > 1 and not any(one.held(args.limit_ms) for one in done[-2:]):
                    continue  # what comes of one step beyond has been seen
                level = await play(server.port, clips, streams, args.seconds)
                done.append(level)
                note(f"{name}: {level.row()}")
    finally:
        for server in servers.values():
            await server.stop()
    held = {name: _held(found, args.limit_ms) for name, found in levels.items()}
    figures: dict[str, object] = {f"streams_held_{name}": count for name, count in held.items()}
    if held.get("peer"):
        figures["ratio"] = round(held["voxedge"] / held["peer"], 2)
    figures |= {name: [level.row() for level in found] for name, found in levels.items()}
    return figures


def _held(levels: Sequence[Level], limit_ms: float) -> int:
    """The most streams that were held, with all smaller numbers held as well."""
    most = 0
    for level in levels:
        if not level.held(limit_ms):
            break
        most = level.streams
    return most


async def play(port: int, clips: Sequence[bytes], streams: int, seconds: float) -> Level:
    """Lets so many speak for so long."""
    level = Level(streams)
    until = time.monotonic() + seconds
    rng = random.Random(streams)

    async def speaker(number: int) -> None:
        await asyncio.sleep(rng.uniform(0.0, 3.0))
        at = number * 7
        while time.monotonic() < until:
            text, latency_s = await one(port, clips[at % len(clips)], paced=True)
            at += 1
            if text is None:
                level.refused += 1
                await asyncio.sleep(REFUSED_WAIT_S)
            else:
                level.latencies_s.append(latency_s)
                level.empty += not text.strip()

    await asyncio.gather(*(speaker(number) for number in range(streams)))
    return level


async def one(port: int, clip: bytes, *, paced: bool) -> tuple[str | None, float]:
    """Sends a recording; gives its transcript (None: refused) and the seconds since its last sound."""
    from wyoming.asr import Transcribe, Transcript
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.error import Error

    form: Mapping[str, int] = {"rate": SAMPLE_RATE_HZ, "width": 2, "channels": 1}
    ended = time.monotonic()
    try:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Transcribe(language="en").event())
            await client.write_event(AudioStart(**form).event())
            began = time.monotonic()
            for at in range(0, len(clip), 2 * CHUNK_SAMPLES):
                piece = clip[at : at + 2 * CHUNK_SAMPLES]
                if paced:
                    due = began + (at + len(piece)) / 2 / SAMPLE_RATE_HZ
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                await client.write_event(AudioChunk(**form, audio=piece).event())
            ended = time.monotonic()
            await client.write_event(AudioStop().event())
            while (event := await client.read_event()) is not None:
                if Transcript.is_type(event.type):
                    return Transcript.from_event(event).text, time.monotonic() - ended
                if Error.is_type(event.type):
                    break
    except OSError:
        pass
    return None, time.monotonic() - ended


async def soak(args: argparse.Namespace, clips: Sequence[bytes]) -> dict[str, object]:
    """Sends so many hours' requests as fast as they are answered; looks at the server's memory."""
    from voxedge.bench.serve_peers import serve_voxedge

    total = max(SOAK_CLIENTS * 10, round(args.soak_hours * REQUESTS_AN_HOUR))
    server = await serve_voxedge(args.model, 2 * SOAK_CLIENTS)
    memory: list[float] = []
    failed = refused = 0
    began = time.monotonic()
    try:
        await _until_ready(server, clips[0])
        numbers = iter(range(total))

        async def client(bar: Progress) -> None:
            nonlocal failed, refused
            for number in numbers:
                for _ in range(SOAK_TRIES):
                    text, _latency_s = await one(server.port, clips[number % len(clips)], paced=False)
                    if text is not None:
                        break
                    refused += 1  # more than the machine can do at once: that is what refusals are for
                    await asyncio.sleep(SOAK_WAIT_S)
                else:
                    failed += 1
                bar.advance(1)
                memory.append(server.resident_mb())

        with Progress("requests", total, "request") as bar:
            await asyncio.gather(*(client(bar) for _ in range(SOAK_CLIENTS)))
        files = server.open_files()
    finally:
        await server.stop()
    # Memory moves by a few megabytes with what is under way: medians of a tenth are compared.
    tenth = max(1, total // 10)
    early, late = statistics.median(memory[tenth : 2 * tenth]), statistics.median(memory[-tenth:])
    return {
        "hours": args.soak_hours,
        "requests": total,
        "refused_and_repeated": refused,
        "failed": failed,
        "seconds": round(time.monotonic() - began, 1),
        "resident_mb_after_a_tenth": round(early, 1),
        "resident_mb_at_the_end": round(late, 1),
        "growth_mb": round(late - early, 1),
        "open_files_at_the_end": files,
    }


async def _until_ready(server: Serving, clip: bytes) -> None:
    for _ in range(120):
        text, _latency_s = await one(server.port, clip, paced=False)
        if text is not None:
            return
        server.check()
        await asyncio.sleep(0.5)
    raise UsageError(f"{server.name} gives no transcript.", remedy="Look at its log.", room="bench")


def _clips(args: argparse.Namespace) -> list[bytes]:
    """Coffee orders as a client with voice activity detection of its own would send them."""
    folder, ends = data_folder(args.data), speech_ends()
    found = []
    for file in coffee_orders(folder)[::4]:
        known = ends.get(file.relative_to(folder).as_posix())
        if known is not None:
            found.append(_cut(load(file), known, args.tail_ms))
    return found


def _cut(sound: MonoF32, speech: tuple[float, float], tail_ms: int) -> bytes:
    import numpy as np

    first = max(0, int((speech[0] - LEAD_MS / 1000) * SAMPLE_RATE_HZ))
    last = int((speech[1] + tail_ms / 1000) * SAMPLE_RATE_HZ)
    kept = sound[first:last]
    if len(kept) < last - first:
        # The recording ends before: the noise of a quiet room goes on, 80 dB below full scale.
        noise = np.random.default_rng(5).normal(scale=1e-4, size=last - first - len(kept))
        kept = np.concatenate([kept, noise.astype(np.float32)])
    return bytes((np.clip(kept, -1, 1) * 32767).astype("<i2").tobytes())
