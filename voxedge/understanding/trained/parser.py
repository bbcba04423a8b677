"""The trained parser: finds the intent and the slots of a sentence with models that examples made."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.errors import ModelCorrupt, TextInvalid, UsageError
from voxedge.events import Alternative, Completeness, IntentMatched, NoIntent, Slot, SlotValue
from voxedge.registry import need
from voxedge.understanding.contract import Context
from voxedge.understanding.trained.examples import MAX_SENTENCE_CHARS, Example, Span, load_examples
from voxedge.understanding.trained.features import featurize, intent_features
from voxedge.understanding.trained.lexicon import lexicon_of
from voxedge.understanding.trained.modelfile import ModelParts, read_model, write_model
from voxedge.understanding.trained.training import train_parts
from voxedge.understanding.trained.vocabulary import Vocabulary
from voxedge.understanding.trained.words import OUTSIDE, Words

if TYPE_CHECKING:
    import pycrfsuite

DEFAULT_THRESHOLD = 0.8
"""Least probability of an intent. With it and `_MOST_NEW`, 97.4 % of the Snips benchmark's held-out sentences
are understood, and 5.2 % of CLINC150's 1,200 out-of-scope ones; 0.6 and 0.34 gave 99.2 % and 22.3 %."""
_MOST_NEW = 0.2
_TIE = 0.1


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a sentence was taken for.

    Attributes:
        intent: The likeliest intent.
        confidence: Its probability, 0..1.
        spans: Slot values, from left to right; places in the text that was handed in.
        others: The other intents with their probabilities, likeliest first.
        new: Share of the words outside of slots that no example has, 0..1.
    """

    intent: str
    confidence: float
    spans: tuple[Span, ...]
    others: tuple[Alternative, ...] = ()
    new: float = 0.0


class TrainedParser:
    """A parser that examples made. Safe to call from several threads.

    Use `train`, `load` or `from_files`; the constructor takes what those made.

    Raises:
        ExtraMissing: The extra ``examples`` isn't installed.
        ModelCorrupt: crfsuite refuses a model.
    """

    def __init__(self, parts: ModelParts, threshold: float = DEFAULT_THRESHOLD) -> None:
        crf = need("pycrfsuite", "examples", "A parser trained from examples")
        self._parts = parts
        self._threshold = threshold
        self._lexicon = lexicon_of(parts.language)
        self._choice = _tagger(crf, parts.choice)
        self._slots = {part.name: _tagger(crf, part.crf) for part in parts.intents}
        self._vocabularies: dict[str, Vocabulary] = {part.name: part.vocabulary for part in parts.intents}
        self._names = tuple(part.name for part in parts.intents)
        # A tagger keeps the sentence that it works on.
        self._lock = threading.Lock()

    @classmethod
    def train(cls, examples: Sequence[Example], language: str = "en") -> TrainedParser:
        """Trains a parser; seconds for hundreds of examples.

        Args:
            examples: Sentences with intents and marked slots.
            language: ISO 639-1.

        Raises:
            ExamplesInvalid: There is no example, or there are too many.
            ExtraMissing: The extra ``examples`` isn't installed.
        """
        return cls(train_parts(examples, language))

    @classmethod
    def from_files(cls, paths: Sequence[Path | str], language: str = "en") -> TrainedParser:
        """Trains a parser on files in the Snips JSON format; raises what `load_examples` does, too."""
        return cls.train(load_examples(paths), language)

    @classmethod
    def load(cls, path: Path | str, threshold: float = DEFAULT_THRESHOLD) -> TrainedParser:
        """Reads a trained parser; nothing in the file is executed.

        Args:
            path: A file of `save`.
            threshold: Least probability of an intent for `understand`, 0..1.

        Raises:
            ModelMissing: There is no such file.
            ModelCorrupt: It is no trained parser, damaged, or of another version.
        """
        return cls(read_model(Path(path)), threshold)

    def save(self, path: Path | str) -> None:
        """Writes the parser to a file, as a whole or not at all.

        Raises:
            StoreError: The file can't be written; `DiskFull` where space is short.
        """
        write_model(self._parts, Path(path))

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that it was trained for."""
        return self._parts.language

    @property
    def intents(self) -> tuple[str, ...]:
        """The names of the intents, sorted."""
        return self._names

    def parse(self, text: str, intent: str | None = None) -> Parsed | None:
        """Finds the intent and the slots of a sentence.

        Args:
            text: The sentence, at most 2,000 characters.
            intent: The intent where it is known already; then only the slots are looked for.

        Returns:
            The reading, or None for a text without words. It is always a reading: whether the sentence is
            a command at all is for `understand` to say.

        Raises:
            TextInvalid: The text is no string or too long.
            UsageError: No intent has that name.
        """
        if not isinstance(text, str) or len(text) > MAX_SENTENCE_CHARS:
            raise TextInvalid(
                f"A sentence of at most {MAX_SENTENCE_CHARS} characters is needed.",
                remedy="Hand in one sentence at a time, as str.",
            )
        if intent is not None and intent not in self._vocabularies:
            raise UsageError(
                f"The parser knows no intent {intent!r}.", remedy=f"It knows: {', '.join(self._names)}."
            )
        words = Words.of(text)
        if not any(word[0].isalnum() for word in words.raw):
            return None
        ranked = self._rank(words)
        if intent is not None:
            ranked.sort(key=lambda one: one.text != intent)
        best = ranked[0]
        labels = self._label(words, best.text)
        return Parsed(
            best.text, best.score, words.spans(labels), tuple(ranked[1:]), self._new(words, labels, best.text)
        )

    def _rank(self, words: Words) -> list[Alternative]:
        if self._choice is None:
            return [Alternative(self._names[0], 1.0)]
        with self._lock:
            self._choice.set([intent_features(words)])
            scores = [self._choice.marginal(str(number), 0) for number in range(len(self._names))]
        ranked = [Alternative(name, score) for name, score in zip(self._names, scores, strict=True)]
        return sorted(ranked, key=lambda one: -one.score)

    def _label(self, words: Words, intent: str) -> list[str]:
        tagger = self._slots[intent]
        if tagger is None:
            return [OUTSIDE] * len(words)
        rows = featurize(words, self._vocabularies[intent], self._lexicon)
        with self._lock:
            return [str(label) for label in tagger.tag(rows)]

    def _new(self, words: Words, labels: Sequence[str], intent: str) -> float:
        known = self._vocabularies[intent].words
        outside = [
            word
            for word, label in zip(words.lower, labels, strict=True)
            if label == OUTSIDE and word[0].isalnum()
        ]
        return sum(OUTSIDE not in known.get(word, {}) for word in outside) / len(outside) if outside else 0.0

    def understand(
        self, hypotheses: Sequence[Alternative], context: Context | None = None
    ) -> IntentMatched | NoIntent:
        """Finds the intent of the first hypothesis that is surely one (the `Understander` contract).

        A sentence is refused when no intent is probable enough, or when more than a fifth of its words
        outside of slots occur in no example of the intent.
        """
        first: NoIntent | None = None
        for hypothesis in hypotheses:
            parsed = self.parse(hypothesis.text)
            if parsed is None:
                refused = NoIntent(reason="empty", text=hypothesis.text)
            elif parsed.confidence >= self._threshold and parsed.new <= _MOST_NEW:
                return self._matched(hypothesis.text, parsed, context or {})
            else:
                near = parsed.others[0].score if parsed.others else 0.0
                tie = parsed.new <= _MOST_NEW and parsed.confidence - near < _TIE
                refused = NoIntent(
                    reason="tie" if tie else "none_near", nearest=parsed.intent, text=hypothesis.text
                )
            first = first or refused
        return first or NoIntent(reason="empty")

    def _matched(self, text: str, parsed: Parsed, context: Context) -> IntentMatched:
        slots: dict[str, Slot] = {}
        for name, value in slot_texts(text, parsed.spans).items():
            values: list[SlotValue] = list(value) if isinstance(value, list) else [value]
            slots[name] = Slot(", ".join(map(str, values)), values if len(values) > 1 else values[0])
        return IntentMatched(
            intent=parsed.intent,
            slots=slots,
            score=parsed.confidence,
            alternatives=parsed.others[:5],
            text=text,
            context=dict(context),
        )

    def nearness(self, text: str, context: Context | None = None) -> float:
        """How far a text is from any command, 0..1, on the scale that grammars have for sounds.

        It lets hearing ask a recognizer again, with hints, only where the words may be a command.
        """
        del context
        parsed = self.parse(text[:MAX_SENTENCE_CHARS])
        if parsed is None:
            return 1.0
        doubt = max(0.0, self._threshold - parsed.confidence), max(0.0, parsed.new - _MOST_NEW)
        return min(1.0, sum(doubt))

    def completeness(self, text: str) -> Completeness:
        """Always ``"unknown"``: examples don't say what must follow."""
        return "unknown"

    def bias(self, limit: int = 16) -> tuple[str, ...]:
        """The commonest slot values, which give a recognizer its vocabulary."""
        counts: dict[str, int] = {}
        for vocabulary in self._vocabularies.values():
            for value, slots in vocabulary.values.items():
                counts[value] = counts.get(value, 0) + sum(slots.values())
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        return tuple(ranked[: max(limit, 0)])


def _tagger(crf: object, model: bytes) -> pycrfsuite.Tagger | None:
    if not model:
        return None
    tagger = crf.Tagger()  # type: ignore[attr-defined]
    try:
        tagger.open_inmemory(model)
    except ValueError as exc:
        raise ModelCorrupt(
            "crfsuite can't read the model.",
            remedy="Train it again: voxedge intents train DATA... -o MODEL.",
            room="understanding",
        ) from exc
    return tagger


def slot_texts(text: str, spans: Sequence[Span]) -> dict[str, str | list[str]]:
    """Slot to its words; a list where a slot occurs more than once."""
    found: dict[str, list[str]] = {}
    for span in spans:
        found.setdefault(span.slot, []).append(text[span.start : span.end])
    return {slot: values if len(values) > 1 else values[0] for slot, values in found.items()}
