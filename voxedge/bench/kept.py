"""A recognizer whose results are kept in a file: what was decoded once needn't be decoded again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from voxedge.errors import InputError
from voxedge.events import NEVER, Alternative, CancelToken
from voxedge.recognition.contract import Recognition, RecognitionOptions, RecognizerCapabilities

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import Recognizer

SAVE_EVERY = 40


class KeptRecognizer:
    """Recognizes, or gives what it recognized of the same sound with the same options before.

    For measurements on recordings only: it writes down what was said. Words and times aren't kept.

    Args:
        recognizer: Recognizes what isn't kept yet.
        model: Its model: results of another one don't count.
        file: Where results are kept; None for nowhere.

    Raises:
        InputError: The file holds something else.
    """

    def __init__(self, recognizer: Recognizer, model: str, file: Path | None) -> None:
        self.inner, self._model, self._file = recognizer, model, file
        self._known: dict[str, dict[str, object]] = {}
        self._unsaved = 0
        if file is not None and file.exists():
            try:
                self._known = json.loads(file.read_text(encoding="utf-8"))
                assert isinstance(self._known, dict)
            except (ValueError, AssertionError) as exc:
                raise InputError(
                    f"{file} holds no kept results.", remedy="Name another file: --keep FILE.", room="bench"
                ) from exc

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """What the recognizer can do."""
        return self.inner.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes one utterance; see `Recognizer.recognize`."""
        if self._file is None:
            return self.inner.recognize(samples, options, cancel)
        digest = hashlib.blake2b(samples.tobytes(), digest_size=12)
        digest.update(f"{self._model} {options}".encode())
        key = digest.hexdigest()
        if key not in self._known:
            found = self.inner.recognize(samples, options, cancel)
            self._known[key] = {
                "text": found.text,
                "alternatives": [[item.text, item.score] for item in found.alternatives],
                "suppressed": found.suppressed,
                "confidence": round(found.confidence, 4),
            }
            self._unsaved += 1
            if self._unsaved >= SAVE_EVERY:
                self.save()
        row = self._known[key]
        pairs = row["alternatives"]
        assert isinstance(pairs, list)
        return Recognition(
            text=str(row["text"]),
            language=options.language,
            confidence=float(str(row["confidence"])),
            alternatives=tuple(Alternative(text, score) for text, score in pairs),
            suppressed=str(row["suppressed"]),
        )

    def save(self) -> None:
        """Writes what was recognized since."""
        if self._file is None or not self._unsaved:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._known), encoding="utf-8")
        part.replace(self._file)
        self._unsaved = 0

    def close(self) -> None:
        """Saves, and gives the model back."""
        self.save()
        self.inner.close()
