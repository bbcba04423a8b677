"""An English house with hundreds of names: Home Assistant's sentences, its test house, and made names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from voxedge.errors import UsageError
from voxedge.events import SlotValue
from voxedge.understanding.files import read_yaml
from voxedge.understanding.grammar import AnyList, Block, Grammar, ListValue, TextList
from voxedge.understanding.home import Home
from voxedge.understanding.loading import load
from voxedge.understanding.templates import Text

_ROOMS = ("attic", "cellar", "hall", "nursery", "study", "porch", "pantry", "sauna", "studio", "balcony")
_THINGS = ("lamp", "spot", "fan", "heater", "outlet", "blind", "speaker", "strip", "pump", "sensor")
_KINDS = ("left", "right", "big", "small", "old", "new")


@dataclass(frozen=True, slots=True)
class House:
    """What both matchers are told.

    Attributes:
        grammar: Home Assistant's English sentences with the house's lists in place.
        lists: The house's lists.
        files: The sentences' files.
    """

    grammar: Grammar
    lists: Mapping[str, AnyList]
    files: tuple[Path, ...]


def english_house(data: Path, names: int) -> House:
    """The test house with as many names as wanted.

    Args:
        data: The folder that holds ha-intents.
        names: Entity names: those of the test house, then made ones ("big attic lamp").

    Raises:
        UsageError: ha-intents isn't there.
        TemplateError: A file of it can't be read.
    """
    folder = data / "ha-intents"
    if not folder.is_dir():
        raise UsageError(
            f"There is no {folder}.", remedy="Name the folder that holds ha-intents: --data DIR."
        )
    home = Home.of(read_yaml(folder / "tests" / "en" / "_fixtures.yaml")[0])
    known = home.lists["name"]
    assert isinstance(known, TextList)
    made = [f"{kind} {room} {thing}" for kind in _KINDS for room in _ROOMS for thing in _THINGS]
    extra = [ListValue(Text(name), name, {"domain": "light"}) for name in made]
    lists = {**home.lists, "name": TextList((*known.values, *extra)[:names])}
    files = sorted((folder / "sentences" / "en").glob("*.yaml"))
    grammar = load([*files, folder / "responses" / "en"])
    return House(replace(grammar, lists={**grammar.lists, **lists}), lists, tuple(files))


def context_of(block: Block) -> dict[str, SlotValue]:
    """A context in which a block's sentences hold."""
    context: dict[str, SlotValue] = {}
    for key, value in block.requires_context.items():
        bare = value.get("value") if isinstance(value, dict) else value
        context[key] = bare[0] if isinstance(bare, list) and bare else bare or "any"
    return context
