"""Recordings of any length in constant memory: cut at pauses, recognized piece by piece."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from voxedge.errors import AudioEmpty
from voxedge.events import NEVER, CancelToken, Word
from voxedge.recognition.contract import Recognition, RecognitionOptions, Recognizer, Segment
from voxedge.recognition.cutting import Cutter
from voxedge.recognition.memory import give_back

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

SpeechProbability: TypeAlias = "Callable[[MonoF32], float]"
"""Says how likely the next frame of 512 samples of a stream is speech."""


def recognize_long(
    recognizer: Recognizer,
    blocks: Iterator[MonoF32],
    options: RecognitionOptions,
    *,
    speech_probability: Callable[[MonoF32], float] | None = None,
    cancel: CancelToken = NEVER,
) -> Iterator[Segment]:
    """Recognizes a recording of any length.

    Holds at most one piece (30 s) and one block in memory. With ``language="auto"`` each piece's language is
    detected for itself.

    Args:
        recognizer: Any recognizer.
        blocks: The recording in order, in blocks of any size: float32, shape ``(n,)``, 16 kHz.
        options: What is wanted; ``alternatives`` and ``partial`` are ignored.
        speech_probability: The voice activity that chooses the pauses to cut at; ours by default.
        cancel: Looked at between pieces.

    Yields:
        Segments in order, each as soon as its piece is recognized; times count from the recording's start.

    Raises:
        AudioEmpty: The recording has no samples at all.
        AudioInvalid: Wrong type or shape, or samples that are no numbers.
        Cancelled: The token was cancelled; what was given before stands.
    """
    wanted = dataclasses.replace(options, alternatives=1, partial=False)
    cutter = Cutter(speech_probability, most_s=min(28.0, recognizer.capabilities.max_utterance_s))
    for block in blocks:
        cancel.raise_if_cancelled()
        for start_s, samples in cutter.feed(block):
            yield from _moved(_recognized(recognizer, samples, wanted, cancel), start_s)
    if not cutter.samples_seen:
        raise AudioEmpty("The recording has no sound in it.", remedy="Check the file.", room="recognition")
    for start_s, samples in cutter.flush():
        yield from _moved(_recognized(recognizer, samples, wanted, cancel), start_s)


def _recognized(
    recognizer: Recognizer, samples: MonoF32, wanted: RecognitionOptions, cancel: CancelToken
) -> Recognition:
    found = recognizer.recognize(samples, wanted, cancel)
    give_back()  # the buffers of a window as long as these, or an hour's recording takes 70 MB more
    return found


def _moved(found: Recognition, by_s: float) -> Iterator[Segment]:
    for segment in found.segments:
        words = tuple(
            Word(w.word, round(w.start + by_s, 3), round(w.end + by_s, 3), w.probability)
            for w in segment.words
        )
        yield dataclasses.replace(
            segment, start=round(segment.start + by_s, 3), end=round(segment.end + by_s, 3), words=words
        )
