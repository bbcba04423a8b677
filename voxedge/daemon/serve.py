"""``voxedge serve``: starts the servers, loads the models, and stops cleanly on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from voxedge.config import Config
from voxedge.daemon import servers
from voxedge.daemon.notify import Notifier, Watchdog
from voxedge.daemon.servers import Server
from voxedge.daemon.service import Service
from voxedge.errors import VoxedgeError

_log = logging.getLogger("voxedge.daemon")

LOOP_BEAT_S = 1.0
LOOP_LIMIT_S = 15.0
"""An event loop that doesn't come round in this time is stuck."""


LAST_WORDS_S = 0.2
"""So long the last events of the streams have to reach their clients before the connections end."""


class Daemon:
    """One service with its servers, in one event loop.

    Args:
        config: What to serve.
        again: Reads the configuration anew, for a reload; None where it came from nowhere.
        announce: Told each line that is for people: addresses, readiness.
        notifier: The service manager; by default the one that the environment names.
    """

    def __init__(
        self,
        config: Config,
        *,
        again: Callable[[], Config] | None = None,
        announce: Callable[[str], None] = lambda _line: None,
        notifier: Notifier | None = None,
    ) -> None:
        self.service = Service(config)
        self._again = again
        self._announce = announce
        self._notifier = notifier or Notifier()
        self._watchdog = Watchdog(self._notifier, self.service.progress.stuck)
        self._servers: dict[str, Server] = {}
        self._ended = asyncio.Event()

    @property
    def addresses(self) -> dict[str, str]:
        """Where each server listens."""
        return {name: server.address for name, server in self._servers.items()}

    async def run(self) -> None:
        """Serves until `end` is called or a signal comes.

        Raises:
            AddressInUse: A server can't listen.
            VoxedgeError: The models can't be loaded.
        """
        self._catch_signals()
        beating = asyncio.create_task(self._beat())
        try:
            await self._start_servers()
            self._watchdog.start()
            await self._load()
            if not self._ended.is_set():
                self._notifier.ready("ready")
                self._announce("ready")
            await self._ended.wait()
        finally:
            await self._stop()
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    def end(self) -> None:
        """Ends `run`; to be called in the event loop."""
        self._ended.set()

    async def reload(self) -> None:
        """Reads the configuration again and takes over what can change; a faulty one changes nothing."""
        if self._again is None:
            return
        self._notifier.reloading()
        try:
            config = await asyncio.to_thread(self._again)
            later = await asyncio.to_thread(self.service.reload, config)
            for server in self._servers.values():
                server.reload()
        except VoxedgeError as error:
            _log.error("Nothing was reloaded: %s", error.message)
            self._announce(f"nothing was reloaded: {error.message} {error.remedy}")
        else:
            self._announce("reloaded" + (f"; needs a restart: {', '.join(later)}" if later else ""))
        self._notifier.ready("ready")

    async def _start_servers(self) -> None:
        for name in servers.SERVERS:
            start = servers.load(name)
            server = await start(self.service) if start is not None else None
            if server is not None:
                self._servers[name] = server
                self._announce(f"{name}: {server.address}")

    async def _load(self) -> None:
        """Loads the models while the servers already say that they aren't ready."""
        loading = asyncio.create_task(asyncio.to_thread(self.service.start))
        ended = asyncio.create_task(self._wait_for_end())
        await asyncio.wait({loading, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if loading.done():
            loading.result()
            # What is loaded stays: the collector needn't look at it each time, and so looks often enough at
            # what streams leave behind, the sound of utterances among it.
            gc.collect()
            gc.freeze()

    async def _wait_for_end(self) -> None:
        await self._ended.wait()

    async def _stop(self) -> None:
        self._notifier.stopping()
        timeout_s = self.service.settings.daemon.stop_timeout_s
        await asyncio.to_thread(self.service.begin_stop)
        await asyncio.sleep(LAST_WORDS_S)
        closing = [server.close(timeout_s) for server in self._servers.values()]
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(result, BaseException):
                _log.error("A server didn't stop cleanly: %s", type(result).__name__)
        await asyncio.to_thread(self.service.stop, timeout_s)
        self._watchdog.stop()
        self._announce("stopped")

    async def _beat(self) -> None:
        with self.service.progress.working("loop", LOOP_LIMIT_S):
            while True:
                self.service.beat("loop")
                await asyncio.sleep(LOOP_BEAT_S)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._signalled)
            if hasattr(signal, "SIGHUP"):
                loop.add_signal_handler(signal.SIGHUP, self._hung_up)

    def _signalled(self) -> None:
        if self._ended.is_set():
            # The second Ctrl-C: whoever types it doesn't want to wait.
            raise KeyboardInterrupt
        self._announce("stopping")
        self.end()

    def _hung_up(self) -> None:
        self._reloading = asyncio.ensure_future(self.reload())


def share_the_cores() -> None:
    """Has the engines' threads wait without turning the cores; to be called before an engine is loaded.

    OpenMP's threads spin while they wait for each other. Where many clients, or other programs, want the
    same cores, that takes as much processor time as the work itself.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def read_config(path: str | Path | None, changes: dict[str, object]) -> Config:
    """The configuration of a file (or the defaults), with what the command line says about ``[daemon]``."""
    config = Config.from_file(path) if path else Config.from_mapping({})
    return config.with_values(daemon=changes)
