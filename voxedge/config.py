"""The configuration: one TOML file, or plain dataclasses. Every key has a default and its unit in its name.

Precedence: defaults < file < environment (``VOXEDGE_<SECTION>_<KEY>``) < arguments.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxedge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration.

    Example:
        >>> Config.from_mapping({"recognition": {"model": "base"}}).recognition.model
        'base'
    """

    audio: AudioConfig = field(default_factory=AudioConfig)
    listening: ListeningConfig = field(default_factory=ListeningConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    understanding: UnderstandingConfig = field(default_factory=UnderstandingConfig)
    translation: TranslationConfig = field(default_factory=TranslationConfig)
    conversation: ConversationConfig = field(default_factory=ConversationConfig)
    speaking: SpeakingConfig = field(default_factory=SpeakingConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    statistics: StatisticsConfig = field(default_factory=StatisticsConfig)
    daemon: DaemonConfig = field(default_factory=DaemonConfig)

    @classmethod
    def from_file(cls, path: str | Path, *, environment: Mapping[str, str] | None = None) -> Config:
        """Reads a TOML file, then the environment.

        Relative paths of intents and handlers count from the file's folder.

        Raises:
            ConfigError: The file can't be read, has an unknown key or a value of the wrong type.
        """
        file = Path(path)
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8-sig"))  # editors on Windows write a mark
        except OSError as exc:
            raise ConfigError(
                f"The configuration {file} can't be read: {exc.strerror}.",
                remedy="Check the path, or write one: voxedge config > voxedge.toml",
            ) from exc
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise ConfigError(f"{file} isn't TOML: {exc}.", remedy=f"Correct {file} at that place.") from exc
        config = cls.from_mapping(data, origin=str(file), environment=environment)
        return config._relative_to(file.resolve().parent)

    @classmethod
    def from_mapping(
        cls,
        data: Mapping[str, object],
        *,
        origin: str = "the configuration",
        environment: Mapping[str, str] | None = None,
    ) -> Config:
        """Builds a configuration from nested mappings, then the environment.

        Raises:
            ConfigError: An unknown key, or a value of the wrong type.
        """
        sections = {f.name: f for f in dataclasses.fields(cls)}
        _refuse_unknown(data, sections, "", origin)
        env = os.environ if environment is None else environment
        built: dict[str, object] = {}
        for name in sections:
            kind = _section_type(name)
            given = data.get(name, {})
            if not isinstance(given, Mapping):
                raise ConfigError(
                    f"{origin}: {name!r} must be a table.", remedy=f"Write its keys under [{name}]."
                )
            values = {**given, **_from_environment(name, kind, env)}
            built[name] = _build_section(name, kind, values, origin)
        return cls(**built)  # type: ignore[arg-type]

    def with_values(self, **sections: Mapping[str, object]) -> Config:
        """A copy with some values replaced: ``config.with_values(recognition={"model": "base"})``."""
        merged: dict[str, object] = {}
        for f in dataclasses.fields(self):
            current = getattr(self, f.name)
            given = sections.pop(f.name, {})
            known = {g.name: getattr(current, g.name) for g in dataclasses.fields(current)}
            merged[f.name] = _build_section(f.name, type(current), {**known, **given}, "the arguments")
        _refuse_unknown(sections, merged, "", "the arguments")
        return type(self)(**merged)  # type: ignore[arg-type]

    def to_toml(self) -> str:
        """The configuration as TOML, every key with its value."""
        lines: list[str] = []
        for f in dataclasses.fields(self):
            section = getattr(self, f.name)
            lines.append(f"[{f.name}]")
            lines += [
                f"{g.name} = {_toml_value(getattr(section, g.name))}" for g in dataclasses.fields(section)
            ]
            lines.append("")
        return "\n".join(lines)

    def _relative_to(self, folder: Path) -> Config:
        def anchored(path: str) -> str:
            candidate = folder / path
            return str(candidate) if path and candidate.exists() else path

        own, daemon = self.understanding, self.daemon
        return self.with_values(
            understanding={
                "intents": tuple(anchored(p) for p in own.intents),
                "handlers": anchored(own.handlers),
            },
            translation={
                "model": anchored(self.translation.model),
                "glossary": anchored(self.translation.glossary),
            },
            daemon={
                name: anchored(getattr(daemon, name))
                for name in ("tokens_file", "tls_certificate", "tls_key", "kiosk_menu")
            },
        )


def _section_type(name: str) -> type:
    return typing.cast(type, typing.get_type_hints(Config)[name])


def _refuse_unknown(
    data: Mapping[str, object], known: Mapping[str, object], section: str, origin: str
) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            where = f" in [{section}]" if section else ""
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"{origin}: unknown key {key!r}{where}.",
                remedy=f"{hint}Known here: {', '.join(sorted(known))}.",
            )


def _from_environment(section: str, kind: type, env: Mapping[str, str]) -> dict[str, object]:
    hints = typing.get_type_hints(kind)
    prefix = f"VOXEDGE_{section}_".upper()
    given = {name[len(prefix) :].lower(): text for name, text in env.items() if name.startswith(prefix)}
    _refuse_unknown(given, {f.name: f for f in dataclasses.fields(kind)}, section, "the environment")
    return {key: _from_text(f"{section}.{key}", text, hints[key]) for key, text in given.items()}


def _from_text(key: str, text: str, kind: object) -> object:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off"}:
            return False
        raise ConfigError(f"{key}: {text!r} is neither true nor false.", remedy="Write true or false.")
    if kind in (int, float):
        try:
            return int(text) if kind is int else float(text)
        except ValueError as exc:
            raise ConfigError(f"{key}: {text!r} is no number.", remedy="Write a number.") from exc
    if kind == tuple[str, ...]:
        return tuple(part for part in text.split(os.pathsep) if part)
    return text


def _build_section(name: str, kind: type, values: Mapping[str, object], origin: str) -> object:
    hints = typing.get_type_hints(kind)
    _refuse_unknown(values, hints, name, origin)
    return kind(
        **{key: _checked(f"{name}.{key}", value, hints[key], origin) for key, value in values.items()}
    )


def _checked(key: str, value: object, kind: object, origin: str) -> object:
    if kind == tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
        if number >= 0 and number != float("inf"):
            return number
    elif kind is int and isinstance(value, int) and not isinstance(value, bool):
        if value >= 0:
            return value
    elif kind is bool and isinstance(value, bool):
        return value
    elif kind is str and isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    wanted = {
        float: "a number, 0 or more",
        int: "a whole number, 0 or more",
        bool: "true or false",
        str: "a text",
    }
    text = wanted.get(kind, "a list of texts")  # type: ignore[call-overload]
    raise ConfigError(f"{origin}: {key} must be {text}, not {value!r}.", remedy=f"Correct {key}.")


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return repr(value)
