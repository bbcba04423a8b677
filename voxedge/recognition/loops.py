"""Finds and cuts what a decoder repeats when its window is too short. Pure logic."""

from __future__ import annotations

import re
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


def cut_anew(tokens: Sequence[int], *, least_tokens: int = 4) -> tuple[tuple[int, ...], bool]:
    """The sequence without a tail that begins it anew, and whether there was one.

    For sequences that were stopped at a length: what is said once more was broken off there.
    """
    count = len(tokens)
    for length in range(count // 2, least_tokens - 1, -1):
        if list(tokens[count - length :]) == list(tokens[:length]):
            return tuple(tokens[: count - length]), True
    return tuple(tokens), False


def ends_twice(text: str, least_words: int = 3) -> bool:
    """Whether a text ends with the same words twice ("by a similar process, by a similar process").

    A text that is nothing but the same twice ("Yes, yes.") counts with any number of words. People do say
    things twice, so this is a reason to look again with a wider window, never to cut.
    """
    words = re.findall(r"[\w']+", text.lower())
    count = len(words)
    return any(
        words[count - size :] == words[count - 2 * size : count - size]
        for size in range(1, count // 2 + 1)
        if size >= least_words or 2 * size == count
    )
