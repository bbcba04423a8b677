"""The meter of ``voxedge listen --meter``: level and voice activity, for whoever places the microphone."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.cli.output import emit_json

if TYPE_CHECKING:
    from voxedge.audio.contract import AudioSource, Frame

EVERY_FRAMES = 3
"""Ten times a second."""
LOWEST_DB, WIDTH = -70.0, 40
CLIPPED = 0.999
NEAR_DB, FAR_DB = -12.0, -45.0
"""Peaks of speech belong between: above, it is about to clip; below, it drowns in the microphone's noise."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A tenth of a second.

    Attributes:
        time: Seconds of the stream at its end.
        level_db: Level, root mean square, dB of full scale.
        peak_db: The highest sample.
        floor_db: The noise of the room.
        speech: Probability of speech, 0..1.
        clipped: Whether samples were cut off.
    """

    time: float
    level_db: float
    peak_db: float
    floor_db: float
    speech: float
    clipped: bool


def readings(frames: Iterator[Frame], voice_activity: str = "fusion") -> Iterator[Reading]:
    """Reads the level of a stream."""
    import numpy as np

    from voxedge import listening
    from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ
    from voxedge.listening.energy import EnergyActivity

    detector, energy = listening.create(voice_activity), EnergyActivity()
    power, peak, speech, count = 0.0, 0.0, 0.0, 0
    for frame in frames:
        energy.probability(frame.samples)
        speech = max(speech, detector.probability(frame.samples))
        power += float(np.dot(frame.samples, frame.samples)) / FRAME_SAMPLES
        peak = max(peak, float(np.abs(frame.samples).max()))
        count += 1
        if count == EVERY_FRAMES:
            yield Reading(
                round((frame.start_sample + FRAME_SAMPLES) / SAMPLE_RATE_HZ, 3),
                _db(power / count, 10),
                _db(peak, 20),
                round(energy.floor_db, 1),
                round(speech, 3),
                peak >= CLIPPED,
            )
            power, peak, speech, count = 0.0, 0.0, 0.0, 0


def _db(value: float, factor: int) -> float:
    return round(max(-120.0, factor * math.log10(value)), 1) if value > 0 else -120.0


def line(reading: Reading) -> str:
    """A reading as a line of text."""
    share = (reading.level_db - LOWEST_DB) / -LOWEST_DB
    filled = round(WIDTH * min(1.0, max(0.0, share)))
    word = "speech" if reading.speech >= 0.5 else ""
    if reading.clipped:
        advice = "too loud: turn it down, or move away"
    elif word and reading.peak_db > NEAR_DB + 10:
        advice = "loud"
    elif word and reading.peak_db < FAR_DB:
        advice = "quiet: turn it up, or come nearer"
    else:
        advice = ""
    bar = "#" * filled + "." * (WIDTH - filled)
    return (
        f"[{bar}] {reading.level_db:6.1f} dB  noise {reading.floor_db:6.1f} dB  "
        f"speech {reading.speech:4.2f} {word:<6} {advice:<36}"
    )


def run_meter(source: AudioSource, voice_activity: str = "fusion", *, as_json: bool = False) -> int:
    """Shows the meter until the sound ends or Ctrl-C is pressed; needs no model of recognition.

    Raises:
        DeviceError: The microphone can't be used.
        AudioUnreadable: The file can't be decoded.
    """
    from voxedge.events import CancelToken

    terminal = sys.stdout.isatty()
    try:
        for reading in readings(source.frames(CancelToken()), voice_activity):
            if as_json:
                emit_json(
                    {
                        "type": "Level",
                        "time": reading.time,
                        "level_db": reading.level_db,
                        "peak_db": reading.peak_db,
                        "floor_db": reading.floor_db,
                        "speech": reading.speech,
                        "clipped": reading.clipped,
                    }
                )
            elif terminal:
                print("\r" + line(reading), end="", flush=True)
            else:
                print(line(reading).rstrip(), flush=True)
    finally:
        source.close()
        if terminal and not as_json:
            print()
    return 0
