"""What kind of translation model a folder holds, and how its tokens are laid out.

Known kinds, told by their files:

- ours: ``translation.json`` names the kind and the pairs (the starter model, converted models);
- Argos: ``metadata.json`` with ``from_code``, ``to_code``; the model in ``model/``, ``sentencepiece.model``;
- Marian / OPUS-MT converted by CTranslate2: ``source.spm``, ``target.spm``; language tags ``>>es<<`` in the
  vocabulary where there are several targets;
- Firefox as CTranslate2: ``vocab.spm`` (or ``vocab.<pair>.spm``), the model beside it or in
  ``ctranslate2_model/``;
- M2M-100 (``__es__``) and NLLB (``spa_Latn``): ``sentencepiece.bpe.model``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from voxedge.errors import EngineLoadFailed

Kind = Literal["plain", "tagged", "m2m", "nllb"]

NLLB_CODES: Mapping[str, str] = {
    "ar": "arb_Arab", "bg": "bul_Cyrl", "ca": "cat_Latn", "cs": "ces_Latn", "da": "dan_Latn",
    "de": "deu_Latn", "el": "ell_Grek", "en": "eng_Latn", "es": "spa_Latn", "et": "est_Latn",
    "fa": "pes_Arab", "fi": "fin_Latn", "fr": "fra_Latn", "he": "heb_Hebr", "hi": "hin_Deva",
    "hr": "hrv_Latn", "hu": "hun_Latn", "id": "ind_Latn", "it": "ita_Latn", "ja": "jpn_Jpan",
    "ko": "kor_Hang", "lt": "lit_Latn", "lv": "lvs_Latn", "nl": "nld_Latn", "no": "nob_Latn",
    "pl": "pol_Latn", "pt": "por_Latn", "ro": "ron_Latn", "ru": "rus_Cyrl", "sk": "slk_Latn",
    "sl": "slv_Latn", "sv": "swe_Latn", "th": "tha_Thai", "tr": "tur_Latn", "uk": "ukr_Cyrl",
    "vi": "vie_Latn", "zh": "zho_Hans",
}  # fmt: skip
"""FLORES-200 codes of NLLB for ISO 639-1 (https://github.com/facebookresearch/flores)."""

_PAIR = re.compile(r"(?:^|[^a-z])([a-z]{2})[-_]?([a-z]{2})$")
_MARIAN_TAG = re.compile(r">>[a-z]{2,3}.*<<")
_TAG = re.compile(r">>[a-z]{2,3}(?:_[A-Za-z]+)?<<|__[a-z]{2,3}__|[a-z]{3}_[A-Z][a-z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to talk to one model.

    Attributes:
        kind: Where the language is named: nowhere, ``>>es<<`` before the source, or both sides.
        model_folder: Folder with ``model.bin``.
        source_pieces: SentencePiece file of the source side.
        target_pieces: The same of the target side.
        pairs: (source, target) in ISO 639-1.
        source_suffix: Tokens after the source.
        placeholders: Whether the model was trained to carry placeholders.
        shortlist: Whether there is a vocabulary map (``vmap.txt``).
        max_tokens: Longer sentences are split.
        prefix: Tokens before every translation (Argos' ``target_prefix``).
    """

    kind: Kind
    model_folder: Path
    source_pieces: Path
    target_pieces: Path
    pairs: frozenset[tuple[str, str]]
    source_suffix: tuple[str, ...] = ("</s>",)
    placeholders: bool = False
    shortlist: bool = False
    max_tokens: int = 90
    prefix: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def source_prefix(self, source: str, target: str) -> list[str]:
        """Tokens before the source sentence."""
        if self.kind == "tagged":
            return [self.tags.get(target, f">>{target}<<")]
        if self.kind == "m2m":
            return [f"__{source}__"]
        if self.kind == "nllb":
            return [NLLB_CODES[source]]
        return []

    def target_prefix(self, target: str) -> list[str]:
        """Tokens that the translation is made to begin with."""
        if self.kind == "m2m":
            return [f"__{target}__"]
        if self.kind == "nllb":
            return [NLLB_CODES[target]]
        return list(self.prefix)

    def is_tag(self, token: str) -> bool:
        """Whether the token names a language and is no text."""
        return self.kind != "plain" and _TAG.fullmatch(token) is not None


def read_layout(folder: Path, pairs: Sequence[tuple[str, str]] = ()) -> Layout:
    """Finds out what a folder holds.

    Args:
        folder: The folder.
        pairs: Pairs to take where the folder doesn't tell.

    Raises:
        EngineLoadFailed: It holds no translation model, or files of it are missing.
    """
    if not folder.is_dir():
        raise _broken(folder, "there is no such folder")
    if (folder / "translation.json").is_file():
        return _own(folder)
    if (folder / "metadata.json").is_file():
        return _argos(folder)
    if (folder / "sentencepiece.bpe.model").is_file():
        return _many(folder)
    return _marian(folder, pairs)


def _broken(folder: Path, why: str) -> EngineLoadFailed:
    return EngineLoadFailed(
        f"{folder.name!r} is no usable translation model: {why}.",
        remedy="Get the model anew (voxedge models pull NAME), or name a folder with model.bin and its "
        "SentencePiece files.",
        room="translation",
    )


def _file(folder: Path, *names: str) -> Path:
    for name in names:
        found = sorted(folder.glob(name))
        if found and found[0].is_file():
            return found[0]
    raise _broken(folder, f"it has no {names[0]}")


def _json(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise _broken(path.parent, f"{path.name} can't be read") from exc
    if not isinstance(value, dict):
        raise _broken(path.parent, f"{path.name} holds no object")
    return value


def _common(folder: Path) -> tuple[tuple[str, ...], bool]:
    """The source's last tokens and whether there is a vocabulary map."""
    _file(folder, "model.bin")
    config = _json(_file(folder, "config.json"))
    suffix = () if config.get("add_source_eos") else ("</s>",)
    return suffix, (folder / "vmap.txt").is_file()


def _own(folder: Path) -> Layout:
    about = _json(folder / "translation.json")
    kind, raw = about.get("kind", "plain"), about.get("pairs")
    if kind not in ("plain", "tagged") or not isinstance(raw, list):
        raise _broken(folder, "translation.json names no kind or no pairs")
    found = frozenset(
        (str(pair[0]), str(pair[1])) for pair in raw if isinstance(pair, list) and len(pair) == 2
    )
    suffix, shortlist = _common(folder)
    prefix = about.get("target_prefix")
    source = _file(folder, "source.spm", "sentencepiece.model")
    target = folder / "target.spm"
    limit = about.get("max_tokens", 90)
    tags = [t for t in _vocabulary(folder) if _MARIAN_TAG.fullmatch(t)] if kind == "tagged" else []
    return Layout(
        kind="tagged" if kind == "tagged" else "plain",
        model_folder=folder,
        source_pieces=source,
        target_pieces=target if target.is_file() else source,
        pairs=found,
        source_suffix=suffix if about.get("end_token", True) else (),
        prefix=(prefix,) if isinstance(prefix, str) and prefix else (),
        placeholders=about.get("placeholders") == "bytes",
        shortlist=shortlist,
        max_tokens=limit if isinstance(limit, int) else 90,
        tags=_tags_by_language(tags),
    )


def _argos(folder: Path) -> Layout:
    about = _json(folder / "metadata.json")
    source, target = about.get("from_code"), about.get("to_code")
    if not isinstance(source, str) or not isinstance(target, str):
        raise _broken(folder, "metadata.json names no from_code and to_code")
    pieces = _file(folder, "sentencepiece.model")
    model = folder / "model"
    if not model.is_dir():
        raise _broken(folder, "it has no folder model/")
    _, shortlist = _common(model)
    wanted = about.get("target_prefix")
    # Argos hands the pieces over as they are: a model that needs an end token adds it itself.
    ours = _json(model / "translation.json") if (model / "translation.json").is_file() else {}
    return Layout(
        kind="plain",
        model_folder=model,
        source_pieces=pieces,
        target_pieces=pieces,
        pairs=frozenset({(source, target)}),
        source_suffix=(),
        placeholders=ours.get("placeholders") == "bytes",
        shortlist=shortlist,
        prefix=(wanted,) if isinstance(wanted, str) and wanted else (),
    )


def _vocabulary(folder: Path) -> list[str]:
    path = _file(folder, "shared_vocabulary.*", "source_vocabulary.*")
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        value = json.loads(text)
        return [str(token) for token in value] if isinstance(value, list) else []
    return text.split("\n")


def _many(folder: Path) -> Layout:
    tokens = frozenset(_vocabulary(folder))
    by_code = {code: iso for iso, code in NLLB_CODES.items()}
    nllb = sorted(by_code[token] for token in tokens if token in by_code)
    m2m = sorted(token[2:-2] for token in tokens if re.fullmatch(r"__[a-z]{2,3}__", token))
    languages = nllb or m2m
    if not languages:
        raise _broken(folder, "its vocabulary names no languages")
    suffix, shortlist = _common(folder)
    pieces = folder / "sentencepiece.bpe.model"
    return Layout(
        kind="nllb" if nllb else "m2m",
        model_folder=folder,
        source_pieces=pieces,
        target_pieces=pieces,
        pairs=frozenset((a, b) for a in languages for b in languages if a != b),
        source_suffix=suffix,
        shortlist=shortlist,
        max_tokens=200,
    )


def _marian(folder: Path, pairs: Sequence[tuple[str, str]]) -> Layout:
    source = _file(folder, "source.spm", "vocab.spm", "*.spm")
    target = folder / "target.spm"
    inner = folder / "ctranslate2_model"
    model = inner if inner.is_dir() else folder
    suffix, shortlist = _common(model)
    tags = [token for token in _vocabulary(model) if _MARIAN_TAG.fullmatch(token)]
    known = frozenset(pairs) or _pair_of_name(folder)
    if not known:
        raise _broken(folder, "neither a file nor its name tells the languages (name it like opus-mt-en-es)")
    return Layout(
        kind="tagged" if tags else "plain",
        model_folder=model,
        source_pieces=source,
        target_pieces=target if target.is_file() else source,
        pairs=known,
        source_suffix=suffix,
        shortlist=shortlist,
        max_tokens=200,
        tags=_tags_by_language(tags),
    )


def _pair_of_name(folder: Path) -> frozenset[tuple[str, str]]:
    match = _PAIR.search(folder.name.lower())
    return frozenset({(match[1], match[2])}) if match else frozenset()


def _tags_by_language(tags: Sequence[str]) -> dict[str, str]:
    """OPUS-MT's tags are ISO 639-3 more often than not: ``>>spa<<``."""
    by_code = {code[:3]: iso for iso, code in NLLB_CODES.items()}
    found: dict[str, str] = {}
    for tag in sorted(tags, key=len):
        code = tag[2:-2]
        found.setdefault(by_code.get(code[:3], code), tag)
    return found
