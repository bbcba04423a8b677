"""Whole-number noise for differential privacy: exact, without a float, from a cryptographic source.

The sampler is Algorithms 1 and 2 of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential
Privacy" (2020, arXiv:2004.00010): it needs nothing but uniform whole numbers, and its probabilities are
exactly those of the formula. Samplers that work with floats are not: Mironov, "On significance of the least
significant bits for differential privacy" (2012), reads the secret out of the last bits.
"""

from __future__ import annotations

import secrets
from fractions import Fraction
from typing import Protocol


class BitSource(Protocol):
    """Where randomness comes from."""

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound - 1``, each as likely as any other, independent of all before."""
        ...


class SystemBits:
    """The operating system's cryptographic source."""

    def below(self, bound: int) -> int:
        """As `BitSource.below`."""
        return secrets.randbelow(bound)


def bernoulli(chance: Fraction, bits: BitSource) -> bool:
    """True with exactly this chance, 0..1."""
    return bits.below(chance.denominator) < chance.numerator


def bernoulli_exp(gamma: Fraction, bits: BitSource) -> bool:
    """True with a chance of exactly ``exp(-gamma)``, for ``gamma`` of 0 or more (Algorithm 1)."""
    while gamma > 1:
        if not bernoulli_exp(Fraction(1), bits):
            return False
        gamma -= 1
    step = 1
    while bernoulli(gamma / step, bits):
        step += 1
    return step % 2 == 1


def discrete_laplace(scale: Fraction, bits: BitSource) -> int:
    """A whole number ``x`` with a chance proportional to ``exp(-abs(x) / scale)`` (Algorithm 2).

    Args:
        scale: Greater than 0. Sensitivity divided by epsilon makes the sum epsilon-differentially private.
        bits: Where randomness comes from.
    """
    t, s = scale.numerator, scale.denominator
    while True:
        low = bits.below(t)
        if not bernoulli_exp(Fraction(low, t), bits):
            continue
        high = 0
        while bernoulli_exp(Fraction(1), bits):
            high += 1
        size = (low + t * high) // s
        negative = bool(bits.below(2))
        if negative and size == 0:
            continue  # else zero would come twice as often
        return -size if negative else size
