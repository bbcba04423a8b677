"""Compiled grammars on disk: data only, found by the content of the intent files.

A cache file is one line with the SHA-256 of the rest, and JSON. Whatever is wrong with it (damaged, of
another version, not readable), the grammar is built from its files, and the file written anew where that is
possible.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from voxedge.understanding.dialogue_spec import Confirm, DialogueSpec, IntentRules, Need, Phrase
from voxedge.understanding.files import find_files
from voxedge.understanding.grammar import (
    AnyList,
    Block,
    Grammar,
    ListValue,
    Place,
    RangeList,
    Sentence,
    TextList,
    WildcardList,
)
from voxedge.understanding.machine import Call, Fragment, Machine
from voxedge.understanding.templates import (
    Alternatives,
    ListReference,
    Node,
    Permutation,
    RuleReference,
    Text,
)
from voxedge.understanding.templates import Sequence as Series

FORMAT = 2
"""Raised when what a cache holds, or how grammars are built, changes: older files are then left alone."""
_GROUPS: dict[str, type[Series] | type[Alternatives] | type[Permutation]] = {
    "s": Series,
    "a": Alternatives,
    "p": Permutation,
}
_LETTERS = {kind: letter for letter, kind in _GROUPS.items()}


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where compiled grammars are kept: under ``VOXEDGE_HOME``, or the platform's place for caches."""
    env = os.environ if environment is None else environment
    if env.get("VOXEDGE_HOME"):
        return Path(env["VOXEDGE_HOME"]).expanduser() / "cache" / "grammars"
    if sys.platform == "win32":
        base = Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "voxedge" / "cache"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "voxedge"
    else:
        base = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voxedge"
    return base / "grammars"


