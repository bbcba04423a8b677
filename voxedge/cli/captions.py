"""Translations of speech as text, JSON lines or subtitles, and on the screen while they grow."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from voxedge.recognition.contract import Segment

if TYPE_CHECKING:
    from voxedge.events import Translation
    from voxedge.subtitles import Writer

MOST_CHARACTERS = 84
"""Of one subtitle: two lines of 42, which broadcasters hold for readable."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A translation and when it was said.

    Attributes:
        event: The translation.
        start: Seconds of the sound.
        end: Seconds of the sound.
    """

    event: Translation
    start: float
    end: float


class CaptionWriter:
    """Writes final translations as text or subtitles.

    Args:
        writer: Of the format.
        both_ways: Whether to say from which language to which.
        subtitles: Whether long translations are cut into pieces that can be read.
    """

    def __init__(self, writer: Writer | None, *, both_ways: bool = False, subtitles: bool = False) -> None:
        self._writer, self._both_ways, self._subtitles = writer, both_ways, subtitles

    def growing(self, caption: Caption) -> None:
        """Sees a translation that isn't final."""

    def final(self, caption: Caption) -> None:
        """Writes a translation."""
        event = caption.event
        way = f"[{event.source} to {event.target}] " if self._both_ways else ""
        if self._writer is not None and event.translation:
            whole = Segment(
                text=way + event.translation, start=caption.start, end=caption.end, language=event.target
            )
            for part in [whole] if type(self._writer).__name__ == "Writer" else parts_of(whole):
                self._writer.segment(part)

    def finish(self) -> None:
        """The sound is over."""
        if self._writer is not None:
            from voxedge.subtitles import Result

            self._writer.finish(Result(file=""))


class JsonCaptions(CaptionWriter):
    """A JSON object a translation; those that aren't final have ``"final": false``.

    Args:
        file: Name of the sound.
        opened: Gives the stream.
    """

    def __init__(self, file: str, opened: Callable[[], TextIO]) -> None:
        super().__init__(None)
        self._file, self._opened = file, opened
        self._stream: TextIO | None = None

    def growing(self, caption: Caption) -> None:
        """Writes it."""
        self._write(caption)

    def final(self, caption: Caption) -> None:
        """Writes it."""
        self._write(caption)

    def finish(self) -> None:
        """Nothing is left to write; the file is there even where nothing was said."""
        self._stream = self._stream or self._opened()

    def _write(self, caption: Caption) -> None:
        event = caption.event
        value = {
            "file": self._file,
            "source": event.source,
            "target": event.target,
            "text": event.text,
            "translation": event.translation,
            "start": round(caption.start, 3),
            "end": round(caption.end, 3),
            "final": event.final,
            **({"engine": event.engine} if event.engine else {}),
        }
        self._stream = self._stream or self._opened()
        self._stream.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._stream.flush()


class Screen:
    """Shows what grows, on the last line of a terminal; elsewhere nothing.

    Args:
        stream: The terminal.
        enabled: Whether to show anything.
    """

    def __init__(self, stream: TextIO, *, enabled: bool) -> None:
        self._stream = stream
        self._enabled = enabled and stream.isatty()
        self._drawn = False

    def show(self, text: str) -> None:
        """Shows the end of the text that fits."""
        if self._enabled:
            columns = shutil.get_terminal_size().columns - 3
            shown = text if len(text) <= columns else f"…{text[-columns + 1 :]}"
            self._stream.write(f"\r\x1b[K… {shown}")
            self._stream.flush()
            self._drawn = True

    def clear(self) -> None:
        """Takes it away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def parts_of(whole: Segment, most: int = MOST_CHARACTERS) -> list[Segment]:
    """Cuts a long text into subtitles; each gets as much of the time as it has of the letters.

    Args:
        whole: An utterance.
        most: Characters that one may have; a longer word stays whole.
    """
    lines: list[str] = []
    for sentence in re.split(r"(?<=[.!?…。！？])\s+", " ".join(whole.text.split())):
        lines += _wrapped(sentence, most)
    length = sum(map(len, lines))
    parts: list[Segment] = []
    start = whole.start
    for line in lines:
        end = start + (whole.end - whole.start) * len(line) / max(1, length)
        parts.append(Segment(text=line, start=start, end=end, language=whole.language))
        start = end
    return parts


def _wrapped(sentence: str, most: int) -> list[str]:
    """About equal lines: a last one with a single word is hard to read."""
    count = -(-len(sentence) // most)
    if count <= 1:
        return [sentence]
    aim = len(sentence) / count
    lines: list[str] = []
    line = ""
    for word in sentence.split(" "):
        longer = f"{line} {word}" if line else word
        near = len(lines) < count - 1 and len(longer) > aim + len(word) / 2
        if line and (near or len(longer) > most):
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]
