"""The assistant: the rooms wired together, and the face that apps use."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, TypeAlias, TypedDict, cast

from voxedge._version import __version__
from voxedge.answering import Answering
from voxedge.build import Parts, Rooms
from voxedge.chain import Chain, CommandWatch, Replies, SpeakingRoom
from voxedge.config import Config
from voxedge.conversation.contract import ReplyOptions
from voxedge.errors import ClosedError, EngineError, UsageError
from voxedge.events import (
    CancelToken,
    DialogueState,
    Event,
    ReplyDelta,
    SlotValue,
    Started,
    Transcript,
)
from voxedge.gate import ListeningGate
from voxedge.handlers import (
    EventHandler,
    Handlers,
    IntentHandler,
    NoIntentHandler,
    Turn,
    UndoHandler,
    as_turn,
    load_handlers,
)
from voxedge.hearing import completeness
from voxedge.interpreting import Interpreting
from voxedge.runtime import InlineRuntime, ThreadedRuntime
from voxedge.statistics import Recorder
from voxedge.turns import Health, Turns
from voxedge.workers import Workers

if TYPE_CHECKING:
    from numpy import generic
    from numpy.typing import NDArray

    from voxedge.audio.contract import AudioSource

__all__ = ["Assistant", "Turn"]

Sound: TypeAlias = "str | Path | AudioSource | Iterable[object] | None"
"""None is the microphone; a path is a file; anything else is a source or an iterable of NumPy arrays."""

_OPEN_S = 10.0
"""Events wait at most so long for a microphone to be opened; it gives up sooner by itself."""


class _ReplyRooms(TypedDict):
    answering: Answering
    speaking: SpeakingRoom | None
    turns: Turns
    health: Health
    interpreting: Interpreting | None


class Assistant:
    """Listens, understands, answers and speaks.

    One stream at a time. `say`, `ask`, `pause`, `resume`, `press`, `release` and `close` may be called
    from any thread while it runs.

    Args:
        config: What to build; the defaults where None.
        parts: Engines that the app brings itself.

    Attributes:
        recorder: Counts what happens; None where neither ``monitor`` under ``[statistics]`` nor the owner's
            consent to share asks for it.

    Example:
        >>> assistant = Assistant.from_config("voxedge.toml")        # doctest: +SKIP
        >>> for event in assistant.listen("recording.wav"): ...      # doctest: +SKIP
    """

    def __init__(self, config: Config | None = None, *, parts: Parts | None = None) -> None:
        self.config = config or Config.from_mapping({})
        self.context: dict[str, SlotValue] = {}
        self.facts: Callable[[], Sequence[str]] = lambda: ()
        self._rooms = Rooms(self.config, parts or Parts())
        self._handlers = Handlers()
        self._turn_numbers = itertools.count(1)
        self._gate = ListeningGate()
        self._live: ThreadedRuntime | None = None
        self._workers = Workers()
        self._inline_cancel: CancelToken | None = None
        self._inline_began: float | None = None
        self._stream_s = 0.0
        self._busy = threading.Lock()
        self._closed = threading.Event()
        own = self.config.statistics
        self.recorder = Recorder.where_wanted(own.folder, monitor=own.monitor)
        self._observer = self.recorder.observer() if self.recorder is not None else None
        if self._observer is not None:
            self.on(Event)(self._observer)
        if self.config.understanding.handlers:
            load_handlers(self.config.understanding.handlers, self)

    @classmethod
    def from_config(cls, config: str | Path | Config, *, parts: Parts | None = None) -> Assistant:
        """Builds an assistant from a TOML file or a `Config`.

        Raises:
            ConfigError: The file can't be read, or has an unknown key or a value of the wrong type.
        """
        return cls(config if isinstance(config, Config) else Config.from_file(config), parts=parts)

    # What the app adds.

    def on_intent(self, name: str) -> Callable[[IntentHandler], IntentHandler]:
        """Decorator: the function answers an intent; ``"*"`` answers those that have no other.

        It is called as ``handler(intent, turn)`` in a thread of the assistant's and gives the reply: a text,
        pieces of text as they come, or None.
        """

        def keep(handler: IntentHandler) -> IntentHandler:
            self._handlers.add_intent(name, handler)
            return handler

        return keep

    def on_undo(self, name: str) -> Callable[[UndoHandler], UndoHandler]:
        """Decorator: the function takes back what a command of this intent did ("undo that").

        It is called as ``handler(earlier, turn)`` and gives the reply, as for `on_intent`. It is also called
        before a command is done in place of a done one ("no, the bedroom"); its reply isn't spoken then.
        """

        def keep(handler: UndoHandler) -> UndoHandler:
            self._handlers.add_undo(name, handler)
            return handler

        return keep

    def on_no_intent(self, handler: NoIntentHandler) -> NoIntentHandler:
        """Decorator: the function answers what no intent takes; None leaves it to the language model."""
        self._handlers.set_no_intent(handler)
        return handler

    def on(self, kind: type[Event]) -> Callable[[EventHandler], EventHandler]:
        """Decorator: the function is called with each event of a class (``Event`` for all)."""

        def keep(handler: EventHandler) -> EventHandler:
            self._handlers.watch(kind, handler)
            return handler

        return keep

    @property
    def dialogue(self) -> DialogueState:
        """Where the dialogue stands: the command so far and what was asked, or ``idle``."""
        dialogue = self._rooms.dialogue()
        return DialogueState(state="idle") if dialogue is None else dialogue.state(self._now_s())

    # Running.

    def load(self) -> None:
        """Loads every engine now and not at the first utterance.

        Raises:
            ModelMissing: The recognizer's model isn't in the store.
            TemplateError: A template can't be read.
        """
        self._check_open()
        self._rooms.recognizer()
        self._rooms.dialogue()
        self._rooms.understander()
        model = self._rooms.language_model()
        warm_up: Callable[[], None] | None = getattr(model, "warm_up", None)
        if warm_up is not None:
            with suppress(EngineError):  # told by the reply that needs it; intents go on working
                warm_up()
        self._rooms.synthesizer()
        if self.recorder is not None:
            self.recorder.start()

    def check_voices(self) -> None:
        """Loads the voices that translations are spoken with, so that a missing one is told before all.

        Raises:
            VoxedgeError: One of them can't be had; the remedy says how to get it.
        """
        self._rooms.check_voices()

    def listen(
        self,
        sound: Sound = None,
        *,
        realtime: bool = False,
        push_to_talk: bool = False,
        rate_hz: int = 16_000,
    ) -> Iterator[Event]:
        """Listens and gives the events as they come.

        A microphone, or a file with ``realtime``, runs in threads; anything else runs in the caller's own,
        as fast as it goes and always with the same result. Leaving the loop ends the stream.

        Args:
            sound: None for the microphone; the path of a file; a source; or an iterable of NumPy arrays.
            realtime: A file is played at its own pace.
            push_to_talk: Only what is said between `press` and `release` is listened to.
            rate_hz: Samples a second of arrays.

        Raises:
            ModelMissing: A model isn't in the store; the remedy gets it.
            AudioUnreadable: The file can't be decoded.
            DeviceError: The microphone can't be used.
            UsageError: The assistant is listening already.
        """
        self._check_open()
        if not self._busy.acquire(blocking=False):
            raise UsageError(
                "The assistant is listening already.",
                remedy="End that stream first, or make another Assistant.",
            )
        try:
            self.load()
            self._turn_numbers = itertools.count(1)
            source = self._source(sound, realtime, rate_hz)
            if source.live:
                yield from self._listen_threaded(source, push_to_talk)
            else:
                yield from self._listen_inline(source)
        finally:
            self._busy.release()

    async def alisten(
        self, sound: Sound = None, *, realtime: bool = True, push_to_talk: bool = False
    ) -> AsyncIterator[Event]:
        """The events for ``async for``; the work is done in threads, never in the event loop."""
        import asyncio

        events = self.listen(sound, realtime=realtime, push_to_talk=push_to_talk)
        done = object()
        try:
            while True:
                event = await asyncio.to_thread(next, events, done)
                if not isinstance(event, Event):
                    return
                yield event
        finally:
            live = self._live
            if live is not None:
                await asyncio.to_thread(live.close)
            await asyncio.to_thread(_close_generator, events)

    def run(self) -> None:
        """Listens to the microphone until `close` is called or Ctrl-C is pressed; handlers do the rest."""
        try:
            for _event in self.listen():
                pass
        except KeyboardInterrupt:
            self.close()

    def ask(self, text: str, *, language: str = "") -> list[Event]:
        """Answers typed text as if it had been said; gives the events of that turn.

        While a live stream runs, its events go there as well, and what is returned is empty.

        Raises:
            VoxedgeError: As `listen`; errors of the turn itself are in its ``TurnEnded``.
        """
        self._check_open()
        live = self._live
        number = next(self._turn_numbers)
        transcript = Transcript(
            turn=number,
            text=text.strip(),
            language=language or self.config.understanding.language,
            confidence=1.0,
        )
        if live is not None:
            live.answer(transcript)
            return []
        sink: deque[Event] = deque()
        replies = Replies(**self._replies(sink.append))
        replies.turns.open(number, 0.0)
        replies.turns.emit(transcript)
        replies.answer(transcript, CancelToken())
        return list(sink)

    def say(self, text: str) -> None:
        """Speaks a text: after what is being spoken in a live stream, else now."""
        self._check_open()
        piece = ReplyDelta(turn=0, text=text, by="handler")
        live = self._live
        if live is not None:
            live.speak(piece)
            return
        speaking = self._rooms.speaking_room()
        if speaking is None:
            raise self._rooms.troubles.get("speaking") or UsageError(
                "This assistant has no voice.",
                remedy='Set `engine` under [speaking], or don\'t set it to "none".',
            )
        speaking.feed(piece, self._handlers.tell, CancelToken())
        speaking.finish(0, self._handlers.tell, CancelToken())

    def pause(self) -> None:
        """Stops listening until `resume`; an utterance that is open is given up."""
        self._gate.pause()

    def resume(self) -> None:
        """Listens again."""
        self._gate.resume()

    def press(self) -> None:
        """The button of push-to-talk goes down."""
        self._gate.press()

    def release(self) -> None:
        """The button of push-to-talk goes up: what was said is answered at once."""
        self._gate.release()

    def wipe(self) -> None:
        """Forgets the conversation: the next customer starts anew."""
        self.context.clear()
        self._rooms.wipe()

    def close(self) -> None:
        """Ends the stream, the threads and the engines. From any thread, at any time, twice if you like."""
        self._closed.set()
        if self._inline_cancel is not None:
            self._inline_cancel.cancel()
        live = self._live
        if live is not None:
            live.close()
        self._workers.close(0.2)
        self._rooms.close()
        if self.recorder is not None:
            self.recorder.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Wiring.

    def _reply_options(self) -> ReplyOptions:
        from datetime import datetime

        from voxedge.conversation.prompt import clock_fact

        own = self.config.conversation
        facts = (clock_fact(datetime.now().astimezone()), *self.facts())
        return ReplyOptions(
            max_tokens=own.max_reply_tokens,
            temperature=own.temperature,
            facts=tuple(fact for fact in facts if fact),
        )

    def _now_s(self) -> float:
        """The dialogue's time: the samples' in the caller's own thread, the clock's otherwise."""
        return monotonic() if self._inline_began is None else self._inline_began + self._stream_s

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise ClosedError("The assistant was closed.", remedy="Make another Assistant.", room="assistant")

    def _source(self, sound: Sound, realtime: bool, rate_hz: int) -> AudioSource:
        if sound is None:
            from voxedge.audio.microphone import MicrophoneSource

            return MicrophoneSource(self.config.audio.input_device)
        if isinstance(sound, (str, Path)):
            from voxedge.audio.sources import FileSource

            return FileSource(sound, realtime=realtime)
        if hasattr(sound, "frames"):
            return sound  # type: ignore[return-value]
        from voxedge.audio.sources import ArraySource

        return ArraySource(cast("Iterable[NDArray[generic]]", sound), rate_hz=rate_hz)

    def _listen_inline(self, source: AudioSource) -> Iterator[Event]:
        sink: deque[Event] = deque()
        # The dialogue's time is the stream's, so that the same sound always gives the same events.
        self._inline_began, self._stream_s = monotonic(), 0.0
        chain = self.chain(sink.append)
        self._inline_cancel = CancelToken()
        try:
            yield self._started(chain)
            yield from InlineRuntime(chain, sink, self._gate, self._inline_cancel).run(source)
        finally:
            self._inline_cancel = self._inline_began = None

    def _listen_threaded(self, source: AudioSource, push_to_talk: bool) -> Iterator[Event]:
        self._gate = ListeningGate(
            push_to_talk=push_to_talk,
            deaf_while_speaking=getattr(source, "hears_loudspeaker", False),
            paused=self._gate.paused,
        )
        self._gate.attach(getattr(source, "mute", None), getattr(source, "unmute", None))
        own = self.config.runtime
        runtime = ThreadedRuntime(
            self._gate,
            queue_items=own.queue_items,
            close_timeout_s=own.close_timeout_s,
            hang_timeout_s=self.config.recognition.hang_timeout_s,
            workers=self._workers,
        )
        told = threading.Event()

        def deliver(event: Event) -> None:
            told.wait(_OPEN_S)  # `Started` is the first of all
            runtime.deliver(event)

        chain = self.chain(deliver)
        watch_states: Callable[[Callable[[Event], None]], None] | None = getattr(source, "watch", None)
        if watch_states is not None:
            watch_states(chain.turns.emit)
        self._live = runtime
        try:
            runtime.start(chain, source)
            wait_open: Callable[[], object] | None = getattr(source, "wait_open", None)
            if wait_open is not None:
                wait_open()  # whoever speaks as soon as they are told that they may is heard
            yield self._started(chain, told)
            yield from runtime.events()
        finally:
            told.set()
            runtime.close()
            self._live = None

    def _started(self, chain: Chain, told: threading.Event | None = None) -> Started:
        started = Started(version=__version__, models=self._rooms.models())
        self._handlers.tell(started)  # before all else: it names the schema
        if told is not None:
            told.set()
        for room, error in self._rooms.troubles.items():
            chain.health.failed(room, error)
        return started

    def chain(self, deliver: Callable[[Event], None]) -> Chain:
        """The wired rooms of one stream, for a runtime that the caller brings (the daemon does)."""
        expectation = self._rooms.expectation(self._now_s)
        watch = CommandWatch(partial(completeness, expectation) if expectation is not None else None)
        return Chain(
            listening=self._rooms.listening_room(watch, lambda: next(self._turn_numbers)),
            recognition=self._rooms.recognition_room(expectation, lambda: self.context),
            watch=watch,
            **({"worked": self._observer.worked} if self._observer is not None else {}),
            **self._replies(deliver),
        )

    def _replies(self, deliver: Callable[[Event], None]) -> _ReplyRooms:
        def out(event: Event) -> None:
            self._stream_s = max(self._stream_s, event.time)
            self._gate.observe(event)
            deliver(event)
            self._handlers.tell(event)

        turns = Turns(out)
        health = Health(turns.emit)
        answering = Answering(
            self._rooms.understander(),
            self._handlers,
            self._rooms.conversation(),
            health=health,
            context=lambda: self.context,
            options=self._reply_options,
            turn_of=lambda transcript: as_turn(transcript, self),
            dialogue=self._rooms.dialogue(),
            now_s=self._now_s,
        )
        return {
            "answering": answering,
            "speaking": self._rooms.speaking_room(),
            "turns": turns,
            "health": health,
            "interpreting": self._rooms.interpreting(health),
        }


def _close_generator(events: Iterator[Event]) -> None:
    """Closes a generator that another thread may still be inside of: it leaves soon, its stream is closed."""
    close: Callable[[], None] | None = getattr(events, "close", None)
    for _attempt in range(100):
        try:
            if close is not None:
                close()
        except ValueError:  # "generator already executing"
            sleep(0.02)
        else:
            return
