"""Part of ``voxedge bench translation``: Spanish sentences of known length, spoken by espeak-ng, to English.

Recordings with a translation are few, and long. These tell from which length on Whisper's own translation is
better than the starter's of the recognized words; a robot's voice is harder to recognize than a person's.
"""

from __future__ import annotations

import lzma
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from voxedge.bench.sets import data_folder
from voxedge.cli.output import Progress
from voxedge.registry import need

if TYPE_CHECKING:
    from voxedge.assistant import Assistant
    from voxedge.audio.contract import MonoF32

Pair: TypeAlias = tuple[str, str]
"""English, Spanish."""

ENGINES = ("ctranslate2", "whisper")
LENGTHS = ((3, 8), (9, 12), (13, 18), (19, 30))
"""In words of the Spanish sentence."""
_SEED = 11


def spoken_figures(
    data: str,
    count: int,
    assistant_for: Callable[[str], Assistant],
    text_of: Callable[[Assistant, MonoF32], str],
) -> dict[str, dict[str, object]]:
    """The chrF by set and length.

    Args:
        data: The folder of recordings, or "".
        count: Sentences of each length.
        assistant_for: Makes an assistant that translates with an engine of `ENGINES`.
        text_of: What it makes of a sound.
    """
    from voxedge.speaking import create

    voice = create("espeak", voice="", language="es", rate=0.9)
    rate_hz = voice.capabilities.rate_hz
    figures: dict[str, dict[str, object]] = {}
    chosen = [
        (f"{name}, {low} to {high} words", _chosen(pairs, low, high, count))
        for name, pairs in _sets(data_folder(data) / "parallel").items()
        for low, high in LENGTHS
    ]
    chosen = [(name, pairs) for name, pairs in chosen if len(pairs) == count]
    assistants = {engine: assistant_for(engine) for engine in ENGINES}
    with Progress("spoken text", len(chosen) * count, "sentence") as bar:
        for name, pairs in chosen:
            texts: dict[str, list[str]] = {engine: [] for engine in ENGINES}
            for _, spanish in pairs:
                sound = _sound(np.concatenate(list(voice.synthesize(spanish))), rate_hz)
                for engine, assistant in assistants.items():
                    texts[engine].append(text_of(assistant, sound))
                bar.advance(1)
            wanted = [english for english, _ in pairs]
            row: dict[str, object] = {"sentences": count}
            row.update({engine: _chrf(found, wanted) for engine, found in texts.items()})
            figures[name] = row
    for assistant in assistants.values():
        assistant.close()
    return figures


def _sets(folder: Path) -> dict[str, list[Pair]]:
    with (folder / "test.tatoeba-challenge.en-es.tsv").open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    with lzma.open(folder / "eval.flores200-devtest.en-es-de-fr.tsv.xz", "rt", encoding="utf-8") as packed:
        head, *lines = [line.rstrip("\n").split("\t") for line in packed]
    columns = head.index("en"), head.index("es")
    return {
        "Tatoeba": [(row[0], row[1]) for row in rows],
        "FLORES": [(row[columns[0]], row[columns[1]]) for row in lines],
    }


def _chosen(pairs: Sequence[Pair], low: int, high: int, count: int) -> list[Pair]:
    fitting = [pair for pair in pairs if low <= len(pair[1].split()) <= high]
    random.Random(_SEED).shuffle(fitting)
    return fitting[:count]


def _sound(speech: MonoF32, rate_hz: int) -> MonoF32:
    """At 16 kHz, with half a second before it and one and a half behind, so that it is one utterance."""
    from voxedge.audio.resample import resample

    samples = resample(speech, rate_hz).astype(np.float32)
    return np.concatenate([np.zeros(8_000, np.float32), samples, np.zeros(24_000, np.float32)])


def _chrf(texts: Sequence[str], references: Sequence[str]) -> float:
    measures = need("sacrebleu", "convert", "Measuring a translation")
    corpus_chrf: Callable[..., object] = getattr(measures, "corpus_chrf")  # noqa: B009 - of a module unknown to mypy
    return round(float(getattr(corpus_chrf(list(texts), [list(references)]), "score", 0.0)), 1)
