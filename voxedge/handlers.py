"""The app's own actions: functions that answer intents, kept by the intent's name."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from voxedge.errors import ConfigError, HandlerFailed, VoxedgeError
from voxedge.events import Earlier, Event, IntentMatched, NoIntent, Transcript

if TYPE_CHECKING:
    from voxedge.assistant import Assistant

_log = logging.getLogger("voxedge.handlers")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a handler is told beside the intent.

    Attributes:
        number: Number of the turn, from 1.
        text: The words that were recognized or typed.
        language: ISO 639-1.
        assistant: The assistant, for ``say()``, ``pause()``, ``context``.
    """

    number: int
    text: str
    language: str
    assistant: Assistant


IntentHandler: TypeAlias = Callable[[IntentMatched, Turn], object]
"""Gives the reply: a text, an iterable of pieces of text, None for silence, or a coroutine of these."""

UndoHandler: TypeAlias = Callable[[Earlier, Turn], object]
"""Takes a command back that was done earlier; gives the reply, as an `IntentHandler`."""

NoIntentHandler: TypeAlias = Callable[[NoIntent, Turn], object]
"""The same for what no intent takes; None leaves it to the language model."""

EventHandler: TypeAlias = Callable[[Event], None]
UNDO = "undo"
"""Intent of taking a command back, where no other is declared."""
H = TypeVar("H", bound=Callable[..., object])


class Handlers:
    """The handlers of one assistant."""

    def __init__(self) -> None:
        self._intents: dict[str, IntentHandler] = {}
        self._undo: dict[str, UndoHandler] = {}
        self._no_intent: NoIntentHandler | None = None
        self._watchers: list[tuple[type[Event], EventHandler]] = []

    def add_intent(self, name: str, handler: IntentHandler) -> None:
        """Keeps the handler of an intent, in place of an older one; ``"*"`` takes those that have none."""
        self._intents[name] = handler

    def add_undo(self, name: str, handler: UndoHandler) -> None:
        """Keeps what takes a command of this intent back; ``"*"`` takes back those that have no other."""
        self._undo[name] = handler

    def set_no_intent(self, handler: NoIntentHandler) -> None:
        """Keeps the handler of what no intent takes."""
        self._no_intent = handler

    def watch(self, kind: type[Event], handler: EventHandler) -> None:
        """Calls a function for each event of a class."""
        self._watchers.append((kind, handler))

    def tell(self, event: Event) -> None:
        """Tells an event to those who watch for it; a watcher that fails is logged and hurts nobody else."""
        for kind, handler in self._watchers:
            if isinstance(event, kind):
                try:
                    handler(event)
                except Exception as exc:  # noqa: BLE001 - an app's code may raise anything
                    _log_failure(f"watcher of {kind.__name__}", exc)

    @property
    def empty(self) -> bool:
        """Whether no intent has a handler: the app looks at the events by itself."""
        return not self._intents and not self._undo

    def has(self, match: IntentMatched) -> bool:
        """Whether something answers the command, or takes it back."""
        if match.relation == "undo" and self._undo_of(match) is not None:
            return True
        return match.intent in self._intents or ("*" in self._intents and match.intent != UNDO)

    def answer(self, match: IntentMatched, turn: Turn) -> Iterator[str]:
        """Runs the handler of an intent and gives the pieces of its reply.

        A correction of a command that was done takes that one back first, where the app can.

        Raises:
            HandlerFailed: The handler raised an exception.
        """
        undo, earlier = self._undo_of(match), match.earlier
        if undo is not None and earlier is not None and match.relation != "addition":
            pieces = _pieces(f"undo handler of {earlier.intent}", undo, earlier, turn)
            if match.relation == "undo":
                yield from pieces
                return
            for _piece in pieces:
                pass  # what was done is not worth a word beside what is done in its place
        handler = self._intents.get(match.intent)
        if handler is None and match.intent != UNDO:
            handler = self._intents.get("*")
        if handler is not None:
            yield from _pieces(f"handler of {match.intent}", handler, match, turn)

    def _undo_of(self, match: IntentMatched) -> UndoHandler | None:
        earlier = match.earlier
        return None if earlier is None else self._undo.get(earlier.intent) or self._undo.get("*")

    def answer_no_intent(self, refusal: NoIntent, turn: Turn) -> Iterator[str]:
        """Runs the handler of what no intent takes, if there is one."""
        if self._no_intent is not None:
            yield from _pieces("handler of no intent", self._no_intent, refusal, turn)


def _pieces(
    name: str, handler: Callable[..., object], found: IntentMatched | NoIntent | Earlier, turn: Turn
) -> Iterator[str]:
    try:
        result = handler(found, turn)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        if result is None:
            return
        if isinstance(result, str):
            yield result
            return
        if isinstance(result, Iterable):
            for piece in result:
                yield str(piece)
            return
        yield str(result)
    except VoxedgeError:
        raise
    except Exception as exc:
        _log_failure(name, exc)
        raise HandlerFailed(
            f"The {name} raised {type(exc).__name__}.",
            remedy="Mend the handler; the log says in which line it failed.",
        ) from exc


def _log_failure(name: str, exc: BaseException) -> None:
    _log.error("%s raised %s at %s", name, type(exc).__name__, place_of(exc))


def place_of(exc: BaseException) -> str:
    """File and line that an exception comes from: what may be logged of it.

    Its message may not: it may quote what somebody said.
    """
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


def as_turn(transcript: Transcript, assistant: Assistant) -> Turn:
    """What the handlers are told of a transcript."""
    return Turn(transcript.turn, transcript.text, transcript.language, assistant)


def load_handlers(path: str | Path, assistant: Assistant) -> None:
    """Runs the ``register(assistant)`` function of a Python file, which adds its handlers.

    Raises:
        ConfigError: The file isn't there, can't be run or has no ``register``.
    """
    file = Path(path)
    spec = importlib.util.spec_from_file_location(f"voxedge_handlers_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise ConfigError(
            f"The handlers file {file} isn't a Python file that can be read.",
            remedy="Correct `handlers` under [understanding].",
        )
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as exc:
        _log_failure(f"handlers file {file}", exc)
        raise ConfigError(
            f"The handlers file {file} can't be run: {type(exc).__name__}: {exc}.", remedy=f"Mend {file}."
        ) from exc
    register = getattr(module, "register", None)
    if not callable(register):
        raise ConfigError(
            f"The handlers file {file} has no function `register(assistant)`.",
            remedy="Add `def register(assistant):` with the @assistant.on_intent handlers inside.",
        )
    register(assistant)
