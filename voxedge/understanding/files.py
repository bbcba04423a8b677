"""YAML files to plain values that know their lines; finding the files of an intent set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from voxedge.errors import TemplateError
from voxedge.events import SlotValue
from voxedge.resources import intents_dir

MAX_FILE_BYTES = 8_000_000
MAX_NESTING = 30
BY_PLACE = {"kiosk": "coffee"}
"""Names of sets by where they are used, beside those of their files."""

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LineText(str):
    """Text of a YAML file that knows its line (from 1)."""

    __slots__ = ("line",)
    line: int


class LineMap(dict[str, SlotValue]):
    """A mapping of a YAML file that knows its line."""

    __slots__ = ("line",)
    line: int


def line_of(value: object) -> int:
    """Line of a value that came out of `read_yaml`, or 0."""
    return getattr(value, "line", 0)


def _value(node: yaml.Node, loader: object, depth: int = 0) -> SlotValue:
    if depth > MAX_NESTING:
        raise ValueError(f"line {node.start_mark.line + 1}: nested more than {MAX_NESTING} deep")
    if isinstance(node, yaml.MappingNode):
        mapping = LineMap()
        mapping.line = node.start_mark.line + 1
        for key, item in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                raise ValueError(f"line {key.start_mark.line + 1}: a key must be a word")
            mapping[name] = _value(item, loader, depth + 1)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, loader, depth + 1) for item in node.value]
    if node.tag == "tag:yaml.org,2002:str":
        text = LineText(node.value)
        text.line = node.start_mark.line + 1
        return text
    plain = loader.construct_object(node)  # type: ignore[attr-defined]
    return plain if isinstance(plain, (int, float, bool, str)) or plain is None else str(plain)


def read_yaml(path: Path) -> tuple[LineMap, bytes]:
    """Reads one YAML file: its mapping and its bytes.

    Raises:
        TemplateError: It can't be read, is no YAML, or holds no mapping.
    """
    remedy = f"Correct {path}."
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TemplateError(
                f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB.",
                remedy="Split it, or name an intent file.",
            )
        raw = path.read_bytes()
    except OSError as exc:
        raise TemplateError(
            f"{path} can't be read: {exc.strerror}.", remedy="Name a file of intents."
        ) from exc
    try:
        loader = _Loader(raw.decode("utf-8-sig"))
        try:
            node = loader.get_single_node()
            value = LineMap() if node is None else _value(node, loader)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 0
        raise TemplateError(f"{path}, line {line}: {exc.problem}.", remedy=remedy) from exc
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as exc:
        raise TemplateError(f"{path} is no YAML in UTF-8: {exc}.", remedy=remedy) from exc
    if not isinstance(value, LineMap):
        raise TemplateError(f"{path}, line 1: expected a mapping, such as 'intents:'.", remedy=remedy)
    return value, raw


def _ready_made(name: str, language: str) -> Path | None:
    for code in (language, language.replace("_", "-").split("-")[0]):
        path = intents_dir() / code / f"{BY_PLACE.get(name, name)}.yaml"
        if path.is_file():
            return path
    return None


def find_files(paths: Sequence[Path | str], language: str) -> list[Path]:
    """The files that the names, files and folders stand for, in a stable order.

    Raises:
        TemplateError: A path or name leads to nothing; the remedy lists the ready-made sets.
    """
    found: list[Path] = []
    for item in paths:
        path = Path(item).expanduser()
        ready = _ready_made(str(item), language) if path.suffix == "" and len(path.parts) == 1 else None
        if ready is not None and not path.is_file():
            found.append(ready)
        elif path.is_dir():
            files = sorted(_files_in(path))
            if not files:
                raise TemplateError(f"No .yaml file is in {path}.", remedy="Name a folder of intent files.")
            found += files
        elif path.is_file():
            found.append(path)
        else:
            sets = sorted(file.stem for file in (intents_dir() / language).glob("*.yaml"))
            raise TemplateError(
                f"There are no intents at {str(item)!r}.",
                remedy=f"Name a file, a folder, or one of the ready-made sets for {language!r}: "
                f"{', '.join(sets) or 'none'}.",
            )
    return list(dict.fromkeys(found))


def _files_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix in {".yaml", ".yml"} and path.is_file() and not path.name.startswith("."):
            yield path
