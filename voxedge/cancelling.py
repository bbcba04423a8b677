"""Giving up work that nobody waits for any more."""

from __future__ import annotations

import threading


class CancelToken:
    """A flag that says: give up. Safe to use from any thread.

    Args:
        parent: A token whose cancelling cancels this one as well.
    """

    __slots__ = ("_event", "_parent")

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._event = threading.Event()
        self._parent = parent

    def cancel(self) -> None:
        """Asks whoever polls the token to give up. Never blocks, may be called twice."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether work under this token is to be given up."""
        return self._event.is_set() or (self._parent is not None and self._parent.cancelled)

    def raise_if_cancelled(self) -> None:
        """Raises `voxedge.errors.Cancelled` when cancelled."""
        if self.cancelled:
            from voxedge.errors import Cancelled

            raise Cancelled()


NEVER = CancelToken()
"""A token for work that nobody cancels. Don't cancel it."""
