"""What quantizing cost: size, quality on the user's own sample, and speed, before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, cast

from voxedge.errors import InputError
from voxedge.registry import need
from voxedge.runtime import plan_threads

if TYPE_CHECKING:
    from voxedge.converting import Checkpoint

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model, measured.

    Attributes:
        weights_bytes: Size of ``model.bin``.
        quality: Name of the measure to its value in percent, such as ``{"chrf": 61.2}``.
        speed: Words a second, or seconds of sound a second.
    """

    weights_bytes: int
    quality: dict[str, float]
    speed: float

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "weights_bytes": self.weights_bytes,
            **{name: round(value, 2) for name, value in self.quality.items()},
            "speed": round(self.speed, 1),
        }


class _Score(Protocol):
    score: float


class _SacreBleu(Protocol):
    def corpus_bleu(self, found: Sequence[str], wanted: Sequence[Sequence[str]]) -> _Score: ...
    def corpus_chrf(self, found: Sequence[str], wanted: Sequence[Sequence[str]]) -> _Score: ...


Advance = Callable[[int], None]


def measure(checkpoint: Checkpoint, folder: Path, sample: Path | None, advance: Advance) -> Side:
    """Measures a converted model.

    Args:
        checkpoint: What it was made of.
        folder: The converted model.
        sample: For translation a text file, a line ``source<TAB>reference`` a sentence of the first pair;
            for recognition a folder of recordings, each with its words in a ``.txt`` of the same name; None
            measures the size alone.
        advance: Hears of each sentence or recording done.

    Raises:
        InputError: The sample can't be used.
    """
    size = (folder / "model.bin").stat().st_size
    if sample is None:
        return Side(weights_bytes=size, quality={}, speed=0.0)
    work = _translate if checkpoint.kind == "translation" else _recognize
    quality, speed = work(checkpoint, folder, sample, advance)
    return Side(weights_bytes=size, quality=quality, speed=speed)


def sample_size(checkpoint: Checkpoint, sample: Path) -> int:
    """How many sentences or recordings a sample has.

    Raises:
        InputError: It can't be used.
    """
    return len(read_pairs(sample) if checkpoint.kind == "translation" else read_recordings(sample))


def read_pairs(sample: Path) -> list[tuple[str, str]]:
    """Sentences with their references."""
    try:
        lines = sample.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise _unusable(sample, "it can't be read as UTF-8 text") from exc
    pairs = [tuple(line.split("\t")[:2]) for line in lines if line.strip()]
    if not pairs or any(len(pair) < 2 for pair in pairs):
        raise _unusable(sample, "each line must be a sentence, a tab, and its translation")
    return cast("list[tuple[str, str]]", pairs)


def read_recordings(sample: Path) -> list[tuple[Path, str]]:
    """Recordings with what is said in them."""
    found = []
    for path in sorted(sample.iterdir()) if sample.is_dir() else ():
        words = path.with_suffix(".txt")
        if path.suffix.lower() in SOUNDS and words.is_file():
            found.append((path, words.read_text(encoding="utf-8-sig").strip()))
    if not found:
        raise _unusable(sample, "it must be a folder of recordings, each with its words in a .txt beside it")
    return found


def _unusable(sample: Path, why: str) -> InputError:
    return InputError(
        f"The sample {sample} can't be used: {why}.",
        remedy="Give another with --sample, or none to measure the size alone.",
        room="store",
    )


def _translate(
    checkpoint: Checkpoint, folder: Path, sample: Path, advance: Advance
) -> tuple[dict[str, float], float]:
    from voxedge.translation.contract import TranslationOptions
    from voxedge.translation.engine import CTranslate2Engine
    from voxedge.translation.router import Candidate, TextTranslator

    measures = cast(_SacreBleu, need("sacrebleu", "convert", "Measuring a translation"))
    rows = read_pairs(sample)
    engine = CTranslate2Engine(
        folder, pairs=checkpoint.pairs, compute_type="default", threads=plan_threads().translation
    )
    pairs = checkpoint.pairs or tuple(sorted(engine.capabilities.pairs))
    source, target = pairs[0]
    translator = TextTranslator([Candidate("measured", engine.capabilities.pairs, lambda: engine)])
    found: list[str] = []
    began = perf_counter()
    for start in range(0, len(rows), 64):
        texts = [text for text, _ in rows[start : start + 64]]
        answers = translator.translate(texts, source=source, target=target, options=TranslationOptions())
        found += [answer.translation for answer in answers]
        advance(len(texts))
    seconds = perf_counter() - began
    engine.close()
    wanted = [[reference for _, reference in rows]]
    words = sum(len(text.split()) for text, _ in rows)
    quality = {
        "bleu": measures.corpus_bleu(found, wanted).score,
        "chrf": measures.corpus_chrf(found, wanted).score,
    }
    return quality, words / seconds


def _recognize(
    checkpoint: Checkpoint, folder: Path, sample: Path, advance: Advance
) -> tuple[dict[str, float], float]:
    from voxedge.audio.decode import read
    from voxedge.bench.text import count_errors, error_rate, units
    from voxedge.recognition.contract import RecognitionOptions
    from voxedge.recognition.whisper import WhisperRecognizer

    recognizer = WhisperRecognizer(
        folder,
        model_name=checkpoint.folder.name,
        threads=plan_threads().recognition,
        compute_type="default",
    )
    errors, sound_s, spent_s = [], 0.0, 0.0
    for path, words in read_recordings(sample):
        samples = read(path)[: 28 * 16_000]
        began = perf_counter()
        heard = recognizer.recognize(samples, RecognitionOptions())
        spent_s += perf_counter() - began
        sound_s += len(samples) / 16_000
        language = heard.language
        errors.append(count_errors(units(words, language), units(heard.text, language)))
        advance(1)
    recognizer.close()
    return {"word_errors": 100 * error_rate(errors)}, sound_s / max(spent_s, 1e-9)
