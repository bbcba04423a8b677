"""Translating a whole document in blocks, with a journal: an interruption loses one block at most."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from voxedge.events import NEVER, CancelToken
from voxedge.files import check_target, is_special, write_failure
from voxedge.translation.contract import TranslationOptions, Translator
from voxedge.translation.documents.contract import Document

BLOCK = 64
"""Segments of one block: what is lost at most when the work is interrupted."""


def translate_document(
    translator: Translator,
    document: Document,
    output: Path | None,
    *,
    source: str,
    target: str,
    options: TranslationOptions,
    progress: Callable[[int], None] | None = None,
    cancel: CancelToken = NEVER,
) -> bytes:
    """Translates a document; writes it where an output is named.

    Finished segments are kept in ``OUTPUT.partial`` until the document is whole. Run again with the same
    output, languages, models and glossary, the work goes on there.

    Args:
        translator: Who translates.
        document: What.
        output: The file to write, replaced only when the document is whole; a device or a pipe is written to
            directly. None: only return it.
        source: ISO 639-1 or ``"auto"``.
        target: ISO 639-1.
        options: Beam.
        progress: Called with the number of segments that were finished.
        cancel: Looked at between sentences; what was finished stays in the journal.

    Raises:
        UsageError: The output can't be written.
        DiskFull: No space is left; what was finished stays in the journal as far as it fits.
    """
    if output is not None:
        check_target(output, f"translated{document.suffix}")
    kept = None if output is None or is_special(output) else output
    settings = str(getattr(translator, "settings", ""))  # other models, other terms: other translations
    journal = _Journal(kept, f"{source}:{target}:{options.beam}:{settings}")
    done: list[str] = []
    for start in range(0, len(document.segments), BLOCK):
        block = document.segments[start : start + BLOCK]
        missing = list(dict.fromkeys(text for text in block if journal.get(text) is None))
        if missing:
            cancel.raise_if_cancelled()
            answers = translator.translate(
                missing, source=source, target=target, options=options, cancel=cancel
            )
            journal.add({item.text: item.translation for item in answers})
        done += [journal.get(text) or text for text in block]
        if progress is not None:
            progress(len(block))
    data = document.rebuild(done)
    if output is not None:
        _write(output, data)
    journal.remove()
    return data


def _write(output: Path, data: bytes) -> None:
    partial = output.with_name(output.name + ".writing")
    try:
        if is_special(output):
            output.write_bytes(data)
            return
        partial.write_bytes(data)
        partial.replace(output)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise write_failure(output, exc, "translation") from exc


class _Journal:
    """Finished segments, by the hash of their text, in a file beside the output."""

    def __init__(self, output: Path | None, how: str) -> None:
        self._how = how
        self._path = output.with_name(output.name + ".partial") if output is not None else None
        self._known: dict[str, str] = {}
        if self._path is not None and self._path.exists():
            for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = entry["translation"]
                except (ValueError, KeyError, TypeError):
                    continue  # the line that was cut off

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._how}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, text: str) -> str | None:
        return self._known.get(self._key(text))

    def add(self, pairs: dict[str, str]) -> None:
        entries = {self._key(text): translation for text, translation in pairs.items()}
        self._known.update(entries)
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                for key, translation in entries.items():
                    entry = {"key": key, "translation": translation}
                    file.write("\n" + json.dumps(entry, ensure_ascii=False))
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise write_failure(self._path, exc, "translation") from exc

    def remove(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
