"""For the tests of apps that use voxedge: type or speak to an assistant, and look at the turns.

Example::

    def test_a_latte_is_ordered():
        with Assistant.from_config("voxedge.toml") as assistant:
            register(assistant)
            turn = ask(assistant, "can I get a large latte")
            assert turn.intent == "orderDrink"
            assert str(turn.slots["size"]) == "large"

            [turn] = hear(assistant, speak("can I get a large latte", speaking.create("hibari")))
            assert turn.outcome == "intent"

`ask` needs no sound and no model of speech; `hear` runs the whole chain on sound, which `speak` makes with a
voice (``from voxedge import speaking``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.conversation.contract import Message, ReplyOptions
from voxedge.events import (
    NEVER,
    CancelToken,
    Event,
    IntentMatched,
    Reply,
    Slot,
    Transcript,
    TurnEnded,
)
from voxedge.recognition.contract import Recognition, RecognitionOptions, RecognizerCapabilities

if TYPE_CHECKING:
    from pathlib import Path

    from voxedge.assistant import Assistant
    from voxedge.audio.contract import MonoF32
    from voxedge.speaking.contract import Synthesizer


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """What happened in one turn.

    Attributes:
        number: Of the turn.
        text: What was recognized or typed.
        intent: Name of the intent, or "".
        slots: Its slots.
        reply: The whole reply, or "".
        outcome: As in ``TurnEnded``.
        error: Code of the error, or "".
        events: All its events, in order.
    """

    number: int
    text: str
    intent: str
    slots: Mapping[str, Slot]
    reply: str
    outcome: str
    error: str
    events: tuple[Event, ...]


def turns(events: Iterable[Event]) -> list[TurnRecord]:
    """Sorts events into their turns.

    Raises:
        AssertionError: A turn has no ``TurnEnded``, more than one, or events after it: a fault of voxedge.
    """
    by_turn: dict[int, list[Event]] = {}
    for event in events:
        if event.turn:
            by_turn.setdefault(event.turn, []).append(event)
    return [_record(number, of_turn) for number, of_turn in sorted(by_turn.items())]


def ask(assistant: Assistant, text: str) -> TurnRecord:
    """Types something to the assistant and gives the turn."""
    return turns(assistant.ask(text))[0]


def hear(assistant: Assistant, sound: str | Path | MonoF32 | Iterable[MonoF32]) -> list[TurnRecord]:
    """Lets the assistant hear a file or arrays at 16 kHz, inline, and gives the turns."""
    import numpy as np

    heard = [sound] if isinstance(sound, np.ndarray) else sound
    return turns(assistant.listen(heard))


def speak(text: str, synthesizer: Synthesizer, *, pause_s: float = 1.0) -> MonoF32:
    """Makes the sound of a sentence, with a pause on both sides.

    Args:
        text: What is said.
        synthesizer: The voice, such as ``voxedge.speaking.create("hibari", ...)`` gives.
        pause_s: Silence before and after; an utterance ends only when its end is heard.

    Returns:
        float32, shape ``(n,)``, 16 kHz.
    """
    import numpy as np

    from voxedge.audio.contract import SAMPLE_RATE_HZ
    from voxedge.audio.resample import resample

    said = np.concatenate(list(synthesizer.synthesize(text)))
    quiet = np.zeros(int(pause_s * SAMPLE_RATE_HZ), np.float32)
    return np.concatenate([quiet, resample(said, synthesizer.capabilities.rate_hz), quiet])


class ScriptedRecognizer:
    """A recognizer that gives texts in the order of a script, whatever the sound is.

    Args:
        script: What each utterance is to be recognized as; an exception is raised in its place.
        delay: Called before each answer, with the token, to be slow or to hang in.
    """

    def __init__(
        self,
        script: Sequence[str | Exception],
        *,
        delay: Callable[[CancelToken], None] = lambda _token: None,
    ) -> None:
        self._script, self._delay = list(script), delay
        self._last: str | Exception = ""
        self._heard: dict[int, int] = {}
        self._lock = threading.Lock()
        self.calls = 0

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """A recognizer of English named ``scripted``."""
        return RecognizerCapabilities(model="scripted", languages=("en",), engine="scripted")

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Gives the next text of the script.

        A partial gives the one that is due without using it up, a second look with a hint the last one again.
        """
        self._delay(cancel)
        cancel.raise_if_cancelled()
        with self._lock:
            self.calls += 1
            if options.bias:
                due = self._last
            else:
                due = self._script[0] if self._script else ""
            if self._script and not options.partial and not options.bias:
                self._last = self._script.pop(0)
        if isinstance(due, Exception):
            raise due
        return Recognition(
            text=due, confidence=1.0, end=samples.size / 16_000, suppressed="" if due else "no_speech"
        )

    def close(self) -> None:
        """Nothing to give back."""


class ScriptedLanguageModel:
    """A language model that gives prepared replies, word by word.

    Args:
        script: The replies; an exception is raised in its place, after the first word.
    """

    model = "scripted"

    def __init__(self, script: Sequence[str | Exception]) -> None:
        self._script = list(script)
        self.asked: list[tuple[Message, ...]] = []

    def reply(
        self, messages: Sequence[Message], options: ReplyOptions, cancel: CancelToken = NEVER
    ) -> Iterator[str]:
        """Gives the next reply of the script."""
        self.asked.append(tuple(messages))
        due = self._script.pop(0) if self._script else ""
        if isinstance(due, Exception):
            yield "Well"
            raise due
        for position, word in enumerate(due.split(" ")):
            cancel.raise_if_cancelled()
            yield word if position == 0 else " " + word

    def close(self) -> None:
        """Nothing to give back."""


def _record(number: int, events: list[Event]) -> TurnRecord:
    ends = [event for event in events if isinstance(event, TurnEnded)]
    if len(ends) != 1 or events[-1] is not ends[0]:
        raise AssertionError(f"turn {number} has {len(ends)} TurnEnded among {len(events)} events")
    end = ends[0]
    transcript = next((e for e in events if isinstance(e, Transcript)), None)
    match = next((e for e in events if isinstance(e, IntentMatched)), None)
    reply = next((e for e in events if isinstance(e, Reply)), None)
    return TurnRecord(
        number=number,
        text=transcript.text if transcript else "",
        intent=match.intent if match else "",
        slots=match.slots if match else {},
        reply=reply.text if reply else "",
        outcome=end.outcome,
        error=end.error.code if end.error else "",
        events=tuple(events),
    )
