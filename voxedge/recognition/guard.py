"""Tells words that were said from words that the model invented. Pure logic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a candidate text.

    Attributes:
        score: Mean log-probability a token.
        no_speech: The model's own probability that nobody speaks.
        peak: Voice activity over the best 160 ms, 0..1.
        voiced_s: Seconds of voice activity above one half.
    """

    score: float
    no_speech: float
    peak: float
    voiced_s: float


def verdict(signs: Signs) -> str:
    """Why a text is to be suppressed; "" when it may stand."""
    if signs.peak < 0.15:
        return "no_speech"
    if signs.no_speech > 0.6 and signs.score < -1.0:
        return "no_speech"
    if signs.peak < 0.5 and signs.score < -0.8:
        return "low_score"
    return ""
