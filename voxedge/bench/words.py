"""Words and time: our recognition and faster-whisper's ``transcribe`` on the same sound, in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from voxedge.bench.sets import Recording
from voxedge.bench.text import Errors, count_errors, error_rate, paired_interval, units
from voxedge.cli.output import note

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import Recognizer
    from voxedge.recognition.speech import SpeechFinder

LENGTHS_S = ((0.0, 2.0), (2.0, 5.0), (5.0, 7.0), (7.0, 9.0), (9.0, 30.0))
"""Groups of recordings by seconds of speech."""
Heard = Callable[["MonoF32", str, int], str]
"""Sound, language, beam: the text."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One recording, recognized by both.

    Attributes:
        set_name: Its set.
        file_name: Its name.
        beam: Width of the beam.
        speech_s: Seconds from the first to the last speech in it.
        ours: Our errors.
        theirs: Errors of faster-whisper.
        our_s: Our time.
        their_s: Time of faster-whisper.
        windows: How many windows we paid for.
        suppressed: Whether our guard took the text away.
    """

    set_name: str
    file_name: str
    beam: int
    speech_s: float
    ours: Errors
    theirs: Errors
    our_s: float
    their_s: float
    windows: int
    suppressed: bool


def faster_whisper(model_dir: Path, threads: int) -> Heard:
    """faster-whisper with its own settings: 30 s windows, temperatures to fall back on, no VAD filter."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(model_dir), device="cpu", compute_type="int8", cpu_threads=threads)

    def hear(samples: MonoF32, language: str, beam: int) -> str:
        segments, _ = model.transcribe(samples, language=language, beam_size=beam)
        return " ".join(segment.text.strip() for segment in segments)

    return hear


def compare(
    recognizer: Recognizer,
    their_hearing: Heard,
    recordings: Sequence[Recording],
    beams: Sequence[int],
    advance: Callable[[int], None],
) -> list[Trial]:
    """Recognizes each recording with both, one after the other, and changes who goes first.

    The order is mixed (by a hash of the names), so that what an interruption leaves is a fair sample: Ctrl-C
    ends the measurement, and what was measured is kept.
    """
    from voxedge.recognition.speech import SpeechFinder

    finder = SpeechFinder()
    trials: list[Trial] = []
    mixed = sorted(recordings, key=lambda r: sha256(r.file.name.encode()).digest())
    try:
        for number, recording in enumerate(mixed):
            trials += _both(recognizer, their_hearing, recording, beams, number, finder)
            advance(1)
    except KeyboardInterrupt:
        if not trials:
            raise
        note(f"Interrupted after {len(trials) // max(1, len(beams))} of {len(mixed)} recordings.")
    return trials


def _both(
    recognizer: Recognizer,
    their_hearing: Heard,
    recording: Recording,
    beams: Sequence[int],
    number: int,
    finder: SpeechFinder,
) -> list[Trial]:
    from voxedge.audio.decode import read
    from voxedge.recognition.contract import RecognitionOptions

    samples = read(recording.file)
    evidence = finder.evidence(samples)
    letters = recording.set_name == "an4"
    said = units(recording.text, recording.language, join_letters=letters)
    trials: list[Trial] = []
    for beam in beams:
        options = RecognitionOptions(language=recording.language, beam=beam)
        our_s = their_s = 0.0
        theirs = ""
        for turn in (0, 1):
            began = perf_counter()
            if (number + turn) % 2 == 0:
                found = recognizer.recognize(samples, options)
                our_s = perf_counter() - began
            else:
                theirs = their_hearing(samples, recording.language, beam)
                their_s = perf_counter() - began
        trials.append(
            Trial(
                recording.set_name,
                recording.file.name,
                beam,
                evidence.end_s - evidence.start_s,
                count_errors(said, units(found.text, recording.language, join_letters=letters)),
                count_errors(said, units(theirs, recording.language, join_letters=letters)),
                our_s,
                their_s,
                len(found.windows),
                found.text == "",
            )
        )
    return trials


def errors_of(trials: Iterable[Trial]) -> dict[str, object]:
    """Error rates of both and their difference, in percent, with the paired bootstrap's 95 % interval."""
    chosen = list(trials)
    ours, theirs = [t.ours for t in chosen], [t.theirs for t in chosen]
    low, high = paired_interval(ours, theirs)
    return {
        "files": len(chosen),
        "units": sum(e.of for e in ours),
        "ours": round(100 * error_rate(ours), 2),
        "faster_whisper": round(100 * error_rate(theirs), 2),
        "difference": round(100 * (error_rate(ours) - error_rate(theirs)), 2),
        "interval": [round(100 * low, 2), round(100 * high, 2)],
    }


def times_of(trials: Iterable[Trial]) -> list[dict[str, object]]:
    """Median times by seconds of speech, and the median of the ratios."""
    rows: list[dict[str, object]] = []
    every = list(trials)
    for low, high in LENGTHS_S:
        chosen = [t for t in every if low <= t.speech_s < high]
        if chosen:
            rows.append(
                {
                    "speech_s": [low, high],
                    "files": len(chosen),
                    "ours_ms": round(1000 * median(t.our_s for t in chosen), 1),
                    "faster_whisper_ms": round(1000 * median(t.their_s for t in chosen), 1),
                    "ratio": round(median(t.our_s / t.their_s for t in chosen), 3),
                    "windows": round(sum(t.windows for t in chosen) / len(chosen), 2),
                }
            )
    return rows
