"""Speech in many languages with espeak-ng, a program of the operating system, run once for each sentence.

It sounds like a machine, and speaks what no better voice here does. The text goes in through standard
input, and no shell is involved.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.errors import (
    EngineCrashed,
    EngineHung,
    LanguageUnsupported,
    SystemPackageMissing,
    UsageError,
)
from voxedge.events import NEVER, CancelToken
from voxedge.speaking.contract import SynthesizerCapabilities
from voxedge.speaking.spoken import spoken_sentences

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

RATE_HZ = 22_050
_WORDS_A_MINUTE = 165
_TIMEOUT_S = 15.0


class EspeakSynthesizer:
    """Speaks the languages of espeak-ng. Several threads may use it at once.

    Args:
        voice: A voice of ``espeak-ng --voices``; "" is the language's own.
        language: ISO 639-1, perhaps with a region (``en-GB``).
        rate: 0.5..2.
    """

    def __init__(self, voice: str = "", language: str = "en", rate: float = 1.0) -> None:
        self._program = _program()
        known = _voices(self._program)
        self._languages = tuple(sorted({code.split("-")[0] for code in known}))
        self._voices = tuple(known)
        wanted = (voice or language).casefold()
        if voice and wanted not in known:
            raise UsageError(
                f"espeak-ng has no voice {voice!r}.",
                remedy="List them: voxedge say --engine espeak --list",
                room="speaking",
            )
        if not voice and wanted not in known and wanted[:2] not in self._languages:
            raise LanguageUnsupported(
                f"espeak-ng doesn't speak {language!r}.",
                remedy="List its languages: espeak-ng --voices",
                room="speaking",
            )
        self._voice = wanted if wanted in known else wanted[:2]
        self._language = language
        self._speed = round(_WORDS_A_MINUTE * rate)

    @property
    def capabilities(self) -> SynthesizerCapabilities:
        """Many languages, 22.05 kHz."""
        return SynthesizerCapabilities(
            engine="espeak", languages=self._languages, voices=self._voices, rate_hz=RATE_HZ
        )

    def synthesize(self, text: str, cancel: CancelToken = NEVER) -> Iterator[MonoF32]:
        """Gives the sound, a sentence at a time. See `voxedge.speaking.contract.Synthesizer`.

        Raises:
            TextInvalid: Nothing to say, or far too long.
            EngineHung: The program took more than 15 s for a sentence.
            EngineCrashed: The program failed.
        """
        for sentence in spoken_sentences(text, self._language):
            if cancel.cancelled:
                return
            sound = self._speak(sentence)
            if sound.size:
                yield sound

    def close(self) -> None:
        """Nothing to give back: no process outlives its sentence."""

    def _speak(self, sentence: str) -> MonoF32:
        import numpy as np

        data = _run(
            [self._program, "-v", self._voice, "-s", str(self._speed), "-b", "1", "--stdout"], sentence
        )
        try:
            with wave.open(io.BytesIO(data)) as sound:
                rate_hz, samples = sound.getframerate(), sound.readframes(len(data) // 2)
        except (wave.Error, EOFError) as exc:
            raise _crashed("it gave no sound") from exc
        from voxedge.audio.resample import resample

        mono = np.frombuffer(samples, "<i2").astype(np.float32) / np.float32(32768.0)
        return resample(mono, rate_hz, RATE_HZ)


def voices() -> tuple[str, ...]:
    """Names of the voices, which are codes of languages with regions.

    Raises:
        SystemPackageMissing: espeak-ng isn't installed.
    """
    return tuple(_voices(_program()))


def create(*, voice: str, language: str, rate: float, model_dir: Path | None) -> EspeakSynthesizer:
    """Makes one. See `voxedge.speaking.create` for arguments and errors; ``model_dir`` is of no use here."""
    return EspeakSynthesizer(voice, language, rate)


def _program() -> str:
    found = shutil.which("espeak-ng") or shutil.which("espeak")
    if found is None:
        raise SystemPackageMissing(
            "The program espeak-ng isn't installed.",
            remedy="Install it: sudo apt install espeak-ng (Debian, Ubuntu, Raspberry Pi OS).",
            room="speaking",
        )
    return found


def _voices(program: str) -> list[str]:
    lines = _run([program, "--voices"], "").decode("utf-8", "replace").splitlines()[1:]
    found = [columns[1].casefold() for line in lines if len(columns := line.split()) > 1]
    return sorted(set(found))


def _run(command: list[str], text: str) -> bytes:
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise EngineHung(
            f"espeak-ng took more than {_TIMEOUT_S:.0f} s for a sentence.",
            remedy="Try again, or another voice.",
            room="speaking",
        ) from exc
    except OSError as exc:
        raise _crashed(exc.strerror or "it can't be started") from exc
    if done.returncode != 0:
        raise _crashed(f"exit status {done.returncode}")
    return done.stdout


def _crashed(why: str) -> EngineCrashed:
    return EngineCrashed(
        f"espeak-ng failed: {why}.", remedy="Install it again: sudo apt install espeak-ng", room="speaking"
    )
