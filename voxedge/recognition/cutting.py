"""Cuts a long recording at its pauses into pieces that a recognizer takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from voxedge.audio.samples import check_samples
from voxedge.recognition.samples import RATE_HZ

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

FRAME_SAMPLES = 512
_FRAME_S = FRAME_SAMPLES / RATE_HZ
_SPEECH = 0.5


class Cutter:
    """Takes blocks, gives pieces. Holds one piece at most.

    A piece ends at a pause: of three times ``long_pause_s`` always; once ``settle_s`` seconds of sound are
    held, of ``long_pause_s``; once ``aim_s`` are held, of ``short_pause_s``; and at ``most_s`` at the longest
    pause so far. Short pieces are avoided: alone, two words are often misheard. Pieces without any speech are
    left out (a small margin of sound stays before the next speech).

    Args:
        speech_probability: Says how likely the next frame of 512 samples is speech; None takes Silero.
        most_s: No piece is longer.
    """

    def __init__(
        self,
        speech_probability: Callable[[MonoF32], float] | None = None,
        *,
        most_s: float = 28.0,
        settle_s: float = 6.0,
        aim_s: float = 14.0,
        long_pause_s: float = 1.0,
        short_pause_s: float = 0.3,
    ) -> None:
        from voxedge.recognition.speech import SpeechStream

        self._probability = speech_probability or SpeechStream()
        self._most_frames = int(most_s / _FRAME_S)
        self._aim_frames = int(aim_s / _FRAME_S)
        self._long_frames = int(long_pause_s / _FRAME_S)
        self._settle_frames = int(settle_s / _FRAME_S)
        self._short_frames = int(short_pause_s / _FRAME_S)
        self._frames: list[MonoF32] = []
        self._chances: list[float] = []
        self._rest: MonoF32 | None = None
        self._start_frame = 0
        self.samples_seen = 0

    def feed(self, block: MonoF32) -> Iterator[tuple[float, MonoF32]]:
        """Takes a block; gives the pieces that it completed: seconds of the recording, samples."""
        import numpy as np

        if not len(block):
            return
        check_samples(block)
        self.samples_seen += len(block)
        joined = block if self._rest is None else np.concatenate([self._rest, block])
        whole = len(joined) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = joined[whole:].copy() if whole < len(joined) else None
        for begin in range(0, whole, FRAME_SAMPLES):
            # A copy: a view would keep the caller's whole block alive.
            yield from self._take(joined[begin : begin + FRAME_SAMPLES].copy())

    def flush(self) -> Iterator[tuple[float, MonoF32]]:
        """Gives what is left."""
        import numpy as np

        tail, self._rest = self._rest, None
        if tail is not None:
            yield from self._take(np.pad(tail, (0, FRAME_SAMPLES - len(tail))))
        yield from self._give(len(self._frames))

    def _take(self, frame: MonoF32) -> Iterator[tuple[float, MonoF32]]:
        self._frames.append(frame)
        self._chances.append(self._probability(frame))
        count = len(self._frames)
        quiet = self._quiet_tail()
        if quiet == count:
            # No speech so far: keep a margin, forget the rest.
            if count > 2 * self._short_frames:
                self._drop(count - self._short_frames)
        elif quiet >= self._enough_quiet(count):
            yield from self._give(count - quiet // 2)
        elif count >= self._most_frames:
            yield from self._give(self._longest_pause())

    def _enough_quiet(self, count: int) -> int:
        if count >= self._aim_frames:
            return self._short_frames
        return self._long_frames if count >= self._settle_frames else 3 * self._long_frames

    def _quiet_tail(self) -> int:
        quiet = 0
        for chance in reversed(self._chances):
            if chance >= _SPEECH:
                break
            quiet += 1
        return quiet

    def _longest_pause(self) -> int:
        """The middle of the longest pause in the later two thirds; without one, the least likely frame."""
        count = len(self._chances)
        best_length, best_middle = 0, 0
        run = 0
        for index, chance in enumerate([*self._chances, 1.0]):
            if chance < _SPEECH:
                run += 1
                continue
            middle = index - (run + 1) // 2
            if run > best_length and middle > count // 3:
                best_length, best_middle = run, middle
            run = 0
        if best_length:
            return max(1, best_middle)
        later = range(count // 3, count)
        return min(later, key=lambda index: self._chances[index]) + 1

    def _drop(self, count: int) -> None:
        del self._frames[:count]
        del self._chances[:count]
        self._start_frame += count

    def _give(self, count: int) -> Iterator[tuple[float, MonoF32]]:
        import numpy as np

        count = max(1, min(count, len(self._frames))) if self._frames else 0
        if count and max(self._chances[:count]) >= _SPEECH / 2:
            start_s = self._start_frame * _FRAME_S
            samples = np.concatenate(self._frames[:count])
            self._drop(count)
            yield start_s, samples
        else:
            self._drop(count)
