"""Texts to well-kept sentences and back: the part between a user's text and an engine's sentences.

Every sentence is cut out with what surrounds it kept, what must not change is put aside, over-long ones
are cut, all sentences of all texts go to the engine in one call, the answers are checked, the doubtful
ones done again in a safer way, and the text is put together as it was.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxedge.errors import TextInvalid
from voxedge.events import NEVER, Alternative, CancelToken
from voxedge.translation import guard
from voxedge.translation.borders import Marked, borders_in, set_borders, strip_borders
from voxedge.translation.contract import (
    MARK_BASE,
    Hypothesis,
    SentenceEngine,
    TextTranslation,
    TranslationOptions,
)
from voxedge.translation.protect import Glossary, Protected, numbers_kept, protect, spans
from voxedge.translation.sentences import Piece, has_letters, pieces, split_long

_STOPS = ".!?…:;\"'”»)"


_LOOKED_THROUGH_CHARACTERS = 5000
_STAND_IN_BASE = 0xF0000
_STAND_IN = re.compile("[\U000f0000-\U000ffffd]")


@dataclass(slots=True)
class _Job:
    """One sentence on its way."""

    sentence: str
    marked: Marked
    protected: Protected
    shouted: bool = False


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
        found: list[Piece] = []
        for piece in pieces(text, source):
            found += self._shortened(piece.text) if piece.translatable else [piece]
        return found

    def _shortened(self, sentence: str) -> list[Piece]:
        """Cuts a sentence that is too long, never inside a link, a tag or anything untouchable."""
        # The patterns take quadratic time on one endless word, and nobody writes links in such a line.
        places = _places(sentence, None) if len(sentence) <= _LOOKED_THROUGH_CHARACTERS else []
        whole = [place[2] for place in places]
        text = _with_stand_ins(sentence, places)

        def count(part: str) -> int:
            return self.engine.count_tokens(_STAND_IN.sub("", part))

        def back(part: str) -> str:
            return _STAND_IN.sub(lambda match: whole[ord(match[0]) - _STAND_IN_BASE], part)

        parts = split_long(text, self.engine.capabilities.max_tokens, count)
        return [Piece(back(part.text), part.translatable) for part in parts]

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

        def run(texts: list[str], strict: bool = False, links: bool = False) -> list[list[Hypothesis]]:
            return self.engine.translate_sentences(
                texts,
                source=source,
                target=target,
                options=options,
                strict=strict,
                links=links,
                cancel=cancel,
            )

        done: dict[str, list[Hypothesis]] = {}
        jobs = [self._prepared(sentence) for sentence in sentences]
        plain = [job for job in jobs if isinstance(job, _Job) and not job.marked.borders]
        inline = [job for job in jobs if isinstance(job, _Job) and job.marked.borders]
        left = _attempt(plain, run, done) + _attempt(inline, lambda texts: run(texts, links=True), done)
        second = [self._prepared(item.sentence, numbers=True) for item in left]
        again = [job for job in second if isinstance(job, _Job)]
        left = _attempt(again, lambda texts: run(texts, strict=True, links=True), done) if again else []
        piecewise = [job for job in (*jobs, *second) if isinstance(job, str)]
        piecewise += [job.sentence for job in left]
        if piecewise:
            done.update(
                self._piecewise(list(dict.fromkeys(piecewise)), lambda texts: run(texts, strict=True))
            )
        return done

    def _prepared(self, sentence: str, numbers: bool = False) -> _Job | str:
        """The sentence as the model gets it; itself where no model can carry what is in it."""
        marked = strip_borders(sentence)
        protected = protect(marked.text, self.glossary, numbers=numbers)
        if protected is None or (protected.kept and not self.engine.capabilities.placeholders):
            return sentence
        return _job(sentence, marked, protected)

    def _piecewise(
        self, sentences: list[str], run: Callable[[list[str]], list[list[Hypothesis]]]
    ) -> dict[str, list[Hypothesis]]:
        """Translates only what lies between the untouchable spans: never wrong about them, if less fluent."""
        cut = {sentence: _between(sentence, self.glossary) for sentence in sentences}
        wanted = list(dict.fromkeys(p.text for parts in cut.values() for p in parts if p.translatable))
        answers = dict(zip(wanted, run(wanted), strict=True)) if wanted else {}
        texts = {item: guard.cut_loops(item, found[0].text) for item, found in answers.items()}
        done: dict[str, list[Hypothesis]] = {}
        for sentence, parts in cut.items():
            scores = [answers[p.text][0].score for p in parts if p.translatable]
            score = sum(scores) / len(scores) if scores else 1.0
            done[sentence] = [Hypothesis(_put_together(parts, texts), score)]
        return done


def _put_together(parts: Sequence[Piece], done: dict[str, str]) -> str:
    return "".join(done[piece.text] if piece.translatable else piece.text for piece in parts)


def _job(sentence: str, marked: Marked, protected: Protected) -> _Job:
    letters = [char for char in protected.text if char.isalpha()]
    # Small models know little of words in capitals: they get them small, and the answer is raised again.
    shouted = len(letters) > 3 and " " in sentence.strip() and all(not char.islower() for char in letters)
    if shouted:
        lowered = protected.text.lower()
        protected = Protected(lowered[:1].upper() + lowered[1:], protected.kept)
    return _Job(sentence, marked, protected, shouted)


def _attempt(
    jobs: list[_Job], run: Callable[[list[str]], list[list[Hypothesis]]], done: dict[str, list[Hypothesis]]
) -> list[_Job]:
    """Translates; good answers go to `done`, the jobs with a bad one come back."""
    asked: list[_Job] = []
    for job in jobs:
        if has_letters(job.protected.bare):
            asked.append(job)
        else:
            done[job.sentence] = [Hypothesis(job.sentence, 1.0)]
    answers = run([job.protected.text for job in asked]) if asked else []
    left: list[_Job] = []
    for job, hypotheses in zip(asked, answers, strict=True):
        good = [
            Hypothesis(_finish(job, item), item.score) for item in hypotheses if _acceptable(job, item.text)
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


def _finish(job: _Job, found: Hypothesis) -> str:
    source, text = job.protected.text, found.text
    if job.shouted:
        text = text.upper()
    else:
        text = _like_a_fragment(source, text)
    if not job.marked.borders:
        return job.protected.restore(text)
    # Borders are set while placeholders still stand for one letter each, as they do in the links.
    marked = Marked(source, _shifted(job))
    return job.protected.restore(set_borders(marked, text, found.links))


def _shifted(job: _Job) -> tuple[tuple[int, str, bool], ...]:
    """The borders' offsets in the sentence with placeholders."""
    restored = [0]
    for char in job.protected.text:
        number = ord(char) - MARK_BASE
        kept = job.protected.kept[number - 1] if 1 <= number <= len(job.protected.kept) else char
        restored.append(restored[-1] + len(kept))
    return tuple(
        (bisect.bisect_left(restored, offset), markup, opens) for offset, markup, opens in job.marked.borders
    )


