"""Which language a text is in: py3langid (offline, n-grams of bytes), limited to the languages at hand."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence

from voxedge.errors import LanguageUnsupported
from voxedge.registry import need

DEFAULT_LANGUAGES = ("en", "es", "de", "fr", "it", "pt", "nl")


class LanguageDetector:
    """Tells the language of texts. Safe to use from several threads.

    Args:
        languages: ISO 639-1 codes to choose from; fewer means surer.

    Raises:
        ExtraMissing: py3langid isn't installed.
        LanguageUnsupported: The detector doesn't know one of the languages.
    """

    def __init__(self, languages: Iterable[str] = DEFAULT_LANGUAGES) -> None:
        need("py3langid", "translate", "Detecting a language")
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._lock = threading.Lock()
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
        self._languages = tuple(dict.fromkeys(languages))
        try:
            self._identifier.set_languages(list(self._languages))
        except ValueError as exc:
            raise LanguageUnsupported(
                f"Not all of these languages can be told apart: {', '.join(self._languages)}.",
                remedy="Name the language of the text with --from.",
                room="translation",
            ) from exc

    def detect(self, text: str) -> str:
        """The likeliest language of a text, ISO 639-1; "" where it has no letters."""
        if not any(char.isalpha() for char in text):
            return ""
        classify: Callable[[str], Sequence[object]] = self._identifier.classify
        with self._lock:
            # The start of a long text tells enough.
            return str(classify(text[:2000])[0])

    def ranked(self, text: str) -> list[tuple[str, float]]:
        """All languages with their probabilities, 0..1, likeliest first; none where there are no letters."""
        if not any(char.isalpha() for char in text):
            return []
        rank: Callable[[str], Sequence[tuple[str, float]]] = self._identifier.rank
        with self._lock:
            scores = [(str(code), float(score)) for code, score in rank(text[:2000])]
        # The scores are logarithms of probabilities but for a common addend.
        best = max(score for _, score in scores)
        weights = [(code, math.exp(score - best)) for code, score in scores]
        total = sum(weight for _, weight in weights)
        return sorted(((code, weight / total) for code, weight in weights), key=lambda item: -item[1])
