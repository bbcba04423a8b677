"""What a microphone is made of, apart from PortAudio: a ring of samples, a watchdog, the server's word."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STALL_S = 1.2
"""A microphone that gives nothing for so long is gone: drivers don't always say so. Two seconds are
promised till ``Degraded``."""
START_S = 4.0
"""A microphone that was just opened may take so long to give its first sound (an audio server that has to
wake a source with a long buffer takes two seconds)."""
_ASK_S = 1.0


class SampleRing:
    """A ring between PortAudio's thread, which writes, and one reader. Neither ever waits for the other.

    Args:
        capacity: How many frames (samples of all channels) it holds.
        channels: Channels of a frame.

    Attributes:
        written: Frames that were offered, the lost ones included.
        lost: Frames that found no room.
        blocks: How often something was offered.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        import numpy as np

        self._data: NDArray[np.float32] = np.zeros((capacity, channels), dtype=np.float32)
        self._capacity = capacity
        # Each of the two is changed by one thread only, and Python sets an attribute in one step.
        self._write_at = 0
        self._read_at = 0
        self.written = 0
        self.lost = 0
        self.blocks = 0

    def write(self, block: NDArray[np.float32]) -> None:
        """Copies a block in, shape ``(n, channels)``; what finds no room is counted as lost."""
        count = len(block)
        self.written += count
        self.blocks += 1
        room = self._capacity - (self._write_at - self._read_at)
        if count > room:
            self.lost += count - room
            block = block[:room]
            count = room
        at = self._write_at % self._capacity
        first = min(count, self._capacity - at)
        self._data[at : at + first] = block[:first]
        self._data[: count - first] = block[first:]
        self._write_at += count

    def read(self) -> NDArray[np.float32]:
        """Takes all that is there: a copy, shape ``(n, channels)``, n perhaps 0."""
        import numpy as np

        count = self._write_at - self._read_at
        at = self._read_at % self._capacity
        first = min(count, self._capacity - at)
        taken = np.concatenate([self._data[at : at + first], self._data[: count - first]])
        self._read_at += count
        return taken


class Watchdog:
    """Says when a running device has gone quiet for too long. Pure: it is told the time.

    Args:
        now: Seconds, of any clock that only goes forward.
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self._blocks = 0
        self._heard = False

    def gone(self, now: float, blocks: int, active: bool) -> bool:
        """Whether the device counts as gone.

        Args:
            now: Seconds.
            blocks: How many blocks came since the device was opened.
            active: Whether PortAudio takes the stream for a running one.
        """
        if blocks != self._blocks:
            self._blocks, self._since, self._heard = blocks, now, True
        return not active or now - self._since > (STALL_S if self._heard else START_S)

    @property
    def heard(self) -> bool:
        """Whether anything came at all."""
        return self._heard


def server_has_microphone() -> bool:
    """Asks the PulseAudio or PipeWire server whether it has a microphone.

    A server that lost its last one goes on giving sound: what the loudspeaker plays (its "monitor"). To
    listen to that would be worse than silence. Where no such server can be asked, the answer is True.
    """
    program = shutil.which("pactl")
    if program is None:
        return True
    try:
        answer = subprocess.run(
            [program, "get-default-source"],
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return answer.returncode != 0 or not answer.stdout.strip().endswith(".monitor")
