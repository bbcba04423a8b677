"""Voice activity from several detectors, the dear ones asked only when the cheap ones are unsure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.listening.contract import VoiceActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionRule:
    """When the next detector needn't be asked.

    Attributes:
        quiet_below: A first detector (loudness) below this is sure that it is no speech.
        unlikely_below: A second detector (WebRTC) below this is sure that it is no speech.
        hold_frames: After speech the last detector goes on being asked for so many frames, whatever the
            cheap ones say: it remembers what it heard, and an end of speech is never cut off by the others.
        warm_frames: So many of the frames that it wasn't asked about are shown to the last detector
            before it is asked again.
        speech_from: From this probability of the last detector on, a frame counts as speech here.
    """

    quiet_below: float = 0.12
    unlikely_below: float = 0.1
    hold_frames: int = 8
    warm_frames: int = 2
    speech_from: float = 0.3

    def surely_silent(self, quiet: float, held: bool) -> bool:
        """Whether loudness alone decides: no speech."""
        return not held and quiet < self.quiet_below

    def surely_noise(self, likely: float, held: bool) -> bool:
        """Whether the second detector decides: no speech."""
        return not held and likely < self.unlikely_below


class FusedActivity:
    """Three detectors in a row, from cheap to dear.

    Args:
        quiet: The first one; says what surely is silence.
        likely: The second one; says what surely is no speech.
        judge: The last one; what it says counts.
        rule: When the next needn't be asked.

    Attributes:
        asked: How many frames each of the three was asked about.
    """

    def __init__(
        self,
        quiet: VoiceActivity,
        likely: VoiceActivity,
        judge: VoiceActivity,
        rule: FusionRule | None = None,
    ) -> None:
        self._quiet, self._likely, self._judge = quiet, likely, judge
        self._rule = rule or FusionRule()
        self.asked = [0, 0, 0]
        self._skipped: deque[MonoF32] = deque(maxlen=self._rule.warm_frames)
        self._held = 0

    def reset(self) -> None:
        """Forgets the stream."""
        for detector in (self._quiet, self._likely, self._judge):
            detector.reset()
        self._skipped.clear()
        self._held = 0

    def probability(self, samples: MonoF32) -> float:
        """The last detector's probability; 0 where a cheaper one is sure that it is no speech."""
        rule = self._rule
        held = self._held > 0
        self.asked[0] += 1
        quiet = self._quiet.probability(samples)
        if rule.surely_silent(quiet, held):
            return self._skip(samples)
        if not held:
            self.asked[1] += 1
            if rule.surely_noise(self._likely.probability(samples), held):
                return self._skip(samples)
        while self._skipped:
            self.asked[2] += 1
            self._judge.probability(self._skipped.popleft())
        self.asked[2] += 1
        probability = self._judge.probability(samples)
        self._held = rule.hold_frames if probability >= rule.speech_from else max(0, self._held - 1)
        return probability

    def _skip(self, samples: MonoF32) -> float:
        self._skipped.append(samples.copy())
        return 0.0


def create() -> FusedActivity:
    """Energy, then WebRTC, then Silero."""
    from voxedge.listening.energy import EnergyActivity
    from voxedge.listening.silero import SileroActivity
    from voxedge.listening.webrtc import WebRtcActivity

    return FusedActivity(EnergyActivity(), WebRtcActivity(0), SileroActivity())
