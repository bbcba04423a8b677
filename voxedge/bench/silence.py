"""``voxedge bench silence``: noise, and utterances in noise; which words come of it, and which get lost?"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.paced import Spoken
from voxedge.bench.sets import data_folder, kitchen, noises
from voxedge.bench.speech_ends import load, recordings, speech_ends
from voxedge.cli.output import Progress, emit_json
from voxedge.errors import UsageError
from voxedge.events import SpeechEnded, SpeechStarted, Transcript

if TYPE_CHECKING:
    from numpy.random import Generator

    from voxedge.assistant import Assistant
    from voxedge.audio.contract import MonoF32

HELP = (
    "Listen to noise, and to utterances in noise: words that nobody said, turns that never end, lost words."
)
EPILOG = """examples:
  voxedge bench silence                      20 minutes at each of three levels
  voxedge bench silence --minutes 5 --json
  voxedge bench silence --voice-activity energy     the gate all but off: the guard behind it is tried"""

LEVELS_DB = (-50.0, -35.0, -20.0)
SNR_DB = 12.0
EVERY_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model")
    parser.add_argument("--minutes", type=float, default=20.0, metavar="M", help="of noise, at each level")
    parser.add_argument("--preset", default="command", metavar="P", help="preset of listening")
    parser.add_argument("--voice-activity", default="fusion", metavar="NAME", help="the detector")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="draws offsets and gains")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if not 0.5 <= args.minutes <= 600:
        raise UsageError("--minutes must be from 0.5 to 600.", remedy="Try --minutes 20.", room="bench")
    rows = [measure(args, level, speech) for level in LEVELS_DB for speech in (False, True)]
    if args.json:
        emit_json({"streams": rows})
        return 0
    for row in rows:
        speech = f", speech at {SNR_DB:.0f} dB" if row["spoken"] else ""
        what = f"noise at {row['level_db']:.0f} dB{speech}"
        print(
            f"{what:<36} {row['minutes']} min: turns {row['turns']}, words outside {row['words_outside']}, "
            f"longest turn {row['longest_turn_s']} s (limit {row['limit_s']}), "
            f"lost {row['lost']} of {row['spoken']}, without words {row['without_words']}"
        )
    return 0


@dataclass(slots=True)
class _Heard:
    turns: int = 0
    words_outside: int = 0
    longest_s: float = 0.0
    found: list[tuple[float, float, bool]] = field(default_factory=list)


def measure(args: argparse.Namespace, level_db: float, speech: bool) -> dict[str, float]:
    """Listens to one stream."""
    from voxedge.assistant import Assistant
    from voxedge.config import Config
    from voxedge.listening.settings import PRESETS

    config = Config.from_mapping(
        {
            "recognition": {"model": args.model, "partials": False},
            "listening": {"preset": args.preset, "voice_activity": args.voice_activity},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
        },
        environment={},
    )
    import numpy as np

    folder, rng = data_folder(args.data), np.random.default_rng(args.seed)
    pieces, spoken = _mixed(folder, rng, args.minutes * 60, level_db, speech)
    label = f"noise at {level_db:.0f} dB" + (" with speech" if speech else "")
    with Assistant(config) as assistant, Progress(label, round(args.minutes * 60), "s") as bar:
        heard = _listen(assistant, pieces, spoken, bar)
    lost = [s for s in spoken if not any(a < s.end_s and b > s.start_s for a, b, _ in heard.found)]
    mute = [s for s in spoken if not any(a < s.end_s and b > s.start_s and w for a, b, w in heard.found)]
    return {
        "level_db": level_db,
        "minutes": args.minutes,
        "turns": heard.turns,
        "words_outside": heard.words_outside,
        "longest_turn_s": round(heard.longest_s, 2),
        "limit_s": PRESETS[args.preset].max_utterance_s,
        "spoken": len(spoken),
        "lost": len(lost),
        "without_words": len(mute) - len(lost),
    }


def _listen(
    assistant: Assistant, pieces: Sequence[MonoF32], spoken: Sequence[Spoken], bar: Progress
) -> _Heard:
    heard, started, ended, at = _Heard(), 0.0, 0.0, 0.0
    for event in assistant.listen(iter(pieces)):
        if isinstance(event, SpeechStarted):
            started = event.time
            heard.turns += 1
        elif isinstance(event, SpeechEnded):
            ended = event.speech_end
            heard.longest_s = max(heard.longest_s, event.time - started)
            bar.advance(round(event.time - at))
            at = event.time
        elif isinstance(event, Transcript):
            heard.found.append((started, ended, bool(event.text)))
            if event.text and not any(started < s.end_s and ended > s.start_s for s in spoken):
                heard.words_outside += len(event.text.split())
    return heard


def _mixed(
    folder: Path, rng: Generator, seconds: float, level_db: float, speech: bool
) -> tuple[list[MonoF32], list[Spoken]]:
    """Noise from random places with random gains, and utterances 12 dB above it every twenty seconds."""
    import numpy as np

    wanted = int(seconds * SAMPLE_RATE_HZ)
    noise = np.concatenate(list(_noise(folder, rng, wanted, level_db)))[:wanted]
    spoken: list[Spoken] = []
    if speech:
        ends = speech_ends()
        sets = ("assistant-commands", "coffee-commands")
        files = [file for name in sets for file in recordings(folder, name)]
        order = itertools.cycle(rng.permutation(len(files)))
        at = int(5 * SAMPLE_RATE_HZ)
        while True:
            file = files[next(order)]
            reference = ends.get(file.relative_to(folder).as_posix())
            if reference is None:
                continue
            start, end = reference
            clip = load(file)[max(0, int((start - 0.1) * SAMPLE_RATE_HZ)) : int((end + 0.2) * SAMPLE_RATE_HZ)]
            if at + len(clip) + 5 * SAMPLE_RATE_HZ > wanted:
                break
            place = noise[at : at + len(clip)]
            gain = _rms(place) * 10 ** (SNR_DB / 20) / max(_rms(clip), 1e-6)
            place += clip * gain
            first = at / SAMPLE_RATE_HZ + min(0.1, start)
            spoken.append(Spoken(first, first + end - start))
            at += int(EVERY_S * SAMPLE_RATE_HZ)
        # A microphone would clip; a loud utterance in a loud room must not be folded over.
        np.clip(noise, -1.0, 1.0, out=noise)
    return [noise[i : i + SAMPLE_RATE_HZ] for i in range(0, wanted, SAMPLE_RATE_HZ)], spoken


def _noise(folder: Path, rng: Generator, wanted: int, level_db: float) -> Iterator[MonoF32]:
    import numpy as np

    sounds = [load(kitchen(folder)), *(load(file) for file in noises(folder))]
    made = 0
    while made < wanted:
        # Half of the time it is the kitchen: the other sounds are short.
        sound = sounds[0] if rng.random() < 0.5 else sounds[int(rng.integers(1, len(sounds)))]
        length = min(len(sound), int(rng.uniform(2, 20) * SAMPLE_RATE_HZ))
        begin = int(rng.integers(0, len(sound) - length + 1))
        piece = sound[begin : begin + length]
        level = 10 ** ((level_db + rng.uniform(-6, 6)) / 20)
        yield np.clip(piece * (level / max(_rms(piece), 1e-6)), -1.0, 1.0).astype(np.float32)
        made += length


def _rms(samples: MonoF32) -> float:
    return float((samples.astype("float64") ** 2).mean() ** 0.5)
