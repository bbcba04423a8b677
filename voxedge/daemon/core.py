"""The service's own life: engines, admission of requests, start, stop, reload. For `service.Service`."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from voxedge.build import Parts, Rooms
from voxedge.config import Config
from voxedge.cores import share
from voxedge.daemon.faults import Busy, NotServed, Stopping, TooManyRequests
from voxedge.daemon.languages import Understanders
from voxedge.daemon.metrics import Metrics
from voxedge.daemon.progress import Progress
from voxedge.daemon.reporting import Reporting
from voxedge.daemon.scheduler import LOCAL, Client, Priority, Scheduler, Terms
from voxedge.daemon.settings import DaemonSettings
from voxedge.daemon.streams import LiveStream
from voxedge.errors import VoxedgeError
from voxedge.events import Event
from voxedge.statistics import Recorder
from voxedge.workers import Workers

if TYPE_CHECKING:
    from voxedge.recognition.contract import Recognizer
    from voxedge.speaking.contract import Synthesizer

_log = logging.getLogger("voxedge.daemon")

WORKERS_A_PLACE = 2
"""So that finals that wait in the engine can be recognized together (`voxedge.recognition.gathering`)."""

Watcher: TypeAlias = Callable[[Event], None]


class Core:
    """What `Service` has beside the work itself. See there for the arguments."""

    def __init__(self, config: Config, *, parts: Parts | None = None) -> None:
        self.settings = DaemonSettings.from_config(config)
        self.config = config
        self.progress = Progress()
        self.metrics = Metrics()
        self.recorder = Recorder.where_wanted(config.statistics.folder, monitor=config.statistics.monitor)
        """Counts for the owner; None where nothing is to be counted."""
        self.reporting = Reporting(config.statistics)
        self.rooms = Rooms(config, parts or Parts())
        own = config.daemon
        self.understanders = Understanders()
        places = share(self.rooms.plan.recognition)[0]
        self.scheduler = Scheduler(
            limit=own.queue_items,
            limit_per_client=own.queue_items_per_client,
            workers={"compute": places * WORKERS_A_PLACE},
            places={"compute": places},
            progress=self.progress,
        )
        self.callers = ThreadPoolExecutor(
            own.queue_items + own.max_streams, thread_name_prefix="voxedge-caller"
        )
        """Threads for callers that may not block, such as an event loop."""
        self._watchers: list[Watcher] = []
        self.workers = Workers()
        """Threads in which recognition is watched."""
        self._streams: set[LiveStream] = set()
        self._opening = 0
        self._recognizers: dict[str, Recognizer] = {}
        self._voices: dict[tuple[str, float], Synthesizer] = {}
        self._requests: dict[str, int] = {}
        self._lock = threading.RLock()
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._stream_numbers = itertools.count(1)

    # Life.

    def start(self) -> None:
        """Loads what the configuration names; then the service is ready.

        Raises:
            VoxedgeError: Recognition or the templates can't be loaded. (A missing voice or language model
                only shows in `troubles`.)
        """
        with self.progress.working("loading", limit_s=300.0):
            self._recognizers[self.config.recognition.model] = self.rooms.recognizer()
            self.progress.beat("loading")
            self.rooms.understander()
            self.rooms.synthesizer()
            model = self.rooms.language_model()
            warm_up: Callable[[], None] | None = getattr(model, "warm_up", None)
            if warm_up is not None:
                warm_up()
        if self.recorder is not None:
            self.recorder.start()
        self.reporting.start()
        if not self._stopping.is_set():
            self._ready.set()

    def begin_stop(self) -> None:
        """Refuses new work, and ends the streams: their open turns end as cancelled."""
        self._ready.clear()
        self._stopping.set()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.close()

    def stop(self, timeout_s: float | None = None) -> None:
        """Refuses new work, lets what runs end, and gives the engines back."""
        timeout_s = self.config.daemon.stop_timeout_s if timeout_s is None else timeout_s
        self.begin_stop()
        self.scheduler.close(timeout_s)
        self.callers.shutdown(wait=False, cancel_futures=True)
        self.workers.close()
        for recognizer in self._recognizers.values():
            recognizer.close()
        self.rooms.close()
        self.reporting.close()
        if self.recorder is not None:
            self.recorder.close(1.0)

    def reload(self, config: Config) -> tuple[str, ...]:
        """Takes over what can change while the service runs: clients, limits, endpointing, intents, handlers.

        Args:
            config: Read anew.

        Returns:
            Keys that differ and need a restart (models, addresses, threads).

        Raises:
            ConfigError: It isn't valid; then everything stays as it was.
        """
        settings = DaemonSettings.from_config(config)
        fresh = Rooms(config, replace(self.rooms.parts, understander=None))
        understander = fresh.understander()  # before anything is taken over: it may not compile
        later = _needs_restart(self.config, config)
        with self._lock:
            self.settings, self.config = settings, config
            self.rooms.config = config
            self.rooms.replace("understanding", understander)
            self.understanders.forget()
        _log.info("The configuration was read again.")
        return later

    @property
    def ready(self) -> bool:
        """Whether work is taken in."""
        return self._ready.is_set()

    @property
    def stopping(self) -> bool:
        """Whether the service is being stopped."""
        return self._stopping.is_set()

    @property
    def troubles(self) -> dict[str, VoxedgeError]:
        """Rooms that don't work, with the reason; the others do."""
        return dict(self.rooms.troubles)

    def beat(self, stage: str) -> None:
        """A stage has moved; see `Progress`."""
        self.progress.beat(stage)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Has a function called with every event of every stream; gives the function that ends it.

        It is called in the workers' threads, and must neither block nor raise.
        """
        with self._lock:
            self._watchers.append(watcher)

        def end() -> None:
            with self._lock:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return end

    @contextmanager
    def admitted(self, client: Client) -> Iterator[None]:
        """Counts a request while it is under way.

        Raises:
            TooManyRequests: The client has as many under way as it may.
            Busy: All clients together do.
            Stopping: The service isn't ready, or is being stopped.
        """
        self._check_ready()
        own = self.settings.daemon
        with self._lock:
            mine = self._requests.get(client.key, 0)
            wait_s = self.scheduler.foretold_wait_s("compute")
            if mine >= own.queue_items_per_client:
                raise TooManyRequests(f"This client has {mine} requests under way.", retry_after_s=wait_s)
            if sum(self._requests.values()) >= own.queue_items:
                raise Busy("As many requests are under way as may be.", retry_after_s=wait_s)
            self._requests[client.key] = mine + 1
        try:
            yield
        finally:
            with self._lock:
                left = self._requests[client.key] - 1
                if left:
                    self._requests[client.key] = left
                else:
                    del self._requests[client.key]

    @property
    def loaded_recognizers(self) -> frozenset[str]:
        """Names of the recognition models that are loaded."""
        with self._lock:
            return frozenset(self._recognizers)

    def request_ended(self, route: str, status: int, seconds: float, *, work: bool) -> None:
        """Counts a request that was answered, by its HTTP status.

        Args:
            route: Of the table, never what the client sent.
            status: 499 where the client didn't wait.
            seconds: How long it took.
            work: Whether it asked for work, and not only for a look.
        """
        self.metrics.request(route, status, seconds)
        if self.recorder is not None and work:
            label = _ENDS.get(status) or (
                "served" if status < 400 else "invalid" if status < 500 else "failed"
            )
            self.recorder.count("requests", label)

    @property
    def requests(self) -> int:
        """Requests that are under way."""
        with self._lock:
            return sum(self._requests.values())

    def recognizer(self, model: str = "") -> Recognizer:
        """A recognizer by the name of its model; loaded when it is first asked for.

        Raises:
            NotServed: The configuration names no such model.
        """
        own = self.config.recognition
        name = model or own.model
        names = (own.model, *self.config.daemon.models)
        if name not in names:
            raise NotServed(
                f"There is no recognition model {name!r} here.",
                remedy=f"There are: {', '.join(names)}.",
                param="model",
            )
        with self._lock:
            if name not in self._recognizers:
                from voxedge import recognition, store

                if name == own.model:
                    self._recognizers[name] = self.rooms.recognizer()
                else:
                    self._recognizers[name] = recognition.create(
                        own.engine,
                        store.resolve(name, kind="recognition"),
                        model_name=name,
                        threads=self.rooms.plan.recognition,
                    )
            return self._recognizers[name]

    def _terms(
        self,
        client: Client = LOCAL,
        priority: Priority = Priority.INTERACTIVE,
        deadline_s: float | None = None,
    ) -> Terms:
        limit_s = self.settings.daemon.deadline_s if deadline_s is None else deadline_s
        return Terms(client=client, priority=priority, deadline_s=limit_s)

    def _check_ready(self) -> None:
        if self._stopping.is_set():
            raise Stopping("The service is stopping.", retry_after_s=5)
        if not self._ready.is_set():
            raise Stopping("The models are being loaded.", retry_after_s=2)


_ENDS = {401: "unauthorized", 413: "too_large", 429: "too_many", 499: "abandoned", 503: "busy"}
_RELOADED = {"understanding", "listening", "audio"}
_RELOADED_KEYS = {
    "max_body_mb", "max_audio_s", "max_streams", "max_live_wait_ms", "requests_per_minute",
    "queue_items_per_client", "deadline_s", "receive_timeout_s", "stop_timeout_s", "tokens_file",
    "system_prompt", "max_reply_tokens",
    "temperature", "language", "beam", "alternatives", "words", "numbers", "partials", "bias_from_intents",
}  # fmt: skip


def _needs_restart(old: Config, new: Config) -> tuple[str, ...]:
    changed: list[str] = []
    for section in dataclasses.fields(old):
        before, after = getattr(old, section.name), getattr(new, section.name)
        if section.name in _RELOADED:
            continue
        changed += [
            f"{section.name}.{key.name}"
            for key in dataclasses.fields(before)
            if key.name not in _RELOADED_KEYS and getattr(before, key.name) != getattr(after, key.name)
        ]
    return tuple(changed)