def key_of(paths: Sequence[Path | str], language: str) -> str:
    """Names what the intent files hold: the same for the same files in the same place, whenever it was.

    Raises:
        TemplateError: A path or name leads to nothing.
    """
    digest = hashlib.sha256(f"{FORMAT} {language} {sys.version_info[:2]}".encode())
    for path in find_files(paths, language):
        try:
            content = path.read_bytes()
        except OSError:
            content = b""  # reading it again for real gives the error that names it
        digest.update(str(path).encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


def read(key: str, folder: Path | None = None) -> tuple[Grammar, Machine] | None:
    """A grammar and its machine, or None where there is none that can be used."""
    try:
        raw = ((folder or cache_folder()) / f"{key}.json").read_bytes()
        head, _, body = raw.partition(b"\n")
        if head.decode() != hashlib.sha256(body).hexdigest():
            return None
        with _no_collection():
            data = json.loads(body)
            return _grammar(data["grammar"]), _machine(data["machine"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError):
        return None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Looking for garbage among 100,000 objects that are all wanted takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def write(key: str, grammar: Grammar, machine: Machine, folder: Path | None = None) -> bool:
    """Keeps a grammar; whether that was possible. Never raises: a full or read-only disk is no trouble."""
    try:
        place = folder or cache_folder()
        body = json.dumps(
            {"grammar": _plain_grammar(grammar), "machine": _plain_machine(machine)},
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        place.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            Path(name).replace(place / f"{key}.json")
        except OSError:
            Path(name).unlink(missing_ok=True)
            return False
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError):
        return False
    return True


Data = Any
"""JSON: what it holds is checked by reading it."""


def _plain_node(node: Node) -> Data:
    if isinstance(node, Text):
        return node.text
    if isinstance(node, ListReference):
        return ["l", node.name, node.slot, node.captured, node.glued]
    if isinstance(node, RuleReference):
        return ["r", node.name]
    return [_LETTERS[type(node)], *map(_plain_node, node.items)]


def _node(data: Data) -> Node:
    if isinstance(data, str):
        return Text(data)
    kind = data[0]
    if kind == "l":
        return ListReference(*data[1:])
    if kind == "r":
        return RuleReference(data[1])
    return _GROUPS[kind](tuple([_node(item) for item in data[1:]]))


def _plain_list(content: AnyList) -> Data:
    if isinstance(content, TextList):
        return [[_plain_node(v.node), v.out, dict(v.context), dict(v.metadata)] for v in content.values]
    if isinstance(content, RangeList):
        return {name: getattr(content, name) for name in RangeList.__slots__}
    return None


def _list(data: Data) -> AnyList:
    if data is None:
        return WildcardList()
    if isinstance(data, dict):
        return RangeList(**data)
    return TextList(tuple([ListValue(_node(node), *rest) for node, *rest in data]))


def _plain_block(block: Block) -> Data:
    return {
        "intent": block.intent,
        "sentences": [[s.text, _plain_node(s.node), s.place.file, s.place.line] for s in block.sentences],
        "slots": dict(block.slots),
        "response": block.response,
        "requires_context": dict(block.requires_context),
        "excludes_context": dict(block.excludes_context),
        "required_keywords": sorted(block.required_keywords),
        "rules": {name: _plain_node(node) for name, node in block.rules.items()},
        "lists": {name: _plain_list(content) for name, content in block.lists.items()},
        "metadata": dict(block.metadata),
    }


def _block(data: Data) -> Block:
    return Block(
        **{
            **data,
            "sentences": tuple(
                [
                    Sentence(text, _node(node), Place(file, line))
                    for text, node, file, line in data["sentences"]
                ]
            ),
            "required_keywords": frozenset(data["required_keywords"]),
            "rules": {name: _node(node) for name, node in data["rules"].items()},
            "lists": {name: _list(content) for name, content in data["lists"].items()},
        }
    )


def _plain_phrases(phrases: Sequence[Phrase]) -> Data:
    return [[item.text, _plain_node(item.node), item.place] for item in phrases]


def _phrases(data: Data) -> tuple[Phrase, ...]:
    return tuple([Phrase(text, _node(node), place) for text, node, place in data])


def _plain_rules(rules: IntentRules) -> Data:
    needs = [
        [need.slots, need.ask, _plain_phrases(need.answers), need.optional, need.place]
        for need in rules.required
    ]
    return [needs, _plain_confirm(rules.confirm), rules.undo, rules.carry, rules.place]


def _rules(data: Data) -> IntentRules:
    needs, confirm, undo, carry, place = data
    required = tuple(
        [
            Need(tuple(slots), tuple(ask), _phrases(answers), optional, where)
            for slots, ask, answers, optional, where in needs
        ]
    )
    carried = None if carry is None else tuple(carry)
    return IntentRules(required, Confirm(*confirm) if confirm else None, undo, carried, place)


def _plain_confirm(confirm: Confirm | None) -> Data:
    return confirm and [confirm.near, confirm.below, confirm.always, confirm.ask]


def _plain_dialogue(spec: DialogueSpec) -> Data:
    return {
        "expires_s": spec.expires_s,
        "undo_s": spec.undo_s,
        "tries": spec.tries,
        "confirm": _plain_confirm(spec.confirm),
        "asides": spec.asides,
        "intents": {name: _plain_rules(rules) for name, rules in spec.intents.items()},
        "phrases": {kind: _plain_phrases(phrases) for kind, phrases in spec.phrases.items()},
        "says": dict(spec.says),
    }


def _dialogue(data: Data) -> DialogueSpec:
    return DialogueSpec(
        **{
            **data,
            "confirm": Confirm(*data["confirm"]) if data["confirm"] else None,
            "asides": tuple(data["asides"]),
            "intents": {name: _rules(rules) for name, rules in data["intents"].items()},
            "phrases": {kind: _phrases(phrases) for kind, phrases in data["phrases"].items()},
        }
    )


def _plain_grammar(grammar: Grammar) -> Data:
    return {
        "language": grammar.language,
        "blocks": [_plain_block(block) for block in grammar.blocks],
        "lists": {name: _plain_list(content) for name, content in grammar.lists.items()},
        "rules": {name: _plain_node(node) for name, node in grammar.rules.items()},
        "skip_words": list(grammar.skip_words),
        "by_character": grammar.by_character,
        "responses": {name: dict(texts) for name, texts in grammar.responses.items()},
        "dialogue": _plain_dialogue(grammar.dialogue),
        "digest": grammar.digest,
    }


def _grammar(data: Data) -> Grammar:
    return Grammar(
        **{
            **data,
            "blocks": tuple([_block(block) for block in data["blocks"]]),
            "lists": {name: _list(content) for name, content in data["lists"].items()},
            "rules": {name: _node(node) for name, node in data["rules"].items()},
            "skip_words": tuple(data["skip_words"]),
            "dialogue": _dialogue(data["dialogue"]),
        }
    )


def _plain_machine(machine: Machine) -> Data:
    """The machine in few long lists: a list of its own for each state would take most of the time to read."""
    texts = sorted({item.text for row in machine.fragments for item in row})
    numbers = {text: number for number, text in enumerate(texts)}
    return {
        "size": len(machine.starts),
        "skips": [x for state, row in enumerate(machine.skips) for target in row for x in (state, target)],
        "blanks": [x for state, row in enumerate(machine.blanks) for target in row for x in (state, target)],
        "texts": texts,
        "fragments": [
            x
            for state, row in enumerate(machine.fragments)
            for item in row
            for x in (state, numbers[item.text], item.target)
        ],
        "calls": [[state, *call] for state, row in enumerate(machine.calls) for call in row],
        "starts": "".join("1" if starts else "0" for starts in machine.starts),
        "entries": machine.entries,
        "exits": list(machine.exits.items()),
        "sentences": machine.sentences,
        "list_names": machine.list_names,
        "conditions": machine.conditions,
    }


def _rows(size: int, flat: list[int]) -> list[tuple[int, ...]]:
    rows: list[tuple[int, ...]] = [()] * size
    pairs = iter(flat)
    for state, target in zip(pairs, pairs, strict=True):
        rows[state] += (target,)
    return rows


def _machine(data: Data) -> Machine:
    size, texts = data["size"], data["texts"]
    fragments: list[tuple[Fragment, ...]] = [()] * size
    triples = iter(data["fragments"])
    for state, text, target in zip(triples, triples, triples, strict=True):
        fragments[state] += (Fragment(texts[text], target),)
    calls: list[tuple[Call, ...]] = [()] * size
    for state, *call in data["calls"]:
        calls[state] += (Call(*call),)
    return Machine(
        skips=_rows(size, data["skips"]),
        blanks=_rows(size, data["blanks"]),
        fragments=fragments,
        calls=calls,
        starts=[mark == "1" for mark in data["starts"]],
        entries=data["entries"],
        exits=dict(cast("list[tuple[int, int]]", data["exits"])),
        sentences=[(block, number) for block, number in data["sentences"]],
        list_names=[(block, name) for block, name in data["list_names"]],
        conditions=data["conditions"],
    )
