"""``voxedge bench threads``: how calls of an engine share the cores best, by themselves and side by side."""

from __future__ import annotations

import argparse
import statistics
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from voxedge.bench.sets import coffee_orders, data_folder
from voxedge.cli.output import Progress, emit_json
from voxedge.errors import UsageError

HELP = "Measure how an engine's calls share the cores: one with all or two with half; more at a time."
EPILOG = """examples:
  voxedge bench threads                    tiny.en, the starter translator, and the cores of the plan
  voxedge bench threads --window 30         a window as long as faster-whisper's
  voxedge bench threads --model base --threads 4 --json"""

SENTENCE = "Where is the train station, and when does the next train to the coast leave?"
TOGETHER = (1, 2, 4, 6)
"""Utterances in each of two calls side by side."""
_STEPS = ("encode", "greedy", "beam 5", "sentence")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--model", default="tiny.en", metavar="NAME", help="the recognizer's model")
    parser.add_argument("--translator", default="starter", metavar="NAME", help="the translator's model")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="cores to share, 2 or more")
    parser.add_argument("--window", type=float, default=5.0, metavar="S", help="seconds of the window")
    parser.add_argument("--repeat", type=int, default=9, metavar="N", help="times that each is measured")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if args.threads < 2 or args.repeat < 1 or not 1.0 <= args.window <= 30.0:
        raise UsageError(
            "There is nothing to share, or nothing to measure.",
            remedy="voxedge bench threads --threads 2 --repeat 9 --window 5",
        )
    figures = measure(args)
    together = measure_together(args)
    if args.json:
        emit_json(
            {
                "bench": "threads",
                "model": args.model,
                "threads": args.threads,
                "window_s": args.window,
                "ms": figures,
                "utterance_ms": together,
            }
        )
        return 0
    print(f"milliseconds a call, medians of {args.repeat}")
    print(f"{'':<30}" + "".join(f"{step:>10}" for step in _STEPS))
    for name, row in figures.items():
        print(f"{name:<30}" + "".join(f"{row[step]:10.1f}" for step in _STEPS))
    half = args.threads // 2
    print(f"\nmilliseconds an utterance (encode and greedy), two calls of {half} threads at once")
    for count, took_ms in together.items():
        print(f"{f'{count} in each call':<30}{took_ms:10.1f}")
    return 0


def measure(args: argparse.Namespace) -> Mapping[str, Mapping[str, float]]:
    """Milliseconds of each step, for both ways to share; the ways take turns."""
    file = coffee_orders(data_folder(args.data))[0]
    ways = {
        f"1 call of {args.threads} threads": _steps(args, file, 1, args.threads),
        f"2 calls of {args.threads // 2} threads": _steps(args, file, 2, args.threads // 2),
    }
    took: dict[str, dict[str, list[float]]] = {}
    with Progress("measuring", args.repeat + 1, "rounds") as bar:
        for turn in range(args.repeat + 1):
            for name, steps in ways.items():
                for step, call in steps.items():
                    for label, side in ((f"{name}, alone", 1), (f"{name}, two at once", 2)):
                        row = took.setdefault(label, {}).setdefault(step, [])
                        if turn:  # the first warms up
                            row.append(_timed(call, side))
                        else:
                            _timed(call, side)
            bar.advance(1)
    return {
        label: {step: round(1000 * statistics.median(times), 1) for step, times in row.items()}
        for label, row in took.items()
    }


def measure_together(args: argparse.Namespace) -> Mapping[str, float]:
    """Milliseconds that an utterance takes, by how many are in each of two calls side by side."""
    import ctranslate2
    import numpy as np

    whisper, prompt = _whisper(args, 2, args.threads // 2)
    files = coffee_orders(data_folder(args.data))[: TOGETHER[-1]]
    mels = [_mel(file, args.window, whisper.n_mels) for file in files]

    def call(count: int) -> object:
        encoded = whisper.encode(ctranslate2.StorageView.from_array(np.concatenate(mels[:count])))
        return whisper.generate(encoded, [prompt] * count, beam_size=1, max_length=60)

    took: dict[int, list[float]] = {count: [] for count in TOGETHER}
    with Progress("measuring", args.repeat + 1, "rounds") as bar:
        for turn in range(args.repeat + 1):
            for count in TOGETHER:
                seconds = _timed(partial(call, count), 2)
                took[count] += [seconds / (2 * count)] * bool(turn)  # the first warms up
            bar.advance(1)
    return {str(count): round(1000 * statistics.median(times), 1) for count, times in took.items()}


def _timed(call: Callable[[], object], side: int) -> float:
    """Seconds until ``side`` callers, who begin together, have their result."""
    callers = [threading.Thread(target=call) for _ in range(side)]
    began = perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return perf_counter() - began


def _whisper(args: argparse.Namespace, at_once: int, each: int) -> tuple[Any, list[int]]:
    """The recognizer's engine with so many threads, and the tokens that start a transcript."""
    import ctranslate2

    from voxedge import store
    from voxedge.recognition.tokens import WhisperTokenizer

    folder = store.resolve(args.model, kind="recognition")
    whisper: Any = ctranslate2.models.Whisper(
        str(folder), device="cpu", compute_type="int8", inter_threads=at_once, intra_threads=each
    )
    tokenizer = WhisperTokenizer(folder)
    prompt = [tokenizer.sot]
    if whisper.is_multilingual:
        prompt += [tokenizer.languages["en"], tokenizer.tasks["transcribe"]]
    return whisper, prompt


def _mel(file: Path, window_s: float, bands: int) -> Any:
    import numpy as np

    from voxedge.audio.decode import read
    from voxedge.recognition.decoding import window_features

    return np.ascontiguousarray(window_features(read(file), window_s, bands)[None])


def _steps(
    args: argparse.Namespace, file: Path, at_once: int, each: int
) -> Mapping[str, Callable[[], object]]:
    """The calls, on engines that are loaded with so many threads."""
    import ctranslate2

    from voxedge import store
    from voxedge.registry import need

    whisper, prompt = _whisper(args, at_once, each)
    mel = _mel(file, args.window, whisper.n_mels)

    def encode() -> Any:
        return whisper.encode(ctranslate2.StorageView.from_array(mel))

    encoded = encode()

    def decode(beam: int) -> object:
        return whisper.generate(encoded, [prompt], beam_size=beam, num_hypotheses=beam, max_length=60)

    pieces: Any = need("sentencepiece", "translate", "Translating")
    place = store.resolve(args.translator, kind="translation")
    translator: Any = ctranslate2.Translator(
        str(place), device="cpu", compute_type="int8", inter_threads=at_once, intra_threads=each
    )
    processor = pieces.SentencePieceProcessor(str(place / "source.spm"))
    tokens = [">>es<<", *processor.encode(SENTENCE, out_type=str), "</s>"]
    return {
        "encode": encode,
        "greedy": lambda: decode(1),
        "beam 5": lambda: decode(5),
        "sentence": lambda: translator.translate_batch([tokens], beam_size=4),
    }
