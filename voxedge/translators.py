"""Which translation models are here, for whoever builds a translator: the commands, the daemon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voxedge.store import Library, ModelEntry
from voxedge.translation.contract import SentenceEngine
from voxedge.translation.router import Candidate, TextTranslator


def ready_translator(threads: int) -> TextTranslator:
    """A translator of all that is here; each model is loaded when it is first needed."""
    return TextTranslator([*installed(threads), *apertium_candidates()], available=pullable)


def installed(threads: int) -> list[Candidate]:
    """The translation models that are here: those the user got before the starter model."""
    library = Library()
    found = [entry for entry in library.catalogue if entry.kind == "translation" and library.find(entry)]
    found.sort(key=lambda entry: (entry.name == "starter", entry.name))
    return [
        Candidate(entry.name, pairs_of(entry), loader(entry.name, entry.name, threads)) for entry in found
    ]


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
