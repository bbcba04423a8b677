"""Numbers in words and in digits, for every room that meets them: reading, finding, rewriting.

Pure: no files, no state, no clock. Languages: English, Spanish, German, French.
"""

from __future__ import annotations

from voxedge.numbers.reading import NumberReader
from voxedge.numbers.rewriting import (
    FoundNumber,
    find_numbers,
    parse_number,
    read_digits,
    spell_number,
    to_digits,
    to_words,
)
from voxedge.numbers.small import Reading
from voxedge.numbers.tokens import MAX_TEXT_CHARS, Token, fold, tokenize

LANGUAGES = ("en", "es", "de", "fr")
"""Languages whose numbers can be read and written."""

__all__ = [
    "LANGUAGES",
    "MAX_TEXT_CHARS",
    "FoundNumber",
    "NumberReader",
    "Reading",
    "Token",
    "find_numbers",
    "fold",
    "parse_number",
    "read_digits",
    "spell_number",
    "to_digits",
    "to_words",
    "tokenize",
]
