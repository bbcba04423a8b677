"""Where the files lie that travel with voxedge: the model catalogue and the ready-made intents.

In a wheel they are inside the package; in a checkout they stand at its top level.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data_dir(name: str) -> Path:
    packed = _PACKAGE / "_data" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


def models_dir() -> Path:
    """The folder of the catalogue (one TOML a model) and of the models that are shipped."""
    return _data_dir("models")


def intents_dir() -> Path:
    """The folder of the ready-made intents, ``<language>/*.yaml``."""
    return _data_dir("intents")
