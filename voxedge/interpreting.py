"""Translation of speech in the chain: what is said, heard words or sound, to another language, and aloud.

`voxedge.translation.live` decides what is shown; here it meets the recognizer and the voices.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from voxedge.errors import Cancelled, VoxedgeError
from voxedge.events import CancelToken, Event, Outcome, Partial, ReplyDelta, Transcript, Translation
from voxedge.translation.live import Rendered
from voxedge.turns import Health

if TYPE_CHECKING:
    from voxedge.audio.contract import UtteranceAudio
    from voxedge.recognition.contract import RecognitionOptions, Recognizer
    from voxedge.speaking.room import Speaking
    from voxedge.translation.live import Renderer

WHISPER = "whisper"
"""The recognizer's own translation, as an engine."""

_MOST_SOUNDS = 32
"""Utterances whose sound waits for Whisper's own translation; more don't fit into the queues before."""


class LiveRoom(Protocol):
    """What is needed of live translation; see `voxedge.translation.live.LiveTranslation`."""

    def feed(self, item: Partial | Transcript, emit: Callable[[Event], None], cancel: CancelToken) -> bool:
        """Translates what was recognized."""
        ...


class SpokenRenderer:
    """Whisper's own translation of speech to English (`voxedge.translation.live.Renderer`).

    The sound of an utterance is kept until its final is translated. Safe to use from two threads, one that
    hears and one that translates.

    Args:
        recognizer: A multilingual model; shared, not closed here.
        options: What is wanted of finals; language and task are set here.
    """

    def __init__(self, recognizer: Recognizer, options: RecognitionOptions) -> None:
        self._recognizer = recognizer
        self._options = dataclasses.replace(options, task="translate", alternatives=1, words=False, bias=())
        self._sounds: dict[int, UtteranceAudio] = {}

    def hear(self, item: UtteranceAudio) -> None:
        """Keeps the sound of an utterance, as far as it has come."""
        self._sounds[item.turn] = item
        while len(self._sounds) > _MOST_SOUNDS:
            self._sounds.pop(min(list(self._sounds)), None)

    def forget(self, turn: int) -> None:
        """Gives the sound of a turn, and of those before it, back."""
        for old in [old for old in list(self._sounds) if old <= turn]:
            self._sounds.pop(old, None)

    def hears(self, turn: int) -> bool:
        """Whether the sound of a turn is there; typed text has none."""
        return turn in self._sounds

    def growing(self, item: Partial, source: str, target: str, cancel: CancelToken) -> list[str]:
        """Translates the sound so far, with a quick look."""
        sound = self._sounds.get(item.turn)
        if sound is None or sound.kind == "final":
            return []
        quick = dataclasses.replace(self._options, language=source, partial=True, beam=1)
        found = self._recognizer.recognize(sound.samples, quick, cancel)
        return [found.text] if found.text else []

    def final(self, item: Transcript, source: str, target: str, cancel: CancelToken) -> Rendered:
        """Translates the whole utterance."""
        sound = self._sounds.get(item.turn)
        self.forget(item.turn)
        if sound is None:
            return Rendered("", WHISPER)  # typed text has no sound
        options = dataclasses.replace(self._options, language=source)
        return Rendered(self._recognizer.recognize(sound.spoken, options, cancel).text, WHISPER)


class EitherRenderer:
    """Models of texts for what they are better at, Whisper's own translation for the rest.

    What was typed has no sound, and is always for the models of texts.

    Args:
        text: Translates the words.
        most_words: Of a source and a target: up to how many words the text is translated and not the sound.
        spoken: Translates the sound.
    """

    def __init__(self, text: Renderer, most_words: Callable[[str, str], float], spoken: SpokenRenderer):
        self._text, self._most_words, self._spoken = text, most_words, spoken

    def growing(self, item: Partial, source: str, target: str, cancel: CancelToken) -> list[str]:
        """See `voxedge.translation.live.Renderer`."""
        return self._chosen(item, source, target).growing(item, source, target, cancel)

    def final(self, item: Transcript, source: str, target: str, cancel: CancelToken) -> Rendered:
        """See `voxedge.translation.live.Renderer`."""
        found = self._chosen(item, source, target).final(item, source, target, cancel)
        self._spoken.forget(item.turn)
        return found

    def _chosen(self, item: Partial | Transcript, source: str, target: str) -> Renderer:
        if not self._spoken.hears(item.turn):
            return self._text
        short = len(item.text.split()) <= self._most_words(source, target)
        return self._text if short else self._spoken


class Interpreting:
    """The chain's stage of translation.

    Args:
        room: Translates.
        health: Told of its troubles.
        aloud: Whether final translations are spoken.
        alone: Whether everything is translated; else only what no intent takes.
        hear: Takes the sound of utterances, where the translation needs it.
    """

    def __init__(
        self,
        room: LiveRoom,
        health: Health,
        *,
        aloud: bool = False,
        alone: bool = True,
        hear: Callable[[UtteranceAudio], None] | None = None,
    ) -> None:
        self._room, self._health, self._hear = room, health, hear
        self.aloud, self.alone = aloud, alone

    def heard(self, item: UtteranceAudio) -> None:
        """Sees the sound of an utterance before it is recognized."""
        if self._hear is not None:
            self._hear(item)

    def partial(self, item: Partial, emit: Callable[[Event], None], cancel: CancelToken) -> None:
        """Translates what has been said so far; a failure is told, and the final is tried nevertheless."""
        try:
            if self._room.feed(item, emit, cancel):
                self._health.worked("translation")
        except Cancelled:
            return
        except VoxedgeError as error:
            self._health.failed("translation", error)

    def final(self, item: Transcript, emit: Callable[[Event], None], cancel: CancelToken) -> Outcome:
        """Translates an utterance.

        Raises:
            VoxedgeError: It can't be translated.
        """
        try:
            found = self._room.feed(item, emit, cancel)
        except VoxedgeError as error:
            if not isinstance(error, Cancelled):
                self._health.failed("translation", error)
            raise
        self._health.worked("translation")
        return "translation" if found else "nothing_said"

    def to_speak(self, event: Event) -> ReplyDelta | None:
        """What is to be spoken of an event."""
        if not (self.aloud and isinstance(event, Translation) and event.final and event.translation):
            return None
        return ReplyDelta(turn=event.turn, time=event.time, text=event.translation, language=event.target)


class SpeakingByLanguage:
    """A speaking room for each language, made when it is first needed. For one thread, as they are.

    Args:
        make: Makes the room of a language, ISO 639-1; "" is the assistant's own.
    """

    def __init__(self, make: Callable[[str], Speaking]) -> None:
        self._make = make
        self._rooms: dict[str, Speaking] = {}
        self._current: Speaking | None = None

    def feed(self, piece: ReplyDelta, emit: Callable[[Event], None], cancel: CancelToken) -> bool:
        """Takes a piece to its language's room; see `voxedge.speaking.room.Speaking.feed`."""
        room = self._rooms.get(piece.language)
        if room is None:
            room = self._rooms[piece.language] = self._make(piece.language)
        sounded = False
        if self._current is not None and self._current is not room:
            sounded = self._current.finish(piece.turn, emit, cancel)
        self._current = room
        return room.feed(piece, emit, cancel) or sounded

    def finish(self, turn: int, emit: Callable[[Event], None], cancel: CancelToken) -> bool:
        """Finishes what is being spoken."""
        current, self._current = self._current, None
        return current is not None and current.finish(turn, emit, cancel)
