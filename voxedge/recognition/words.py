"""Times and probabilities of words, from the decoder's cross-attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxedge.events import Word

if TYPE_CHECKING:
    from voxedge.recognition.engine import Storage, WhisperEngine

STEP_S = 0.02
"""The encoder gives a vector each 20 ms."""


def align_words(
    engine: WhisperEngine,
    encoded: Storage,
    prompt: Sequence[int],
    tokens: Sequence[int],
    speech_s: float,
    offset_s: float,
) -> tuple[Word, ...]:
    """Aligns text tokens with the encoded sound (dynamic time warping over the alignment heads).

    Args:
        engine: The loaded model.
        encoded: What the engine's `encode` gave for the window.
        prompt: The tokens that started the transcript.
        tokens: Text tokens.
        speech_s: Seconds of the window that hold sound.
        offset_s: Seconds of the stream at which the window begins.

    Returns:
        Words in order; times never run backwards.
    """
    if not tokens:
        return ()
    frames = max(2, int(speech_s * 100))
    pairs, probabilities = engine.align(encoded, prompt, tokens, frames)
    first_step: dict[int, int] = {}
    last_step = 0
    for token_index, step in pairs:
        first_step.setdefault(token_index, step)
        last_step = max(last_step, step)
    words: list[Word] = []
    index = 0
    floor_s = 0.0
    for text, group in engine.tokenizer.words(tokens):
        start_s = first_step.get(index, last_step) * STEP_S
        end_s = first_step.get(index + len(group), last_step + 1) * STEP_S
        known = probabilities[index : index + len(group)]
        index += len(group)
        start_s = max(floor_s, min(start_s, speech_s))
        end_s = max(start_s, min(end_s, speech_s))
        floor_s = end_s
        if text.strip():
            probability = sum(known) / len(known) if known else 0.0
            words.append(
                Word(
                    text.strip(),
                    round(offset_s + start_s, 3),
                    round(offset_s + end_s, 3),
                    round(probability, 4),
                )
            )
    return tuple(words)


def tighten(words: Sequence[Word], probabilities: Sequence[float], frame_s: float) -> tuple[Word, ...]:
    """Moves the edges of words out of silence: the decoder gives a pause to the word before or behind it.

    Args:
        words: With times in seconds of the sound.
        probabilities: Of speech, a frame each, over the same sound.
        frame_s: Seconds of a frame.
    """
    tight: list[Word] = []
    for word in words:
        first, last = int(word.start / frame_s), min(int(word.end / frame_s), len(probabilities) - 1)
        voiced = [i for i in range(first, last + 1) if probabilities[i] >= _QUIET]
        if voiced:
            start = max(word.start, (voiced[0] - 1) * frame_s)
            end = min(word.end, (voiced[-1] + 2) * frame_s)
            word = Word(word.word, round(start, 3), round(max(start, end), 3), word.probability)
        tight.append(word)
    return tuple(tight)


_QUIET = 0.2
