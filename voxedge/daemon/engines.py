"""The engines as one client of the service sees them: each call is a step that waits its turn.

They have the rooms' own contracts, so whatever works with an engine (long recordings, documents) works with
these, and shares the cores with everybody else, step by step.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.daemon.progress import Progress
from voxedge.daemon.scheduler import STEP_LIMIT_S, Scheduler, Terms
from voxedge.errors import Cancelled
from voxedge.events import NEVER, CancelToken
from voxedge.translation.contract import TextTranslation, TranslationOptions
from voxedge.watching import MOST_HUNG, SOUND_FACTOR, hung
from voxedge.workers import Workers

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

LOOK_S = 0.2
PARTING_S = 1.0
"""So long an engine has to heed that its work was given up; then it isn't waited for."""
_RECOGNIZING = "voxedge-recognizing"


class WatchedRecognizer:
    """A recognizer that always comes back in time, with an error if need be (see `voxedge.watching`).

    The work is done in a thread of its own. One that hangs is left behind and stays at work for the
    service's `Progress`: unless later work gets on, the watchdog sees it there.

    Args:
        recognizer: Does the work; shared, not closed here.
        workers: Where the thread comes from.
        timeout_s: What takes longer than this, and `SOUND_FACTOR` times its sound on top, hangs; 0 never
            gives up.
        progress: Where the thread's work is noted.
    """

    def __init__(
        self, recognizer: Recognizer, workers: Workers, timeout_s: float, progress: Progress
    ) -> None:
        self._recognizer, self._workers = recognizer, workers
        self._timeout_s, self._progress = timeout_s, progress

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """As the recognizer's own."""
        return self._recognizer.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes; see the contract.

        Raises:
            EngineHung: It gave no result in time, or too many threads hang already.
            Cancelled: The token was cancelled.
        """
        if not self._timeout_s:
            return self._recognizer.recognize(samples, options, cancel)
        # A name for each of the scheduler's threads: two that work side by side keep a thread each.
        name = f"{_RECOGNIZING}-{threading.current_thread().name}"
        if self._workers.busy(name) >= MOST_HUNG:
            raise hung()
        token = CancelToken(cancel)

        def work() -> Recognition:
            with self._progress.working("recognition", STEP_LIMIT_S["compute"]):
                return self._recognizer.recognize(samples, options, token)

        job = self._workers.run(name, work)
        deadline = monotonic() + self._timeout_s + SOUND_FACTOR * len(samples) / SAMPLE_RATE_HZ
        parting = False
        while not job.wait(min(LOOK_S, deadline - monotonic())):
            if cancel.cancelled and not parting:
                parting, deadline = True, min(deadline, monotonic() + PARTING_S)
            if monotonic() >= deadline and not job.ended:
                token.cancel()  # should it come back, it is to do no more
                raise Cancelled() if parting else hung()
        return job.result()

    def close(self) -> None:
        """Does nothing: the recognizer is shared."""


class BiasedRecognizer:
    """A recognizer that is told what is likely, on top of what its caller tells it.

    Args:
        recognizer: Does the work; shared, not closed here.
        bias: Words or sentences.
        always: Whether decodings that get no bias from their caller get this one. Not where a grammar is
            heard with: its first decoding is a free one, which can say that there was no command.
    """

    def __init__(self, recognizer: Recognizer, bias: tuple[str, ...], *, always: bool) -> None:
        self._recognizer, self._bias, self._always = recognizer, bias, always

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """As the recognizer's own."""
        return self._recognizer.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes; see the contract."""
        if self._always or options.bias:
            options = replace(options, bias=(*self._bias, *options.bias))
        return self._recognizer.recognize(samples, options, cancel)

    def close(self) -> None:
        """Does nothing: the recognizer is shared."""


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
