"""Which translation models are here, for whoever builds a translator: the commands, the daemon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voxedge.errors import UsageError
from voxedge.store import Library, ModelEntry
from voxedge.translation.contract import SentenceEngine
from voxedge.translation.protect import Glossary
from voxedge.translation.router import Candidate, TextTranslator

ENGINES = ("auto", "ctranslate2", "apertium")


def chosen_translator(
    threads: int, *, engine: str = "auto", model: str = "", glossary: str = ""
) -> TextTranslator:
    """A translator of all that is here, or of what is named; each model is loaded when it is first needed.

    Args:
        threads: Cores of each model.
        engine: One of `ENGINES`.
        model: Name of a model in the store, or a folder; "" for all.
        glossary: File of terms, or "".

    Raises:
        UsageError: There is no such engine.
        ModelUnknown: No model has that name.
        InputError: The glossary can't be read.
    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine {engine!r}.", remedy=f"Engines: {', '.join(ENGINES)}.")
    terms = Glossary.from_tsv(glossary) if glossary else None
    candidates: list[Candidate] = []
    if engine in ("auto", "ctranslate2"):
        candidates += [named(model, threads)] if model else installed(threads)
    if engine in ("auto", "apertium") and not model:
        candidates += apertium_candidates()
    return TextTranslator(candidates, glossary=terms, available=pullable)


def installed(threads: int) -> list[Candidate]:
    """The translation models that are here: those the user got before our own starter models."""
    library = Library()
    found = [entry for entry in library.catalogue if entry.kind == "translation" and library.find(entry)]
    found.sort(key=lambda entry: (_is_starter(entry), entry.name))
    return [
        Candidate(
            entry.name, pairs_of(entry), loader(entry.name, entry.name, threads), starter=_is_starter(entry)
        )
        for entry in found
    ]


def _is_starter(entry: ModelEntry) -> bool:
    return entry.name.startswith("starter")


def pullable() -> dict[tuple[str, str], list[str]]:
    """Pairs of the catalogue's models that aren't here, with the models' names."""
    library = Library()
    found: dict[tuple[str, str], list[str]] = {}
    for entry in library.catalogue:
        if entry.kind == "translation" and library.find(entry) is None:
            for pair in pairs_of(entry):
                found.setdefault(pair, []).append(entry.name)
    return found


def apertium_candidates() -> list[Candidate]:
    """The pairs of an installed Apertium."""
    from voxedge.translation.apertium import ApertiumEngine, installed_modes

    def loading(pair: tuple[str, str]) -> Callable[[], SentenceEngine]:
        return lambda: ApertiumEngine(*pair)

    modes = sorted(installed_modes())
    return [Candidate(f"apertium-{a}-{b}", frozenset({(a, b)}), loading((a, b))) for a, b in modes]


def pairs_of(entry: ModelEntry) -> frozenset[tuple[str, str]]:
    """The (source, target) pairs of a model, in ISO 639-1."""
    return frozenset((a, b) for a, _, b in (pair.partition("-") for pair in entry.pairs) if b)


def loader(name: str | Path, label: str, threads: int) -> Callable[[], SentenceEngine]:
    """What loads a model of the store."""

    def load() -> SentenceEngine:
        from voxedge.store import resolve
        from voxedge.translation.engine import CTranslate2Engine

        return CTranslate2Engine(resolve(name, kind="translation"), threads=threads, model=label)

    return load


def named(model: str, threads: int) -> Candidate:
    """The model of that name, or in that folder."""
    from voxedge.translation.layout import read_layout

    path = Path(model).expanduser()
    if path.is_dir() and ("/" in model or not any(e.name == model for e in Library().catalogue)):
        layout = read_layout(path)
        # An Argos folder has its model one level down, so the store's look at folders is passed over here.
        return Candidate(path.name, layout.pairs, lambda: _engine(path, threads))
    entry = Library().entry(model, kind="translation")
    return Candidate(entry.name, pairs_of(entry), loader(entry.name, entry.name, threads))


def _engine(path: Path, threads: int) -> SentenceEngine:
    from voxedge.translation.engine import CTranslate2Engine

    return CTranslate2Engine(path, threads=threads)
