"""Forms of a transcript: plain text, JSON lines, SubRip (.srt) and WebVTT (.vtt). Pure but for the stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from voxedge.recognition.contract import Segment

FORMATS = ("text", "json", "srt", "vtt")


@dataclass(slots=True)
class Result:
    """What was written down of one file.

    Attributes:
        file: As it was named.
        language: ISO 639-1; that of the first segment where it was to be found out.
        duration_s: Of the sound.
        segments: In order.
        damage: ``truncated`` or ``damaged``, or "".
    """

    file: str
    language: str = ""
    duration_s: float = 0.0
    segments: list[Segment] = field(default_factory=list)
    damage: str = ""

    def add(self, segment: Segment) -> None:
        """Adds the next segment."""
        self.language = self.language or segment.language
        self.segments.append(segment)

    def to_json(self) -> dict[str, object]:
        """One JSON object."""
        found: dict[str, object] = {
            "file": self.file,
            "language": self.language,
            "duration": round(self.duration_s, 3),
            "text": " ".join(segment.text.strip() for segment in self.segments),
            "segments": [
                {
                    "start": round(segment.start, 3),
                    "end": round(segment.end, 3),
                    "text": segment.text.strip(),
                    "words": [
                        {
                            "word": word.word,
                            "start": round(word.start, 3),
                            "end": round(word.end, 3),
                            "probability": round(word.probability, 4),
                        }
                        for word in segment.words
                    ],
                }
                for segment in self.segments
            ],
        }
        if self.damage:
            found["damage"] = self.damage
        return found


class Writer:
    """Writes the transcript of one file as it comes; this one plain text, a line a segment.

    Args:
        opened: Gives the stream; asked when there is something to write, so that a file that can't be read
            doesn't empty an older result.
        heading: A line before the first, or "".
    """

    def __init__(self, opened: Callable[[], TextIO], heading: str = "") -> None:
        self._opened, self._heading = opened, heading
        self._stream: TextIO | None = None

    def segment(self, segment: Segment) -> None:
        """Writes the next segment."""
        self._write(f"{segment.text.strip()}\n")

    def finish(self, result: Result) -> None:
        """The whole file was written down."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._stream is None:
            self._stream = self._opened()
            if self._heading:
                self._stream.write(f"{self._heading}:\n")
        self._stream.write(text)
        self._stream.flush()


class JsonWriter(Writer):
    """One line a file, when it is complete."""

    def segment(self, segment: Segment) -> None:
        """Waits for the end of the file."""

    def finish(self, result: Result) -> None:
        """Writes the line."""
        self._write(json.dumps(result.to_json(), ensure_ascii=False) + "\n")


class SrtWriter(Writer):
    """SubRip: numbered, times with a comma."""

    _number = 0

    def segment(self, segment: Segment) -> None:
        """Writes the next subtitle."""
        self._number += 1
        start, end = _times(segment, ",")
        self._write(f"{self._number}\n{start} --> {end}\n{_line(segment.text)}\n\n")


class VttWriter(Writer):
    """WebVTT (https://www.w3.org/TR/webvtt1/): a header, times with a point, some signs escaped."""

    _begun = False

    def segment(self, segment: Segment) -> None:
        """Writes the next cue."""
        self._head()
        start, end = _times(segment, ".")
        text = _line(segment.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        self._write(f"{start} --> {end}\n{text}\n\n")

    def finish(self, result: Result) -> None:
        """Writes the header where nothing was said."""
        self._head()

    def _head(self) -> None:
        if not self._begun:
            self._begun = True
            self._write("WEBVTT\n\n")


def writer_for(kind: str, opened: Callable[[], TextIO], heading: str = "") -> Writer:
    """The writer of a format."""
    kinds = {"text": Writer, "json": JsonWriter, "srt": SrtWriter, "vtt": VttWriter}
    return kinds[kind](opened, heading)


def timestamp(seconds: float, separator: str) -> str:
    """``01:02:03,004``; rounded to milliseconds before it is cut up, so that 59.9996 s is a minute."""
    milliseconds = max(0, round(seconds * 1000))
    whole, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds_left = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds_left:02}{separator}{milliseconds:03}"


def _times(segment: Segment, separator: str) -> tuple[str, str]:
    # A subtitle needs some time to be seen at all.
    end = max(segment.end, segment.start + 0.001)
    return timestamp(segment.start, separator), timestamp(end, separator)


def _line(text: str) -> str:
    # A blank line would end the subtitle, an arrow would be taken for its times.
    return " ".join(text.split()).replace("-->", "→")
