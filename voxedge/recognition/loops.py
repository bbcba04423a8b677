"""Finds and cuts what a decoder repeats when its window is too short. Pure logic."""

from __future__ import annotations

from collections.abc import Sequence


def loop_start(tokens: Sequence[int], *, least_tokens: int = 4, least_times: int = 3) -> int | None:
    """Where the repetition in a sequence's tail begins to be one too many.

    A tail counts as a loop when one period of it comes ``least_times`` times in a row, or twice when the
    period is as long as a sentence (``2 * least_tokens`` and more); the last repetition may be cut off.

    Returns:
        The index behind the first period; None without a loop.
    """
    count = len(tokens)
    best: int | None = None
    for period in range(1, count // 2 + 1):
        same = 0
        while same < count - period and tokens[count - 1 - same] == tokens[count - 1 - same - period]:
            same += 1
        times = (same + period) / period
        enough = times >= 2 if period >= 2 * least_tokens else times >= least_times
        if enough and same + period >= least_tokens:
            begin = count - same - period
            if best is None or begin + period < best:
                best = begin + period
    return best


def cut_loop(tokens: Sequence[int]) -> tuple[tuple[int, ...], bool]:
    """The sequence with a looping tail cut to one period, and whether there was one."""
    begin = loop_start(tokens)
    return (tuple(tokens), False) if begin is None else (tuple(tokens[:begin]), True)
