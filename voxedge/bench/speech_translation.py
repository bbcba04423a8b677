"""``voxedge bench translation``: speech to English on read sentences, and live captions on the same files.

The German, Spanish and French recordings of the set ``speech-multi`` that are lines of FLORES have English
references in ``parallel/eval.flores200-devtest``; they are found by the text that is read.
"""

from __future__ import annotations

import argparse
import itertools
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import TYPE_CHECKING, Protocol, cast

from voxedge.bench import sets
from voxedge.bench.paced import PacedSource
from voxedge.bench.spoken_text import spoken_figures
from voxedge.cli.output import Progress, emit_json, note
from voxedge.config import Config
from voxedge.errors import LanguageUnsupported, UsageError
from voxedge.events import Event, SpeechStarted, Transcript, Translation, TurnEnded
from voxedge.registry import need

if TYPE_CHECKING:
    from pathlib import Path

    from voxedge.assistant import Assistant

HELP = "Measure speech to English: chrF of each way; how calm and how quick live captions are."
EPILOG = """examples:
  voxedge bench translation                              both parts, German, Spanish and French
  voxedge bench translation --live --languages es        live captions only, in real time
  voxedge bench translation --live --inline              as fast as it goes; times leave out the computing
  voxedge bench translation --spoken 16                  which way at which length; espeak-ng speaks

Speech: recognized, then translated, for the pairs that there are models for; Whisper's own translation; and
what `voxedge translate FILE` takes by itself. Live: normalized erasure (words taken back by all updates, the
final included, for each word of the final text), whether the final text is the one that the same file
gives offline, and the time from the start of the speech to the first words."""

LANGUAGES = ("de", "es", "fr")
TARGET = "en"


class _Chrf(Protocol):
    def corpus_chrf(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> object: ...


@dataclass(slots=True)
class LiveUtterance:
    """What live captions did in one utterance.

    Attributes:
        speech_start_s: Where its speech starts, in seconds of the stream.
        updates: What was shown, in order, and when: (seconds of the stream, text); the final is the last.
        final: Whether the final has come.
    """

    speech_start_s: float
    updates: list[tuple[float, str]] = field(default_factory=list)
    final: bool = False

    @property
    def erased(self) -> int:
        """Words that were taken back."""
        texts = ["", *(text for _, text in self.updates)]
        return sum(erased_words(old, new) for old, new in itertools.pairwise(texts))

    @property
    def words(self) -> int:
        """Words of the final text."""
        return len(self.updates[-1][1].split()) if self.final else 0

    @property
    def first_words_s(self) -> float:
        """From the start of the speech to the first words."""
        return next(at for at, text in self.updates if text) - self.speech_start_s


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--speech", action="store_true", help="only speech to English")
    parser.add_argument("--live", action="store_true", help="only live captions")
    parser.add_argument("--spoken", type=int, default=0, metavar="N", help="only N spoken sentences a length")
    parser.add_argument("--inline", action="store_true", help="live without waiting for the sound")
    parser.add_argument("--languages", nargs="+", default=list(LANGUAGES), choices=LANGUAGES)
    parser.add_argument("--model", default="base", metavar="M", help="the recognizer's model")
    parser.add_argument("--data", default="", metavar="DIR", help="folder of recordings")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="cores to share")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    folder = sets.data_folder(args.data)
    recordings = [
        r for r in sets.transcribed(folder, sets.MANY) if r.language in args.languages and _is_sentence(r)
    ]
    if not recordings:
        raise UsageError("There are no recordings of these languages.", remedy="Leave out --languages.")
    result: dict[str, object] = {"model": args.model}
    if args.spoken:
        result["spoken"] = spoken_figures(
            args.data,
            args.spoken,
            lambda engine: _assistant("es", engine, False, args),
            lambda assistant, sound: _final_text(assistant.listen([sound])),
        )
    elif args.speech or not args.live:
        result["speech"] = _speech(recordings, references(folder), args)
    if not args.spoken and (args.live or not args.speech):
        result["live"] = _live(recordings, args)
    if args.json:
        emit_json(result)
    else:
        for part in ("speech", "spoken", "live"):
            for language, row in cast("dict[str, dict[str, object]]", result.get(part, {})).items():
                print(f"{part} {language}: " + ", ".join(f"{key} {value}" for key, value in row.items()))
    return 0


def references(folder: Path) -> dict[tuple[str, str], str]:
    """English lines of FLORES by (language, bare text)."""
    path = folder / "parallel" / "eval.flores200-devtest.en-es-de-fr.tsv.xz"
    found: dict[tuple[str, str], str] = {}
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        head = file.readline().rstrip("\r\n").split("\t")
        for line in file:
            row = dict(zip(head, line.rstrip("\r\n").split("\t"), strict=True))
            found.update({(language, _bare(row[language])): row["en"] for language in LANGUAGES})
    return found


def erased_words(old: str, new: str) -> int:
    """How many words at the end of a text were taken back by the next one (Arivazhagan et al., 2020)."""
    before, after = old.split(), new.split()
    kept = 0
    while kept < min(len(before), len(after)) and before[kept] == after[kept]:
        kept += 1
    return len(before) - kept


