"""What decides when an utterance begins and ends: presets, and settings that override them."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.errors import ConfigError

if TYPE_CHECKING:
    from voxedge.events import Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """When somebody speaks and when they have finished. All times are of the stream.

    Attributes:
        min_speech_ms: Shorter sounds are no speech. 32..2000.
        min_silence_ms: A pause of this length ends the utterance when nothing is known of its words.
        opening_ms: The same where no more than ``opening_speech_ms`` was said so far: people wait after a
            name or a first word ("Friday ... what time is it?").
        opening_speech_ms: How long speech counts as a mere opening. 0 for no such rule.
        max_utterance_s: A longer utterance is cut, at the quietest place of its last seconds. 1..600.
        preroll_ms: Sound kept from before the speech. 0..2000.
        complete_ms: The pause that ends a command which nothing can follow.
        open_ms: The pause that ends a command which is complete, but could go on.
        unfinished_ms: The pause that ends a command which must go on.
        pause_ms: The pause at which the utterance so far is handed on, in case it was all.
        start_probability: Speech begins at this probability. 0..1.
        stay_probability: Speech goes on down to this probability; at most ``start_probability``.

    Raises:
        ConfigError: A value out of its range.
    """

    min_speech_ms: int = 96
    min_silence_ms: int = 448
    opening_ms: int = 640
    opening_speech_ms: int = 1200
    max_utterance_s: float = 15.0
    preroll_ms: int = 320
    complete_ms: int = 256
    open_ms: int = 384
    unfinished_ms: int = 1200
    pause_ms: int = 160
    start_probability: float = 0.5
    stay_probability: float = 0.2

    def __post_init__(self) -> None:
        _check("min_speech_ms", self.min_speech_ms, 32, 2000)
        _check("max_utterance_s", self.max_utterance_s, 1, 600)
        _check("preroll_ms", self.preroll_ms, 0, 2000)
        _check("pause_ms", self.pause_ms, 64, 2000)
        _check("opening_speech_ms", self.opening_speech_ms, 0, 10_000)
        for name in ("min_silence_ms", "opening_ms", "complete_ms", "open_ms", "unfinished_ms"):
            _check(name, getattr(self, name), 64, 30_000)
        _check("start_probability", self.start_probability, 0.01, 1)
        _check("stay_probability", self.stay_probability, 0.01, self.start_probability)

    def wait_ms(self, completeness: Completeness, speech_ms: float = 10_000.0) -> int:
        """The pause that ends the utterance.

        Args:
            completeness: What is known of its words.
            speech_ms: How long it is, from its start to the last speech.
        """
        if completeness == "complete":
            return self.complete_ms
        if completeness == "open":
            return self.open_ms
        if completeness == "unfinished":
            return self.unfinished_ms
        if speech_ms <= self.opening_speech_ms:
            return max(self.opening_ms, self.min_silence_ms)
        return self.min_silence_ms

    @classmethod
    def from_preset(
        cls,
        preset: str = "command",
        *,
        min_speech_ms: int = 0,
        min_silence_ms: int = 0,
        max_utterance_s: float = 0.0,
        preroll_ms: int = 0,
    ) -> EndpointSettings:
        """The settings of a preset, some of them overridden. 0 takes the preset's value.

        A ``min_silence_ms`` of one's own moves the waits for known commands with it, in proportion.

        Raises:
            ConfigError: No preset of that name, or a value out of its range.
        """
        if preset not in PRESETS:
            near = difflib.get_close_matches(preset, PRESETS, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"There is no listening preset {preset!r}.",
                remedy=f"{hint}Presets: {', '.join(PRESETS)}.",
            )
        base = PRESETS[preset]
        changes: dict[str, int | float] = {}
        if min_speech_ms:
            changes["min_speech_ms"] = min_speech_ms
        if max_utterance_s:
            changes["max_utterance_s"] = max_utterance_s
        if preroll_ms:
            changes["preroll_ms"] = preroll_ms
        if min_silence_ms:
            share = min_silence_ms / base.min_silence_ms
            changes["min_silence_ms"] = min_silence_ms
            changes["opening_ms"] = max(64, round(base.opening_ms * share))
            changes["complete_ms"] = max(64, round(base.complete_ms * share))
            changes["open_ms"] = max(64, round(base.open_ms * share))
            changes["unfinished_ms"] = min(30_000, max(base.unfinished_ms, min_silence_ms))
        return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(
            f"listening.{name} must be from {least:g} to {most:g}, not {value:g}.",
            remedy=f"Correct {name} in the section [listening].",
        )


PRESETS: dict[str, EndpointSettings] = {
    # The waits come from `voxedge bench endpoint`: see docs/benchmarks.md.
    # Short pauses are rare in commands, and what is recognized from the first one on is there at the end.
    "command": EndpointSettings(pause_ms=64),
    "conversation": EndpointSettings(
        min_silence_ms=800,
        opening_ms=1000,
        complete_ms=384,
        open_ms=704,
        unfinished_ms=1500,
        max_utterance_s=28.0,
    ),
    "dictation": EndpointSettings(
        min_silence_ms=1200, complete_ms=1200, open_ms=1200, unfinished_ms=1200, max_utterance_s=28.0
    ),
    "relaxed": EndpointSettings(
        min_silence_ms=2000, complete_ms=704, open_ms=1500, unfinished_ms=3000, max_utterance_s=28.0
    ),
}
"""``command``: short orders. ``conversation``: people who talk with it. ``dictation``: long sentences.
``relaxed``: pauses for thought."""
