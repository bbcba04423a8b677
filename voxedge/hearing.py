"""Recognition with a grammar: a free decoding that may say no, then up to three that know the commands.

A decoder that was told the commands hears commands in noise as well. So what was recognized without any
hint must be near to a command first. If it is one but for a sound or two, that is all. Otherwise decodings
with a hint are asked, and all count together (`evidence`). Each is time that somebody waits, so the next one
is asked only where it could change the outcome. Files and live listening both come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from voxedge.events import NEVER, Alternative, CancelToken, Completeness, IntentMatched, NoIntent
from voxedge.evidence import Verdict, decide
from voxedge.readings import bare, readings_of, said
from voxedge.understanding.contract import Closed, Context, Gate, Understander

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
BIAS_SENTENCES = 8
"""For each of two hints; recognizers take as many as fit."""
OPEN = 0.45
"""The next decoding is asked where another command costs so little more than the likeliest one."""
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
        recognition: The words with their times. Where the hint was asked, ``alternatives`` has the readings
            that count, so that an understander makes the same ``result`` of them.
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
    return _with_hint(recognizer, understander, samples, plain, free, context, cancel)


def _with_hint(
    recognizer: Recognizer,
    understander: Understander,
    samples: MonoF32,
    options: RecognitionOptions,
    free: Recognition,
    context: Context | None,
    cancel: CancelToken,
) -> HeardCommand:
    """Decodes anew with what is known of the commands; ``free`` is what came out without.

    All decodings count together, and each next one is asked only where it could change what they come to.
    """
    told, *closed = _hinted(understander, options)
    decodings = [free, recognizer.recognize(samples, told, cancel)]
    heard = [readings_of(decodings[1]), said(free)]
    verdict = decide(understander, heard, context)
    for asked in closed:
        refused = verdict.result if isinstance(verdict.result, NoIntent) else None
        likely = refused is None or refused.reason == "tie"
        settled = refused is None and verdict.margin >= OPEN
        if settled or not (likely or verdict.result.score >= NEARLY):
            break
        cancel.raise_if_cancelled()
        bound = recognizer.recognize(samples, asked, cancel)
        decodings.append(bound)
        # It gives a command of everything: of what is hardly one it must be sure itself.
        if likely or bound.confidence >= SURE:
            heard.append(readings_of(bound))
            verdict = decide(understander, heard, context)
    verdict = _with_free(verdict, said(free), understander, context)
    text = verdict.result.text or free.text
    return HeardCommand(verdict.result, text, len(decodings), _worded(decodings, verdict))


def _with_free(
    verdict: Verdict, free: Sequence[Alternative], understander: Understander, context: Context | None
) -> Verdict:
    """The verdict with the free words among its readings, where that leaves it as it is.

    They may be what only a dialogue understands ("no, the back").
    """
    more = tuple(item for item in free if item not in verdict.readings)
    if not more or not isinstance(verdict.result, IntentMatched):
        return verdict
    readings = (*verdict.readings, *more)
    again = understander.understand(readings, context)
    same = isinstance(again, IntentMatched) and (again.intent, again.slots, again.text) == (
        verdict.result.intent,
        verdict.result.slots,
        verdict.result.text,
    )
    return replace(verdict, readings=readings) if same else verdict


def _hinted(understander: Understander, options: RecognitionOptions) -> list[RecognitionOptions]:
    """How to decode with a hint: any words first, then only the grammar's, told other sentences, then these.

    Decoders like to say what they were told: what two hints make them say was said.
    """
    sentences = understander.bias(2 * BIAS_SENTENCES)
    first, others = sentences[:BIAS_SENTENCES], sentences[BIAS_SENTENCES:]
    told = replace(options, beam=BEAM, alternatives=BEAM, bias=first, partial=True)
    words = understander.vocabulary() if isinstance(understander, Closed) else ()
    if not words:
        return [told]
    hints = [hint for hint in (others, first) if hint] or [()]
    return [told, *(replace(told, bias=hint, vocabulary=words) for hint in hints)]


def _worded(decodings: Sequence[Recognition], verdict: Verdict) -> Recognition:
    """The recognition with the readings that count, and in the words that the command was understood in.

    The decoder's own best hypothesis may say everything twice, or be another one. Words that no decoding has
    have no times. A refusal is in the words of the first decoding, which had no hint.
    """
    all_ = [replace(one, alternatives=verdict.readings) for one in decodings]
    counted = _letters(verdict.result.text)
    if not isinstance(verdict.result, IntentMatched) or not counted:
        return all_[0]
    whole = next((one for one in all_ if _letters(one.text) == counted), None)
    if whole is not None:
        return whole
    reading = next((item.text for item in verdict.readings if _letters(item.text) == counted), "")
    kept = len(reading.split())
    longer = next((one for one in all_ if reading and bare(one.text)[:kept] == bare(reading)), None)
    if longer is None:
        texts = [{_letters(item.text) for item in readings_of(one)} for one in decodings]
        holder = next((one for one, own in zip(all_, texts, strict=True) if counted in own), all_[1])
        return replace(holder, text=reading or verdict.result.text, words=(), segments=(), suppressed="")
    heard = longer.text.split()
    words = longer.words[:kept] if len(longer.words) == len(heard) else ()
    end = words[-1].end if words else longer.end
    return replace(longer, text=" ".join(heard[:kept]), words=words, end=end, segments=())


def _letters(text: str) -> str:
    """What is the same however a text is written: matching folds letters, stops and hyphens."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _clear(result: IntentMatched | NoIntent) -> bool:
    """Whether there is no doubt: no word far off, and none that two words of the grammar share."""
    if not isinstance(result, IntentMatched) or result.score < CLEAR:
        return False
    if any(item.cost > MISHEARD for item in result.forgiven):
        return False
    heard = [item.heard.split() for item in result.forgiven if item.heard and item.meant]
    return not any(words[-1] == after[0] for words, after in pairwise(heard))


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