def _is_sentence(recording: sets.Recording) -> bool:
    return recording.file.name.startswith(("fleurs-", "leopard-", "cheetah-", "light-"))


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _assistant(language: str, engine: str, live: bool, args: argparse.Namespace) -> Assistant:
    """As `voxedge translate` builds it."""
    from voxedge.assistant import Assistant
    from voxedge.cli.translate_speech import config_of

    options = argparse.Namespace(
        inputs=["sound"],
        live=live,
        source=language,
        target=TARGET,
        conversation=False,
        speech_model=args.model,
        device="",
        say=False,
        say_to=None,
        engine=engine,
        model="",
        beam=4,
        glossary=None,
        threads=args.threads,
    )
    config: Config = config_of(options)
    return Assistant(config)


def _speech(
    recordings: Sequence[sets.Recording], known: dict[tuple[str, str], str], args: argparse.Namespace
) -> dict[str, dict[str, object]]:
    measures = cast(_Chrf, need("sacrebleu", "convert", "Measuring a translation"))
    figures: dict[str, dict[str, object]] = {}
    ways = {"recognized, then translated": "ctranslate2", "whisper": "whisper", "auto": "auto"}
    with Progress("speech", len(ways) * len(recordings), "file") as bar:
        for language in args.languages:
            chosen = [r for r in recordings if r.language == language]
            wanted = [known.get((language, _bare(r.text)), "") for r in chosen]
            row: dict[str, object] = {"files": len(chosen), "with reference": sum(map(bool, wanted))}
            for name, engine in ways.items():
                try:
                    texts = list(_translated(chosen, language, engine, args, bar))
                except LanguageUnsupported as error:
                    note(f"{language}: {error.message} {error.remedy}")
                    row[name] = None
                    continue
                pairs = [(text, line) for text, line in zip(texts, wanted, strict=True) if line]
                score = measures.corpus_chrf([a for a, _ in pairs], [[b for _, b in pairs]])
                row[name] = round(float(getattr(score, "score", 0.0)), 1)
            figures[language] = row
    return figures


def _translated(
    recordings: Iterable[sets.Recording],
    language: str,
    engine: str,
    args: argparse.Namespace,
    bar: Progress,
) -> Iterator[str]:
    with _assistant(language, engine, False, args) as assistant:
        for recording in recordings:
            yield _final_text(assistant.listen(recording.file))
            bar.advance(1)


def _final_text(events: Iterable[Event]) -> str:
    return " ".join(e.translation for e in events if isinstance(e, Translation) and e.final)


def _live(recordings: Sequence[sets.Recording], args: argparse.Namespace) -> dict[str, dict[str, object]]:
    figures: dict[str, dict[str, object]] = {}
    with Progress("live", len(recordings), "file") as bar:
        for language in args.languages:
            chosen = [r for r in recordings if r.language == language]
            try:
                with _assistant(language, "auto", True, args) as live:
                    with _assistant(language, "auto", False, args) as offline:
                        figures[language] = _live_figures(live, offline, chosen, args.inline, bar)
            except LanguageUnsupported as error:
                note(f"{language}: {error.message} {error.remedy}")
    return figures


def _live_figures(
    live: Assistant, offline: Assistant, recordings: Sequence[sets.Recording], inline: bool, bar: Progress
) -> dict[str, object]:
    utterances: list[LiveUtterance] = []
    equal = same_words = 0
    for recording in recordings:
        found, said, text = _captions(live, recording, inline)
        again = list(offline.listen(recording.file))
        equal += text == _final_text(again)
        same_words += said == _said(again)
        utterances += found
        bar.advance(1)
    finals = [u for u in utterances if u.final and u.words]
    rates = [u.erased / u.words for u in finals]
    first = sorted(u.first_words_s for u in finals)
    return {
        "files": len(recordings),
        "utterances": len(finals),
        "erasure": round(sum(u.erased for u in finals) / max(1, sum(u.words for u in finals)), 3),
        "erasure, mean of utterances": round(mean(rates), 3),
        "erasure, median": round(median(rates), 3),
        "final text as offline": equal,
        "transcript as offline": same_words,
        "updates before the final": round(mean(len(u.updates) - 1 for u in finals), 1),
        "first words, median s": round(median(first), 2),
        "first words, slowest s": round(first[-1], 2),
    }


def _captions(
    assistant: Assistant, recording: sets.Recording, inline: bool
) -> tuple[list[LiveUtterance], str, str]:
    """The utterances of a recording, its words and their final translation."""
    from voxedge.audio.decode import read

    samples = read(recording.file)
    source = PacedSource(samples)
    open_now: dict[int, LiveUtterance] = {}
    done: list[LiveUtterance] = []
    events: list[Event] = []
    for event in assistant.listen([samples] if inline else source):
        events.append(event)
        at = event.time if inline else event.clock - source.started_at
        if isinstance(event, SpeechStarted):
            open_now[event.turn] = LiveUtterance(event.time)
        elif isinstance(event, Translation):
            open_now[event.turn].updates.append((at, event.translation))
            open_now[event.turn].final = event.final
        elif isinstance(event, TurnEnded) and event.turn in open_now:
            done.append(open_now.pop(event.turn))
    return done, _said(events), _final_text(events)


def _said(events: Iterable[Event]) -> str:
    return " ".join(e.text for e in events if isinstance(e, Transcript))
