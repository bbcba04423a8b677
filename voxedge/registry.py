"""Engines by name: our own by a table, an app's by entry points. Importing an engine registers nothing.

A third party adds an engine in its own ``pyproject.toml``::

    [project.entry-points."voxedge.recognizers"]
    my-engine = "my_package.engine:create"

The object named is a callable with the same parameters as the room's own factories.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Mapping
from importlib.metadata import entry_points

from voxedge.errors import ExtraMissing, UsageError


def load_engine(group: str, name: str, own: Mapping[str, str]) -> object:
    """Finds the factory of an engine.

    Args:
        group: Entry-point group, such as ``"voxedge.recognizers"``.
        name: Name of the engine, such as ``"whisper"``.
        own: Our own engines of that group: name to ``"module:attribute"``.

    Raises:
        UsageError: No engine has that name; the remedy lists the names.
    """
    target = own.get(name)
    if target is None:
        found = {point.name: point.value for point in entry_points(group=group)}
        target = found.get(name)
        if target is None:
            known = sorted({*own, *found})
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"There is no engine named {name!r} for {group}.",
                remedy=f"{hint}Known engines: {', '.join(known)}.",
            )
    module_name, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module_name), attribute)


def need(module_name: str, extra: str, what_for: str) -> object:
    """Imports a package of an extra.

    Raises:
        ExtraMissing: It isn't installed; the remedy names the extra.
    """
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.split(".")[0] != module_name.split(".")[0]:
            raise
        raise _missing(module_name, extra, what_for) from exc


def need_installed(module_name: str, extra: str, what_for: str) -> None:
    """Checks that a package of an extra is there, without importing it: another process will.

    Raises:
        ExtraMissing: It isn't installed; the remedy names the extra.
    """
    if importlib.util.find_spec(module_name) is None:
        raise _missing(module_name, extra, what_for)


def _missing(module_name: str, extra: str, what_for: str) -> ExtraMissing:
    return ExtraMissing(
        f"{what_for} needs the package {module_name.split('.')[0]!r}, which isn't installed.",
        remedy=f"Install the extra: pip install '.[{extra}]' in the folder of voxedge.",
    )
