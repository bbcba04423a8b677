"""The engines as one client of the service sees them: each call is a step that waits its turn.

They have the rooms' own contracts, so whatever works with an engine (long recordings, documents) works with
these, and shares the cores with everybody else, step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxedge.daemon.scheduler import Scheduler, Terms
from voxedge.events import NEVER, CancelToken
from voxedge.translation.contract import TextTranslation, TranslationOptions

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import (
        Recognition,
        RecognitionOptions,
        Recognizer,
        RecognizerCapabilities,
    )
    from voxedge.translation.contract import Translator

TEXTS_A_STEP = 16
"""So many texts are translated in one step; then something more urgent may go before the rest."""


class SharedRecognizer:
    """A recognizer whose calls wait their turn (`voxedge.recognition.contract.Recognizer`).

    Args:
        recognizer: Does the work; shared, not closed here.
        scheduler: Gives the turns.
        terms: Of each step.
    """

    def __init__(self, recognizer: Recognizer, scheduler: Scheduler, terms: Terms) -> None:
        self._recognizer, self._scheduler, self._terms = recognizer, scheduler, terms

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """As the recognizer's own."""
        return self._recognizer.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Waits for its turn, then recognizes; see the contract.

        Raises:
            Busy: No turn came in time.
        """
        ticket = self._scheduler.submit(
            "compute",
            lambda token: self._recognizer.recognize(samples, options, token),
            self._terms,
            cancel=cancel,
        )
        return ticket.result()

    def close(self) -> None:
        """Does nothing: the recognizer is shared."""


class SharedTranslator:
    """A translator whose calls wait their turn, a few texts at a time (`...translation.contract.Translator`).

    Args:
        translator: Does the work; shared, not closed here.
        scheduler: Gives the turns.
        terms: Of each step.
    """

    def __init__(self, translator: Translator, scheduler: Scheduler, terms: Terms) -> None:
        self._translator, self._scheduler, self._terms = translator, scheduler, terms

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """As the translator's own."""
        return self._translator.pairs

    def translate(
        self,
        texts: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions = TranslationOptions(),  # noqa: B008
        cancel: CancelToken = NEVER,
    ) -> list[TextTranslation]:
        """Waits for its turns, and translates; see the contract.

        Raises:
            Busy: No turn came in time.
        """
        done: list[TextTranslation] = []
        for start in range(0, len(texts), TEXTS_A_STEP):
            step = list(texts[start : start + TEXTS_A_STEP])

            def work(token: CancelToken, step: list[str] = step) -> list[TextTranslation]:
                return self._translator.translate(
                    step, source=source, target=target, options=options, cancel=token
                )

            done += self._scheduler.submit("compute", work, self._terms, cancel=cancel).result()
        return done

    def close(self) -> None:
        """Does nothing: the translator is shared."""
