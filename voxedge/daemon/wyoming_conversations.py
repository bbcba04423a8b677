"""Conversations by Wyoming: what belongs together is answered by one dialogue, and forgotten soon after.

A client names a conversation (Home Assistant does, in ``context``); a question that voxedge asks back
("What size?") is then answered by the next text of the same conversation.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from voxedge.daemon.wyoming_contract import WyomingRefused
from voxedge.events import Reply, ReplyDelta, TurnEnded

if TYPE_CHECKING:
    from voxedge.daemon.streams import LiveStream
    from voxedge.events import Event

KEPT = 4
"""So many conversations are remembered; the one that was quiet for longest is forgotten for a new one."""
FORGET_AFTER_S = 120.0

Open = Callable[[Callable[["Event"], None]], Awaitable["LiveStream"]]


class Conversation:
    """One conversation: texts go in, replies come out, one after the other.

    Args:
        loop: Where the replies are read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._turn = 0
        self._stream: LiveStream | None = None
        self.lock = asyncio.Lock()

    async def open(self, opener: Open) -> None:
        """Opens the stream that answers."""
        self._stream = await opener(self._deliver)

    async def answer(self, text: str, language: str) -> AsyncIterator[str]:
        """The reply to a text, in pieces; none where nobody has one.

        Raises:
            WyomingRefused: The reply failed.
        """
        stream = self._stream
        assert stream is not None
        self._turn += 1
        turn = self._turn
        await asyncio.to_thread(stream.ask, turn, text, language)
        in_pieces = False
        while not (isinstance(event := await self._events.get(), TurnEnded) and event.turn == turn):
            if event.turn != turn:
                continue
            if isinstance(event, ReplyDelta):
                in_pieces = True
                yield event.text
            elif isinstance(event, Reply) and not in_pieces:
                yield event.text
        if event.error is not None:
            raise WyomingRefused(
                f"There is no reply ({event.error.code}).", remedy=event.error.hint or "Try again."
            )

    def close(self) -> None:
        """Forgets it."""
        if self._stream is not None:
            self._stream.close()

    def _deliver(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)


class Conversations:
    """The conversations of all clients, by name. For one event loop."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Conversation] = OrderedDict()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def answer(self, name: str, text: str, language: str, opener: Open) -> AsyncIterator[str]:
        """The reply to a text of a conversation; "" is one of its own, forgotten at once.

        Raises:
            VoxedgeError: The reply failed, or there is too much work already.
        """
        conversation = self._kept.get(name) if name else None
        if conversation is None:
            conversation = Conversation(asyncio.get_running_loop())
            await conversation.open(opener)
            if name:
                self._keep(name, conversation)
        finished = False
        try:
            async with conversation.lock:
                async for piece in conversation.answer(text, language):
                    yield piece
            finished = True
        finally:
            if name and finished:
                self._touch(name)
            elif name:
                self.forget(name)  # given up in the middle: what it says next could be of this turn
            else:
                conversation.close()

    def forget(self, name: str) -> None:
        """Forgets a conversation, if it is known."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        conversation = self._kept.pop(name, None)
        if conversation is not None:
            conversation.close()

    def close(self) -> None:
        """Forgets all."""
        for name in list(self._kept):
            self.forget(name)

    def _keep(self, name: str, conversation: Conversation) -> None:
        self.forget(name)
        while len(self._kept) >= KEPT:
            self.forget(next(iter(self._kept)))
        self._kept[name] = conversation
        self._touch(name)

    def _touch(self, name: str) -> None:
        if name not in self._kept:
            return
        self._kept.move_to_end(name)
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(FORGET_AFTER_S, self.forget, name)
