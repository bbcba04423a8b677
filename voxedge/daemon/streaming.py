"""The service's live streams: who is let in, and what each one hears with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from voxedge.build import Parts
from voxedge.daemon.core import Core
from voxedge.daemon.engines import BiasedRecognizer, WatchedRecognizer
from voxedge.daemon.faults import Busy, NotServed
from voxedge.daemon.languages import model_for
from voxedge.daemon.metrics import FinalTimer
from voxedge.daemon.scheduler import LOCAL, Client
from voxedge.daemon.streams import LiveStream, StreamOptions
from voxedge.events import Event

if TYPE_CHECKING:
    from voxedge.chain import Chain
    from voxedge.recognition.contract import Recognizer
    from voxedge.understanding.contract import Understander


class StreamingCore(Core):
    """What `Service` does for live streams."""

    def open_stream(
        self,
        options: StreamOptions,
        deliver: Callable[[Event], None],
        *,
        client: Client = LOCAL,
    ) -> LiveStream:
        """Begins a live stream. Loads the engines that it needs, if they aren't loaded yet.

        Args:
            options: What is wanted.
            deliver: Takes the events; called from several threads, one at a time; must not block.
            client: Whose it is.

        Raises:
            Busy: There are as many as there may be, or those that there are wait too long already.
            NotServed: There is no such model.
            LanguageUnsupported: The model doesn't know the language.
        """
        self._check_ready()
        with self._admitted_stream(sound=options.sound):
            stream = self._make_stream(options, deliver, client)
        if self._stopping.is_set():
            stream.close()
        return stream

    @contextmanager
    def _admitted_stream(self, *, sound: bool) -> Iterator[None]:
        """Keeps a place for a stream that is being opened; streams of text need none of the cores."""
        own = self.settings.daemon
        with self._lock:
            if len(self._streams) + self._opening >= own.max_streams:
                raise Busy(f"There are {own.max_streams} live streams already.", retry_after_s=5)
            if sound and self._streams and self.scheduler.live_wait_ms() > own.max_live_wait_ms:
                raise Busy(
                    "The live streams need all the cores: with one more, words would come too late.",
                    retry_after_s=2,
                )
            self._opening += 1
            if sound:
                self.scheduler.live_opened()
        try:
            yield
        except BaseException:
            if sound:
                self.scheduler.live_closed()
            raise
        finally:
            with self._lock:
                self._opening -= 1

    def _make_stream(
        self, options: StreamOptions, deliver: Callable[[Event], None], client: Client
    ) -> LiveStream:
        recognizer = self.recognizer(options.model or model_for(self.config, options.language))
        self._understander(options)  # what is missing is told before anything begins
        timer = FinalTimer(self.metrics.final)
        observer = self.recorder.observer() if self.recorder is not None else None

        def out(event: Event) -> None:
            timer(event)
            self.metrics.event(event)
            if observer is not None:
                observer(event)
            self._deliver(event, deliver)

        def ended(stream: LiveStream) -> None:
            if options.sound:
                self.scheduler.live_closed()
            self._forget(stream)

        stream = LiveStream(
            lambda out: self._chain(options, recognizer, out),
            out,
            scheduler=self.scheduler,
            client=replace(client, connection=f"{client.connection}/{next(self._stream_numbers)}"),
            ended=ended,
        )
        with self._lock:
            self._streams.add(stream)
        return stream

    @property
    def streams(self) -> int:
        """Live streams that are open."""
        with self._lock:
            return len(self._streams)

    def _chain(
        self, options: StreamOptions, recognizer: Recognizer, deliver: Callable[[Event], None]
    ) -> Chain:
        from voxedge.assistant import Assistant
        from voxedge.hearing import with_grammar
        from voxedge.understanding.contract import Gate

        config = self.config
        changes: dict[str, dict[str, object]] = {
            "audio": {"speak_aloud": False},
            "statistics": {"monitor": False},  # the service itself counts
            "recognition": {"partials": options.partials, "words": options.words},
        }
        if options.language:
            changes["recognition"]["language"] = options.language
            if options.language != "auto":
                changes["understanding"] = {"language": options.language}
        listening = {"preset": options.preset, "min_silence_ms": options.silence_ms}
        changes["listening"] = {key: value for key, value in listening.items() if value}
        if not options.intents:
            changes["understanding"] = {"intents": (), "handlers": ""}
            changes["translation"] = {"target": ""}
        if not options.replies:
            changes["conversation"] = {"engine": "none"}
        own = config.with_values(**changes)
        understander = self._understander(options)
        gated = config.recognition.bias_from_intents and isinstance(understander, Gate)
        recognizer = self._watched(recognizer)
        if options.bias:
            recognizer = BiasedRecognizer(recognizer, options.bias, always=not gated)
        if gated and understander is not None and not options.intents:
            recognizer = with_grammar(recognizer, understander)
        parts = Parts(
            recognizer=recognizer,
            understander=understander if options.intents else None,
            language_model=self.rooms.language_model() if options.replies else None,
        )
        return Assistant(own, parts=parts).chain(deliver)

    def _understander(self, options: StreamOptions) -> Understander | None:
        if not options.intents and not options.grammar:
            return None
        try:
            return self.understanders.get(self.rooms, options.language)
        except NotServed:
            if options.intents:
                raise
            return None  # it only helps to hear

    def _watched(self, recognizer: Recognizer) -> Recognizer:
        """The recognizer, which may hang without everything else hanging."""
        return WatchedRecognizer(
            recognizer, self.workers, self.config.recognition.hang_timeout_s, self.progress
        )

    def _deliver(self, event: Event, deliver: Callable[[Event], None]) -> None:
        deliver(event)
        with self._lock:
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher(event)

    def _forget(self, stream: LiveStream) -> None:
        with self._lock:
            self._streams.discard(stream)
