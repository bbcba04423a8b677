"""The speaking room: pieces of replies become sentences, the sentences sound.

The next sentence is synthesized while the present one plays: the caller's thread cuts and synthesizes, one
thread owned by the room plays. That thread lives as long as a reply and has ended when `finish` returns.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voxedge.errors import DeviceError, TextInvalid, VoxedgeError
from voxedge.events import NEVER, CancelToken, Emit, ReplyDelta, SpeakingEnded, SpeakingStarted
from voxedge.speaking.sentences import SentenceSplitter

if TYPE_CHECKING:
    from voxedge.audio.contract import AudioSink, MonoF32
    from voxedge.speaking.contract import Synthesizer

_AHEAD = 2
"""Pieces of sound that wait while another one plays; more would only be thrown away when interrupted."""
_POLL_S = 0.05


class Speaking:
    """Speaks replies, one after the other. Not to be used by two threads at once.

    One reply gives one ``SpeakingStarted`` (with its first sentence) when its first sound is handed to the
    sink, and one ``SpeakingEnded`` (with all that has sounded) when it is over, failed or interrupted.

    Args:
        synthesizer: The voice; shared, not closed here.
        sink: Where it sounds; shared, not closed here.
        language: ISO 639-1 of the replies, for cutting sentences.
    """

    def __init__(self, synthesizer: Synthesizer, sink: AudioSink, language: str = "en") -> None:
        self._synthesizer, self._sink, self._language = synthesizer, sink, language
        self._reply: _Playing | None = None
        self._splitter = SentenceSplitter(language)
        self._turn, self._time = 0, 0.0

    def feed(self, piece: ReplyDelta, emit: Emit, cancel: CancelToken) -> bool:
        """Takes a piece of a reply; each sentence goes on its way to the sink as soon as it is whole.

        Blocks only while two sentences are waiting already. A piece of another turn finishes the reply
        before it.

        Args:
            piece: The piece.
            emit: Gets ``SpeakingStarted`` (and the end of an earlier reply).
            cancel: Stops the sound at once; what is fed until `finish` is then thrown away.

        Returns:
            Whether anything has been handed to the sink in this call.

        Raises:
            DeviceError: The sink failed; the rest of this reply is thrown away.
            EngineError: The voice failed; likewise.
        """
        sounded = False
        if piece.turn != self._turn:
            sounded = self.finish(self._turn, emit, cancel)
        self._turn, self._time = piece.turn, piece.time
        for sentence in self._splitter.feed(piece.text):
            sounded = self._speak(sentence, emit, cancel) or sounded
        return sounded

    def finish(self, turn: int, emit: Emit, cancel: CancelToken) -> bool:
        """Speaks what is left of the reply and waits until all of it has sounded.

        Returns:
            Whether any of the reply sounded; False where a failure was told before.

        Raises:
            DeviceError: The sink failed on the way; ``SpeakingEnded`` has been emitted.
            EngineError: The voice failed; likewise.
        """
        failure: VoxedgeError | None = None
        try:
            for sentence in self._splitter.flush():
                self._speak(sentence, emit, cancel)
        except VoxedgeError as error:
            failure = error
        reply, self._reply = self._reply, None
        if reply is None:
            if failure is not None:
                raise failure
            return False
        reply.end()
        failure = failure or reply.take_failure()
        if reply.started:
            emit(
                SpeakingEnded(
                    turn=self._turn,
                    time=self._time,
                    text=" ".join(reply.sounded),
                    interrupted=reply.interrupted or reply.shut,
                )
            )
        if failure is not None:
            raise failure
        return bool(reply.sounded) and not (reply.failed or reply.shut)

    def _speak(self, sentence: str, emit: Emit, cancel: CancelToken) -> bool:
        if self._reply is None:
            self._reply = _Playing(self._sink)
        reply = self._reply
        if reply.shut or reply.over(cancel):
            if (failure := reply.take_failure()) is not None:
                raise failure
            return False
        any_sound = False
        try:
            for sound in self._synthesizer.synthesize(sentence, cancel):
                if not reply.started and not cancel.cancelled:
                    reply.started = True
                    emit(SpeakingStarted(turn=self._turn, time=self._time, text=sentence))
                reply.put(sentence, sound, self._synthesizer.capabilities.rate_hz, cancel)
                any_sound = True
        except TextInvalid:
            return any_sound  # a row of dots, an emoji: nothing to say is no failure within a reply
        except VoxedgeError:
            reply.shut = True  # what was synthesized before still sounds
            raise
        if (failure := reply.take_failure()) is not None:
            raise failure
        return any_sound


@dataclass(slots=True)
class _Playing:
    """One reply on its way to the sink, and the thread that plays it."""

    sink: AudioSink
    started: bool = False
    interrupted: bool = False
    failed: bool = False
    shut: bool = False
    sounded: list[str] = field(default_factory=list)
    _failure: VoxedgeError | None = None
    _thread: threading.Thread | None = None
    _waiting: queue.Queue[tuple[str, MonoF32, int, CancelToken] | None] = field(
        default_factory=lambda: queue.Queue(maxsize=_AHEAD)
    )

    def over(self, cancel: CancelToken) -> bool:
        """Whether nothing more of this reply is to sound."""
        if cancel.cancelled:
            self.interrupted = self.interrupted or self.started
        return cancel.cancelled or self.interrupted or self.failed

    def put(self, sentence: str, sound: MonoF32, rate_hz: int, cancel: CancelToken) -> None:
        """Hands over a piece of sound; waits while the queue is full, unless it is of no use any more."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._play, name="voxedge-player", daemon=True)
            self._thread.start()
        while not self.over(cancel):
            try:
                self._waiting.put((sentence, sound, rate_hz, cancel), timeout=_POLL_S)
                return
            except queue.Full:
                continue

    def end(self) -> None:
        """Waits until what was handed over has sounded, or is given up."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def take_failure(self) -> VoxedgeError | None:
        """The sink's failure, once."""
        failure, self._failure = self._failure, None
        return failure

    def _play(self) -> None:
        while (item := self._waiting.get()) is not None:
            sentence, sound, rate_hz, cancel = item
            if self.over(cancel):
                continue  # emptied to the end, so that nobody waits for room
            try:
                complete = self.sink.play(sound, rate_hz, cancel)
            except Exception as exc:  # noqa: BLE001 - an app's sink may raise anything; nobody may wait for it
                self._failure, self.failed, self.interrupted = _named(exc), True, True
                continue
            if not complete:
                self.interrupted = True
            if complete or sound.size:
                self._note(sentence)

    def _note(self, sentence: str) -> None:
        if not self.sounded or self.sounded[-1] != sentence:
            self.sounded.append(sentence)


