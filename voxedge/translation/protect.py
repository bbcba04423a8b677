"""What must come through a translation untouched, and the glossary: found before, put back after.

A span (URL, e-mail address, placeholder, code, mark-up, emoji, glossary term) is replaced with a
private-use character that the model carries through; see `voxedge.translation.contract.MARK_BASE`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxedge.errors import InputError
from voxedge.translation.contract import MARK_BASE, MARKS

_URL = (
    r"(?:https?|ftp|file|ssh|git)://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}»”’]"
    r"|www\.[\w-]+(?:\.[\w-]+)+(?:/[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}])?"
)
_MAIL = r"(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
CODE = r"```[\s\S]*?```|``(?:[^`\n]|`(?!`))+``|`[^`\n]+`"
_ENTITY = r"<!--[\s\S]*?-->|&(?:[A-Za-z]{2,8}|#\d{1,6}|#x[0-9A-Fa-f]{1,6});"
_BRACES = (
    r"\{\{[^{}\n]*\}\}|\$\{[^{}\n]+\}|\{%[^\n]*?%\}|#\{[^{}\n]+\}"
    r"|\{[\w.!:,#<>^+ -]{0,60}\}|%\{[^{}\n]+\}"
)
_FORMAT = (
    r"%\([A-Za-z_]\w*\)[#0 +-]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa]"
    r"|%(?:\d+\$)?[#0+-]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|q)?[diuoxXeEfFgGcsp@](?![A-Za-z])"
)
_SIGIL = r"\$[A-Za-z_]\w*|(?<!\w)@[A-Za-z_]\w*|(?<!\w)#[A-Za-z_]\w*"
_PATH = (
    r"(?<!\w)(?:~|\.{1,2})?/(?:[\w.+-]+/)*[\w.+-]*\w|[A-Za-z]:\\(?:[\w.+ -]+\\)*[\w.+-]+"
    r"|(?<!\w)--?[a-z][\w-]*(?:=\S*\w)?(?=[\s.,;:!?)]|$)"
)
_FILE = (
    r"\b[\w-]+\.(?:py|js|ts|json|toml|ya?ml|txt|md|html?|css|csv|tsv|xml|pdf|docx|png|jpe?g|wav|mp3"
    r"|zip|exe|sh|cfg|ini|conf|log)\b"
)
_FOOTNOTE = r"\[\^[\w-]+\]|</?[A-Za-z][\w:-]*(?:\s[^<>]*)?/>"
_ESCAPE = r"\\[nrt0\"'\\]|\\u[0-9A-Fa-f]{4}"
_EMOJI = (
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|"
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff"
    "\U0001f000-\U0001faff](?:[\ufe0e\ufe0f]|[\U0001f3fb-\U0001f3ff]|\u200d[\u2600-\u27bf\U0001f000-\U0001faff])*)+"
)
_PRIVATE = "[\ue000-\uefff\uf800-\uf8ff]+"

_KINDS = (
    CODE, _URL, _MAIL, _ENTITY, _BRACES, _FORMAT, _PATH, _FILE, _SIGIL, _ESCAPE, _FOOTNOTE, _EMOJI, _PRIVATE
)  # fmt: skip

UNTOUCHABLE = re.compile("|".join(_KINDS))
"""What is kept always. Tags and emphasis around words are in `voxedge.translation.borders`."""

NUMBER = re.compile(r"(?<![\w.,])[+-]?\d+(?:[.,:/’'\u202f-]\d+)*(?:\s?[%°€$£¥])?|\d+(?:[.,:/-]\d+)*")
"""What is checked afterwards, and kept by force where the model changed it."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Terms whose translation is fixed.

    Attributes:
        terms: Term to its translation; a term that maps to itself is never translated.
    """

    terms: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_tsv(cls, path: str | Path) -> Glossary:
        """Reads a file of lines ``term<TAB>translation``; without a translation the term is kept as it is.

        Empty lines and lines that begin with ``#`` are skipped.

        Raises:
            InputError: The file can't be read or isn't UTF-8.
        """
        file = Path(path)
        terms: dict[str, str] = {}
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else "it isn't text in UTF-8"
            raise InputError(
                f"The glossary {file.name} can't be read: {why or exc}.",
                remedy="Name a UTF-8 file with lines of TERM, a tab, and TRANSLATION.",
                room="translation",
            ) from exc
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            term, _, translation = line.partition("\t")
            if term.strip():
                terms[term.strip()] = translation.strip() or term.strip()
        return cls(terms)

    def pattern(self) -> re.Pattern[str] | None:
        """Finds any term, the longest first, as whole words, whatever their case."""
        if not self.terms:
            return None
        words = sorted(self.terms, key=len, reverse=True)
        return re.compile(
            r"(?<!\w)(?:" + "|".join(re.escape(word) for word in words) + r")(?!\w)", re.IGNORECASE
        )

    def translation(self, found: str) -> str:
        """What stands for a term that was found."""
        if found in self.terms:
            return self.terms[found]
        folded = {term.casefold(): kept for term, kept in self.terms.items()}
        kept = folded[found.casefold()]
        # At the start of a sentence the term is written large: so is its translation.
        return kept[:1].upper() + kept[1:] if found[:1].isupper() and kept[:1].islower() else kept


@dataclass(frozen=True, slots=True)
class Protected:
    """A sentence with placeholders.

    Attributes:
        text: The sentence as the model gets it.
        kept: What stands for each placeholder, the first for number 1.
    """

    text: str
    kept: tuple[str, ...] = ()

    @property
    def bare(self) -> str:
        """The sentence without its placeholders: is there anything left to translate?"""
        return "".join(char for char in self.text if not MARK_BASE < ord(char) <= MARK_BASE + MARKS)

    def intact(self, translation: str) -> bool:
        """Whether the translation has each placeholder exactly once."""
        return Counter(_marks(translation)) == Counter(range(1, len(self.kept) + 1))

    def restore(self, translation: str) -> str:
        """Puts back what was taken out."""
        for number, value in enumerate(self.kept, start=1):
            translation = translation.replace(chr(MARK_BASE + number), value)
        return translation


def _marks(text: str) -> Iterable[int]:
    return (ord(char) - MARK_BASE for char in text if MARK_BASE < ord(char) <= MARK_BASE + 0xFF)


def spans(
    sentence: str, glossary: Glossary | None = None, numbers: bool = False
) -> list[tuple[int, int, str]]:
    """The places to keep: (start, end, what to put there), in order, without overlap."""
    found = [(m.start(), m.end(), m[0]) for m in UNTOUCHABLE.finditer(sentence)]
    pattern = glossary.pattern() if glossary is not None else None
    if glossary is not None and pattern is not None:
        found += [(m.start(), m.end(), glossary.translation(m[0])) for m in pattern.finditer(sentence)]
    if numbers:
        found += [(m.start(), m.end(), m[0]) for m in NUMBER.finditer(sentence)]
    chosen: list[tuple[int, int, str]] = []
    end = 0
    for start, stop, value in sorted(found, key=lambda item: (item[0], -item[1])):
        if start >= end:
            chosen.append((start, stop, value))
            end = stop
    return chosen


def protect(sentence: str, glossary: Glossary | None = None, numbers: bool = False) -> Protected | None:
    """Puts placeholders in; None where the sentence holds more than a model can carry."""
    places = spans(sentence, glossary, numbers)
    if len(places) > MARKS:
        return None
    text, end = "", 0
    for number, (start, stop, _) in enumerate(places, start=1):
        text += sentence[end:start] + chr(MARK_BASE + number)
        end = stop
    return Protected(text + sentence[end:], tuple(value for _, _, value in places))


def numbers_kept(sentence: str, translation: str) -> bool:
    """Whether the digits of the sentence are those of the translation."""
    return Counter(NUMBER.findall(sentence)) == Counter(NUMBER.findall(translation))
