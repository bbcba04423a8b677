"""Where files lie: those that travel with voxedge (model catalogue, ready-made intents), and the user's.

In a wheel the former are inside the package; in a checkout they stand at its top level.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
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


def silero_file() -> Path | None:
    """Silero's voice activity model, which comes with the package faster-whisper; None where it isn't.

    Found without importing that package, which would take a quarter of a second, and not by the file of its
    code: in an app that PyInstaller has packed there is none on disk.
    """
    spec = importlib.util.find_spec("faster_whisper")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(place) / "assets" / "silero_vad_v6.onnx"
        if file.is_file():
            return file
    return None


def user_home(environment: Mapping[str, str] | None = None) -> Path:
    r"""The folder of the user's own files: ``VOXEDGE_HOME``, or the platform's place for data.

    Linux: ``$XDG_DATA_HOME/voxedge``, else ``~/.local/share/voxedge`` (XDG Base Directory Specification);
    macOS: ``~/Library/Application Support/voxedge``; Windows: ``%LOCALAPPDATA%\voxedge``.
    """
    env = os.environ if environment is None else environment
    named = env.get("VOXEDGE_HOME", "")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "voxedge"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "voxedge"
    base = env.get("XDG_DATA_HOME", "")
    # The specification says to ignore a relative path.
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "share"
    return folder / "voxedge"


def is_offline(environment: Mapping[str, str] | None = None) -> bool:
    """Whether ``VOXEDGE_OFFLINE`` forbids connections."""
    env = os.environ if environment is None else environment
    return env.get("VOXEDGE_OFFLINE", "").strip().lower() not in {"", "0", "false", "no", "off"}
