"""What texts have in common before they are compared: letter case, marks, how numbers are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

UNSPACED = frozenset({"ja", "zh", "ko"})
"""Languages that are scored by character: words aren't set apart, or not reliably."""
_SAME = {
    "en": {
        "mr": "mister", "mrs": "missus", "dr": "doctor", "etc": "et cetera", "okay": "ok",
        "alright": "all right", "percent": "per cent",
    }
}  # fmt: skip
_DIGITS = {
    word: str(value)
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    )
}
_SYMBOLS = {"%": " percent ", "&": " and ", "°": " degrees "}


def normalize(text: str, language: str, *, join_letters: bool = False) -> str:
    """Lower case, no marks, numbers in digits, one blank between words.

    Args:
        text: What was said or recognized.
        language: ISO 639-1.
        join_letters: Writes letters (and digits) said one by one as one word ("R E W Y" is "rewy").
    """
    from voxedge.numbers import LANGUAGES, to_digits

    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if language == "en":
        for symbol, words in _SYMBOLS.items():
            plain = plain.replace(symbol, words)
    plain = re.sub(r"(?<=\d)[,.](?=\d{3}\b)", "", plain)
    plain = re.sub(r"(?<=\d)[.,](?=\d)", "·", plain)
    plain = plain.replace("'", "")
    plain = "".join(c if c.isalnum() or c == "·" or unicodedata.category(c)[0] == "M" else " " for c in plain)
    same = _SAME.get(language, {})
    plain = " ".join(same.get(word, word) for word in plain.split())
    if language in LANGUAGES:
        plain = to_digits(plain, language)
    if language == "en":
        plain = " ".join(_DIGITS.get(word, word) for word in plain.split())
    if join_letters:
        plain = re.sub(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)", " ", plain)
        plain = re.sub(r"\b([^\W\d]) (?=[^\W\d]\b)", r"\1", plain)
        plain = re.sub(r"(?<=\d) (?=\d)", "", plain)
    return " ".join(plain.split())


def units(text: str, language: str, *, join_letters: bool = False) -> list[str]:
    """What errors are counted in: words, or characters for languages that don't set words apart."""
    plain = normalize(text, language, join_letters=join_letters)
    return list(plain.replace(" ", "")) if language in UNSPACED else plain.split()


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one text.

    Attributes:
        wrong: Substitutions, insertions and deletions (Levenshtein distance).
        of: Units of the reference.
    """

    wrong: int
    of: int


def count_errors(reference: Sequence[str], heard: Sequence[str]) -> Errors:
    """The least number of changes that make the reference from what was heard."""
    row = list(range(len(heard) + 1))
    for index, expected in enumerate(reference, start=1):
        diagonal, row[0] = row[0], index
        for column, got in enumerate(heard, start=1):
            change = diagonal + (expected != got)
            diagonal = row[column]
            row[column] = min(change, row[column] + 1, row[column - 1] + 1)
    return Errors(row[-1], len(reference))


def error_rate(errors: Sequence[Errors]) -> float:
    """Errors a unit of the reference, 0 and more."""
    return sum(e.wrong for e in errors) / max(1, sum(e.of for e in errors))


def paired_interval(
    ours: Sequence[Errors], theirs: Sequence[Errors], *, draws: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the difference of error rates (ours - theirs), by drawing utterances anew.

    Bisani and Ney 2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation".
    """
    import numpy as np

    wrong = np.array([a.wrong - b.wrong for a, b in zip(ours, theirs, strict=True)], np.float64)
    of = np.array([a.of for a in ours], np.float64)
    chosen = np.random.default_rng(seed).integers(0, len(of), (draws, len(of)))
    differences = wrong[chosen].sum(1) / np.maximum(1.0, of[chosen].sum(1))
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)
