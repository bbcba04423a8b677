"""Apertium, where it is installed: one running pipeline a pair, restarted when it dies.

Apertium is a program of its own under the GPL, called, never linked. Every stage of a mode's pipeline takes
``-z``: texts end with a zero byte, so that one pipeline serves many sentences. (The `apertium` script's own
``-z`` doesn't reach all stages and holds answers back until its input ends.)
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from voxedge.errors import ClosedError, EngineCrashed, EngineHung, LanguageUnsupported, SystemPackageMissing
from voxedge.events import NEVER, CancelToken
from voxedge.translation.contract import EngineCapabilities, Hypothesis, TranslationOptions

ANSWER_WITHIN_S = 20.0
"""A sentence takes milliseconds; who takes so long hangs."""

CLOSED_WITHIN_S = 2.0
"""How long closing waits for a translation that is going on, after its process was killed."""

_CODES = {
    "en": "eng",
    "es": "spa",
    "de": "deu",
    "fr": "fra",
    "it": "ita",
    "pt": "por",
    "ca": "cat",
    "gl": "glg",
}
_MODE_FOLDERS = (Path("/usr/share/apertium/modes"), Path("/usr/local/share/apertium/modes"))
_RESERVED = re.compile(r"[\[\]{}^$/\\@<>]")
_ESCAPED = re.compile(r"\\([\[\]{}^$/\\@<>])")
_UNKNOWN_MARKS = re.compile(r"[*@#](?=\w)")


def _codes(language: str) -> tuple[str, ...]:
    return (_CODES[language], language) if language in _CODES else (language,)


def installed_modes() -> dict[tuple[str, str], str]:
    """The pairs of the installed Apertium, ISO 639-1 to the name of its mode; empty without Apertium."""
    program = shutil.which("apertium")
    if program is None:
        return {}
    try:
        listed = subprocess.run(
            [program, "-l"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    iso = {code: language for language in _CODES for code in _codes(language)}
    found: dict[tuple[str, str], str] = {}
    for mode in listed.split():
        source, dash, target = mode.partition("-")
        if dash and source in iso and target in iso:
            found.setdefault((iso[source], iso[target]), mode)
    return found


def _pipeline(mode: str) -> str:
    """The shell line of a mode, each stage in null-flush mode."""
    for folder in _MODE_FOLDERS:
        path = folder / f"{mode}.mode"
        if path.is_file():
            line = path.read_text(encoding="utf-8").strip().replace("$2", "").replace("$1", "-g")
            stages = [stage.strip().partition(" ") for stage in line.split(" | ")]
            *others, last = (f"{program} -z {rest}" for program, _, rest in stages)
            # The shell has the output open while any stage is left: where the last one dies, all must.
            return " | ".join([*others, f"{{ {last}; kill 0; }}"])
    raise SystemPackageMissing(
        f"Apertium's mode {mode} has no file in {_MODE_FOLDERS[0]}.",
        remedy="Install the language pair from packages: apt-get install apertium-eng-spa",
        room="translation",
    )


class ApertiumEngine:
    """Translates sentences with an Apertium process. Safe to use from several threads.

    Args:
        source: ISO 639-1.
        target: ISO 639-1.

    Raises:
        SystemPackageMissing: Apertium isn't installed.
        LanguageUnsupported: It is, without this pair.
    """

    def __init__(self, source: str, target: str) -> None:
        modes = installed_modes()
        if shutil.which("apertium") is None:
            raise SystemPackageMissing(
                "Apertium isn't installed.",
                remedy="On Debian: apt-get install apertium apertium-eng-spa",
                room="translation",
            )
        if (source, target) not in modes:
            known = ", ".join(f"{a}-{b}" for a, b in sorted(modes)) or "none"
            raise LanguageUnsupported(
                f"Apertium has no {source} to {target} here.",
                remedy=f"Its pairs: {known}. More: apt-cache search apertium",
                room="translation",
            )
        self._mode = modes[source, target]
        self._pipeline = _pipeline(self._mode)
        self._lock = threading.Lock()
        # Closing must not wait for an answer, so the process has a lock of its own, never held for long.
        self._process_lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._capabilities = EngineCapabilities(
            engine="apertium",
            model=f"apertium-{self._mode}",
            pairs=frozenset({(source, target)}),
            max_tokens=400,
        )

    @property
    def capabilities(self) -> EngineCapabilities:
        """What it can do."""
        return self._capabilities

    def count_tokens(self, sentence: str) -> int:
        """Its number of words."""
        return len(sentence.split())

    def translate_sentences(
        self,
        sentences: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions,
        strict: bool = False,
        links: bool = False,
        cancel: CancelToken = NEVER,
    ) -> list[list[Hypothesis]]:
        """Translates sentences, one by one; a process that died is started again, once a sentence."""
        if (source, target) not in self._capabilities.pairs:
            raise LanguageUnsupported(
                f"This Apertium engine is for {self._mode}.", remedy="Make another.", room="translation"
            )
        answers: list[list[Hypothesis]] = []
        with self._lock:
            for sentence in sentences:
                cancel.raise_if_cancelled()
                try:
                    text = self._ask(sentence)
                except EngineCrashed:
                    text = self._ask(sentence)
                answers.append([Hypothesis(_UNKNOWN_MARKS.sub("", text).strip(), 0.0)])
        return answers

    def close(self) -> None:
        """Ends the process, in the middle of a translation as well, which then fails; may be called twice."""
        with self._process_lock:
            self._closed = True
            if self._process is not None:
                _kill(self._process)
        # Whoever reads from the pipes closes them: the same number could be another file's a moment later.
        if self._lock.acquire(timeout=CLOSED_WITHIN_S):
            try:
                self._end()
            finally:
                self._lock.release()

    def _end(self) -> None:
        with self._process_lock:
            process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # a pipe to a process that is gone
        _kill(process)
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is None and not self._closed:
            return process
        self._end()
        with self._process_lock:
            if self._closed:
                raise ClosedError("The translator was closed.", remedy="Make a new one.", room="translation")
            self._process = subprocess.Popen(
                ["sh", "-c", self._pipeline],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            return self._process

    def _ask(self, sentence: str) -> str:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            # What Apertium's own reader does: a full stop that may be there, so that the sentence is one.
            escaped = _RESERVED.sub(r"\\\g<0>", sentence.replace("\0", " "))
            process.stdin.write(f"{escaped}.[][\n]".encode() + b"\0")
            process.stdin.flush()
            answer = self._answer(process.stdout.fileno())
            return _ESCAPED.sub(r"\1", answer.partition(".[][")[0].removesuffix("[][\n]"))
        except (BrokenPipeError, ConnectionError, EOFError) as exc:
            self._end()
            raise EngineCrashed(
                "The Apertium process died.", remedy="Try again; it is started anew.", room="translation"
            ) from exc

    def _answer(self, descriptor: int) -> str:
        received = b""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while not received.endswith(b"\0"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                self._end()
                raise EngineHung(
                    f"Apertium gave no answer within {ANSWER_WITHIN_S:.0f} s.",
                    remedy="Try again, or take another engine: --engine ctranslate2",
                    room="translation",
                )
            block = os.read(descriptor, 65536)
            if not block:
                raise EOFError
            received += block
        return received[:-1].decode("utf-8", errors="replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kills the shell and its children: they are one process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
