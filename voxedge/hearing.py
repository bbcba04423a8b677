"""Recognition with a grammar: a free decoding that may say no, then one or two that know the commands.

A decoder that was told the commands hears commands in noise as well. So what was recognized without any
hint must be near to a command first. If it is one but for a sound or two, that is all. Otherwise the hint
decides which one it was; where it doesn't agree with the free decoding and leaves doubt, a last decoding
that has no other words than the grammar's is asked. Each is time that somebody waits, so none is asked that
can hardly change the outcome. Files and live listening both come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from voxedge.events import NEVER, Alternative, CancelToken, Completeness, IntentMatched, NoIntent
from voxedge.readings import Closed, Gate, bare, readings_of, said, whole
from voxedge.understanding.contract import Context, Understander

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import (
        Recognition,
        RecognitionOptions,
        Recognizer,
        RecognizerCapabilities,
    )

GATE = 0.34
"""Greatest cost a sound at which free words may be a command that was misheard. Of 120 coffee orders amid a
kitchen at 6 dB, tiny.en's words had 0.26 at most, but for two that it didn't hear; "Alexa" has 0.36."""
CLEAR = 0.93
"""A command that was understood with this score stands, ..."""
MISHEARD = 0.9
"""... if no word of it cost more than this to forgive. Of 250 coffee orders, clean and in a kitchen at 24, 12
and 6 dB, that tiny.en heard so without a hint, 165 cost no more: all right. Of the others nine not."""
BEAM = 5
BIAS_SENTENCES = 6
NEARLY = 0.7
"""A command that is refused with this score may still be one, if the last decoding is sure of it."""
SURE = 0.7
"""So sure (confidence of a recognition, 0..1)."""


@dataclass(frozen=True, slots=True)
class HeardCommand:
    """What was heard.

    Attributes:
        result: The command, or the refusal.
        text: The words, as the decoding heard them that counted.
        decodings: How many decodings it took.
        recognition: The words with their times. Where the hint was asked, ``alternatives`` has all readings,
            so that an understander makes the same ``result`` of them.
    """

    result: IntentMatched | NoIntent
    text: str
    decodings: int
    recognition: Recognition


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

    An understander that is no `Gate` hears without any hint.

    Args:
        recognizer: Turns sound to words.
        understander: Finds intents.
        samples: float32, shape ``(n,)``, 16 kHz, -1..1.
        options: Language and the like; the bias is set here, and for the hinted decoding beam and
            alternatives as well.
        context: What is known beside the words.
        cancel: Gives up.

    Raises:
        AudioInvalid: The samples are no sound.
        EngineError: The recognizer failed.
        Cancelled: The token was cancelled.
    """
    plain = replace(options, bias=(), vocabulary=())
    free = recognizer.recognize(samples, replace(plain, partial=True), cancel)
    result = understander.understand(said(free), context)
    if free.text and not _clear(result) and not _near(understander, result, free, context):
        # Words that are no command may be anything: in doubt they get the wider window, as without a grammar.
        free = recognizer.recognize(samples, plain, cancel)
        result = understander.understand(said(free), context)
    if not free.text or _clear(result) or not _near(understander, result, free, context):
        return HeardCommand(result, free.text, 1, free)
    cancel.raise_if_cancelled()
    return _with_hint(recognizer, understander, samples, plain, (free, result), context, cancel)


def _with_hint(
    recognizer: Recognizer,
    understander: Understander,
    samples: MonoF32,
    options: RecognitionOptions,
    before: tuple[Recognition, IntentMatched | NoIntent],
    context: Context | None,
    cancel: CancelToken,
) -> HeardCommand:
    """Decodes anew with what is known of the commands; ``before`` is what came out without."""
    free, freely = before
    hint = replace(
        options, beam=BEAM, alternatives=BEAM, bias=understander.bias(BIAS_SENTENCES), partial=True
    )
    told = recognizer.recognize(samples, hint, cancel)
    readings = whole(understander, readings_of(told), context)
    result = understander.understand(readings, context)
    if _clear(result) and _alike(result, freely):
        return HeardCommand(result, result.text, 2, _worded(told, free, result, readings))
    readings = (*readings, *said(free))
    result = understander.understand(readings, context)
    decodings, words = 2, told if isinstance(result, IntentMatched) and told.text else free
    heard = isinstance(result, IntentMatched) or result.reason == "tie"
    vocabulary = understander.vocabulary() if isinstance(understander, Closed) else ()
    if vocabulary and not _exact(result) and (heard or result.score >= NEARLY):
        cancel.raise_if_cancelled()
        bound = recognizer.recognize(samples, replace(hint, vocabulary=vocabulary), cancel)
        decodings = 3
        others = whole(understander, readings_of(bound), context)
        other = understander.understand(others, context)
        # It gives a command of everything: of what is hardly one it must be sure itself, and against another
        # command no less sure than the decoder was of that one's words.
        if isinstance(result, IntentMatched):
            better = other.score > result.score and bound.confidence >= told.confidence
        else:
            better = heard or bound.confidence >= SURE
        if better and isinstance(other, IntentMatched):
            result, readings, words = other, others, bound
    return HeardCommand(result, result.text or free.text, decodings, _worded(words, free, result, readings))


