"""The service: does for many clients at once what the library does for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from voxedge.daemon.engines import SharedRecognizer, SharedTranslator
from voxedge.daemon.faults import NotServed
from voxedge.daemon.results import ChatReply, Transcription
from voxedge.daemon.scheduler import LOCAL, Client, Priority, Terms
from voxedge.daemon.streaming import StreamingCore
from voxedge.errors import UsageError
from voxedge.events import NEVER, Alternative, CancelToken, IntentMatched, NoIntent

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.conversation.contract import Message, ReplyOptions
    from voxedge.recognition.contract import RecognitionOptions, Segment
    from voxedge.speaking.contract import Synthesizer
    from voxedge.translation.contract import TextTranslation, TranslationOptions
    from voxedge.understanding.contract import Context


MOST_VOICES = 4
"""Voices and paces beside the configured one that are kept at once."""


class Service(StreamingCore):
    """Everything that the servers offer. All methods may be called from any thread and block it.

    An event loop calls them through `run`.

    Args:
        config: What to build.
        parts: Engines that a test or an app brings itself.

    Example:
        >>> service = Service(Config.from_file("voxedge.toml"))     # doctest: +SKIP
        >>> service.start()                                         # doctest: +SKIP
        >>> service.transcribe(samples).text                        # doctest: +SKIP
    """

    def segments(
        self,
        blocks: Iterable[MonoF32],
        options: RecognitionOptions,
        *,
        model: str = "",
        terms: Terms | None = None,
        cancel: CancelToken = NEVER,
    ) -> Iterator[Segment]:
        """Writes a recording of any length down, and gives each segment as soon as it is known.

        Args:
            blocks: The recording in order: float32, shape ``(n,)``, 16 kHz.
            options: What is wanted.
            model: Name of a model; "" for the configured one.
            terms: Of each step.
            cancel: Gives it up between two steps, and within one.

        Raises:
            Busy: A step couldn't be begun in time.
            VoxedgeError: As `voxedge.recognition.long.recognize_long`.
        """
        from voxedge.recognition.long import recognize_long

        self._check_ready()
        recognizer = self._watched(self.recognizer(model))
        shared = SharedRecognizer(recognizer, self.scheduler, terms or self._terms())
        yield from recognize_long(shared, iter(blocks), options, cancel=cancel)

    def transcribe(
        self,
        samples: MonoF32,
        options: RecognitionOptions | None = None,
        *,
        model: str = "",
        priority: Priority = Priority.INTERACTIVE,
        deadline_s: float | None = None,
        client: Client = LOCAL,
        cancel: CancelToken = NEVER,
    ) -> Transcription:
        """Writes down a sound that is in memory; see `segments`.

        Args:
            samples: float32, shape ``(n,)``, 16 kHz, -1..1, of any length.
            options: What is wanted; by default what the configuration says.
            model: Name of a model; "" for the configured one.
            priority: Of its steps.
            deadline_s: Each step must begin within so long; None for the configured time.
            client: Whose it is.
            cancel: Gives it up.
        """
        terms = self._terms(client, priority, deadline_s)
        wanted = options or self.rooms.recognition_options()
        found = Transcription(duration_s=len(samples) / 16_000)
        for segment in self.segments([samples], wanted, model=model, terms=terms, cancel=cancel):
            found.segments.append(segment)
        found.language = found.segments[0].language if found.segments else wanted.language
        return found

    def translate_text(
        self,
        texts: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions | None = None,
        client: Client = LOCAL,
        cancel: CancelToken = NEVER,
    ) -> list[TextTranslation]:
        """Translates texts; the answers are in their order.

        Raises:
            LanguageUnsupported: There is no model for the pair.
            Busy: It couldn't be begun in time.
        """
        from voxedge.translation.contract import TranslationOptions

        return self.translator(client).translate(
            texts, source=source, target=target, options=options or TranslationOptions(), cancel=cancel
        )

    def translator(
        self, client: Client = LOCAL, priority: Priority = Priority.INTERACTIVE
    ) -> SharedTranslator:
        """The translator as a client sees it: each call waits its turn."""
        self._check_ready()
        return SharedTranslator(self.rooms.translator(), self.scheduler, self._terms(client, priority))

    def synthesizer(self) -> Synthesizer:
        """The configured voice.

        Raises:
            VoxedgeError: There is none; the error says why.
        """
        voice = self.rooms.synthesizer()
        if voice is None:
            raise self.troubles.get("speaking") or UsageError(
                "This service has no voice.", remedy='Set `engine` under [speaking], or not to "none".'
            )
        return voice

    def voice(self, name: str = "", rate: float = 1.0) -> Synthesizer:
        """A voice of the configured engine by name and pace; made when it is first asked for, a few are kept.

        Args:
            name: "" for the configured one. Must be one of the voice's own ``capabilities.voices``.
            rate: 0.5..2; 1 is the voice's own pace.
        """
        own = self.config.speaking
        key = (name or own.voice, round(rate * own.rate, 2))
        if key == (own.voice, own.rate):
            return self.synthesizer()
        self.synthesizer()  # its trouble is told before anything is made
        with self._lock:
            if key not in self._voices:
                while len(self._voices) >= MOST_VOICES:
                    self._voices.pop(next(iter(self._voices)))
                self._voices[key] = self._make_voice(*key)
            return self._voices[key]

    def _make_voice(self, name: str, rate: float) -> Synthesizer:
        from voxedge import speaking, store

        own = self.config.speaking
        folder = store.resolve(f"hibari-{own.language}", kind="speech") if own.engine == "hibari" else None
        return speaking.create(own.engine, voice=name, language=own.language, rate=rate, model_dir=folder)

    def synthesize(
        self,
        text: str,
        *,
        client: Client = LOCAL,
        synthesizer: Synthesizer | None = None,
        cancel: CancelToken = NEVER,
    ) -> Iterator[MonoF32]:
        """Gives the sound of a text, a sentence at a time, each a step of its own.

        Yields:
            float32, shape ``(n,)``, at the synthesizer's own ``capabilities.rate_hz``.

        Raises:
            TextInvalid: There is nothing to say in it.
            Busy: A step couldn't be begun in time.
        """
        self._check_ready()
        pieces = (synthesizer or self.synthesizer()).synthesize(text, cancel)

        def step(_token: CancelToken) -> MonoF32 | None:
            return next(pieces, None)

        while True:
            piece = self.scheduler.submit("compute", step, self._terms(client), cancel=cancel).result()
            if piece is None:
                return
            yield piece

    def chat(
        self,
        messages: Sequence[Message],
        options: ReplyOptions,
        on_piece: Callable[[str], None],
        *,
        client: Client = LOCAL,
        cancel: CancelToken = NEVER,
    ) -> ChatReply:
        """Lets the language model reply; gives the whole reply.

        Args:
            messages: The conversation so far, the user's last.
            options: Length, temperature.
            on_piece: Called with each piece as it is written, in a worker's thread.
            client: Whose it is.
            cancel: Stops the writing.

        Raises:
            VoxedgeError: There is no language model, or it failed.
            Busy: It couldn't be begun in time.
        """
        self._check_ready()
        model = self.rooms.language_model()
        if model is None:
            raise self.troubles.get("conversation") or NotServed(
                "This service has no language model.",
                remedy='Set `engine` under [conversation], or not to "none".',
                param="model",
            )

        def work(token: CancelToken) -> ChatReply:
            given: list[str] = []
            for piece in model.reply(messages, options, token):
                self.beat("language")
                given.append(piece)
                on_piece(piece)
            # Read in the one thread that uses the model, so they are this reply's.
            stats = getattr(model, "last_stats", None)
            written = int(getattr(stats, "reply_tokens", 0))
            return ChatReply(
                "".join(given),
                int(getattr(stats, "prompt_tokens", 0)),
                written,
                written >= options.max_tokens,
            )

        return self.scheduler.submit("language", work, self._terms(client), cancel=cancel).result()

    def understand(
        self, text: str, *, context: Context | None = None, client: Client = LOCAL
    ) -> IntentMatched | NoIntent:
        """Finds the command in a text.

        Raises:
            UsageError: The configuration names no intents.
            Busy: It couldn't be begun in time.
        """
        self._check_ready()
        understander = self.rooms.understander()
        if understander is None:
            raise UsageError(
                "This service knows no intents.",
                remedy='Name some: intents = ["kiosk"] under [understanding].',
            )
        reading = (Alternative(text, 0.0),)
        return self.scheduler.submit(
            "text", lambda _token: understander.understand(reading, context), self._terms(client)
        ).result()
