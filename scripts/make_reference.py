"""Writes docs/reference/events.md and errors.md from the docstrings of the events and the errors.

python scripts/make_reference.py            write
python scripts/make_reference.py --check    fail when the files aren't what would be written
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import re
import sys
from pathlib import Path

from voxedge import errors, events

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Written by scripts/make_reference.py; change the docstrings, not this file. -->\n"
EXITS = (
    (0, "done"),
    (errors.EXIT_FAILED, "failed for another reason"),
    (errors.EXIT_USAGE, "wrong arguments or configuration"),
    (errors.EXIT_INPUT, "what was handed in can't be used"),
    (errors.EXIT_MISSING, "a model, an extra or a system package is missing"),
    (errors.EXIT_DEVICE, "an audio device"),
    (errors.EXIT_STORE, "the model store"),
    (errors.EXIT_ENGINE, "an engine failed"),
    (errors.EXIT_INTERRUPTED, "interrupted or cancelled"),
)


def split_docstring(cls: type) -> tuple[str, dict[str, str]]:
    """The text of a docstring, and its ``Attributes`` section as name to description."""
    text = inspect.getdoc(cls) or ""
    head, _, tail = text.partition("\nAttributes:\n")
    head = head.partition("\nArgs:\n")[0]
    attributes: dict[str, str] = {}
    name = ""
    for line in tail.splitlines():
        if line and not line.startswith(" "):
            break
        if found := re.match(r" {4}(\w+): (.*)", line):
            name = found[1]
            attributes[name] = found[2].strip()
        elif name and line.strip():
            attributes[name] += " " + line.strip()
    return head.strip(), attributes


def plain_code(text: str) -> str:
    """Docstring markup to Markdown; what would end a table's cell is escaped."""
    return text.replace("``", "`").replace("|", "\\|")


def table(rows: list[tuple[str, ...]], head: tuple[str, ...]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def fields_of(cls: type, skip: set[str]) -> list[tuple[str, ...]]:
    """Name, type and meaning of each field of a dataclass."""
    described = split_docstring(cls)[1]
    return [
        (f"`{field.name}`", f"`{plain_code(str(field.type))}`", plain_code(described.get(field.name, "")))
        for field in dataclasses.fields(cls)
        if field.name not in skip
    ]


def own_classes(module: object, base: type) -> list[type]:
    """The classes of a module below a base, in the order of the source."""
    found = [c for c in vars(module).values() if inspect.isclass(c) and issubclass(c, base) and c is not base]
    return sorted(found, key=lambda cls: inspect.getsourcelines(cls)[1])


def events_page() -> str:
    """The page on events."""
    common = {field.name for field in dataclasses.fields(events.Event)}
    lines = [NOTE, "# Events", "", plain_code(inspect.getdoc(events) or ""), ""]
    lines += [f"Version of the schema: {events.SCHEMA_VERSION}.", "", "Every event has:", ""]
    lines += table(fields_of(events.Event, set()), ("field", "type", "meaning"))
    for cls in own_classes(events, events.Event):
        lines += ["", f"## {cls.__name__}", "", plain_code(split_docstring(cls)[0])]
        if rows := fields_of(cls, common):
            lines += ["", *table(rows, ("field", "type", "meaning"))]
    lines += ["", "# What the fields hold"]
    values = [
        c
        for c in vars(events).values()
        if inspect.isclass(c) and dataclasses.is_dataclass(c) and not issubclass(c, events.Event)
    ]
    for cls in sorted(values, key=lambda cls: inspect.getsourcelines(cls)[1]):
        lines += ["", f"## {cls.__name__}", "", plain_code(split_docstring(cls)[0]), ""]
        lines += table(fields_of(cls, set()), ("field", "type", "meaning"))
    return "\n".join(lines) + "\n"


def errors_elsewhere() -> dict[str, list[type]]:
    """Errors with a code of their own that a room defines, by its module."""
    found = {}
    package = ROOT / "voxedge"
    for path in sorted(package.rglob("*.py")):
        if path.name == "errors.py" or not re.search(r'^    code = "', path.read_text("utf-8"), re.MULTILINE):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        own = [
            cls
            for cls in own_classes(module, errors.VoxedgeError)
            if cls.__module__ == name and "code" in vars(cls)
        ]
        if own:
            found[name] = own
    return found


def error_table(classes: list[type]) -> list[str]:
    """What a program that meets them wants to know."""
    rows = []
    for cls in classes:
        parents = [b.__name__ for b in cls.__bases__]
        rows.append(
            (
                f"`{cls.code}`",
                f"`{cls.__name__}`",
                f"`{parents[0]}`",
                "yes" if cls.retryable else "no",
                str(cls.exit_code),
                plain_code(split_docstring(cls)[0]).replace("\n", " "),
            )
        )
    return table(rows, ("code", "class", "is a", "try again", "exit", "what happened"))


def errors_page() -> str:
    """The page on errors."""
    lines = [NOTE, "# Errors", "", plain_code(inspect.getdoc(errors) or ""), ""]
    lines += error_table(own_classes(errors, errors.VoxedgeError))
    lines += [
        "",
        "# Errors of single rooms",
        "",
        "They aren't in `voxedge.errors`, but have codes all the same.",
    ]
    for name, classes in errors_elsewhere().items():
        lines += ["", f"## {name}", "", *error_table(classes)]
    lines += ["", "# Exit status of the command line", ""]
    lines += table([(str(number), what) for number, what in EXITS], ("status", "meaning"))
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """All generated pages."""
    return {REFERENCE / "events.md": events_page(), REFERENCE / "errors.md": errors_page()}


def main() -> int:
    """Writes or checks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    stale = []
    for path, text in pages().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not args.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if args.check and stale:
        print("Stale: " + ", ".join(str(path.relative_to(ROOT)) for path in stale), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
