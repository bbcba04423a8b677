"""Language models in the GGUF format, by llama.cpp in a process of its own.

A crash, a hang or a full memory of llama.cpp is an error of one reply, and the next reply finds a fresh
process. What the process is asked and answers is in `voxedge.conversation.writer`.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from voxedge.children import frames
from voxedge.children.process import ChildProcess
from voxedge.conversation import faults
from voxedge.conversation.contract import Message, ReplyOptions
from voxedge.conversation.prompt import checked, with_facts
from voxedge.errors import (
    EngineCrashed,
    EngineError,
    EngineLoadFailed,
    TextInvalid,
    UsageError,
)
from voxedge.events import NEVER, CancelToken
from voxedge.registry import need_installed

_POLL_S = 0.02
# llama.cpp's OpenMP threads wait for each other by spinning. With other work on the cores (recognition,
# speech) that costs dearly: measured with SmolLM2-135M, two threads on two busy cores, 2-3 tokens/s
# spinning and 20-27 waiting passively.
_ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}

_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 30.0
_LEAST_CONTEXT_TOKENS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyStats:
    """What one reply cost, as counted in the model's process.

    Attributes:
        prompt_tokens: Length of the whole prompt.
        known_tokens: How many of them were in the cache from earlier replies.
        read_tokens: How many llama.cpp's own counter says were evaluated.
        reply_tokens: Tokens written.
        first_token_ms: From the request to the first token.
        total_ms: From the request to the end.
    """

    prompt_tokens: int
    known_tokens: int
    read_tokens: int
    reply_tokens: int
    first_token_ms: float
    total_ms: float


class LlamaModel:
    """A `voxedge.conversation.LanguageModel` on a GGUF file. May be used and closed from any thread.

    Nothing is loaded until the first reply or `warm_up`.

    Args:
        path: A GGUF file.
        name: Name of the model, for events and messages.
        context_tokens: Size of the context window; at least 128.
        threads: Threads of the process; 0 takes what the machine has, at most 4.
        reply_timeout_s: With no sign of life for so long (a token, or a step of reading the prompt), the
            process counts as hung.
        load_timeout_s: The same for loading the file.

    Raises:
        ExtraMissing: llama-cpp-python isn't installed.
        EngineLoadFailed: The file isn't there or isn't GGUF.
        UsageError: A number is out of range.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        context_tokens: int = 1024,
        threads: int = 0,
        reply_timeout_s: float = 20.0,
        load_timeout_s: float = 60.0,
    ) -> None:
        need_installed("llama_cpp", "llm", "The language model")
        if context_tokens < _LEAST_CONTEXT_TOKENS or threads < 0 or not reply_timeout_s > 0:
            raise UsageError(
                "The language model's numbers are out of range.",
                remedy=f"context_tokens: at least {_LEAST_CONTEXT_TOKENS}; threads: 0 or more; "
                "reply_timeout_s: more than 0.",
                room=faults.ROOM,
            )
        self._path = faults.checked_file(Path(path))
        self._name = name or self._path.stem
        self._context_tokens = context_tokens
        self._threads = threads or min(4, os.cpu_count() or 1)
        self._reply_timeout_s = reply_timeout_s
        self._load_timeout_s = max(load_timeout_s, reply_timeout_s)
        self._turn = threading.Lock()  # held while a reply is written
        self._turn_of = 0
        self._state = threading.Lock()  # guards what follows; held for moments
        self._closing = threading.Event()
        self._finalizer: weakref.finalize[[], LlamaModel] | None = None
        self._child: ChildProcess | None = None
        self._ready = False
        self._number = 0
        self._failures = 0
        self._not_before = 0.0
        self._last_error: EngineError | None = None
        self.last_stats: ReplyStats | None = None
        """What the last reply that came to its end cost."""

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._name

    @property
    def file(self) -> Path:
        """The GGUF file."""
        return self._path

    @property
    def pid(self) -> int | None:
        """Process id of the model's process, or None while there is none."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def warm_up(self, messages: Sequence[Message] = ()) -> None:
        """Starts the process and returns at once; loading goes on in the background.

        Args:
            messages: Read ahead, so that the first reply needn't: the system prompt, say.

        Raises:
            ClosedError: The model was closed.
            TextInvalid: The messages can't be used.
        """
        request = None
        if messages:
            # Templates want words of a user; what stands before them is what will be found in the cache.
            ahead = (*messages, Message("user", "Hello")) if messages[-1].role != "user" else messages
            request = self._request(ahead, ReplyOptions(max_tokens=0))
        if not self._turn.acquire(blocking=False):
            return  # a reply is being written: it is warm
        try:
            child = self._running_child()
            if request is not None:
                child.send({**request, "id": self._next_number()})
        finally:
            self._turn.release()

    def reply(
        self, messages: Sequence[Message], options: ReplyOptions, cancel: CancelToken = NEVER
    ) -> Iterator[str]:
        """Gives the reply piece by piece; whole characters, no leading blank.

        The arguments are checked now; the work begins when the first piece is asked for. A caller that stops
        iterating should close the iterator (leaving a ``for`` does that in CPython).

        Raises:
            TextInvalid: The messages are empty, too long, or don't end with the user's.
            UsageError: A number of the options is out of range.
            EngineCrashed: The process died; it is restarted for the next reply.
            EngineHung: It gave no sign of life in time; it is restarted for the next reply.
            EngineLoadFailed: The model can't be loaded.
            Cancelled: The token was cancelled.
            ClosedError: The model was closed.
        """
        if not 1 <= options.max_tokens <= self._context_tokens // 2 or not 0 <= options.temperature <= 10:
            raise UsageError(
                "The reply's options are out of range.",
                remedy=f"max_tokens: 1 to {self._context_tokens // 2} (half the context window); "
                "temperature: 0 to 10.",
                room=faults.ROOM,
            )
        return self._reply(self._request(messages, options), cancel)

    def forget(self) -> None:
        """Removes what was said from the model's memory (the cache of prompts). Never blocks for long."""
        with self._state:
            if self._child is not None:
                self._child.send({"op": "forget"})

    def close(self) -> None:
        """Ends the process, at once and from any thread; a reply that is being read gets `ClosedError`."""
        with self._state:
            self._closing.set()
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def __enter__(self) -> LlamaModel:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _request(self, messages: Sequence[Message], options: ReplyOptions) -> frames.Frame:
        plain = checked(messages)
        plain[-1]["content"] = with_facts(plain[-1]["content"], options.facts)
        return {
            "op": "reply",
            "messages": [[message["role"], message["content"]] for message in plain],
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
            "stop": list(options.stop),
        }

    def _reply(self, request: frames.Frame, cancel: CancelToken) -> Iterator[str]:
        self._wait_for_turn(cancel)
        try:
            cancel.raise_if_cancelled()
            child = self._running_child()
            number = self._next_number()
            child.send({**request, "id": number})
            finished = False
            try:
                yield from self._pieces(child, number, cancel)
                finished = True
            finally:
                if not finished:
                    child.send({"op": "cancel", "id": number})
        finally:
            self._turn_of = 0
            self._turn.release()

    def _wait_for_turn(self, cancel: CancelToken) -> None:
        if self._turn_of == threading.get_ident():
            raise UsageError(
                "This thread is still reading another reply of the same model.",
                remedy="Read that reply to its end, or close its iterator, before asking for the next.",
                room=faults.ROOM,
            )
        while not self._turn.acquire(timeout=_POLL_S):
            cancel.raise_if_cancelled()
            self._raise_if_closed()
        self._turn_of = threading.get_ident()

    def _pieces(self, child: ChildProcess, number: int, cancel: CancelToken) -> Iterator[str]:
        last_sign = monotonic()
        while True:
            cancel.raise_if_cancelled()
            frame = child.receive(_POLL_S)
            self._raise_if_closed()
            if frame is None:
                limit_s = self._reply_timeout_s if self._ready else self._load_timeout_s
                if monotonic() - last_sign > limit_s:
                    raise self._failed(child, faults.hung(self._name, limit_s))
                continue
            kind = frame.get("type")
            if kind == "end":
                raise self._failed(child, self._death(child.how_it_died()))
            if kind == "error":
                raise self._failed(child, self._reported(frame))
            if kind == "ready":
                self._ready = True
            elif frame.get("id") == number:
                if kind == "piece":
                    yield str(frame["text"])
                elif kind == "refused":
                    raise TextInvalid(str(frame["message"]), remedy=str(frame["remedy"]), room=faults.ROOM)
                elif kind == "done":
                    self._note_done(frame)
                    return
            # After the consumer had its time: that doesn't count as the model's silence.
            last_sign = monotonic()

    def _note_done(self, frame: frames.Frame) -> None:
        self._failures = 0
        self._last_error = None
        self.last_stats = ReplyStats(
            **{name: frame[name] for name in ReplyStats.__dataclass_fields__}  # type: ignore[arg-type]
        )

    def _running_child(self) -> ChildProcess:
        """The process, started if need be. Called with the turn held."""
        with self._state:
            if self._closing.is_set():
                raise faults.closed()
            child = self._child
        if child is not None and child.alive:
            return child
        if child is not None:  # it died between two replies
            self._failed(child, self._death(child.how_it_died()))
        wait_s = self._not_before - monotonic()
        if wait_s > 0 and self._last_error is not None:
            error = self._last_error
            raise type(error)(
                error.message, remedy=f"{error.remedy} Tried again in {wait_s:.0f} s.", room=faults.ROOM
            )
        self._ready = False
        child = _start()
        # An app that drops the model without closing it shall not keep a process.
        if self._finalizer is not None:
            self._finalizer.detach()
        self._finalizer = weakref.finalize(self, child.end)
        child.send(
            {
                "op": "load",
                "path": str(self._path),
                "context_tokens": self._context_tokens,
                "threads": self._threads,
            }
        )
        with self._state:
            if not self._closing.is_set():
                self._child = child
                return child
        child.end()
        raise faults.closed()

    def _failed(self, child: ChildProcess, error: EngineError) -> EngineError:
        """Ends a process that is of no more use, and says when the next may start."""
        with self._state:
            if self._child is child:
                self._child = None
        child.end()
        self._failures += 1
        # The first restart comes at once; a model that dies each time mustn't burn the processor.
        pause_s = 0.0 if self._failures == 1 else _FIRST_BACKOFF_S * 2.0 ** (self._failures - 2)
        if isinstance(error, EngineLoadFailed):
            pause_s = max(pause_s, _FIRST_BACKOFF_S)
        self._not_before = monotonic() + min(pause_s, _LONGEST_BACKOFF_S)
        self._last_error = error
        return error

    def _death(self, how: str) -> EngineError:
        if self._ready:
            return faults.crashed(self._name, how)
        return faults.load_failed(self._name, f"its process ended while loading ({how})")

    def _reported(self, frame: frames.Frame) -> EngineError:
        message = str(frame.get("message"))
        if frame.get("code") == EngineLoadFailed.code:
            return faults.load_failed(self._name, message)
        return faults.crashed(self._name, message)

    def _next_number(self) -> int:
        with self._state:
            self._number += 1
            return self._number

    def _raise_if_closed(self) -> None:
        if self._closing.is_set():
            raise faults.closed()


def create(
    model_path: Path,
    *,
    model_name: str = "",
    context_tokens: int = 1024,
    threads: int = 0,
    reply_timeout_s: float = 20.0,
) -> LlamaModel:
    """The engine ``llama`` of `voxedge.conversation.create`."""
    return LlamaModel(
        model_path,
        name=model_name,
        context_tokens=context_tokens,
        threads=threads,
        reply_timeout_s=reply_timeout_s,
    )


def _start() -> ChildProcess:
    try:
        return ChildProcess("voxedge.conversation.child", "llm", _ENVIRONMENT)
    except OSError as exc:
        raise EngineCrashed(
            f"The language model's process can't be started: {exc.strerror}.",
            remedy="Free memory or processes, and try again.",
            room=faults.ROOM,
        ) from exc
