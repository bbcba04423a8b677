"""Builds the chain's stage of translation from a `Config`: which engine, and whether all of it can work."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from voxedge.config import Config
from voxedge.errors import ConfigError, LanguageUnsupported
from voxedge.interpreting import WHISPER, EitherRenderer, Interpreting, SpokenRenderer
from voxedge.translation.contract import TranslationOptions
from voxedge.translation.live import LiveTranslation, Renderer, TextRenderer

if TYPE_CHECKING:
    from voxedge.audio.contract import UtteranceAudio
    from voxedge.recognition.contract import RecognitionOptions, Recognizer
    from voxedge.translation.contract import Translator
    from voxedge.translation.router import Candidate
    from voxedge.turns import Health

AUTO = "auto"
STARTER_WORDS = 12
"""Longer utterances are for Whisper itself; see "Speech translation" on the page of benchmarks."""


@dataclass(frozen=True, slots=True)
class Languages:
    """Who speaks what.

    Attributes:
        source: ISO 639-1, or "auto".
        target: ISO 639-1.
        both_ways: Whether what is said in ``target`` is translated to ``source``.
    """

    source: str
    target: str
    both_ways: bool

    @classmethod
    def of(cls, config: Config) -> Languages | None:
        """Those of a configuration; None where nothing is translated.

        Raises:
            ConfigError: Two languages are needed, and one is named.
        """
        own = config.translation
        if not own.target:
            return None
        source = own.source or config.recognition.language
        if own.both_ways and (source == AUTO or source == own.target):
            raise ConfigError(
                "A conversation needs two languages.",
                remedy="Name both: --from es --to en, or `source` and `target` under [translation].",
            )
        return cls(source, own.target, own.both_ways)

    @property
    def heard(self) -> str:
        """The language for the recognizer."""
        return AUTO if self.both_ways else self.source

    @property
    def heard_among(self) -> tuple[str, ...]:
        """The languages that it may be; none for all."""
        return (self.source, self.target) if self.both_ways else ()

    @property
    def spoken(self) -> tuple[str, ...]:
        """The languages of translations."""
        return (self.target, self.source) if self.both_ways else (self.target,)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs that must be there; none where the source isn't known yet."""
        if self.source in (AUTO, self.target):
            return ()
        there = ((self.source, self.target),)
        return (*there, (self.target, self.source)) if self.both_ways else there


def build_interpreting(
    config: Config,
    languages: Languages,
    recognizer: Recognizer,
    options: RecognitionOptions,
    translator: Callable[[], Translator],
    *,
    health: Health,
    alone: bool,
) -> Interpreting:
    """The stage of translation of one stream.

    Args:
        config: What is wanted.
        languages: Of the configuration.
        recognizer: Hears; with the engine ``whisper`` it translates as well.
        options: Of recognition.
        translator: Builds the translator of texts, where one is needed.
        health: Told of troubles.
        alone: Whether there are no intents beside it.

    Raises:
        LanguageUnsupported: The recognizer doesn't know a language, or there is no model for the pair.
        ConfigError: The engine can't do what is wanted.
    """
    check_hearing(recognizer, languages)
    own = config.translation
    renderer: Renderer
    hear: Callable[[UtteranceAudio], None] | None = None
    spoken = SpokenRenderer(recognizer, options)
    if uses_whisper(config, languages, recognizer, translator):
        renderer, hear = spoken, spoken.hear
    else:
        texts = translator()
        renderer = TextRenderer(texts, TranslationOptions(beam=max(1, own.beam)))
        if _able(languages, recognizer) and own.engine == AUTO and not own.model:
            renderer, hear = EitherRenderer(renderer, partial(most_words, texts), spoken), spoken.hear
    room = LiveTranslation(
        renderer,
        source=languages.source,
        target=languages.target,
        both_ways=languages.both_ways,
        partials=own.partials,
    )
    return Interpreting(room, health, aloud=own.speak_aloud, alone=alone, hear=hear)


def uses_whisper(
    config: Config, languages: Languages, recognizer: Recognizer, translator: Callable[[], Translator]
) -> bool:
    """Whether only the recognizer itself translates: where asked for, or where nothing else can.

    Raises:
        LanguageUnsupported: Nothing can.
        ConfigError: It is asked for, and can't.
    """
    able = _able(languages, recognizer)
    if config.translation.engine == WHISPER:
        if not able:
            raise ConfigError(
                f"Whisper can't do that: it translates to English only, and {recognizer.capabilities.model} "
                f"{'can' if recognizer.capabilities.translates else 'is an English-only model and can not'}.",
                remedy="Take --to en and --speech-model base; or another engine, for other languages.",
            )
        return True
    try:
        router = translator()
        for source, target in languages.pairs:
            route: Callable[[str, str], object] | None = getattr(router, "route", None)
            if route is not None:
                route(source, target)  # its error lists what there is
            elif (source, target) not in router.pairs:
                raise LanguageUnsupported(
                    f"There is no model for {source} to {target}.",
                    remedy="See what there is: voxedge translate --list",
                    room="translation",
                )
    except LanguageUnsupported:
        if able and config.translation.engine == AUTO and not config.translation.model:
            return True
        raise
    return False


def most_words(translator: Translator, source: str, target: str) -> float:
    """Up to how many recognized words are translated, where Whisper itself could translate the sound.

    A model that somebody chose translates whatever it knows the pair of. Where there is only the starter,
    which is small and learned from short sentences, Whisper itself was measured to be better at long ones.
    """
    route: Callable[[str, str], tuple[Candidate, ...]] | None = getattr(translator, "route", None)
    if route is None:
        return math.inf if (source, target) in translator.pairs else 0
    try:
        way = route(source, target)
    except LanguageUnsupported:
        return 0
    return STARTER_WORDS if any(candidate.starter for candidate in way) else math.inf


def _able(languages: Languages, recognizer: Recognizer) -> bool:
    return languages.target == "en" and not languages.both_ways and recognizer.capabilities.translates


def check_hearing(recognizer: Recognizer, languages: Languages) -> None:
    """Refuses, before anybody speaks, a recognizer that doesn't know the languages.

    Raises:
        LanguageUnsupported: It doesn't.
    """
    about = recognizer.capabilities
    wanted = {languages.source, *languages.heard_among} - {AUTO}
    if languages.heard == AUTO and not about.detects_language:
        raise LanguageUnsupported(
            f"The model {about.model} can't tell languages apart.",
            remedy="Take a multilingual one: --speech-model base, or `model` under [recognition].",
            room="recognition",
        )
    for language in sorted(wanted - set(about.languages)):
        raise LanguageUnsupported(
            f"The model {about.model} doesn't understand {language!r}.",
            remedy="Take a multilingual one: --speech-model base, or `model` under [recognition].",
            room="recognition",
        )
