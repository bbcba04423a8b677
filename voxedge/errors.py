"""Every error that voxedge raises on purpose.

One root, one child for each cause that a caller can act on. Each class has a stable ``code`` (for logs
and programs), the ``room`` that it comes from, whether trying again can help (``retryable``) and the exit
status of the command line. Each instance has a ``remedy``: words that can be typed or done.

No message ever holds what somebody said; file names, model names and device names are fine.
"""

from __future__ import annotations

import sys
from typing import ClassVar

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_MISSING = 4
EXIT_DEVICE = 5
EXIT_STORE = 6
EXIT_ENGINE = 7
EXIT_INTERRUPTED = 130


class VoxedgeError(Exception):
    """Root of all errors of voxedge.

    Args:
        message: What happened, for a person.
        remedy: What to do about it: a command to type, a setting to change, a thing to plug in.
        room: The room that it happened in, where it differs from the class's own.
    """

    code: ClassVar[str] = "failed"
    room: str = "voxedge"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = EXIT_FAILED

    def __init__(self, message: str, *, remedy: str, room: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if room is not None:
            self.room = room
        if sys.version_info >= (3, 11):
            self.add_note(f"  {remedy} [{self.code}]")  # so that a traceback says what to do, too

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by positional arguments, and `remedy` is none: without this, an error can't
        # cross from a child process.
        return (_rebuild, (type(self), self.message, self.remedy, self.room))

    def to_json(self) -> dict[str, object]:
        """The error as one JSON object."""
        return {
            "code": self.code,
            "room": self.room,
            "message": self.message,
            "remedy": self.remedy,
            "retryable": self.retryable,
        }


def _rebuild(kind: type[VoxedgeError], message: str, remedy: str, room: str) -> VoxedgeError:
    return kind(message, remedy=remedy, room=room)


class Cancelled(VoxedgeError):
    """Work was given up because its caller cancelled it."""

    code = "cancelled"
    exit_code = EXIT_INTERRUPTED

    def __init__(
        self,
        message: str = "The work was cancelled.",
        *,
        remedy: str = "Start it again.",
        room: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, room=room)


class ClosedError(VoxedgeError):
    """The object was closed before it was asked for more."""

    code = "closed"


class UsageError(VoxedgeError):
    """Arguments that don't fit together or that name nothing."""

    code = "usage"
    exit_code = EXIT_USAGE


class ConfigError(VoxedgeError):
    """The configuration has an unknown key, a value of the wrong type or out of range, or can't be read."""

    code = "config_invalid"
    room = "config"
    exit_code = EXIT_USAGE


class ExtraMissing(VoxedgeError):
    """An optional package is needed and not installed; the remedy names the extra."""

    code = "extra_missing"
    exit_code = EXIT_MISSING


class SystemPackageMissing(VoxedgeError):
    """A library or program of the operating system is needed and not there."""

    code = "system_package_missing"
    exit_code = EXIT_MISSING


class InputError(VoxedgeError):
    """What was handed in can't be used as it is."""

    code = "input_invalid"
    exit_code = EXIT_INPUT


class AudioUnreadable(InputError):
    """A file or stream isn't audio that can be decoded (wrong type, damaged, cut off before any sound)."""

    code = "audio_unreadable"
    room = "audio"


class AudioEmpty(InputError):
    """Audio with no samples in it."""

    code = "audio_empty"
    room = "audio"


class AudioInvalid(InputError):
    """Samples of a wrong type, shape, rate or value (not a number, infinite)."""

    code = "audio_invalid"
    room = "audio"


class DeviceError(VoxedgeError):
    """An audio device can't be used."""

    code = "device_failed"
    room = "audio"
    exit_code = EXIT_DEVICE
    retryable = True


class DeviceNotFound(DeviceError):
    """No audio device of that name or number is there."""

    code = "device_not_found"


class DeviceBusy(DeviceError):
    """The audio device is in use by something else."""

    code = "device_busy"


class DeviceLost(DeviceError):
    """The audio device, or the audio server, went away while in use."""

    code = "device_lost"


class DeviceRateRefused(DeviceError):
    """The audio device takes none of the sample rates that were tried."""

    code = "device_rate_refused"
    retryable = False


class ModelMissing(VoxedgeError):
    """A model isn't in the store; the remedy is the command that gets it."""

    code = "model_missing"
    room = "store"
    exit_code = EXIT_MISSING


class ModelUnknown(VoxedgeError):
    """No model of that name is in the catalogue."""

    code = "model_unknown"
    room = "store"
    exit_code = EXIT_USAGE


class ModelCorrupt(VoxedgeError):
    """A file of a model doesn't have the size or hash that it must have."""

    code = "model_corrupt"
    room = "store"
    exit_code = EXIT_STORE


class StoreError(VoxedgeError):
    """The model store can't do what was asked."""

    code = "store_failed"
    room = "store"
    exit_code = EXIT_STORE


class StoreReadOnly(StoreError):
    """The store can be read, not written."""

    code = "store_read_only"


class DiskFull(StoreError):
    """Too little space is left for what must be written."""

    code = "disk_full"


class SourceUnreachable(StoreError):
    """None of a model's sources could be reached, or all broke off."""

    code = "source_unreachable"
    retryable = True


class SourceMismatch(StoreError):
    """A source delivered something other than what the catalogue names (hash or size)."""

    code = "source_mismatch"


class EngineError(VoxedgeError):
    """An engine (recognizer, language model, synthesizer, translator) failed."""

    code = "engine_failed"
    exit_code = EXIT_ENGINE


class EngineLoadFailed(EngineError):
    """An engine can't load its model."""

    code = "engine_load_failed"


class EngineCrashed(EngineError):
    """The process that an engine runs in died."""

    code = "engine_crashed"
    retryable = True


class EngineHung(EngineError):
    """An engine gave no sign of life for longer than it may."""

    code = "engine_hung"
    retryable = True


class InternalFault(VoxedgeError):
    """Something nobody foresaw went wrong inside voxedge; the message names the place."""

    code = "internal_fault"


class HandlerFailed(VoxedgeError):
    """A handler of the app raised an exception; its type and place are logged, never what was said."""

    code = "handler_failed"
    room = "handlers"


class LanguageUnsupported(InputError):
    """The engine or model doesn't know this language."""

    code = "language_unsupported"


class TemplateError(InputError):
    """An intent file can't be read; the message names file, line and what is wrong."""

    code = "template_invalid"
    room = "understanding"


class TextInvalid(InputError):
    """Text that can't be used: empty, binary, or longer than allowed."""

    code = "text_invalid"


class StatisticsError(VoxedgeError):
    """The statistics can't do what was asked."""

    code = "statistics_failed"
    room = "statistics"
    exit_code = EXIT_STORE


class StatisticsUnwritable(StatisticsError):
    """The file of the statistics can't be written: disk full, read-only, no permission, held by another."""

    code = "statistics_unwritable"
    retryable = True


class StatisticsDamaged(StatisticsError):
    """The file of the statistics can't be read any more."""

    code = "statistics_damaged"
