"""Recognition with a grammar: a free decoding that may say no, and one that knows the commands.

A decoder that was told the commands hears commands in noise as well. So what was recognized without any
hint must be near to a command first; only then the hint decides which one it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from voxedge.events import NEVER, Alternative, CancelToken, IntentMatched, NoIntent
from voxedge.recognition.contract import RecognitionOptions
from voxedge.understanding.contract import Context, Understander

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import Recognizer

GATE = 0.45
"""Greatest cost a sound at which free words may be a command that was misheard."""
BEAM = 5
BIAS_SENTENCES = 6


@runtime_checkable
class Gate(Protocol):
    """What an understander offers that can say how near words are to a command."""

    def nearness(self, text: str, context: Context | None = None) -> float:
        """Cost a sound of the nearest command, 0..1."""
        ...


@dataclass(frozen=True, slots=True)
class HeardCommand:
    """What was heard.

    Attributes:
        result: The command, or the refusal.
        text: The words, as the decoding heard them that counted.
        decodings: How many decodings it took.
    """

    result: IntentMatched | NoIntent
    text: str
    decodings: int


def hear(
    recognizer: Recognizer,
    understander: Understander,
    samples: MonoF32,
    options: RecognitionOptions,
    *,
    context: Context | None = None,
    cancel: CancelToken = NEVER,
) -> HeardCommand:
    """Finds the command in the sound of one utterance.

    Args:
        recognizer: Turns sound to words.
        understander: Finds intents.
        samples: float32, shape ``(n,)``, 16 kHz, -1..1.
        options: Language and the like; beam, alternatives and bias are set here.
        context: What is known beside the words.
        cancel: Looked at between the steps.

    Raises:
        AudioInvalid: The samples are no sound.
        EngineError: The recognizer failed.
        Cancelled: The token was cancelled.
    """
    free = recognizer.recognize(samples, replace(options, beam=1, alternatives=1, bias=()), cancel)
    said = Alternative(free.text, 0.0)
    result = understander.understand([said], context)
    exact = isinstance(result, IntentMatched) and result.score >= 1.0
    if not free.text or exact:
        return HeardCommand(result, free.text, 1)
    if isinstance(understander, Gate) and understander.nearness(free.text, context) > GATE:
        refusal = result if isinstance(result, NoIntent) else NoIntent(reason="none_near", text=free.text)
        return HeardCommand(refusal, free.text, 1)
    told = recognizer.recognize(
        samples,
        replace(options, beam=BEAM, alternatives=BEAM, bias=understander.bias(BIAS_SENTENCES)),
        cancel,
    )
    readings = [*(told.alternatives or (Alternative(told.text, 0.0),)), said]
    result = understander.understand([item for item in readings if item.text] or [said], context)
    return HeardCommand(result, result.text or free.text, 2)