def _named(exc: Exception) -> VoxedgeError:
    if isinstance(exc, VoxedgeError):
        return exc
    error = DeviceError(
        f"The sink raised {type(exc).__name__}.", remedy="Mend the sink: the cause is in its own code."
    )
    error.__cause__ = exc
    return error


def speak(
    pieces: Iterable[str],
    synthesizer: Synthesizer,
    sink: AudioSink,
    *,
    emit: Emit,
    cancel: CancelToken = NEVER,
    turn: int = 0,
    language: str = "en",
) -> bool:
    """Speaks a whole text that comes in pieces (of a language model, of standard input), and waits for it.

    Args:
        pieces: The text, cut anywhere. The first sentence sounds while the others are being written.
        synthesizer: The voice.
        sink: Where it sounds.
        emit: Gets ``SpeakingStarted`` and ``SpeakingEnded``.
        cancel: Stops the sound at once.
        turn: Number for the events.
        language: ISO 639-1 of the text.

    Returns:
        Whether any of it sounded.

    Raises:
        DeviceError: The sink failed; ``SpeakingEnded`` has been emitted.
        EngineError: The voice failed; likewise.
    """
    room = Speaking(synthesizer, sink, language)
    own = CancelToken(parent=cancel)
    sounded = False
    try:
        for piece in pieces:
            if own.cancelled:
                break
            sounded = room.feed(ReplyDelta(turn=turn, text=piece), emit, own) or sounded
    except BaseException:
        own.cancel()  # the text broke off, or Ctrl-C: no thread may be left that plays
        room.finish(turn, emit, own)
        raise
    return room.finish(turn, emit, own) or sounded
