#!/usr/bin/env python3
"""Finds where speech starts and ends in the clean recordings, once; the result is kept in the project.

    python scripts/make_speech_ends.py [DATA] [--out voxedge/bench/speech_ends.json]

Silero says roughly where (probability 0.35, 150 ms around it); within that, the first and the last 10 ms
whose level is near the loudest count, so that the edges are finer than a frame and owe nothing to our own
endpointing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ
from voxedge.audio.sources import FileSource
from voxedge.bench.sets import data_folder
from voxedge.bench.speech_ends import SETS, recordings
from voxedge.events import NEVER
from voxedge.listening.silero import SileroActivity

HOP = SAMPLE_RATE_HZ // 100
ROUGH_PROBABILITY = 0.35
AROUND_S = 0.15
BELOW_LOUDEST_DB = 35.0
ABOVE_NOISE_DB = 8.0


def edges(file: Path) -> tuple[float, float] | None:
    """Start and end of speech in seconds; None where there is none."""
    detector = SileroActivity()
    frames = [frame.samples for frame in FileSource(file).frames(NEVER)]
    speech = [detector.probability(samples) >= ROUGH_PROBABILITY for samples in frames]
    if not any(speech):
        return None
    sound = np.concatenate(frames)
    count = len(sound) // HOP
    power = (sound[: count * HOP].reshape(count, HOP) ** 2).mean(1)
    level = np.convolve(10 * np.log10(power + 1e-10), np.ones(3) / 3, "same")
    threshold = max(np.percentile(level, 10) + ABOVE_NOISE_DB, np.percentile(level, 98) - BELOW_LOUDEST_DB)
    frame_s = FRAME_SAMPLES / SAMPLE_RATE_HZ
    rough = np.flatnonzero(speech)
    times = np.arange(count) * HOP / SAMPLE_RATE_HZ
    inside = (times >= rough[0] * frame_s - AROUND_S) & (times < (rough[-1] + 1) * frame_s + AROUND_S)
    loud = np.flatnonzero(inside & (level > threshold))
    if not len(loud):
        return None
    return round(float(times[loud[0]]), 2), round(float(times[loud[-1]]) + 0.01, 2)


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="")
    parser.add_argument("--out", default="voxedge/bench/speech_ends.json")
    args = parser.parse_args()
    folder = data_folder(args.data)
    found = {}
    for set_name in SETS:
        for file in recordings(folder, set_name):
            ends = edges(file)
            if ends is not None:
                found[file.relative_to(folder).as_posix()] = ends
        print(set_name, len(found))
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(ends)}" for name, ends in sorted(found.items()))
    Path(args.out).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
