"""Colours by name. The value is ``#rrggbb`` in sRGB; "light" and "dark" mix it with white and black."""

from __future__ import annotations

from voxedge.understanding.values.scan import Read, Scan

_MIX = 0.5


def read_color(scan: Scan, at: int) -> Read | None:
    """A colour, with a word that makes it lighter or darker before or after it."""
    lexicon = scan.lexicon
    shade, start = _shade(scan, at)
    found = scan.lookup(start, lexicon.colors, 3)
    if found is None and scan.language == "de" and start == at:
        found, shade = _compound(scan, at)
    if found is None:
        return None
    code, end = found
    if not shade:
        shade, end = _shade(scan, end)
    return Read(_mixed(code, shade), None, end)


def _shade(scan: Scan, at: int) -> tuple[str, int]:
    if scan.word(at) in scan.lexicon.light:
        return "light", at + 1
    if scan.word(at) in scan.lexicon.dark:
        return "dark", at + 1
    return "", at


def _compound(scan: Scan, at: int) -> tuple[tuple[str, int] | None, str]:
    """German "hellblau", "dunkelrot"."""
    for prefix, shade in (("hell", "light"), ("dunkel", "dark")):
        rest = scan.word(at).removeprefix(prefix)
        code = scan.lexicon.colors.get((rest,))
        if rest != scan.word(at) and code is not None:
            return (code, at + 1), shade
    return None, ""


def _mixed(code: str, shade: str) -> str:
    if not shade:
        return code
    target = 255 if shade == "light" else 0
    channels = (int(code[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(value + (target - value) * _MIX):02x}" for value in channels)
