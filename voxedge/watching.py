"""Recognition under watch: a recognizer that hangs ends its turn with an error, and isn't the end of all.

A thread that hangs in an engine can't be stopped. It is left behind; the next utterance gets another thread.
Should those hang as well, no more are started until one of them comes back: each holds the memory of its
utterance, and a model that is locked by the first would lock all.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeAlias

from voxedge.audio.contract import SAMPLE_RATE_HZ, UtteranceAudio
from voxedge.chain import Chain, Verdict
from voxedge.errors import EngineHung
from voxedge.events import CancelToken, Partial, Transcript
from voxedge.turns import note_of
from voxedge.workers import Job, Workers

MOST_HUNG = 3
"""Threads that are left behind before no more are started."""
SOUND_FACTOR = 4.0
"""So many seconds are added to the limit for each second of sound."""
_NAME = "voxedge-recognizing"
_LOOK_S = 0.2
_PARTING_S = 1.0

Found: TypeAlias = "Transcript | Verdict | None"


def hung() -> EngineHung:
    """The error of a recognizer that doesn't come back."""
    return EngineHung(
        "The recognizer gave no result in time.",
        remedy="Take a smaller model, or raise recognition.hang_timeout_s; if it lasts, restart voxedge.",
        room="recognition",
    )


class Watch:
    """Recognizes in a thread that it watches over. For one caller at a time.

    Args:
        workers: Where the thread comes from.
        timeout_s: Recognition that takes longer than this, and `SOUND_FACTOR` times its sound on top, hangs;
            0 never gives up, and needs no second thread.
        closing: Cancelled when everything is to end.
    """

    def __init__(self, workers: Workers, timeout_s: float, *, closing: CancelToken) -> None:
        self._workers, self._timeout_s, self._closing = workers, timeout_s, closing

    def limit_s(self, item: UtteranceAudio) -> float:
        """How long the recognition of this sound may take."""
        return self._timeout_s + SOUND_FACTOR * len(item.samples) / SAMPLE_RATE_HZ

    def recognize(
        self,
        chain: Chain,
        item: UtteranceAudio,
        cancel: CancelToken,
        on_partial: Callable[[Partial], object] | None = None,
    ) -> Found:
        """As `Chain.recognize`; but it comes back in time, whatever the engine does."""
        if not self._timeout_s:
            return chain.recognize(item, cancel, on_partial)
        if self._workers.busy(_NAME) >= MOST_HUNG:
            return self._given_up(chain, item)
        job = self._workers.run(_NAME, lambda: chain.recognize(item, cancel, on_partial))
        if self._ends(job, self.limit_s(item)):
            return job.result()
        if self._closing.cancelled:
            return Verdict(item.turn, "cancelled") if item.kind == "final" else None
        cancel.cancel()  # should it come back, it is to do no more
        return self._given_up(chain, item)

    def _ends(self, job: Job[Found], limit_s: float) -> bool:
        """Waits for the end; only shortly when all is being closed: not every engine heeds its token."""
        deadline = monotonic() + limit_s
        parting = False
        while not job.wait(min(_LOOK_S, deadline - monotonic())):
            if self._closing.cancelled and not parting:
                parting, deadline = True, min(deadline, monotonic() + _PARTING_S)
            if monotonic() >= deadline:
                return job.ended
        return True

    def _given_up(self, chain: Chain, item: UtteranceAudio) -> Found:
        error = hung()
        chain.health.failed("recognition", error)
        if item.kind != "final":
            return None
        # At once, not behind what is being spoken: a transcript that comes after all finds the turn ended.
        chain.turns.end(item.turn, "failed", note_of(error))
        return Verdict(item.turn, "failed", error)
