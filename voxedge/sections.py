"""The sections of the configuration: what can be set, its default, and its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfig:
    """Where sound comes from and goes to.

    Attributes:
        input_device: Name (or a part of it) or number of the microphone; "" is the system's default.
        output_device: The same for the loudspeaker.
        speak_aloud: Whether replies sound.
    """

    input_device: str = ""
    output_device: str = ""
    speak_aloud: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningConfig:
    """When somebody speaks and when they have finished. 0 takes the preset's value.

    Attributes:
        preset: ``command``, ``conversation``, ``dictation`` or ``relaxed``.
        voice_activity: ``fusion``, ``silero``, ``webrtc`` or ``energy``.
        min_speech_ms: Shorter sounds are no speech.
        min_silence_ms: A pause of this length ends the utterance.
        max_utterance_s: Longer utterances are ended.
        preroll_ms: Sound kept from before the speech.
    """

    preset: str = "command"
    voice_activity: str = "fusion"
    min_speech_ms: int = 0
    min_silence_ms: int = 0
    max_utterance_s: float = 0.0
    preroll_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionConfig:
    """From sound to words.

    Attributes:
        engine: Name of the recognizer.
        model: Name of a model in the store (``tiny.en``, ``base``, ...) or a folder.
        language: ISO 639-1, or "auto".
        beam: Width of the beam; 1 is greedy.
        alternatives: How many hypotheses are asked for (n-best).
        words: Whether words get times.
        numbers: ``spoken`` leaves numbers as recognized, ``digits`` and ``words`` write them so.
        partials: Whether hypotheses are given while speech goes on.
        bias_from_intents: Whether the active intents give the recognizer its vocabulary.
        hang_timeout_s: Live, a recognizer that needs longer than this, and four times as long as the
            utterance on top, counts as hung, and the turn fails; 0 waits for ever.
    """

    engine: str = "whisper"
    model: str = "tiny.en"
    language: str = "en"
    beam: int = 1
    alternatives: int = 1
    words: bool = False
    numbers: str = "spoken"
    partials: bool = True
    bias_from_intents: bool = True
    hang_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstandingConfig:
    """From words to intents.

    Attributes:
        intents: Files or folders of templates; names of ready-made ones (``kiosk``, ``home``, ...) do too.
        language: ISO 639-1 of the templates.
        threshold: 0..1; a lesser score is no intent. 0 takes the calibrated default.
        handlers: A Python file with handlers of intents, or "".
        dialogue: Whether commands may be completed, corrected and taken back in later utterances.
    """

    intents: tuple[str, ...] = ()
    language: str = "en"
    threshold: float = 0.0
    handlers: str = ""
    dialogue: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationConfig:
    """What is said, in another language. With intents, what no intent takes is translated.

    Attributes:
        target: ISO 639-1 to translate to; "" translates nothing.
        source: ISO 639-1 of what is said, in place of ``language`` under [recognition]; "" takes that;
            "auto" finds it out for each utterance.
        both_ways: Two people talk: what is said in ``target`` is translated to ``source``.
        engine: ``auto``, ``ctranslate2``, ``apertium``, or ``whisper`` (the recognizer's own, to English).
        model: Name of a model in the store, or a folder; "" takes what is there for the languages.
        beam: Width of the beam, 1..16; 1 is greedy.
        glossary: File of terms whose translation is fixed, or "".
        partials: Whether translations are given while speech goes on.
        speak_aloud: Whether translations sound.
    """

    target: str = ""
    source: str = ""
    both_ways: bool = False
    engine: str = "auto"
    model: str = ""
    beam: int = 4
    glossary: str = ""
    partials: bool = True
    speak_aloud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationConfig:
    """Replies from a local language model to what no intent takes.

    Attributes:
        engine: Name of the language model engine, or "none".
        model: Name of a model in the store, or a GGUF file.
        system_prompt: What the model is told about itself; unchanging, so that its cache holds.
        max_reply_tokens: Longer replies are cut off.
        context_tokens: Size of the context window.
        reply_timeout_s: With no token for so long, the model counts as hung.
        temperature: 0 always gives the likeliest token.
    """

    engine: str = "llama"
    model: str = "smollm2-135m-instruct"
    system_prompt: str = "You are a helpful assistant. Answer briefly."
    max_reply_tokens: int = 80
    context_tokens: int = 1024
    reply_timeout_s: float = 20.0
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingConfig:
    """From text to sound.

    Attributes:
        engine: ``hibari``, ``espeak`` or "none".
        voice: Name of a voice; "" is the engine's default for the language.
        language: ISO 639-1.
        rate: 0.5..2.0; 1 is the voice's own pace.
    """

    engine: str = "hibari"
    voice: str = ""
    language: str = "en"
    rate: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig:
    """Threads and queues.

    Attributes:
        threads: Cores to share among the engines; 0 takes what the machine has (at most 4).
        queue_items: Length of the queues between the rooms.
        close_timeout_s: ``close()`` returns within this time.
    """

    threads: int = 0
    queue_items: int = 32
    close_timeout_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonConfig:
    """``voxedge serve``: where it listens, and what it grants.

    Attributes:
        http: HOST:PORT of HTTP and WebSocket; "" for none. Elsewhere than on loopback only with
            ``tokens_file`` and TLS.
        wyoming: HOST:PORT of Wyoming; "" for none.
        wyoming_allow: Addresses and networks that may use Wyoming beside loopback: it knows no tokens.
        wyoming_announce: Whether Wyoming is announced by Zeroconf; only where it listens beyond loopback.
        wyoming_endpointing: Whether a transcript is sent when the first utterance ends, and not when the
            client says that its sound ends.
        wyoming_intents: Who answers commands that come by Wyoming: ``voxedge``, or the ``client``, which
            then gets the intent (Home Assistant runs its own).
        events_socket: Path of a Unix socket for events and commands; "" for none.
        tokens_file: Lines ``NAME TOKEN``, a client each; "" where none is asked for. Read again on SIGHUP.
        tls_certificate: PEM file; "" for none.
        tls_key: PEM file of its key.
        allow_plain_http: Whether HTTP elsewhere than on loopback may do without TLS (behind a proxy).
        kiosk_menu: JSON file of the menu that the page ``/kiosk`` shows; "" for no page.
        models: Further recognition models that clients may name.
        max_body_mb: A longer request is refused.
        max_audio_s: Longer sound is refused.
        max_connections: More are refused.
        max_streams: Live streams at once.
        max_live_wait_ms: While finals wait longer than this, no new live stream is taken in.
        requests_per_minute: Of one client; 0 for no limit.
        queue_items: Requests that may be under way at once.
        queue_items_per_client: Of one client.
        deadline_s: A request that hasn't begun by then is refused.
        receive_timeout_s: Header, and each piece of a body, must come within this time.
        stop_timeout_s: What is under way at the stop may go on for so long.
    """

    http: str = "127.0.0.1:8765"
    wyoming: str = "127.0.0.1:10300"
    wyoming_allow: tuple[str, ...] = ()
    wyoming_announce: bool = False
    wyoming_endpointing: bool = False
    wyoming_intents: str = "voxedge"
    events_socket: str = ""
    tokens_file: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    allow_plain_http: bool = False
    kiosk_menu: str = ""
    models: tuple[str, ...] = ()
    max_body_mb: int = 25
    max_audio_s: float = 3600.0
    max_connections: int = 128
    max_streams: int = 32
    max_live_wait_ms: int = 400
    requests_per_minute: int = 600
    queue_items: int = 64
    queue_items_per_client: int = 16
    deadline_s: float = 60.0
    receive_timeout_s: float = 10.0
    stop_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsConfig:
    """Counts of what happened, never of what was said. To share them takes ``voxedge stats on``.

    Attributes:
        monitor: Whether counts by hour and day are kept on this device.
        folder: Where they are kept; "" is ``statistics`` in the user's own folder.
        ca_file: Certificates (PEM) of the private authority of the endpoint, or "".
    """

    monitor: bool = False
    folder: str = ""
    ca_file: str = ""
