"""The recognition room: hypotheses while somebody speaks, finals that are ready when the end is declared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ, UtteranceAudio
from voxedge.events import CancelToken, Event, Partial, Transcript, Word
from voxedge.recognition.stable import StablePrefix, bare

if TYPE_CHECKING:
    from voxedge.recognition.contract import Recognition, RecognitionOptions, Recognizer

WINDOW_S = 5.0
"""A partial looks at no more sound than this: with more, the words before are fixed and left out. It keeps
the pace of partials from falling as the utterance grows."""
KEEP_S = 2.0
"""So much sound, at least, stays in the window when words are left out."""
MOST_WINDOW_S = 14.0
"""Where nothing can be left out (no words, no times), partials end here; the final comes nevertheless."""


@dataclass(slots=True)
class _Utterance:
    """What is known of the utterance that is being said.

    Attributes:
        turn: Its number.
        prefix: What is stable of its words.
        fixed: The words that are left out of the window, as shown.
        window_start: Number of the sample that the window begins with; -1 for the beginning.
        speculation: What was recognized at the last pause.
        speculated_end: End of speech at that pause.
        pause_text: What was shown at that pause, if anything.
        shown: The last text that was shown.
    """

    turn: int
    prefix: StablePrefix = field(default_factory=StablePrefix)
    fixed: str = ""
    window_start: int = -1
    speculation: Recognition | None = None
    speculated_start: int = 0
    speculated_end: int = -1
    pause_text: str = ""
    shown: str = ""


class RecognitionRoom:
    """Turns the sound of utterances into ``Partial`` and, for each final, one ``Transcript``.

    At a pause the whole utterance is recognized. If the end comes without more speech, that is the final
    text, at once; else it was a hypothesis like any other. Not safe to use from several threads.

    Args:
        recognizer: Recognizes; shared with others.
        options: What is wanted of finals.
        partials: Whether hypotheses are emitted. Pauses are recognized without it as well.
    """

    def __init__(self, recognizer: Recognizer, options: RecognitionOptions, *, partials: bool) -> None:
        self._recognizer = recognizer
        self._options = options
        self._quick = dataclasses.replace(options, partial=True, beam=1, alternatives=1, words=False)
        self._partials = partials
        self._open: _Utterance | None = None

    @property
    def partials(self) -> bool:
        """Whether hypotheses are emitted."""
        return self._partials

    def feed(self, item: UtteranceAudio, emit: Callable[[Event], None], cancel: CancelToken) -> None:
        """Recognizes what is due; emits ``Partial``, or ``Transcript`` for a final.

        Raises:
            EngineError: The recognizer failed; the next item is taken nevertheless.
            Cancelled: The token was cancelled.
        """
        utterance = self._open
        if utterance is None or utterance.turn != item.turn:
            utterance = self._open = _Utterance(item.turn)
        if item.kind == "final":
            self._open = None
            emit(self._final(utterance, item, cancel))
        elif item.kind == "pause":
            self._pause(utterance, item, emit, cancel)
        elif self._partials:
            self._growing(utterance, item, emit, cancel)

    def speculated(self, item: UtteranceAudio) -> str | None:
        """The words recognized at the pause ``item``, while its utterance is open; None if there are none."""
        utterance = self._open
        if utterance is None or utterance.turn != item.turn or utterance.speculation is None:
            return None
        same = utterance.speculated_end == item.speech_end_sample
        return utterance.speculation.text if same else None

    def readings(self, item: UtteranceAudio) -> tuple[str, ...]:
        """All hypotheses made at the pause ``item``, as `speculated`, best first; none if there are none."""
        if self.speculated(item) is None or self._open is None or self._open.speculation is None:
            return ()
        found = self._open.speculation
        return tuple(dict.fromkeys([*(other.text for other in found.alternatives), found.text]))

    def _final(self, utterance: _Utterance, item: UtteranceAudio, cancel: CancelToken) -> Transcript:
        speculation, start = utterance.speculation, utterance.speculated_start
        if speculation is None or utterance.speculated_end != item.speech_end_sample:
            speculation = self._recognizer.recognize(item.spoken, self._options, cancel)
            start = item.start_sample
        offset_s = start / SAMPLE_RATE_HZ
        text = speculation.text
        return Transcript(
            turn=item.turn,
            time=(item.start_sample + len(item.samples)) / SAMPLE_RATE_HZ,
            text=text,
            language=speculation.language,
            confidence=speculation.confidence,
            start=offset_s + speculation.start,
            end=offset_s + speculation.end,
            words=tuple(_moved(word, offset_s) for word in speculation.words),
            alternatives=speculation.alternatives,
            suppressed=speculation.suppressed,
            agrees=utterance.prefix.agrees(text),
        )

    def _pause(
        self,
        utterance: _Utterance,
        item: UtteranceAudio,
        emit: Callable[[Event], None],
        cancel: CancelToken,
    ) -> None:
        found = self._recognizer.recognize(item.samples, self._options, cancel)
        utterance.speculation = found
        utterance.speculated_start = item.start_sample
        utterance.speculated_end = item.speech_end_sample
        utterance.pause_text = ""
        if self._partials and found.text:
            self._show(utterance, item, found.text, found.language, emit)
            utterance.pause_text = utterance.shown

    def _growing(
        self,
        utterance: _Utterance,
        item: UtteranceAudio,
        emit: Callable[[Event], None],
        cancel: CancelToken,
    ) -> None:
        end = item.start_sample + len(item.samples)
        start = max(item.start_sample, utterance.window_start)
        if end - start > WINDOW_S * SAMPLE_RATE_HZ and self._move_to_pause(utterance, item):
            start = utterance.window_start
        long = end - start > WINDOW_S * SAMPLE_RATE_HZ
        if end - start > MOST_WINDOW_S * SAMPLE_RATE_HZ:
            return
        options = dataclasses.replace(self._quick, words=True) if long else self._quick
        found = self._recognizer.recognize(item.samples[start - item.start_sample :], options, cancel)
        if not found.text:
            return
        text = _joined(utterance.fixed, found.text, utterance.shown)
        self._show(utterance, item, text, found.language, emit)
        if long:
            self._leave_out(utterance, found, start, end)

    def _show(
        self,
        utterance: _Utterance,
        item: UtteranceAudio,
        text: str,
        language: str,
        emit: Callable[[Event], None],
    ) -> None:
        utterance.shown = utterance.prefix.update(text)
        emit(
            Partial(
                turn=item.turn,
                time=(item.start_sample + len(item.samples)) / SAMPLE_RATE_HZ,
                text=utterance.shown,
                stable=utterance.prefix.stable,
                language=language,
            )
        )

    def _move_to_pause(self, utterance: _Utterance, item: UtteranceAudio) -> bool:
        """Lets the window begin at the last pause, where no word can be cut in two."""
        text, pause = utterance.pause_text, utterance.speculated_end
        start = max(item.start_sample, utterance.window_start)
        if not text or pause <= start + SAMPLE_RATE_HZ:
            return False
        if utterance.prefix.begins(text):
            utterance.prefix.commit(text)
        utterance.fixed, utterance.window_start, utterance.pause_text = text, pause, ""
        return True

    def _leave_out(self, utterance: _Utterance, found: Recognition, start: int, end: int) -> None:
        """Fixes the words that lie before the window's last seconds; the window begins behind them."""
        shown = utterance.shown.split(" ")
        words = found.words
        behind = len(shown) - len(words)
        if behind < 0:
            return
        length_s = (end - start) / SAMPLE_RATE_HZ
        count = sum(1 for word in words if word.end <= length_s - KEEP_S)
        # The words that are shown may be those of the stable prefix in place of what was just heard.
        while count and bare(shown[behind + count - 1]) != bare(words[count - 1].word):
            count -= 1
        if not count:
            return
        fixed = " ".join(shown[: behind + count])
        if len(fixed) > len(utterance.prefix.stable):
            utterance.prefix.commit(fixed)
        utterance.fixed = fixed
        utterance.window_start = start + int(words[count - 1].end * SAMPLE_RATE_HZ)


def _joined(fixed: str, text: str, shown: str) -> str:
    """Appends a window's text to the words before it; a word that is no sentence's first isn't written so."""
    if not fixed:
        return text
    first, _, rest = text.partition(" ")
    index = len(fixed.split(" "))
    before = shown.split(" ")[index : index + 1]
    if before and bare(before[0]) == bare(first):
        first = before[0]
    return " ".join(part for part in (fixed, first, rest) if part)


def _moved(word: Word, by_s: float) -> Word:
    return dataclasses.replace(word, start=word.start + by_s, end=word.end + by_s)
