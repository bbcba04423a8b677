"""Example sentences with marked slots, in the Snips JSON format.

A file holds ``{"Intent": [{"data": [{"text": "..."}, {"text": "...", "entity": "slot"}, ...]}, ...]}``; the
sentence is the concatenation of the texts. Several intents may share a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxedge.errors import InputError

MAX_FILE_BYTES = 64_000_000
MAX_SENTENCE_CHARS = 2_000
MAX_EXAMPLES = 200_000
MAX_INTENTS = 1_000
MAX_SLOTS = 500


class ExamplesInvalid(InputError):
    """A file of examples can't be read; the message names the file, the place in it and what is wrong."""

    code = "examples_invalid"
    room = "understanding"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A marked slot value.

    Attributes:
        slot: Name of the slot.
        start: Where the value starts in the sentence, in characters, without blanks around it.
        end: Where it ends.
    """

    slot: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with its intent and its slot values, from left to right."""

    intent: str
    text: str
    spans: tuple[Span, ...] = ()


_REMEDY = (
    'Write {"Intent": [{"data": [{"text": "words "}, {"text": "value", "entity": "slot"}]}]} into the file, '
    "as JSON in UTF-8."
)


def load_examples(paths: Sequence[Path | str]) -> list[Example]:
    """Reads files of examples, or folders with ``*.json`` files.

    Args:
        paths: Files and folders.

    Returns:
        The examples in the order of the files; empty sentences are left out.

    Raises:
        ExamplesInvalid: A file is missing, too large, no JSON, of another form, or none has an example.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            raise ExamplesInvalid(
                f"The folder {path} has no *.json file.", remedy="Name the files themselves."
            )
        files += found
    examples = [example for path in files for example in _read_file(path)]
    check_examples(examples)
    return examples


def check_examples(examples: Sequence[Example]) -> None:
    """Refuses what can't be trained on or tested with: nothing at all, or more than the limits.

    Raises:
        ExamplesInvalid: There are none, or too many examples, intents or slots.
    """
    if not examples:
        raise ExamplesInvalid("There is no example.", remedy=_REMEDY)
    intents = {example.intent for example in examples}
    slots = {span.slot for example in examples for span in example.spans}
    for what, count, limit in (
        ("examples", len(examples), MAX_EXAMPLES),
        ("intents", len(intents), MAX_INTENTS),
        ("slots", len(slots), MAX_SLOTS),
    ):
        if count > limit:
            raise ExamplesInvalid(f"{count} {what}; at most {limit} are taken.", remedy="Hand in fewer.")


def _read_file(path: Path) -> Iterable[Example]:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ExamplesInvalid(
                f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB.", remedy="Split the file."
            )
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise ExamplesInvalid(f"{path} can't be read: {exc.strerror}.", remedy="Check the name.") from exc
    except (ValueError, RecursionError) as exc:
        place = f" (line {exc.lineno})" if isinstance(exc, json.JSONDecodeError) else ""
        raise ExamplesInvalid(f"{path} is no JSON in UTF-8{place}.", remedy=_REMEDY) from exc
    if not isinstance(content, dict):
        raise ExamplesInvalid(f"{path} holds no object of intents.", remedy=_REMEDY)
    for intent, queries in content.items():
        if not intent or not isinstance(queries, list):
            raise ExamplesInvalid(f"{path}: {intent!r} isn't a list of examples.", remedy=_REMEDY)
        for number, query in enumerate(queries, start=1):
            try:
                example = _example(intent, query)
            except (TypeError, KeyError, ValueError) as exc:
                # The place, not the words: a message never holds what somebody said.
                raise ExamplesInvalid(f"{path}: {intent}, example {number}: {exc}.", remedy=_REMEDY) from exc
            if example is not None:
                yield example


def _example(intent: str, query: object) -> Example | None:
    if not isinstance(query, Mapping) or not isinstance(query.get("data"), list):
        raise TypeError('it has no list "data"')
    text, spans = "", []
    for chunk in query["data"]:
        if not isinstance(chunk, Mapping) or not isinstance(chunk.get("text"), str):
            raise TypeError('a piece has no "text"')
        piece, slot = chunk["text"], chunk.get("entity")
        if slot is not None and not isinstance(slot, str):
            raise TypeError('an "entity" is no text')
        value = piece.strip()
        if slot and value:
            start = len(text) + piece.index(value)
            spans.append(Span(slot, start, start + len(value)))
        text += piece
        if len(text) > MAX_SENTENCE_CHARS:
            raise ValueError(f"it is longer than {MAX_SENTENCE_CHARS} characters")
    return Example(intent, text, tuple(spans)) if text.strip() else None
