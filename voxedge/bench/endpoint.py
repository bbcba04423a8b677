"""``voxedge bench endpoint``: utterances cut in two against the wait, and voice activity, on recordings."""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, UtteranceAudio
from voxedge.bench.sets import data_folder
from voxedge.bench.speech_ends import SETS, load, recordings, speech_ends
from voxedge.cli.output import Progress, emit_json, note
from voxedge.events import NEVER, Event, SpeechEnded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxedge.audio.contract import MonoF32
    from voxedge.listening.contract import VoiceActivity
    from voxedge.listening.settings import EndpointSettings

HELP = "Measure listening: utterances cut in two against the wait, and voice activity."
EPILOG = """examples:
  voxedge bench endpoint                        cuts under each preset, the curve, voice activity
  voxedge bench endpoint --json
  voxedge bench endpoint --plot cuts.png        the curve as a picture
  voxedge bench endpoint --voice-activity silero"""

WAITS_MS = (256, 320, 384, 448, 512, 576, 640, 704, 800, 896, 1024, 1216, 1408, 1600)
PRESETS = ("command", "conversation", "dictation", "relaxed")
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
MOST_FALSE = 0.02
BRIDGE_FRAMES = 6
"""Pauses under 0.2 s count as speech, as the meeting's labels have them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--voice-activity", default="fusion", metavar="NAME", help="the detector")
    parser.add_argument("--plot", metavar="FILE.png", help="draw cuts against the wait")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    folder = data_folder(args.data)
    clips = _judge_all(folder, args.voice_activity)
    presets = {name: cuts(clips, _preset(name)) for name in PRESETS}
    curve = {wait: cuts(clips, _with_wait(wait)) for wait in WAITS_MS}
    activity = voice_activity(folder)
    if args.plot:
        _plot(curve, Path(args.plot))
    if args.json:
        emit_json({"presets": presets, "curve": {str(k): v for k, v in curve.items()}, "vad": activity})
    else:
        _print(presets, curve, activity)
    return 0


class Replayed:
    """A detector that gives what another one gave: the same recording under many settings."""

    def __init__(self, probabilities: Sequence[float]) -> None:
        self._left = iter(probabilities)

    def probability(self, samples: MonoF32) -> float:
        """The next one."""
        return next(self._left)

    def reset(self) -> None:
        """Nothing to forget."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording, judged frame by frame.

    Attributes:
        set_name: Its set.
        probabilities: Of speech, a frame each.
        energies: Sum of squares, a frame each.
        end_s: End of speech by the reference file.
    """

    set_name: str
    probabilities: tuple[float, ...]
    energies: tuple[float, ...]
    end_s: float


def _judge_all(folder: Path, detector: str) -> list[Clip]:
    from voxedge import listening

    ends = speech_ends()
    files = [(set_name, file) for set_name in SETS for file in recordings(folder, set_name)]
    clips = []
    with Progress("judging the recordings", len(files), "file") as progress:
        for set_name, file in files:
            activity, sound = listening.create(detector), load(file)
            frames = [sound[i : i + FRAME_SAMPLES] for i in range(0, len(sound), FRAME_SAMPLES)]
            reference = ends.get(file.relative_to(folder).as_posix())
            clips.append(
                Clip(
                    set_name,
                    tuple(activity.probability(samples) for samples in frames),
                    tuple(float(samples @ samples) for samples in frames),
                    reference[1] if reference else -1.0,
                )
            )
            progress.advance(1)
    return clips


def _preset(name: str) -> EndpointSettings:
    from voxedge.listening.settings import EndpointSettings

    return EndpointSettings.from_preset(name)


def _with_wait(wait_ms: int) -> EndpointSettings:
    """Nothing but the wait: one and the same after every pause."""
    from voxedge.listening.settings import EndpointSettings

    return EndpointSettings(
        min_silence_ms=wait_ms, opening_ms=wait_ms, opening_speech_ms=0, max_utterance_s=60
    )


def utterances(clip: Clip, settings: EndpointSettings) -> list[SpeechEnded]:
    """The ends of the utterances that listening finds in a recording."""
    import numpy as np

    from voxedge.listening.room import Listening

    room, found = Listening(Replayed(clip.probabilities), settings), list[SpeechEnded]()

    def keep(item: Event | UtteranceAudio) -> None:
        if isinstance(item, SpeechEnded):
            found.append(item)

    for number, energy in enumerate(clip.energies):
        level = np.float32((energy / FRAME_SAMPLES) ** 0.5)
        room.feed(Frame(np.full(FRAME_SAMPLES, level), number * FRAME_SAMPLES), keep, NEVER)
    room.flush(keep)
    return found


def cuts(clips: Sequence[Clip], settings: EndpointSettings) -> dict[str, dict[str, float]]:
    """For each set: recordings, those cut in two, those not found, and the delay of the declared end."""
    import numpy as np

    result: dict[str, dict[str, float]] = {}
    for set_name in SETS:
        chosen = [clip for clip in clips if clip.set_name == set_name]
        ends = [utterances(clip, settings) for clip in chosen]
        # Recordings often stop before the wait is over; then nothing can be said of the delay.
        delays = [
            end[-1].time - clip.end_s
            for clip, end in zip(chosen, ends, strict=True)
            if len(end) == 1 and end[0].reason == "silence" and clip.end_s > 0
        ]
        result[set_name] = {
            "recordings": len(chosen),
            "cut": sum(len(end) > 1 for end in ends),
            "missed": sum(not end for end in ends),
            "delay_p50_s": round(float(np.median(delays)), 3) if delays else 0.0,
            "delay_p95_s": round(float(np.percentile(delays, 95)), 3) if delays else 0.0,
        }
    return result


# Voice activity alone, on labelled meetings and counting.


def voice_activity(folder: Path) -> dict[str, dict[str, float]]:
    """Misses at a like share of false alarms, turns found, cost and edges, for each detector."""
    from voxedge.listening.fusion import FusedActivity, create
    from voxedge.listening.silero import SileroActivity

    labels: dict[str, list[tuple[float, float]]] = {}
    with (folder / "vad" / "speech.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            labels.setdefault(row["file"], []).append((float(row["start"]), float(row["end"])))
    sounds = {name: load(folder / "vad" / name) for name in labels}
    result = {}
    for name, make in (("silero", SileroActivity), ("fusion", create)):
        judged, spent, frames, asked = {}, 0.0, 0, 0
        for file_name, sound in sounds.items():
            detector: VoiceActivity = make()
            began = perf_counter()
            judged[file_name] = _judge(detector, sound)
            spent += perf_counter() - began
            frames += len(judged[file_name])
            asked += detector.asked[2] if isinstance(detector, FusedActivity) else len(judged[file_name])
        best = _best(judged, labels)
        result[name] = {
            **best,
            "us_a_frame": round(spent / frames * 1e6, 1),
            "silero_asked_share": round(asked / frames, 3),
            "count_edge_ms": round(_worst_edge(judged["count.flac"], labels["count.flac"]) * 1000),
        }
    return result


def _judge(detector: VoiceActivity, sound: MonoF32) -> NDArray[np.float64]:
    import numpy as np

    pieces = range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    return np.array([detector.probability(sound[i : i + FRAME_SAMPLES]) for i in pieces])


def _marked(probabilities: NDArray[np.float64], start: float, stay: float) -> NDArray[np.bool_]:
    import numpy as np

    marks, on = np.zeros(len(probabilities), bool), False
    for index, value in enumerate(probabilities):
        on = bool(value >= (stay if on else start))
        marks[index] = on
    return marks


def _bridged(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import numpy as np

    filled: NDArray[np.bool_] = marks.copy()
    for before, after in itertools.pairwise(np.flatnonzero(marks)):
        if after - before <= BRIDGE_FRAMES:
            filled[before:after] = True
    return filled


def _best(
    judged: Mapping[str, NDArray[np.float64]], labels: Mapping[str, list[tuple[float, float]]]
) -> dict[str, float]:
    """The threshold with the fewest misses at no more than 2 % false alarms."""
    import numpy as np

    best: dict[str, float] = {}
    for threshold in np.arange(0.1, 0.9, 0.02):
        missed = speech = false = silent = turns = found = 0
        for name, probabilities in judged.items():
            marks = _bridged(_marked(probabilities, threshold, max(0.05, threshold - 0.15)))
            centres = (np.arange(len(marks)) + 0.5) * FRAME_S
            truth = np.zeros(len(marks), bool)
            for start, end in labels[name]:
                truth |= (centres >= start) & (centres < end)
                if end - start > 1:
                    turns += 1
                    found += bool(marks[int(start / FRAME_S) : int(end / FRAME_S)].any())
            missed += int((truth & ~marks).sum())
            speech += int(truth.sum())
            false += int((~truth & marks).sum())
            silent += int((~truth).sum())
        if false / silent <= MOST_FALSE and (not best or missed / speech < best["missed"]):
            best = {
                "threshold": round(float(threshold), 2),
                "missed": round(missed / speech, 4),
                "false_alarms": round(false / silent, 4),
                "turns": turns,
                "turns_found": found,
            }
    return best


def _worst_edge(probabilities: NDArray[np.float64], labels: Sequence[tuple[float, float]]) -> float:
    """The greatest distance, in seconds, of a labelled edge from the nearest one found."""
    import numpy as np

    from voxedge.listening.settings import EndpointSettings

    own = EndpointSettings()
    marks = _marked(probabilities, own.start_probability, own.stay_probability)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(int)))
    edges = changes * FRAME_S
    return max(float(np.abs(edges - edge).min()) for pair in labels for edge in pair)


def _plot(curve: Mapping[int, dict[str, dict[str, float]]], file: Path) -> None:
    from voxedge.registry import need

    pyplot = need("matplotlib.pyplot", "plot", "Drawing")
    figure, axes = pyplot.subplots(figsize=(7, 4))  # type: ignore[attr-defined]
    for set_name in SETS:
        shares = [100 * at[set_name]["cut"] / at[set_name]["recordings"] for at in curve.values()]
        axes.plot(list(curve), shares, marker="o", markersize=3, label=set_name)
    axes.axhline(1, color="grey", linewidth=0.8, linestyle="--")
    axes.set(xlabel="wait after a pause, ms", ylabel="utterances cut in two, %", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    note(f"wrote {file}")


def _print(
    presets: Mapping[str, dict[str, dict[str, float]]],
    curve: Mapping[int, dict[str, dict[str, float]]],
    activity: Mapping[str, dict[str, float]],
) -> None:
    print("utterances cut in two (of all), and the delay of the end behind the last speech, p50 / p95 in s")
    for preset, sets in presets.items():
        for set_name, row in sets.items():
            delay = f"{row['delay_p50_s']:.2f} / {row['delay_p95_s']:.2f}"
            print(f"  {preset:<13}{set_name:<20}{row['cut']:>3} of {row['recordings']:<4} {delay}")
    print("cut in two, by one wait after every pause")
    print("  wait ms  " + "  ".join(f"{name:>18}" for name in SETS))
    for wait, sets in curve.items():
        shares = [f"{100 * sets[name]['cut'] / sets[name]['recordings']:>16.1f} %" for name in SETS]
        print(f"  {wait:>7}  " + "  ".join(shares))
    print("voice activity (vad), at no more than 2 % false alarms")
    for name, row in activity.items():
        print(
            f"  {name:<8} missed {100 * row['missed']:.1f} %, false {100 * row['false_alarms']:.1f} %, "
            f"turns over 1 s found {row['turns_found']} of {row['turns']}, "
            f"{row['us_a_frame']:.0f} us a frame, "
            f"Silero asked for {100 * row['silero_asked_share']:.0f} %, "
            f"count: worst edge {row['count_edge_ms']} ms"
        )
