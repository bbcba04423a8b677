"""Texts to well-kept sentences and back: the part between a user's text and an engine's sentences.

Every sentence is cut out with what surrounds it kept, what must not change is put aside, over-long ones
are cut, all sentences of all texts go to the engine in one call, the answers are checked, the doubtful
ones done again in a safer way, and the text is put together as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from voxedge.errors import TextInvalid
from voxedge.events import NEVER, Alternative, CancelToken
from voxedge.translation import guard
from voxedge.translation.contract import Hypothesis, SentenceEngine, TextTranslation, TranslationOptions
from voxedge.translation.protect import Glossary, Protected, numbers_kept, protect, spans
from voxedge.translation.sentences import Piece, has_letters, pieces, split_long


@dataclass(slots=True)
class _Job:
    """One sentence on its way."""

    sentence: str
    protected: Protected
    shouted: bool = False
    hypotheses: list[Hypothesis] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Carefully:
    """Translates texts with one engine, with all the care of this room.

    Attributes:
        engine: Translates the sentences.
        glossary: Terms whose translation is fixed.
    """

    engine: SentenceEngine
    glossary: Glossary | None = None

    def translate(
        self,
        texts: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions,
        cancel: CancelToken = NEVER,
    ) -> list[TextTranslation]:
        """Translates texts; as `Translator.translate`, for the engine's own pairs."""
        cut = [self._cut(text, source) for text in texts]
        wanted = dict.fromkeys(piece.text for parts in cut for piece in parts if piece.translatable)
        done = self._sentences(list(wanted), source, target, options, cancel)
        return [
            self._join(text, parts, done, source, target, options)
            for text, parts in zip(texts, cut, strict=True)
        ]

    def _cut(self, text: str, source: str) -> list[Piece]:
        if "\0" in text:
            raise TextInvalid(
                "That is no text: it has zero bytes in it.",
                remedy="Hand in text (UTF-8), or a document of a known format.",
                room="translation",
            )
        most = self.engine.capabilities.max_tokens
        found: list[Piece] = []
        for piece in pieces(text, source):
            if piece.translatable:
                found += split_long(piece.text, most, self.engine.count_tokens)
            else:
                found.append(piece)
        return found

    def _join(
        self,
        text: str,
        parts: list[Piece],
        done: dict[str, list[Hypothesis]],
        source: str,
        target: str,
        options: TranslationOptions,
    ) -> TextTranslation:
        sentences = [piece.text for piece in parts if piece.translatable]
        weight = sum(len(sentence) for sentence in sentences)
        score = sum(done[item][0].score * len(item) for item in sentences) / weight if weight else 1.0
        readings: tuple[Alternative, ...] = ()
        if options.alternatives > 1 and len(sentences) == 1:
            readings = tuple(
                Alternative(_put_together(parts, {sentences[0]: item.text}), item.score)
                for item in done[sentences[0]]
            )
        about = self.engine.capabilities
        return TextTranslation(
            source=source,
            target=target,
            text=text,
            translation=_put_together(parts, {item: done[item][0].text for item in sentences}),
            score=score,
            engine=about.engine,
            model=about.model,
            alternatives=readings,
        )

    def _sentences(
        self,
        sentences: list[str],
        source: str,
        target: str,
        options: TranslationOptions,
        cancel: CancelToken,
    ) -> dict[str, list[Hypothesis]]:
        """Translates distinct sentences; every one gets at least one hypothesis."""

        def run(texts: list[str], strict: bool = False) -> list[list[Hypothesis]]:
            return self.engine.translate_sentences(
                texts, source=source, target=target, options=options, strict=strict, cancel=cancel
            )

        carries = self.engine.capabilities.placeholders
        first: list[_Job] = []
        piecewise: list[str] = []
        for sentence in sentences:
            protected = protect(sentence, self.glossary)
            if protected is None or (protected.kept and not carries):
                piecewise.append(sentence)
            else:
                first.append(_job(sentence, protected))
        done: dict[str, list[Hypothesis]] = {}
        again = _attempt(first, run, done)
        second = [_job(job.sentence, kept) for job in again if (kept := self._numbers_too(job)) is not None]
        retried = {job.sentence for job in second}
        piecewise += [job.sentence for job in again if job.sentence not in retried]
        left = _attempt(second, lambda texts: run(texts, True), done) if second else []
        piecewise += [job.sentence for job in left]
        if piecewise:
            done.update(self._piecewise(piecewise, run))
        return done

    def _numbers_too(self, job: _Job) -> Protected | None:
        protected = protect(job.sentence, self.glossary, numbers=True)
        if protected is not None and protected.kept and not self.engine.capabilities.placeholders:
            return None
        return protected

    def _piecewise(
        self, sentences: list[str], run: Callable[[list[str], bool], list[list[Hypothesis]]]
    ) -> dict[str, list[Hypothesis]]:
        """Translates only what lies between the untouchable spans: never wrong about them, if less fluent."""
        cut = {sentence: _between(sentence, self.glossary) for sentence in sentences}
        wanted = list(dict.fromkeys(p.text for parts in cut.values() for p in parts if p.translatable))
        answers = dict(zip(wanted, run(wanted, True), strict=True)) if wanted else {}
        texts = {item: guard.cut_loops(item, found[0].text) for item, found in answers.items()}
        done: dict[str, list[Hypothesis]] = {}
        for sentence, parts in cut.items():
            scores = [answers[p.text][0].score for p in parts if p.translatable]
            score = sum(scores) / len(scores) if scores else 1.0
            done[sentence] = [Hypothesis(_put_together(parts, texts), score)]
        return done


