"""How much the process grows while it recognizes one file after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from voxedge.bench.process import resident_mb

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import Recognizer


def growth(
    recognizer: Recognizer, files: Sequence[Path], count: int, advance: Callable[[int], None]
) -> dict[str, object]:
    """Recognizes so many files (the list over and over) and gives the growth after warm-up, in MB.

    Each file is recognized once before the first look: allocators keep what the longest utterances needed.
    Resident memory goes up and down by the buffers of one utterance, so that a single look says little: the
    growth is that of the median over a tenth of the files, from the first tenth to the last.
    """
    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions

    looks: list[float] = []
    for number in range(-len(files), count):
        options = RecognitionOptions(words=number % 2 == 0, beam=5 if number % 5 == 0 else 1)
        recognizer.recognize(read(files[number % len(files)])[: 28 * 16_000], options)
        if number >= 0:
            looks.append(resident_mb())
        advance(1)
    tenth = max(1, count // 10)
    first, last = looks[:tenth], looks[-tenth:]
    return {
        "files": count,
        "after_warm_up_mb": round(median(first), 1),
        "growth_mb": round(median(last) - median(first), 1),
        "growth_of_the_least_mb": round(min(last) - min(first), 1),
        "growth_of_the_most_mb": round(max(last) - max(first), 1),
    }


def long_recording(
    recognizer: Recognizer, files: Sequence[Path], minutes: int, advance: Callable[[int], None]
) -> dict[str, object]:
    """Recognizes one recording of so many minutes, made of the files one behind the other as it is read.

    Returns:
        Its segments, the seconds it took, and how far resident memory rose above that after the first minute.
    """
    from time import perf_counter

    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions
    from voxedge.recognition.long import recognize_long

    most_samples = minutes * 60 * 16_000
    given = 0

    def blocks() -> Iterator[MonoF32]:
        nonlocal given
        while given < most_samples:
            for file in files:
                samples = read(file)
                given += len(samples)
                yield samples
                if given >= most_samples:
                    return

    began = perf_counter()
    after_a_minute = most = 0.0
    count = characters = 0
    last_end = 0.0
    for segment in recognize_long(recognizer, blocks(), RecognitionOptions(words=True)):
        count += 1
        characters += len(segment.text)
        last_end = max(last_end, segment.end)
        now = resident_mb()
        if given >= 60 * 16_000 and not after_a_minute:
            after_a_minute = now
        most = max(most, now)
        advance(1)
    return {
        "minutes": round(given / 16_000 / 60, 1),
        "segments": count,
        "characters": characters,
        "last_end_s": round(last_end, 1),
        "seconds": round(perf_counter() - began, 1),
        "after_a_minute_mb": round(after_a_minute, 1),
        "rise_mb": round(most - after_a_minute, 1),
    }
