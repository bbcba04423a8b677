"""The guard: words over noise, words added by noise around speech, and speech taken for noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.bench.text import units

if TYPE_CHECKING:
    import numpy as np

    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import Recognizer

LEVELS = (0.2, 1.0, 4.0)
"""Factors on the noise; at 4 the kitchen is as loud as speech close to the microphone."""
_RATE_HZ = 16_000
_MOST_SAMPLES = 28 * _RATE_HZ


def words_on_noise(
    recognizer: Recognizer,
    noises: Sequence[Path],
    kitchen: Path,
    kitchen_pieces: int,
    advance: Callable[[int], None],
) -> dict[str, object]:
    """Recognizes noise at three levels: clips, and pieces of 1 to 12 s of the kitchen at random offsets."""
    import numpy as np

    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions

    generator = np.random.default_rng(11)
    options = RecognitionOptions(language="en")
    words = 0
    where: list[str] = []
    long_noise = read(kitchen)
    pieces = [(file.stem, read(file)[:_MOST_SAMPLES], level) for file in noises for level in LEVELS]
    for number in range(kitchen_pieces):
        pieces.append(("kitchen", piece_of(long_noise, generator), LEVELS[number % len(LEVELS)]))
    for name, samples, level in pieces:
        count = _count(recognizer.recognize(louder(samples, level), options).text)
        words += count
        if count:
            where.append(f"{name} x{level:g}")
        advance(1)
    return {"pieces": len(pieces), "words": words, "where": where}


def words_added(
    recognizer: Recognizer, recordings: Sequence[Path], kitchen: Path, advance: Callable[[int], None]
) -> dict[str, object]:
    """Puts 1 to 4 s of the kitchen before or behind speech: how many words more come out than without."""
    import numpy as np

    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions

    generator = np.random.default_rng(12)
    options = RecognitionOptions(language="en")
    noise = read(kitchen)
    more: list[int] = []
    where: list[str] = []
    for number, file in enumerate(recordings):
        speech = read(file)[: 20 * _RATE_HZ]
        added = louder(piece_of(noise, generator, 1.0, 4.0), LEVELS[number % len(LEVELS)])
        joined = np.concatenate([added, speech] if number % 2 else [speech, added])
        plain = recognizer.recognize(speech, options)
        with_noise = recognizer.recognize(joined, options)
        difference = _count(with_noise.text) - _count(plain.text)
        more.append(difference)
        if difference > 0:
            where.append(f"{file.stem[:18]} +{difference}")
        advance(1)
    return {
        "utterances": len(more),
        "with_more_words": sum(d > 0 for d in more),
        "with_fewer_words": sum(d < 0 for d in more),
        "words_more": sum(d for d in more if d > 0),
        "words_fewer": -sum(d for d in more if d < 0),
        "where": where,
    }


def suppressed(
    recognizer: Recognizer, recordings: Sequence[tuple[Path, str]], advance: Callable[[int], None]
) -> dict[str, object]:
    """How many real utterances come out empty."""
    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions

    empty: list[str] = []
    for file, language in recordings:
        found = recognizer.recognize(read(file)[:_MOST_SAMPLES], RecognitionOptions(language=language))
        if not found.text:
            empty.append(file.name)
        advance(1)
    share = 100 * len(empty) / max(1, len(recordings))
    return {"utterances": len(recordings), "empty": len(empty), "percent": round(share, 2), "files": empty}


def _count(text: str) -> int:
    # Letters joined: "X-H-B-A-C" and "XHBAC" are the same said.
    return len(units(text, "en", join_letters=True))


def piece_of(
    noise: MonoF32, generator: np.random.Generator, least_s: float = 1.0, most_s: float = 12.0
) -> MonoF32:
    """A piece of random length from a random place."""
    length = int(generator.uniform(least_s, most_s) * _RATE_HZ)
    begin = int(generator.integers(0, len(noise) - length))
    return noise[begin : begin + length]


def louder(samples: MonoF32, level: float) -> MonoF32:
    """The sound at another level, clipped as a microphone would."""
    import numpy as np

    scaled: MonoF32 = np.clip(samples * np.float32(level), -1.0, 1.0).astype(np.float32)
    return scaled
