"""Builds the rooms of an assistant from a `Config`; each engine is loaded once, when first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from voxedge.errors import ConfigError, LanguageUnsupported, VoxedgeError
from voxedge.runtime import ThreadPlan, plan_threads

if TYPE_CHECKING:
    from voxedge.answering import Converser
    from voxedge.audio.contract import AudioSink
    from voxedge.chain import CommandWatch, ListeningRoom, RecognitionRoom, SpeakingRoom
    from voxedge.config import Config
    from voxedge.conversation.contract import LanguageModel
    from voxedge.interpreting import Interpreting
    from voxedge.recognition.contract import RecognitionOptions, Recognizer
    from voxedge.speaking.contract import Synthesizer
    from voxedge.translation.contract import Translator
    from voxedge.turns import Health
    from voxedge.understanding.contract import Context, Understander
    from voxedge.understanding.dialogue import Dialogue

_T = TypeVar("_T")
GROWING_EVERY_MS = 500
"""How often the sound of an utterance that goes on is looked at for a partial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Parts that an app (or a test) brings itself, in place of those that the configuration names.

    Attributes:
        recognizer: Turns utterances into words.
        understander: Finds intents.
        language_model: Answers what no intent takes.
        translator: Translates what is said.
        synthesizer: Turns replies into sound.
        sink: Where the sound goes.
    """

    recognizer: Recognizer | None = None
    understander: Understander | None = None
    language_model: LanguageModel | None = None
    translator: Translator | None = None
    synthesizer: Synthesizer | None = None
    sink: AudioSink | None = None


@dataclass(slots=True)
class Rooms:
    """The engines of one assistant. Safe to use from several threads.

    Recognition must be there: without it, `recognizer` raises. The language model and the voice may be
    missing: then `troubles` says why, and the rest works without them.

    Args:
        config: What to build.
        parts: What is brought along.
    """

    config: Config
    parts: Parts = field(default_factory=Parts)
    troubles: dict[str, VoxedgeError] = field(default_factory=dict)
    _built: dict[str, object] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def plan(self) -> ThreadPlan:
        """How the engines share the cores."""
        return plan_threads(self.config.runtime.threads)

    def recognizer(self) -> Recognizer:
        """The recognizer.

        Raises:
            ModelMissing: Its model isn't in the store; the remedy is the command that gets it.
        """
        return self._once("recognition", self.parts.recognizer, self._build_recognizer)

    def understander(self) -> Understander | None:
        """The templates, compiled; None where the configuration names none.

        Raises:
            TemplateError: One of them can't be read.
        """
        if self.parts.understander is None and not self.config.understanding.intents:
            return None
        return self._once("understanding", self.parts.understander, self._build_understander)

    def dialogue(self) -> Dialogue | None:
        """The dialogue; goes on from stream to stream until `wipe`. None where there are no templates.

        Raises:
            TemplateError: A ``dialogue`` section speaks of an intent or slot that the templates haven't.
        """
        understander = self.understander() if self.config.understanding.dialogue else None
        if understander is None:
            return None
        from voxedge.understanding.dialogue import create_dialogue

        with self._lock:
            made = self._built.get("dialogue")
            if not isinstance(made, tuple) or made[0] is not understander:
                made = self._built["dialogue"] = (understander, create_dialogue(understander))
            return cast("Dialogue | None", made[1])

    def expectation(self, now_s: Callable[[], float]) -> Understander | None:
        """What may be said next: the templates, and the answers to the dialogue's open question."""
        understander, dialogue = self.understander(), self.dialogue()
        if understander is None or dialogue is None:
            return understander
        from voxedge.understanding.dialogue_hearing import DialogueHearing

        return DialogueHearing(understander, dialogue, now_s)

    def language_model(self) -> LanguageModel | None:
        """The language model; None where there is none, or translation takes its place."""
        if self.config.translation.target:
            return None
        if self.parts.language_model is None and self.config.conversation.engine == "none":
            return None
        return self._optional("conversation", self.parts.language_model, self._build_language_model)

    def synthesizer(self) -> Synthesizer | None:
        """The voice; None where there is none."""
        if self.parts.synthesizer is None and self.config.speaking.engine == "none":
            return None
        return self._optional("speaking", self.parts.synthesizer, self._build_synthesizer)

    def translator(self) -> Translator:
        """Translates between all languages that there are models for; none is loaded before it is needed."""

        def build() -> Translator:
            from voxedge.translators import chosen_translator

            own = self.config.translation
            # Beside a recognizer at work it gets what that leaves.
            threads = self.plan.conversation if own.target else self.plan.translation
            engine = "auto" if own.engine == "whisper" else own.engine
            return chosen_translator(threads, engine=engine, model=own.model, glossary=own.glossary)

        return self._once("translation", self.parts.translator, build)

    def interpreting(self, health: Health) -> Interpreting | None:
        """The stage of translation, one for each stream; None where nothing is translated.

        Raises:
            LanguageUnsupported: No model for the languages.
            ConfigError: The configuration asks for what can't be.
        """
        from voxedge.interpreters import Languages, build_interpreting

        languages = Languages.of(self.config)
        if languages is None:
            return None
        return build_interpreting(
            self.config,
            languages,
            self.recognizer(),
            self.recognition_options(),
            self.translator,
            health=health,
            alone=self.understander() is None,
        )

    def voice(self, language: str = "") -> Synthesizer:
        """A voice for a language: the assistant's own where it is one of that language, else another.

        Raises:
            VoxedgeError: There is none; the remedy says how to get one.
        """
        own = self.config.speaking
        if not language or own.language[:2] == language:
            voice = self.synthesizer()
            if voice is not None:
                return voice
            if "speaking" in self.troubles:
                raise self.troubles["speaking"]
        language = language or own.language
        engine = "hibari" if language == "en" else "espeak"
        return self._once(f"voice {language}", None, lambda: self._build_voice(engine, "", language))

    def check_voices(self) -> None:
        """Loads the voices and the loudspeaker that translations need.

        Raises:
            VoxedgeError: One of them can't be had.
        """
        from voxedge.interpreters import Languages

        languages = Languages.of(self.config)
        if languages is None or not self.config.translation.speak_aloud:
            return
        for language in languages.spoken:
            self.voice(language)
        if self.sink() is None and "sink" in self.troubles:
            raise self.troubles["sink"]

    def sink(self) -> AudioSink | None:
        """Where replies sound; None where nothing sounds."""
        if self.parts.sink is None and not self.config.audio.speak_aloud:
            return None
        return self._optional("sink", self.parts.sink, self._build_sink)

    def listening_room(self, watch: CommandWatch, next_turn: Callable[[], int]) -> ListeningRoom:
        """A listening room of its own for each stream."""
        from voxedge import listening
        from voxedge.listening.room import Listening
        from voxedge.listening.settings import EndpointSettings

        own = self.config.listening
        settings = EndpointSettings.from_preset(
            own.preset,
            min_speech_ms=own.min_speech_ms,
            min_silence_ms=own.min_silence_ms,
            max_utterance_s=own.max_utterance_s,
            preroll_ms=own.preroll_ms,
        )
        return Listening(
            listening.create(own.voice_activity),
            settings,
            completeness=watch,
            growing_every_ms=GROWING_EVERY_MS if self.config.recognition.partials else 0,
            next_turn=next_turn,
        )

    def recognition_room(
        self, expectation: Understander | None = None, context: Callable[[], Context] = dict
    ) -> RecognitionRoom:
        """A recognition room of its own for each stream; the recognizer is shared.

        Args:
            expectation: What may be said; the recognizer hears with it.
            context: Gives what is known beside the words.
        """
        from voxedge.hearing import with_grammar
        from voxedge.recognition.stream import RecognitionRoom

        recognizer, own = self.recognizer(), self.config.recognition
        if own.bias_from_intents and expectation is not None:
            recognizer = with_grammar(recognizer, expectation, context)
        return RecognitionRoom(recognizer, self.recognition_options(), partials=own.partials)

    def conversation(self) -> Converser | None:
        """The conversation with the language model; goes on from stream to stream until `wipe`."""
        model = self.language_model()
        if model is None:
            return None
        with self._lock:
            if "history" not in self._built:
                from voxedge.conversation.dialogue import Conversation

                self._built["history"] = Conversation(model, self.config.conversation.system_prompt)
            return cast("Converser", self._built["history"])

    def wipe(self) -> None:
        """Forgets what was said."""
        with self._lock:
            history, dialogue = self._built.get("history"), self._built.get("dialogue")
        remembering = (history, dialogue[1] if isinstance(dialogue, tuple) else None)
        for room in remembering:
            wipe: Callable[[], None] | None = getattr(room, "wipe", None)
            if wipe is not None:
                wipe()

    def speaking_room(self) -> SpeakingRoom | None:
        """A speaking room of its own for each stream; voice and loudspeaker are shared."""
        from voxedge.speaking.room import Speaking

        own = self.config.translation
        if own.target and own.speak_aloud:
            from voxedge.interpreting import SpeakingByLanguage

            loud = self.sink()
            if loud is None:
                return None
            return SpeakingByLanguage(lambda language: Speaking(self.voice(language), loud, language or "en"))
        voice, sink = self.synthesizer(), self.sink()
        return None if voice is None or sink is None else Speaking(voice, sink)

    def recognition_options(self) -> RecognitionOptions:
        """What is wanted of each recognition; what the intents add comes from `hearing`."""
        from voxedge.recognition.contract import RecognitionOptions

        own = self.config.recognition
        from voxedge.interpreters import Languages

        translated = Languages.of(self.config)
        return RecognitionOptions(
            language=own.language if translated is None else translated.heard,
            languages=() if translated is None else translated.heard_among,
            beam=max(1, own.beam),
            alternatives=max(1, own.alternatives),
            words=own.words,
            numbers=_number_style(own.numbers),
        )

    def replace(self, room: str, engine: object | None) -> None:
        """Puts another engine in a room's place; None: it is built anew when it is needed."""
        with self._lock:
            self._built.pop(room, None)
            if engine is not None:
                self._built[room] = engine

    def models(self) -> Mapping[str, str]:
        """What does the work, by room, of what has been built."""
        found: dict[str, str] = {}
        with self._lock:
            for room, engine in self._built.items():
                name = getattr(engine, "model", None) or getattr(
                    getattr(engine, "capabilities", None), "model", None
                )
                if isinstance(name, str):
                    found[room] = name
        return found

    def close(self) -> None:
        """Gives back what was built here; what was brought along is its owner's."""
        with self._lock:
            built, self._built = self._built, {}
        brought = {id(getattr(self.parts, name)) for name in Parts.__slots__}
        for engine in built.values():
            close: Callable[[], None] | None = getattr(engine, "close", None)
            if close is not None and id(engine) not in brought:
                close()

    def _once(self, room: str, brought: _T | None, build: Callable[[], _T]) -> _T:
        with self._lock:
            if room not in self._built:
                self._built[room] = build() if brought is None else brought
            return cast("_T", self._built[room])

    def _optional(self, room: str, brought: _T | None, build: Callable[[], _T]) -> _T | None:
        with self._lock:
            trouble = self.troubles.get(room)
            if trouble is not None and not trouble.retryable:
                return None
            try:
                engine = self._once(room, brought, build)
            except VoxedgeError as error:
                self.troubles[room] = error
                return None
            self.troubles.pop(room, None)  # a loudspeaker that was plugged in since
            return engine

    def _build_recognizer(self) -> Recognizer:
        from voxedge import recognition, store

        own = self.config.recognition
        folder = store.resolve(own.model, kind="recognition")
        made = recognition.create(own.engine, folder, model_name=own.model, threads=self.plan.recognition)
        known = made.capabilities.languages
        spoken = self.config.translation.source or own.language
        if spoken != "auto" and known and spoken not in known:
            made.close()
            # Said now: else every utterance would fail.
            raise LanguageUnsupported(
                f"The model {own.model} doesn't know the language {spoken!r}.",
                remedy=f"Take a multilingual model (base), or a language of this one: {', '.join(known)}.",
                room="recognition",
            )
        return made

    def _build_understander(self) -> Understander:
        from voxedge import understanding

        own = self.config.understanding
        return understanding.create(own.intents, language=own.language, threshold=own.threshold)

    def _build_language_model(self) -> LanguageModel:
        from voxedge import conversation, store

        own = self.config.conversation
        path = store.resolve(own.model, kind="language")
        return conversation.create(
            own.engine,
            path,
            model_name=own.model,
            context_tokens=own.context_tokens,
            threads=self.plan.conversation,
            reply_timeout_s=own.reply_timeout_s,
        )

    def _build_synthesizer(self) -> Synthesizer:
        own = self.config.speaking
        return self._build_voice(own.engine, own.voice, own.language)

    def _build_voice(self, engine: str, voice: str, language: str) -> Synthesizer:
        from voxedge import speaking, store

        folder: Path | None = None
        if engine == "hibari":
            folder = store.resolve(f"hibari-{language}", kind="speech")
        rate = self.config.speaking.rate
        return speaking.create(engine, voice=voice, language=language, rate=rate, model_dir=folder)

    def _build_sink(self) -> AudioSink:
        from voxedge.audio.loudspeaker import open_loudspeaker

        return open_loudspeaker(self.config.audio.output_device)


_NUMBER_STYLES: Mapping[str, Literal["spoken", "digits", "words"]] = {
    "spoken": "spoken",
    "digits": "digits",
    "words": "words",
}


def _number_style(name: str) -> Literal["spoken", "digits", "words"]:
    style = _NUMBER_STYLES.get(name)
    if style is None:
        raise ConfigError(
            f"recognition.numbers can't be {name!r}.", remedy='Write "spoken", "digits" or "words".'
        )
    return style
