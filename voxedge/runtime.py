"""Two ways to run the same chain: inline (deterministic, in the caller's thread) and threaded (live).

Threads are planned here, in one place: `plan_threads`.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Literal, Protocol, TypeVar

from voxedge.audio.contract import AudioSource, Frame, UtteranceAudio
from voxedge.chain import Chain, ListeningRoom, Verdict, verdict_without_words
from voxedge.errors import ClosedError, VoxedgeError
from voxedge.events import CancelToken, Dropped, Event, Partial, ReplyDelta, Transcript, Translation
from voxedge.mailbox import Mailbox, MailboxStatistics
from voxedge.watching import Watch
from voxedge.workers import Job, Workers

_T = TypeVar("_T")
_THREADS_SHARE = 0.8
"""Of the time for closing; the rest is for the engines."""


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """How the engines share the cores.

    Attributes:
        recognition: Threads of the recognizer.
        conversation: Threads of the language model.
        translation: Threads of the translator.
    """

    recognition: int
    conversation: int
    translation: int


def plan_threads(threads: int = 0) -> ThreadPlan:
    """Shares the cores among the engines.

    Recognition gets what makes it quick (beyond four threads an utterance gains nothing). The language
    model, which may write while somebody speaks, gets what is left of the cores, one at least, so that the
    two together don't oversubscribe them by more than one thread.

    Args:
        threads: Cores to use; 0 takes what this process may run on.
    """
    if threads <= 0:
        try:
            threads = len(os.sched_getaffinity(0))
        except AttributeError:  # not on macOS and Windows
            threads = os.cpu_count() or 1
        threads = min(threads, 8)
    recognition = min(4, threads)
    return ThreadPlan(recognition, max(1, threads - recognition or threads // 2), min(4, threads))


class Gate(Protocol):
    """Decides what becomes of a frame before it is listened to."""

    def admit(self, frame: Frame) -> Frame | None:
        """The frame, a silent one in its place, or None where the listener is to see nothing."""
        ...

    def take_verdict(self) -> Literal["", "flush", "cancel"]:
        """What becomes of an open utterance: ended (the button was let go), given up (paused), or neither."""
        ...


class InlineRuntime:
    """Runs the chain in the caller's thread. Time is the sample count; the same sound gives the same events.

    Args:
        chain: The rooms; its `Turns` must emit into ``sink``.
        sink: Where the chain's events gather.
        gate: What the frames pass.
        cancel: Ends the run between two frames.
    """

    def __init__(self, chain: Chain, sink: deque[Event], gate: Gate, cancel: CancelToken) -> None:
        self._chain, self._sink, self._gate, self._cancel = chain, sink, gate, cancel
        self._held: UtteranceAudio | None = None

    def run(self, source: AudioSource) -> Iterator[Event]:
        """Gives the events of a whole source.

        Raises:
            VoxedgeError: The source failed; the events up to there were given, all turns ended.
        """
        listening = self._chain.listening
        try:
            for frame in source.frames(self._cancel):
                admitted = self._gate.admit(frame)
                _settle(self._gate, listening, self._route)
                if admitted is not None:
                    listening.feed(admitted, self._route, self._cancel)
                yield from self._drain()
            if self._cancel.cancelled:
                listening.cancel_utterance(self._route)
            else:
                listening.flush(self._route)
            yield from self._drain()
        finally:
            source.close()
            self._chain.turns.end_all("cancelled")
        yield from self._drain()

    def _drain(self) -> Iterator[Event]:
        while self._sink:
            yield self._sink.popleft()

    def _route(self, item: Event | UtteranceAudio) -> None:
        if isinstance(item, Event):
            self._chain.turns.emit(item)
            verdict = verdict_without_words(item)
            if verdict is not None:
                self._chain.finish(verdict, self._cancel)
            return
        if item.kind == "pause" and not self._chain.asks_at_pauses:
            self._held = item  # of all pauses only the last one matters, whose words are the final's
            return
        held, self._held = self._held, None
        if held is not None and (held.turn, held.speech_end_sample) == (item.turn, item.speech_end_sample):
            self._recognize(held)
        self._recognize(item)

    def _recognize(self, item: UtteranceAudio) -> None:
        self._chain.watch.heard(item)
        found = self._chain.recognize(item, self._cancel)
        if isinstance(found, Verdict):
            self._chain.finish(found, self._cancel)
        elif found is not None:
            self._chain.answer(found, self._cancel)


class ThreadedRuntime:
    """Runs the chain live: one thread each for listening, recognition, intents, conversation and speaking.

    Queues are bounded. A hypothesis of an utterance that goes on is superseded by a newer one, and given
    up when the utterance's end arrives; audio of an utterance and finals are never dropped.

    Args:
        gate: What the frames pass.
        queue_items: Length of each queue.
        close_timeout_s: `close` returns within this time.
        hang_timeout_s: See `Watch`.
        workers: Threads that are kept from stream to stream; None gives this one threads of its own.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        queue_items: int = 32,
        close_timeout_s: float = 2.0,
        hang_timeout_s: float = 20.0,
        workers: Workers | None = None,
    ) -> None:
        self._gate = gate
        self._close_timeout_s = close_timeout_s
        self._cancel = CancelToken()
        self._outbox: Mailbox[Event] = Mailbox(
            max(queue_items * 8, 64), droppable=_is_passing, supersedes=_newer_partial
        )
        self._audio: Mailbox[UtteranceAudio] = Mailbox(
            queue_items, droppable=is_partial_work, supersedes=newer_audio, on_drop=self._dropped
        )
        self._transcripts: Mailbox[Transcript] = Mailbox(queue_items)
        self._questions: Mailbox[Transcript | Partial] = Mailbox(
            queue_items, droppable=lambda item: isinstance(item, Partial), supersedes=_newer_words
        )
        self._speech: Mailbox[ReplyDelta | Verdict] = Mailbox(queue_items * 4)
        self._own_workers = Workers() if workers is None else None
        self._workers = workers or self._own_workers or Workers()
        self._watch = Watch(self._workers, hang_timeout_s, closing=self._cancel)
        self._jobs: list[tuple[str, Job[None]]] = []
        self._working: tuple[UtteranceAudio, CancelToken] | None = None
        self._working_lock = threading.Lock()
        self._failure: BaseException | None = None
        self._source: AudioSource | None = None
        self._chain: Chain | None = None
        self._closed = threading.Event()

    def deliver(self, event: Event) -> None:
        """Takes an event of the chain to whoever iterates `events`; waits where that one is slow."""
        try:
            self._outbox.put(event, None if not self._cancel.cancelled else 0.2)
        except ClosedError:
            return

    def start(self, chain: Chain, source: AudioSource) -> None:
        """Starts the threads."""
        self._chain, self._source = chain, source
        stages: list[tuple[str, Callable[[], None]]] = [
            ("speaking", lambda: self._speak(chain)),
            ("conversation", lambda: self._converse(chain)),
            ("intents", lambda: self._understand(chain)),
            ("recognition", lambda: self._recognize(chain)),
            ("listening", lambda: self._listen(chain, source)),
        ]
        for name, work in stages:
            self._jobs.append((name, self._workers.run(f"voxedge-{name}", partial(self._stage, work))))

    def events(self) -> Iterator[Event]:
        """Gives the events until the source ends or `close` is called.

        Raises:
            VoxedgeError: The source failed for good.
        """
        while not self._outbox.finished:
            event = self._outbox.get(0.5)
            if event is not None:
                yield event
        if self._failure is not None:
            raise self._failure

    def answer(self, transcript: Transcript) -> None:
        """Puts in a transcript that came from elsewhere (typed text)."""
        if self._chain is not None:
            self._chain.turns.open(transcript.turn, transcript.time)
            self._chain.turns.emit(transcript)
        self._transcripts.put(transcript)

    def speak(self, piece: ReplyDelta) -> None:
        """Puts in something to say that belongs to no turn."""
        self._speech.put(piece)
        self._speech.put(Verdict(piece.turn, "reply"))

    def close(self) -> None:
        """Stops everything and waits for the threads, for ``close_timeout_s`` at most. From any thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        deadline = monotonic() + _THREADS_SHARE * self._close_timeout_s
        self._cancel.cancel()
        if self._source is not None:
            self._source.close()
        self._cancel_working(lambda _item: True)
        for box in (self._audio, self._transcripts, self._questions, self._speech):
            box.close(discard=True)
        for _name, job in self._jobs:
            if not job.is_mine:
                job.wait(deadline - monotonic())
        if self._own_workers is not None:
            self._own_workers.close(max(0.0, min(0.2, deadline - monotonic())))
        if self._chain is not None:
            self._chain.turns.end_all("cancelled")
        self._outbox.close()

    @property
    def statistics(self) -> dict[str, MailboxStatistics]:
        """Counts of each queue, by name."""
        return {
            "audio": self._audio.statistics,
            "transcripts": self._transcripts.statistics,
            "questions": self._questions.statistics,
            "speech": self._speech.statistics,
            "events": self._outbox.statistics,
        }

    @property
    def alive(self) -> list[str]:
        """Names of the stages that still run."""
        return [name for name, job in self._jobs if not job.ended]

    # The stages, each the body of a thread. A stage ends when its queue is closed and empty; then it closes
    # the queue behind it, so that a source's end runs through the chain and nothing on the way is lost.

    def _stage(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ClosedError:
            pass
        except BaseException as exc:  # noqa: BLE001 - the reader of events must learn of it
            self._failure = exc
            self._cancel.cancel()
            for box in (self._audio, self._transcripts, self._questions, self._speech):
                box.close(discard=True)

    def _listen(self, chain: Chain, source: AudioSource) -> None:
        def route(item: Event | UtteranceAudio) -> None:
            if isinstance(item, UtteranceAudio):
                chain.watch.heard(item)
                self._cancel_working(lambda at_work: outruns(item, at_work))
                self._audio.put(item)
                return
            chain.turns.emit(item)
            verdict = verdict_without_words(item)
            if verdict is not None:
                self._cancel_working(lambda at_work: at_work.turn == verdict.turn)
                self._speech.put(verdict)

        try:
            for frame in source.frames(self._cancel):
                admitted = self._gate.admit(frame)
                _settle(self._gate, chain.listening, route)
                if admitted is not None:
                    chain.listening.feed(admitted, route, self._cancel)
            if not self._cancel.cancelled:
                chain.listening.flush(route)
        except ClosedError:
            raise  # `close` was called while an utterance was handed on: no failure of the source
        except VoxedgeError as error:
            self._failure = error
            chain.health.failed("audio", error)
        finally:
            source.close()
            self._audio.close()

    def _recognize(self, chain: Chain) -> None:
        while (item := self._take(self._audio)) is not None:
            token = CancelToken(self._cancel)
            with self._working_lock:
                self._working = (item, token)
            found = self._watch.recognize(chain, item, token, self._questions.put)
            with self._working_lock:
                self._working = None
            if isinstance(found, Verdict):
                self._speech.put(found)
            elif found is not None:
                self._transcripts.put(found)
        self._transcripts.close()

    def _understand(self, chain: Chain) -> None:
        while (transcript := self._take(self._transcripts)) is not None:
            verdict = chain.understand(transcript, self._emit_and_speak(chain), self._cancel)
            if verdict is None:
                self._questions.put(transcript)
            else:
                self._speech.put(verdict)
        self._questions.close()

    def _converse(self, chain: Chain) -> None:
        while (item := self._take(self._questions)) is not None:
            if isinstance(item, Transcript):
                self._speech.put(chain.converse(item, self._emit_and_speak(chain), self._cancel))
            elif chain.interpreting is not None:
                chain.interpreting.partial(item, chain.turns.emit, self._cancel)
        self._speech.close()

    def _speak(self, chain: Chain) -> None:
        while (item := self._take(self._speech)) is not None:
            if isinstance(item, Verdict):
                chain.finish(item, self._cancel)
            else:
                chain.speak(item, self._cancel)
        chain.turns.end_all("cancelled")
        self._outbox.close()

    def _emit_and_speak(self, chain: Chain) -> Callable[[Event], None]:
        def emit(event: Event) -> None:
            chain.turns.emit(event)
            piece = chain.to_speak(event)
            if piece is not None:
                self._speech.put(piece)

        return emit

    def _take(self, box: Mailbox[_T]) -> _T | None:
        while not box.finished:
            item = box.get(0.5)
            if item is not None:
                return item
        return None

    def _cancel_working(self, when: Callable[[UtteranceAudio], bool]) -> None:
        with self._working_lock:
            if self._working is not None and when(self._working[0]):
                self._working[1].cancel()

    def _dropped(self, item: UtteranceAudio) -> None:
        if self._chain is not None:
            self._chain.turns.emit(Dropped(turn=item.turn, room="recognition", what=item.kind, count=1))


def _settle(gate: Gate, listening: ListeningRoom, route: Callable[[Event | UtteranceAudio], None]) -> None:
    verdict = gate.take_verdict()
    if verdict == "flush":
        listening.flush(route)
    elif verdict == "cancel":
        listening.cancel_utterance(route)


def is_partial_work(item: UtteranceAudio) -> bool:
    """Whether an item may be dropped under load: anything but a final."""
    return item.kind != "final"


def newer_audio(new: UtteranceAudio, old: UtteranceAudio) -> bool:
    """Whether recognizing ``old`` is pointless now that ``new`` is there.

    A pause's recognition is kept when the end comes with no more speech: it *is* the final then.
    """
    if new.turn != old.turn or old.kind == "final":
        return False
    return not (old.kind == "pause" and new.speech_end_sample == old.speech_end_sample)


def outruns(new: UtteranceAudio, at_work: UtteranceAudio) -> bool:
    """Whether work that has begun is to be given up for newer sound.

    On a slow machine a partial that were given up for the next one would never be finished. A pause that
    wasn't the end is given up: all decodings of half an utterance would make those of the whole late.
    """
    return newer_audio(new, at_work) and not (new.kind == at_work.kind == "growing")


def _is_passing(event: Event) -> bool:
    return isinstance(event, Partial) or (isinstance(event, Translation) and not event.final)


def _newer_partial(new: Event, old: Event) -> bool:
    return _is_passing(old) and type(new) is type(old) and new.turn == old.turn


def _newer_words(new: Transcript | Partial, old: Transcript | Partial) -> bool:
    return isinstance(old, Partial) and new.turn == old.turn
