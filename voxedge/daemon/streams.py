"""Live streams: the third way to run a chain of rooms, beside the inline and the threaded runtime.

Many streams share a few workers. Each stream listens in the thread that feeds it (100 us a frame), and
has at most one piece of work with the scheduler, so that its order holds. A hypothesis is superseded by a
newer one; audio of an utterance and finals are never dropped: who feeds too fast must wait (`crowded`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from voxedge.audio.contract import SAMPLE_RATE_HZ, UtteranceAudio
from voxedge.audio.framing import Framer
from voxedge.chain import Chain, Verdict, as_fault, verdict_without_words
from voxedge.daemon.scheduler import Client, Lane, Priority, Scheduler, Terms, Ticket
from voxedge.errors import Cancelled, ClosedError, VoxedgeError
from voxedge.events import CancelToken, Dropped, Event, Transcript
from voxedge.runtime import is_partial_work, newer_audio, outruns

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

MOST_WAITING = 8
"""So many pieces of work may wait in a stream before whoever feeds it should wait."""
PARTIAL_DEADLINE_S = 2.0
"""A partial that nobody got round to in this time isn't worth showing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """What is wanted of a live stream.

    Attributes:
        language: ISO 639-1 or "auto"; "" for the configured one.
        model: A recognition model that the service has; "" for the configured one.
        preset: When an utterance ends: ``command``, ``conversation``, ``dictation``, ``relaxed``; "" for
            the configured one.
        silence_ms: A pause of this length ends an utterance; 0 for the preset's.
        bias: Words or sentences that are likely.
        partials: Whether hypotheses are given while somebody speaks.
        words: Whether words get times.
        intents: Whether the configured intents (and handlers) answer; else only words are given.
        grammar: Whether the configured intents help to hear, though they don't answer: the client has
            commands of that kind itself.
        replies: Whether the language model answers what no intent takes.
        sound: Whether sound will be fed; a stream of texts only needs no share of the cores.
    """

    language: str = ""
    model: str = ""
    preset: str = ""
    silence_ms: int = 0
    bias: tuple[str, ...] = ()
    partials: bool = True
    words: bool = False
    intents: bool = False
    grammar: bool = False
    replies: bool = False
    sound: bool = True


_Item: TypeAlias = "UtteranceAudio | Transcript"


class LiveStream:
    """One client's stream of sound, on its way to events.

    Every turn ends with exactly one ``TurnEnded``. `feed`, `flush`, `clear` and `ask` are called by one
    thread at a time; `close` by any. The events are delivered from several threads, one at a time.

    Args:
        build: Makes the chain, given where its events are to go.
        deliver: Takes the events; must not block.
        scheduler: Gives the turns.
        client: Whose stream it is.
        ended: Called once, when the stream is closed.
    """

    def __init__(
        self,
        build: Callable[[Callable[[Event], None]], Chain],
        deliver: Callable[[Event], None],
        *,
        scheduler: Scheduler,
        client: Client,
        ended: Callable[[LiveStream], None] = lambda _stream: None,
    ) -> None:
        self.client = client
        self._scheduler, self._ended = scheduler, ended
        self._chain = build(deliver)
        self._framer = Framer()
        self._cancel = CancelToken()
        self._lock = threading.RLock()
        self._inbox: deque[_Item] = deque()
        self._running: tuple[_Item, CancelToken] | None = None
        self._ticket: Ticket[None] | None = None
        self._urgent = False
        self._writing = 0
        self._idle = threading.Event()
        self._idle.set()
        self._closed = False
        self._failure: VoxedgeError | None = None

    @property
    def seconds(self) -> float:
        """How much sound has been fed."""
        return self._framer.samples_in / SAMPLE_RATE_HZ

    @property
    def crowded(self) -> bool:
        """Whether whoever feeds should wait before the next sound: recognition doesn't keep up."""
        return len(self._inbox) >= MOST_WAITING

    @property
    def idle(self) -> bool:
        """Whether everything that was fed has been worked on."""
        return self._idle.is_set()

    def feed(self, samples: MonoF32) -> None:
        """Takes the next sound.

        Args:
            samples: float32, shape ``(n,)``, 16 kHz, -1..1; not to be written to afterwards.

        Raises:
            AudioInvalid: Samples that are no numbers.
            ClosedError: The stream was closed.
        """
        self._check_open()
        self._scheduler.live_heard(len(samples) / SAMPLE_RATE_HZ)
        for frame in self._framer.feed(samples):
            self._chain.listening.feed(frame, self._route, self._cancel)

    def flush(self) -> None:
        """What was fed so far is all: an utterance that is open ends now."""
        self._check_open()
        for frame in self._framer.flush():
            self._chain.listening.feed(frame, self._route, self._cancel)
        self._chain.listening.flush(self._route)

    def clear(self) -> None:
        """Gives up an utterance that is open, and what is being recognized of it."""
        self._check_open()
        self._chain.listening.cancel_utterance(self._route)

    def ask(self, turn: int, text: str, language: str = "") -> None:
        """Answers typed text as if it had been said; ``turn`` is a number that no utterance has."""
        self._check_open()
        transcript = Transcript(turn=turn, text=text.strip(), language=language, confidence=1.0)
        self._chain.turns.open(turn, self.seconds)
        self._chain.turns.emit(transcript)
        self._put(transcript)

    def wait_idle(self, timeout_s: float) -> bool:
        """Waits until everything that was fed has been worked on; whether it was in time."""
        return self._idle.wait(timeout_s)

    def close(self) -> None:
        """Gives up what isn't finished and ends the open turns as cancelled. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._cancel.cancel()
            self._inbox.clear()
            ticket = self._ticket
            if self._running is not None:
                self._running[1].cancel()
        if ticket is not None:
            ticket.cancel()
        self._chain.turns.end_all("cancelled")
        self._idle.set()
        self._ended(self)

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("The stream was closed.", remedy="Open another one.", room="daemon")

    def _route(self, item: Event | UtteranceAudio) -> None:
        if isinstance(item, UtteranceAudio):
            self._chain.watch.heard(item)
            self._put(item)
            return
        self._chain.turns.emit(item)
        verdict = verdict_without_words(item)
        if verdict is not None:
            with self._lock:
                self._inbox = deque(i for i in self._inbox if i.turn != verdict.turn)
                if self._running is not None and self._running[0].turn == verdict.turn:
                    self._running[1].cancel()
            self._chain.finish(verdict, self._cancel)

    def _put(self, item: _Item) -> None:
        with self._lock:
            if isinstance(item, UtteranceAudio):
                self._supersede(item)
            self._inbox.append(item)
            self._idle.clear()
            self._pump()

    def _supersede(self, item: UtteranceAudio) -> None:
        kept = (i for i in self._inbox if not (isinstance(i, UtteranceAudio) and newer_audio(item, i)))
        self._inbox = deque(kept)
        if self._running is not None:
            at_work, token = self._running
            if isinstance(at_work, UtteranceAudio) and outruns(item, at_work):
                token.cancel()

    def _pump(self) -> None:
        """Sees to it that the next piece of work is with the scheduler. Called with the lock held."""
        if self._closed or self._running is not None or not self._inbox:
            if not self._inbox and self._running is None and not self._writing:
                self._idle.set()
            return
        urgent = any(not _is_partial(item) for item in self._inbox)
        if self._ticket is not None:
            if self._urgent or not urgent:
                return
            ticket, self._ticket = self._ticket, None
            ticket.cancel()
        priority = Priority.FINAL if urgent else Priority.INTERACTIVE
        deadline_s = 0.0 if urgent else PARTIAL_DEADLINE_S
        try:
            self._ticket = self._scheduler.submit(
                self._lane(self._inbox[0]),
                self._step,
                Terms(client=self.client, priority=priority, deadline_s=deadline_s),
            )
        except VoxedgeError as error:
            self._refused(error)
            return
        self._urgent = urgent
        ticket = self._ticket
        ticket.future.add_done_callback(lambda _future: self._settled(ticket))

    def _lane(self, item: _Item) -> Lane:
        """Finals that the last pause has recognized already, and typed text, need no engine."""
        if isinstance(item, Transcript):
            return "text"
        speculated: Callable[[UtteranceAudio], str | None] | None
        speculated = getattr(self._chain.recognition, "speculated", None)
        ready = item.kind == "final" and speculated is not None and speculated(item) is not None
        return "text" if ready else "compute"

    def _step(self, _cancel: CancelToken) -> None:
        """The next piece of this stream's work, in a worker's thread."""
        with self._lock:
            # Of two tickets, one of which came too late to be cancelled, only one works.
            if not self._inbox or self._closed or self._running is not None:
                return
            item = self._inbox.popleft()
            token = CancelToken(self._cancel)
            self._running = (item, token)
        try:
            if isinstance(item, Transcript):
                self._answer(item)
                return
            found = self._chain.recognize(item, token)
            if isinstance(found, Verdict):
                self._chain.finish(found, self._cancel)
            elif found is not None:
                self._answer(found)
        finally:
            with self._lock:
                self._running = None

    def _answer(self, transcript: Transcript) -> None:
        verdict = self._chain.understand(transcript, self._chain.turns.emit, self._cancel)
        if verdict is not None:
            self._chain.finish(verdict, self._cancel)
            return

        def converse(_token: CancelToken) -> Verdict:
            return self._chain.converse(transcript, self._chain.turns.emit, self._cancel)

        # Not part of the stream's order: what is said meanwhile is recognized while the model writes.
        with self._lock:
            self._writing += 1
        try:
            ticket = self._scheduler.submit(
                "language", converse, Terms(client=self.client), cancel=self._cancel
            )
        except VoxedgeError as error:
            self._written(transcript.turn, error)
        else:
            ticket.future.add_done_callback(
                lambda future: self._written(transcript.turn, future.exception() or future.result())
            )

    def _written(self, turn: int, how: Verdict | BaseException) -> None:
        """The language model has answered, or has failed to."""
        if isinstance(how, Verdict):
            verdict = how
        elif isinstance(how, Cancelled):
            verdict = Verdict(turn, "cancelled")
        else:
            verdict = Verdict(turn, "failed", how if isinstance(how, VoxedgeError) else None)
        self._chain.finish(verdict, self._cancel)
        with self._lock:
            self._writing -= 1
            self._pump()

    def _settled(self, ticket: Ticket[None]) -> None:
        error = ticket.future.exception() if not ticket.future.cancelled() else Cancelled()
        with self._lock:
            if self._ticket is ticket:
                self._ticket = None
            else:
                self._pump()  # replaced by a more urgent one, which may have found this one at work
                return
            if error is not None and not isinstance(error, Cancelled):
                known = error if isinstance(error, VoxedgeError) else None
                self._refused(known or as_fault("daemon", Exception(type(error).__name__)))
            self._pump()

    def _refused(self, error: VoxedgeError) -> None:
        """The scheduler takes the work no more: partials are let go, the turns of finals end as failed."""
        left, self._inbox = self._inbox, deque()
        for item in left:
            if isinstance(item, Transcript) or item.kind == "final":
                self._chain.finish(Verdict(item.turn, "failed", error), self._cancel)
            else:
                self._chain.turns.emit(Dropped(turn=item.turn, room="recognition", what=item.kind, count=1))
        if not self._writing:
            self._idle.set()


def _is_partial(item: _Item) -> bool:
    return isinstance(item, UtteranceAudio) and is_partial_work(item) and item.kind == "growing"
