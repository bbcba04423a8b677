"""The configuration: one TOML file, or plain dataclasses (`voxedge.sections`), each key with a default.

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
from voxedge.sections import (
    AudioConfig,
    ConversationConfig,
    DaemonConfig,
    ListeningConfig,
    RecognitionConfig,
    RuntimeConfig,
    SpeakingConfig,
    StatisticsConfig,
    TranslationConfig,
    UnderstandingConfig,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "AudioConfig",
    "Config",
    "ConversationConfig",
    "DaemonConfig",
    "ListeningConfig",
    "RecognitionConfig",
    "RuntimeConfig",
    "SpeakingConfig",
    "StatisticsConfig",
    "TranslationConfig",
    "UnderstandingConfig",
]


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
