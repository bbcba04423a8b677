"""What is spelled: strings of digits and of letters."""

from __future__ import annotations

from voxedge.numbers import read_digits
from voxedge.understanding.values.scan import Read, Scan


def read_digit_string(scan: Scan, at: int) -> Read | None:
    """Digits said one by one, or written; leading zeros stay."""
    digits, end = read_digits(scan.tokens, at, scan.language)
    if not digits and scan.word(at) == "+":
        digits, end = read_digits(scan.tokens, at + 1, scan.language)
        return Read("+" + digits, None, end) if digits else None
    return Read(digits, None, end) if digits else None


def read_letter_string(scan: Scan, at: int) -> Read | None:
    """Letters said one by one: "a b c", "b as in bravo", "alpha", "double u"; digits may be among them."""
    spelled, end = "", at
    while end < len(scan.tokens):
        found = _letter(scan, end)
        if found is None:
            digit = read_digits(scan.tokens[end : end + 1], 0, scan.language)[0] if spelled else ""
            if not digit:
                break
            found = digit, end + 1
        spelled += found[0]
        end = found[1]
        if scan.word(end) in {",", ".", "-"} and _letter(scan, end + 1) is not None:
            end += 1
    return Read(spelled, None, end) if spelled else None


def _letter(scan: Scan, at: int) -> tuple[str, int] | None:
    if at >= len(scan.tokens):
        return None
    named = scan.lookup(at, scan.lexicon.letters, 2)
    raw = scan.text[scan.tokens[at].start : scan.tokens[at].end].lower()
    times = scan.numbers.words.repeats.get(scan.word(at), 1)
    if named is None and times > 1:
        if scan.word(at + 1) in scan.numbers.words.repeats:
            return None
        after = _letter(scan, at + 1)
        return (after[0] * times, after[1]) if after is not None and len(after[0]) == 1 else None
    if named is not None:
        letter, end = ("ñ" if raw == "eñe" else named[0]), named[1]
    elif len(raw) == 1 and raw.isalpha():
        letter, end = raw, at + 1
    else:
        return None
    after_as = scan.phrase(end, scan.lexicon.spelled_as)
    example = scan.word(after_as)
    if after_as != end and len(example) > 1 and example[0] == letter[0]:
        end = after_as + 1
    return letter, end