def _put_together(parts: Sequence[Piece], done: dict[str, str]) -> str:
    return "".join(done[piece.text] if piece.translatable else piece.text for piece in parts)


def _job(sentence: str, protected: Protected) -> _Job:
    letters = [char for char in protected.text if char.isalpha()]
    # Small models know little of words in capitals: they get them small, and the answer is raised again.
    shouted = len(letters) > 3 and " " in sentence.strip() and all(not char.islower() for char in letters)
    if shouted:
        lowered = protected.text.lower()
        protected = Protected(lowered[:1].upper() + lowered[1:], protected.kept)
    return _Job(sentence, protected, shouted)


def _attempt(
    jobs: list[_Job], run: Callable[[list[str]], list[list[Hypothesis]]], done: dict[str, list[Hypothesis]]
) -> list[_Job]:
    """Translates; good answers go to `done`, the jobs with a bad one come back."""
    bare = [job for job in jobs if not has_letters(job.protected.text)]
    for job in bare:
        done[job.sentence] = [Hypothesis(job.protected.restore(job.protected.text), 1.0)]
    asked = [job for job in jobs if has_letters(job.protected.text)]
    answers = run([job.protected.text for job in asked]) if asked else []
    left: list[_Job] = []
    for job, hypotheses in zip(asked, answers, strict=True):
        good = [
            Hypothesis(_finish(job, item.text), item.score)
            for item in hypotheses
            if _acceptable(job, item.text)
        ]
        # What the best reading lost, the second best doesn't make good: only a good best one counts.
        if good and hypotheses and _acceptable(job, hypotheses[0].text):
            done[job.sentence] = good
        else:
            left.append(job)
    return left


def _acceptable(job: _Job, translation: str) -> bool:
    source = job.protected.text
    if not job.protected.intact(translation) or guard.suspicious(source, translation):
        return False
    return numbers_kept(source, translation)


def _finish(job: _Job, translation: str) -> str:
    return job.protected.restore(translation.upper() if job.shouted else translation)


def _between(sentence: str, glossary: Glossary | None) -> list[Piece]:
    """The untouchable spans, numbers included, and the text between them."""
    found: list[Piece] = []
    end = 0
    for start, stop, value in [*spans(sentence, glossary, numbers=True), (len(sentence), len(sentence), "")]:
        text = sentence[end:start]
        core = text.strip()
        if core and has_letters(core):
            at = text.index(core)
            found += [Piece(text[:at], False), Piece(core, True), Piece(text[at + len(core) :], False)]
        else:
            found.append(Piece(text, False))
        found.append(Piece(value, False))
        end = stop
    return [piece for piece in found if piece.text]
