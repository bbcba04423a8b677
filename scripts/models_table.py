#!/usr/bin/env python3
"""Writes the table of models in docs/models.md from the catalogue; `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from voxedge.store import Catalogue, ModelEntry
from voxedge.store.disk import megabytes

_BEGIN, _END = "<!-- table: scripts/models_table.py -->\n", "<!-- end of table -->\n"


def row(entry: ModelEntry) -> str:
    """One line of the table."""
    size = megabytes(entry.size_bytes) if entry.pinned else "?"
    languages = ", ".join(entry.pairs or entry.languages).replace("multi", "many")
    names = ", ".join(f"`{name}`" for name in entry.names)
    known = "yes" if entry.pinned else "first pull"
    return (
        f"| {names} | {entry.kind} | {languages} | {size} | {known} | {entry.licence} | {entry.good_for} |\n"
    )


def table(catalogue: Catalogue) -> str:
    """The whole table, in Markdown."""
    head = "| model | kind | languages | size | hashes known | licence | good for |\n"
    head += "|---|---|---|---|---|---|---|\n"
    return head + "".join(row(entry) for entry in catalogue)


def with_table(page: str, catalogue: Catalogue) -> str:
    """The page with its table replaced."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table(catalogue)}\n{_END}{after}"


def main() -> int:
    """Writes or checks the page."""
    path = Path(__file__).resolve().parent.parent / "docs" / "models.md"
    page = path.read_text(encoding="utf-8")
    wanted = with_table(page, Catalogue.shipped())
    if "--check" in sys.argv[1:]:
        return 0 if page == wanted else 1
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
