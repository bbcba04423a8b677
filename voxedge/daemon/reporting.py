"""Sends what the owner agreed to share, now and then; without consent it looks at one file, that is all."""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING

from voxedge.config import StatisticsConfig
from voxedge.daemon.logs import log
from voxedge.errors import VoxedgeError
from voxedge.statistics.places import sharing_file

if TYPE_CHECKING:
    from voxedge.statistics import SyncResult

_log = logging.getLogger("voxedge.daemon")
EVERY_S = 3600.0


class Reporting:
    """A thread that calls `voxedge.statistics.sync` every hour or so, at no regular times.

    The owner may opt in and out while it runs: consent is looked up each time.

    Args:
        own: ``[statistics]``.
        every_s: Seconds between two looks, on average.
        hurry: Whether reports are sent at once, and not at their random times; for tests.
    """

    def __init__(
        self,
        own: StatisticsConfig,
        *,
        every_s: float = EVERY_S,
        hurry: bool = False,
    ) -> None:
        self._own, self._every_s, self._hurry = own, every_s, hurry
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voxedge-reporting", daemon=True)

    def start(self) -> None:
        """Begins, once."""
        self._thread.start()

    def close(self, timeout_s: float = 1.0) -> None:
        """Ends the thread; one that is sending is waited for, for so long at most."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def look(self) -> None:
        """Sends what is due, if anything is to be sent; says in the log how it went, never what it was."""
        try:
            result = self._sync()
        except VoxedgeError as error:
            log(_log, logging.WARNING, "Nothing of the statistics was sent.", code=error.code)
            return
        except Exception as exc:  # noqa: BLE001 - statistics are never worth a service
            log(_log, logging.ERROR, "Sending statistics failed.", code=type(exc).__name__)
            return
        if result is not None and result.outcome in {"sent", "refused", "unreachable"}:
            log(_log, logging.INFO, "Statistics.", outcome=result.outcome, waiting=result.waiting)

    def _sync(self) -> SyncResult | None:
        if not sharing_file(self._own.folder).exists():
            return None  # without consent not even the client of the network is loaded
        from voxedge.statistics import sync

        return sync(self._own.folder or None, ca_file=self._own.ca_file, hurry=self._hurry)

    def _run(self) -> None:
        # By chance, so that when a report comes doesn't tell when the device was switched on.
        while not self._stopping.wait(self._every_s * random.uniform(0.1, 1.9)):
            self.look()
