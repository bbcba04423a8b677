"""``voxedge bench speaking``: when a reply begins to sound, and how much faster than real time it is made.

Two things are measured of each voice: sentences by themselves, and a reply that a language model is still
writing (its tokens come at a steady pace), spoken sentence by sentence beside waiting for all of it.
"""

from __future__ import annotations

import argparse
import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter, sleep
from typing import TYPE_CHECKING

from voxedge import speaking
from voxedge.cli.output import emit_json
from voxedge.events import NEVER, CancelToken
from voxedge.speaking.room import speak
from voxedge.speaking.spoken import spoken_form

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.speaking.contract import Synthesizer

HELP = "Measure the voices: first sound of a reply, real-time factor, what speaking while writing gains."
EPILOG = """examples:
  voxedge bench speaking                         figures as text
  voxedge bench speaking --json --repeat 21      as JSON
  voxedge bench speaking --engine espeak --language de"""

_SENTENCES = {
    "word": "Okay.",
    "short": "A large latte with skim milk, coming up.",
    "long": "Your table by the window is ready, the kitchen closes at 21:30, and the bill of $24.50 can be "
    "paid at the counter or right here.",
}
_REPLY = (
    "A cappuccino is made of espresso, hot milk and foam. The three parts are usually of the same size. "
    "In Italy people drink it in the morning, hardly ever after lunch. Would you like me to make you one?"
)


class _FirstSound:
    """A sink that notes when the first sound came, and lets nobody hear it."""

    def __init__(self) -> None:
        self.at: float | None = None

    def play(self, samples: MonoF32, rate_hz: int, cancel: CancelToken) -> bool:
        if self.at is None:
            self.at = perf_counter()
        return True

    def close(self) -> None:
        pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--engine", default="hibari", metavar="NAME", help="hibari or espeak")
    parser.add_argument("--language", default="en", metavar="L", help="ISO 639-1")
    parser.add_argument("--tokens-per-second", type=float, default=100.0, metavar="N", help="of the writer")
    parser.add_argument("--repeat", type=int, default=9, metavar="N", help="times that each is measured")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    started = perf_counter()
    voice = speaking.create(args.engine, language=args.language)
    load_s = perf_counter() - started
    result: dict[str, object] = {
        "engine": args.engine,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "load_and_warm_up_ms": round(load_s * 1000),
        "sentences": {name: _sentence(voice, text, args.repeat) for name, text in _SENTENCES.items()},
        "spoken_form_ms": _median_ms([_timed(_spell) for _ in range(args.repeat)]),
        "reply": _reply(voice, args.tokens_per_second, args.repeat),
    }
    if args.json:
        emit_json(result)
    else:
        _print(result)
    return 0


def _sentence(voice: Synthesizer, text: str, repeat: int) -> dict[str, float]:
    """Time and real-time factor of one sentence."""
    times, seconds = [], 0.0
    for _ in range(repeat):
        started = perf_counter()
        sounds = list(voice.synthesize(text))
        times.append(perf_counter() - started)
        seconds = sum(sound.size for sound in sounds) / voice.capabilities.rate_hz
    middle = statistics.median(times)
    return {
        "sound_s": round(seconds, 2),
        "made_in_ms": round(middle * 1000, 1),
        "real_time_factor": round(middle / seconds, 4),
    }


def _reply(voice: Synthesizer, tokens_per_second: float, repeat: int) -> dict[str, float]:
    """From the reply's first token to its first sound, both ways by turns."""
    tokens = _tokens(_REPLY)
    streamed, whole = [], []
    for _ in range(repeat):
        streamed.append(_first_sound(voice, _written(tokens, tokens_per_second)))
        whole.append(_first_sound(voice, _written(tokens, tokens_per_second), wait=True))
    return {
        "tokens": len(tokens),
        "tokens_per_second": tokens_per_second,
        "first_sound_sentence_by_sentence_ms": _median_ms(streamed),
        "first_sound_after_the_whole_reply_ms": _median_ms(whole),
    }


def _first_sound(voice: Synthesizer, pieces: Iterator[str], wait: bool = False) -> float:
    sink, started = _FirstSound(), perf_counter()
    speak(["".join(pieces)] if wait else pieces, voice, sink, emit=lambda _: None, cancel=NEVER)
    return (sink.at or perf_counter()) - started


def _tokens(text: str) -> list[str]:
    """About as long as a language model's: a word with its blank, long words in two."""
    words = [" " + word for word in text.split(" ")]
    return [part for word in words for part in ((word[:6], word[6:]) if len(word) > 8 else (word,))]


def _written(tokens: Sequence[str], per_second: float) -> Iterator[str]:
    started = perf_counter()
    for number, token in enumerate(tokens):
        left = started + number / per_second - perf_counter()
        if left > 0:
            sleep(left)
        yield token


def _spell() -> None:
    spoken_form(_SENTENCES["long"])


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _median_ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)


def _print(result: dict[str, object]) -> None:
    print(f"{result['engine']} on {result['machine']}")
    print(
        f"  loaded and warm after {result['load_and_warm_up_ms']} ms; "
        f"spoken form of the long sentence {result['spoken_form_ms']} ms"
    )
    sentences, reply = result["sentences"], result["reply"]
    assert isinstance(sentences, dict)
    assert isinstance(reply, dict)
    for name, found in sentences.items():
        print(
            f"  {name:<6} {found['sound_s']:5.2f} s of sound in {found['made_in_ms']:6.1f} ms "
            f"(real-time factor {found['real_time_factor']})"
        )
    print(
        f"  a reply of {reply['tokens']} tokens at {reply['tokens_per_second']:g} a second, first sound: "
        f"{reply['first_sound_sentence_by_sentence_ms']} ms sentence by sentence, "
        f"{reply['first_sound_after_the_whole_reply_ms']} ms after the whole reply"
    )
