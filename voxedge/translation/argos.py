"""Argos packages (``.argosmodel``): a zip of a CTranslate2 model, a SentencePiece file and a description.

A package is unpacked into the flat folder that `voxedge.translation.layout` reads, with every name in
the archive checked: nothing is written outside the folder, and nothing larger than was announced.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from voxedge.errors import InputError
from voxedge.translation.archives import unsafe

_WANTED = {"model.bin", "config.json", "vmap.txt", "translation.json"}


class PackageInvalid(InputError):
    """A package is damaged, incomplete, too large or unsafe to unpack."""

    code = "package_invalid"
    room = "translation"


def unpack_argos(package: Path, folder: Path) -> Mapping[str, object]:
    """Unpacks an Argos package into a folder; the form that ``voxedge models add`` takes as converter.

    Args:
        package: The ``.argosmodel`` file.
        folder: An empty folder.

    Returns:
        The catalogue's entry of the model, without its files.

    Raises:
        PackageInvalid: It can't be used; nothing outside `folder` was touched.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            root = _check(archive, package)
            about = _metadata(archive, root, package)
            _extract(archive, root, folder, package)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as exc:
        raise _invalid(package, "it is no zip file, or a damaged one") from exc
    except OSError as exc:
        raise _invalid(package, f"it can't be read ({type(exc).__name__})") from exc
    source, target = str(about["from_code"]), str(about["to_code"])
    ours = _described(folder)
    ours.update(
        {
            "kind": "plain",
            "pairs": [[source, target]],
            # Argos hands over the pieces alone; a model that needs an end token adds it by itself.
            "end_token": False,
            "target_prefix": str(about.get("target_prefix", "")),
        }
    )
    (folder / "translation.json").write_text(json.dumps(ours, indent=2) + "\n", encoding="utf-8")
    version = str(about.get("package_version", "")).replace(".", "_")
    return {
        "name": f"argos-{source}-{target}" + (f"-{version}" if version else ""),
        "kind": "translation",
        "format": "ctranslate2",
        "title": f"Argos package {about.get('from_name', source)} to {about.get('to_name', target)}",
        "licence": str(about.get("license", "unknown")),
        "languages": [source, target],
        "pairs": [f"{source}-{target}"],
    }


def _invalid(package: Path, why: str) -> PackageInvalid:
    return PackageInvalid(
        f"The package {package.name!r} can't be used: {why}.",
        remedy="Get the package anew from where it came from, and compare its size.",
    )


def _check(archive: zipfile.ZipFile, package: Path) -> str:
    """Refuses unsafe names and sizes; gives the folder in the archive that holds everything."""
    why = unsafe(archive)
    if why:
        raise _invalid(package, why)
    found = [name for name in archive.namelist() if name.split("/")[-1] == "metadata.json"]
    if not found:
        raise _invalid(package, "it has no metadata.json")
    return min(found, key=len)[: -len("metadata.json")]


def _metadata(archive: zipfile.ZipFile, root: str, package: Path) -> Mapping[str, object]:
    try:
        about = json.loads(archive.read(root + "metadata.json"))
    except ValueError as exc:
        raise _invalid(package, "its metadata.json can't be read") from exc
    if not isinstance(about, dict) or not about.get("from_code") or not about.get("to_code"):
        raise _invalid(package, "its metadata.json names no from_code and to_code")
    for key in ("from_code", "to_code"):
        code = str(about[key])
        if not (code.isascii() and code.replace("-", "").replace("_", "").isalpha() and len(code) <= 12):
            raise _invalid(package, f"its {key} is no code of a language")
    return about


def _extract(archive: zipfile.ZipFile, root: str, folder: Path, package: Path) -> None:
    names = set(archive.namelist())
    pieces = root + "sentencepiece.model"
    if pieces not in names:
        raise _invalid(package, "it has no sentencepiece.model (packages with a bpe.model aren't supported)")
    inside = {pieces: "source.spm"}
    for name in names:
        if name.startswith(root + "model/"):
            short = name[len(root + "model/") :]
            if short in _WANTED or (
                short.endswith(("vocabulary.json", "vocabulary.txt")) and "/" not in short
            ):
                inside[name] = short
    lacking = {"model.bin", "config.json"} - set(inside.values())
    if lacking or not any("vocabulary" in short for short in inside.values()):
        raise _invalid(package, f"it lacks model/{', '.join(sorted(lacking)) or 'shared_vocabulary.*'}")
    for name, short in inside.items():
        announced = archive.getinfo(name).file_size
        with archive.open(name) as source, (folder / short).open("wb") as target:
            written = 0
            while block := source.read(1 << 20):
                written += len(block)
                if written > announced:
                    raise _invalid(package, f"{short} is larger than announced")
                target.write(block)


def _described(folder: Path) -> dict[str, object]:
    path = folder / "translation.json"
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
