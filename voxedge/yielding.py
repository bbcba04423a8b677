"""The language model makes way while somebody waits for words."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from voxedge.events import NEVER, CancelToken

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import (
        Recognition,
        RecognitionOptions,
        Recognizer,
        RecognizerCapabilities,
    )


@runtime_checkable
class Holdable(Protocol):
    """An engine in a process of its own that can be held up for a moment."""

    def holding(self) -> AbstractContextManager[None]:
        """Inside, it stands still."""
        ...


def yielding(recognizer: Recognizer, model: object) -> Recognizer:
    """The recognizer, for which a language model stands still; as it is where the model can't do that."""
    return YieldingRecognizer(recognizer, model) if isinstance(model, Holdable) else recognizer


class YieldingRecognizer:
    """A recognizer that has the cores to itself while it works on what may be a final.

    Not while it makes partials: they come again and again, and a reply is waited for as well.

    Args:
        recognizer: Does the work; shared, not closed here.
        model: Makes way.
    """

    def __init__(self, recognizer: Recognizer, model: Holdable) -> None:
        self._recognizer, self._model = recognizer, model

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """As the recognizer's own."""
        return self._recognizer.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes; see the contract."""
        if options.partial:
            return self._recognizer.recognize(samples, options, cancel)
        with self._model.holding():
            return self._recognizer.recognize(samples, options, cancel)

    def close(self) -> None:
        """Does nothing: the recognizer is shared."""
