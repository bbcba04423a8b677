"""The recordings that recognition is measured with."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from voxedge.errors import InputError

ENGLISH = ("an4", "assistant-commands", "digits", "read")
MANY = "speech-multi"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording and what is said in it.

    Attributes:
        set_name: Its set.
        file: Where it is.
        language: ISO 639-1.
        text: What is said.
    """

    set_name: str
    file: Path
    language: str
    text: str


def data_folder(given: str = "") -> Path:
    """The folder of recordings: as given, else ``VOXEDGE_TEST_DATA``, else ``../shared/data``.

    Raises:
        InputError: It isn't there.
    """
    folder = Path(given or os.environ.get("VOXEDGE_TEST_DATA", "") or "../shared/data").resolve()
    if not folder.is_dir():
        raise InputError(
            f"There are no recordings at {folder}.",
            remedy="Name their folder: --data DIR, or set VOXEDGE_TEST_DATA.",
            room="bench",
        )
    return folder


def transcribed(folder: Path, set_name: str) -> list[Recording]:
    """The recordings of a set with transcripts, in the order of their names."""
    place = folder / set_name if set_name == MANY else folder / "speech-en" / set_name
    with (place / "transcripts.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Recording(set_name, place / row["file"], row["language"], row["text"])
        for row in sorted(rows, key=lambda row: row["file"])
    ]


def coffee_orders(folder: Path) -> list[Path]:
    """The spoken coffee orders; they have labels, no transcripts."""
    return sorted((folder / "coffee-commands" / "audio").glob("*.flac"))


def noises(folder: Path) -> list[Path]:
    """Sounds without words."""
    return sorted((folder / "noise").glob("*.flac"))


def kitchen(folder: Path) -> Path:
    """Two minutes of a kitchen."""
    return folder / "coffee-commands" / "noise" / "kitchen.flac"
