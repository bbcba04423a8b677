"""How the calls of one engine share its cores."""

from __future__ import annotations

AT_ONCE = 2


def share(threads: int) -> tuple[int, int]:
    """How many calls of CTranslate2 work at once, and with how many threads each.

    Decoders write token by token, in steps that are too small to be split: the threads wait for each other
    longer than they work. On two cores a decoding took one thread two thirds of the time that it took two
    (five hypotheses wide a half), and two such decodings side by side took no longer than one
    (``voxedge bench threads``).

    Args:
        threads: Of the engine, 1 or more (an odd number is rounded up); 0 leaves it to CTranslate2.
    """
    if threads <= 0:
        return 1, 0
    at_once = min(AT_ONCE, threads)
    return at_once, -(-threads // at_once)