def _worded(
    recognition: Recognition,
    free: Recognition,
    result: IntentMatched | NoIntent,
    readings: tuple[Alternative, ...],
) -> Recognition:
    """The recognition with all readings, and in the words that the command was understood in.

    The decoder's own best hypothesis may say everything twice, or be another one. Words that it doesn't have
    have no times.
    """
    recognition, free = (replace(one, alternatives=readings) for one in (recognition, free))
    counted = _letters(result.text)
    if not isinstance(result, IntentMatched) or not counted or _letters(recognition.text) == counted:
        return recognition
    if _letters(free.text) == counted:
        return free
    reading = next((item.text for item in readings if _letters(item.text) == counted), "")
    if not reading:
        return recognition
    kept, heard = len(reading.split()), recognition.text.split()
    if bare(recognition.text)[:kept] != bare(reading):
        return replace(recognition, text=reading, words=(), segments=())
    words = recognition.words[:kept] if len(recognition.words) == len(heard) else ()
    end = words[-1].end if words else recognition.end
    return replace(recognition, text=" ".join(heard[:kept]), words=words, end=end, segments=())


def _letters(text: str) -> str:
    """What is the same however a text is written: matching folds letters, stops and hyphens."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _exact(result: IntentMatched | NoIntent) -> bool:
    return isinstance(result, IntentMatched) and result.score >= 1.0


def _clear(result: IntentMatched | NoIntent) -> bool:
    """Whether there is no doubt: no word far off, and none that two words of the grammar share."""
    if not isinstance(result, IntentMatched) or result.score < CLEAR:
        return False
    if any(item.cost > MISHEARD for item in result.forgiven):
        return False
    heard = [item.heard.split() for item in result.forgiven if item.heard and item.meant]
    return not any(words[-1] == after[0] for words, after in pairwise(heard))


def _alike(result: IntentMatched | NoIntent, other: IntentMatched | NoIntent) -> bool:
    """Whether both are the same command."""
    if not isinstance(result, IntentMatched) or not isinstance(other, IntentMatched):
        return False
    values = [{name: slot.value for name, slot in item.slots.items()} for item in (result, other)]
    return result.intent == other.intent and values[0] == values[1]


def _near(
    understander: Understander,
    result: IntentMatched | NoIntent,
    free: Recognition,
    context: Context | None,
) -> bool:
    """Whether the free words, of which the result was made, are near enough to a command to ask the hint."""
    if not isinstance(understander, Gate) or not free.text:
        return False
    return isinstance(result, IntentMatched) or understander.nearness(free.text, context) <= GATE


class GrammarRecognizer:
    """A recognizer that hears with the grammar, as `hear` does. As safe to share as the two it is made of.

    Quick looks at an utterance that goes on get no hint: half a command is near to none, so nothing could
    say no.

    Args:
        recognizer: Turns sound to words.
        understander: Finds intents.
        context: Gives what is known beside the words; asked at each utterance.
    """

    def __init__(
        self, recognizer: Recognizer, understander: Understander, context: Callable[[], Context] = dict
    ) -> None:
        self._recognizer, self._understander, self._context = recognizer, understander, context

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """What the recognizer can do."""
        return self._recognizer.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes one utterance; see `Recognizer.recognize`."""
        if options.partial:
            return self._recognizer.recognize(samples, replace(options, bias=()), cancel)
        heard = hear(
            self._recognizer, self._understander, samples, options, context=self._context(), cancel=cancel
        )
        return heard.recognition

    def close(self) -> None:
        """Gives the recognizer's model back."""
        self._recognizer.close()


def with_grammar(
    recognizer: Recognizer, understander: Understander, context: Callable[[], Context] = dict
) -> Recognizer:
    """The recognizer, hearing with the grammar where the understander can say no."""
    gated = isinstance(understander, Gate)
    return GrammarRecognizer(recognizer, understander, context) if gated else recognizer


def completeness(
    understander: Understander, readings: Sequence[str], context: Context | None = None
) -> Completeness:
    """Whether the command that was heard could go on, for the choice of how long to wait for more.

    The first reading that is the beginning of a command counts; else the command that was understood in
    them, as the grammar has it.

    Args:
        understander: Finds intents.
        readings: What was heard so far, best first.
        context: What is known beside the words.
    """
    result = understander.understand([Alternative(text, 0.0) for text in readings], context)
    counted = result.text if isinstance(result, IntentMatched) else (readings[0] if readings else "")
    known = understander.completeness(counted)
    if known != "unknown" or not isinstance(result, IntentMatched):
        return known
    return understander.completeness(result.sentence) if result.sentence else "unknown"
