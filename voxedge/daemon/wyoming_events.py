"""Our values to Wyoming's events and back. Pure: no sockets, no clock, no models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from wyoming.asr import Transcript as WireTranscript
from wyoming.asr import TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.error import Error
from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    IntentModel,
    IntentProgram,
    TtsProgram,
    TtsVoice,
)
from wyoming.intent import Entity, Intent
from wyoming.vad import VoiceStarted, VoiceStopped

from voxedge._version import __version__
from voxedge.daemon.pcm import PcmFormat
from voxedge.daemon.wyoming_contract import Offer, OfferedModel, SpeechRequest, WyomingRefused
from voxedge.events import IntentMatched, Partial, SpeechEnded, SpeechStarted, Transcript

if TYPE_CHECKING:
    from wyoming.event import Event as WireOut

    from voxedge.events import Event, SlotValue

_ModelT = TypeVar("_ModelT", AsrModel, TtsVoice, HandleModel, IntentModel)

PROGRAM = "voxedge"
MAX_BIAS = 100
"""So many names and terms are taken from a client; the recognizer has room for fewer still."""
MAX_BIAS_CHARS = 80


def info(offer: Offer, *, endpointing: bool) -> WireOut:
    """The answer to ``describe``.

    Args:
        offer: What the daemon can do.
        endpointing: Whether utterances end without the client's help.
    """
    maker = Attribution("the voxedge project", "")
    asr = AsrProgram(
        name=PROGRAM,
        attribution=maker,
        installed=True,
        description="voxedge: speech recognition on this device",
        version=__version__,
        models=[_model(AsrModel, one) for one in offer.recognition],
        supports_transcript_streaming=True,
        requires_external_vad=not endpointing,
    )
    tts = TtsProgram(
        name=PROGRAM,
        attribution=maker,
        installed=True,
        description="voxedge: speech on this device",
        version=__version__,
        voices=[_model(TtsVoice, one) for one in offer.voices],
        supports_synthesize_streaming=True,
    )
    handle = HandleProgram(
        name=PROGRAM,
        attribution=maker,
        installed=True,
        description="voxedge: answers on this device",
        version=__version__,
        models=[_model(HandleModel, one) for one in (*offer.intents, *offer.conversation)],
        supports_handled_streaming=True,
    )
    intents = IntentProgram(
        name=PROGRAM,
        attribution=maker,
        installed=True,
        description="voxedge: commands on this device",
        version=__version__,
        models=[_model(IntentModel, one) for one in offer.intents],
    )
    return Info(
        asr=[asr] if asr.models else [],
        tts=[tts] if tts.voices else [],
        handle=[handle] if handle.models else [],
        intent=[intents] if intents.models else [],
    ).event()


def _model(kind: type[_ModelT], one: OfferedModel) -> _ModelT:
    # Wyoming has no field for a licence; the description is what people are shown.
    return kind(
        name=one.name,
        attribution=Attribution(one.maker, one.url),
        installed=True,
        description=f"{one.title} (licence {one.licence})" if one.licence else one.title,
        version=None,
        languages=list(one.languages),
    )


def error(message: str, code: str, remedy: str = "") -> WireOut:
    """The event that says what went wrong."""
    return Error(text=" ".join(part for part in (message, remedy) if part), code=code).event()


def intent(found: IntentMatched) -> WireOut:
    """A command as Home Assistant takes it: the entities' values are the slots' typed ones."""
    entities = [
        Entity(name, slot.text if slot.value is None else slot.value) for name, slot in found.slots.items()
    ]
    return Intent(name=found.intent, entities=entities, text=found.response or None).event()


class TranscriptWriter:
    """Makes Wyoming's transcript of one stream's events: what is stable at once, the whole at the end.

    The chunks together are the words of the transcript. (Where a final text spells a word of its stable
    prefix in another way, the transcript has the better spelling: a chunk can't be taken back.)

    Args:
        language: ISO 639-1, or "" while unknown.
        single: Whether the first utterance with words is all.
    """

    def __init__(self, language: str = "", *, single: bool = False) -> None:
        self._language, self._single = language, single
        self._texts: list[str] = []
        self._shown = ""
        self._started = False
        self._any_chunk = False
        self.done = False
        """Whether the transcript has been given."""

    def take(self, event: Event) -> list[WireOut]:
        """Takes the next event of the stream; gives what the client is to be told."""
        if self.done:
            return []
        if isinstance(event, SpeechStarted):
            return [VoiceStarted(timestamp=round(event.time * 1000)).event()]
        if isinstance(event, SpeechEnded):
            return [VoiceStopped(timestamp=round(event.speech_end * 1000)).event()]
        if isinstance(event, Partial):
            return self._chunk(event.stable, event.language)
        if isinstance(event, Transcript):
            out = self._chunk(event.text, event.language)
            self._shown = ""
            if event.text:
                self._texts.append(event.text)
                if self._single:
                    out += self.finish()
            return out
        return []

    def finish(self) -> list[WireOut]:
        """The stream is over."""
        if self.done:
            return []
        self.done = True
        text = WireTranscript(text=" ".join(self._texts), language=self._language or None)
        return [*self._start(), text.event(), TranscriptStop().event()]

    def _chunk(self, text: str, language: str) -> list[WireOut]:
        self._language = language or self._language
        new = _rest(self._shown, text)
        if not new.strip():
            return []
        if not self._shown:
            new = f" {new}" if self._any_chunk else new
        self._shown, self._any_chunk = text, True
        return [*self._start(), TranscriptChunk(text=new).event()]

    def _start(self) -> list[WireOut]:
        if self._started:
            return []
        self._started = True
        return [TranscriptStart(language=self._language or None).event()]


def _rest(shown: str, text: str) -> str:
    """What of ``text`` wasn't shown yet; by words, where a word was spelled anew."""
    if text.startswith(shown):
        return text[len(shown) :]
    words = text.split()[len(shown.split()) :]
    return " " + " ".join(words) if words else ""


# What a client sends: nothing about its fields is known but that they are JSON.

Fields = Mapping[str, "SlotValue"]


def text_of(fields: Fields, most_chars: int) -> str:
    """The ``text`` of an event; halves of characters become "?".

    Raises:
        WyomingRefused: There is none, or it is too long.
    """
    text = fields.get("text")
    if not isinstance(text, str):
        raise WyomingRefused("The event has no text.", remedy='Send {"text": "..."}.')
    if len(text) > most_chars:
        raise WyomingRefused(
            f"The text has more than {most_chars} characters.", remedy="Send it in several pieces."
        )
    return text.encode("utf-8", "replace").decode()


def format_of(fields: Fields) -> PcmFormat:
    """The form of the sound that an ``audio-start`` or ``audio-chunk`` tells.

    Raises:
        AudioInvalid: There is no such form.
        WyomingRefused: It doesn't say.
    """
    values = [fields.get(name) for name in ("rate", "width", "channels")]
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        raise WyomingRefused(
            "Sound came without its form.",
            remedy='Send {"rate": 16000, "width": 2, "channels": 1} with it.',
        )
    rate, width, channels = (int(str(value)) for value in values)
    return PcmFormat(rate, width, channels).check()


def speech_request(fields: Fields) -> SpeechRequest:
    """A ``transcribe`` event's wishes; what can't be understood of them is left out."""
    names, terms = (_texts(fields.get(key)) for key in ("transcript_names", "transcript_terms"))
    return SpeechRequest(
        language=language_code(fields.get("language")),
        sensitivity=_word(fields.get("vad_sensitivity")),
        bias=(*names, *terms)[:MAX_BIAS],
    )


def voice_of(fields: Fields) -> tuple[str, str]:
    """The name and the language of the voice that is asked for; "" where the client doesn't mind."""
    voice = fields.get("voice")
    if not isinstance(voice, dict):
        return "", ""
    return _word(voice.get("name")), language_code(voice.get("language"))


def conversation_of(fields: Fields) -> str:
    """Which conversation a text belongs to, or ""."""
    context = fields.get("context")
    return _word(context.get("conversation_id")) if isinstance(context, dict) else ""


def language_code(value: object) -> str:
    """``en-US`` and ``en_US`` to ``en``; ``auto`` stays; "" for what is no language."""
    word = _word(value).replace("_", "-").partition("-")[0].lower()
    return word if word.isascii() and word.isalpha() and 2 <= len(word) <= 8 else ""


def _word(value: object) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and len(value) <= 200 else ""


def _texts(value: object) -> Sequence[str]:
    if not isinstance(value, list):
        return ()
    words = (" ".join(_word(item).split()) for item in value[: 4 * MAX_BIAS])
    return [word for word in words if 0 < len(word) <= MAX_BIAS_CHARS]