def _like_a_fragment(source: str, translation: str) -> str:
    """Headings, labels and cells get no full stop and no capital that their source doesn't have."""
    if source.rstrip()[-1:] in _STOPS or not translation.endswith(".") or translation.endswith("..."):
        return translation
    words = source.split()
    if source[:1].islower() and len(words) > 3:
        return translation  # speech without punctuation: the full stop is welcome
    translation = translation[:-1]
    if source[:1].islower() and translation[1:2].islower():
        translation = translation[:1].lower() + translation[1:]
    return translation


def _places(sentence: str, glossary: Glossary | None, numbers: bool = False) -> list[tuple[int, int, str]]:
    """Mark-up and untouchable spans: (start, end, what stands there afterwards), in order."""
    places = [(match.start(), match.end(), match[0]) for match in borders_in(sentence)]
    for start, stop, value in spans(sentence, glossary, numbers=numbers):
        if not any(start < other_stop and other_start < stop for other_start, other_stop, _ in places):
            places.append((start, stop, value))
    return sorted(places)


def _with_stand_ins(sentence: str, places: Sequence[tuple[int, int, str]]) -> str:
    """The sentence with one private letter for each place, so that nobody cuts inside one."""
    text, end = "", 0
    for number, (start, stop, _) in enumerate(places):
        text += sentence[end:start] + chr(_STAND_IN_BASE + number)
        end = stop
    return text + sentence[end:]


def _between(sentence: str, glossary: Glossary | None) -> list[Piece]:
    """The untouchable spans, mark-up and numbers included, and the text between them."""
    found: list[Piece] = []
    end = 0
    places = _places(sentence, glossary, numbers=True)
    for start, stop, value in [*places, (len(sentence), len(sentence), "")]:
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
