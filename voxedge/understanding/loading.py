"""Intent files (hassil's format, both of Home Assistant's layouts) to a `Grammar`.

A file may hold ``language``, ``intents``, ``lists``, ``expansion_rules``, ``skip_words``, ``responses``,
``settings`` and, ours, ``dialogue``. A file in a folder named like an intent, with ``data`` at its top,
holds blocks of that intent (Home Assistant's layout of slot combinations).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from voxedge.errors import TemplateError
from voxedge.events import SlotValue
from voxedge.understanding.dialogue_spec import DialogueSpec, read_dialogue
from voxedge.understanding.files import LineMap, find_files, line_of, read_yaml
from voxedge.understanding.grammar import (
    FRACTIONS,
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
from voxedge.understanding.templates import Node, TemplateSyntaxError, Text, is_template, parse_template

T = TypeVar("T")
FORMAT = 1
"""Raised when the meaning of the files changes, so that caches are left alone."""


def load(paths: Sequence[Path | str], *, language: str = "en") -> Grammar:
    """Loads names, files and folders as one grammar.

    Raises:
        TemplateError: Something can't be found or read; the message names file and line.
    """
    if not paths:
        raise TemplateError(
            "No intents were named.", remedy="Name a set, a file or a folder: --intents kiosk."
        )
    loader = _Loading(language)
    for path in find_files(paths, language):
        loader.file(path)
    return loader.grammar()


def text_list(values: Sequence[str | tuple[str, SlotValue] | ListValue]) -> TextList:
    """A list made by the app: names, or pairs of what is said and what the slot gets."""
    made: list[ListValue] = []
    for value in values:
        if isinstance(value, ListValue):
            made.append(value)
        elif isinstance(value, str):
            made.append(ListValue(_value_node(value), value))
        else:
            made.append(ListValue(_value_node(value[0]), value[1]))
    return TextList(tuple(made))


def _value_node(text: str) -> Node:
    if not is_template(text):
        return Text(text)
    try:
        return parse_template(text)
    except TemplateSyntaxError as exc:
        raise TemplateError(
            f"The value {text!r}: {exc}.", remedy="Escape brackets with a backslash."
        ) from exc


class _Loading:
    def __init__(self, language: str) -> None:
        self.language, self.seen_language = language, ""
        self.blocks: list[Block] = []
        self.lists: dict[str, AnyList] = {}
        self.rules: dict[str, Node] = {}
        self.skip_words: list[str] = []
        self.responses: dict[str, dict[str, str]] = {}
        self.dialogue = DialogueSpec()
        self.by_character = False
        self.hash = hashlib.sha256(f"voxedge {FORMAT} {language}".encode())
        self.path = Path()

    def grammar(self) -> Grammar:
        return Grammar(
            language=self.seen_language or self.language,
            blocks=tuple(self.blocks),
            lists=self.lists,
            rules=self.rules,
            skip_words=tuple(self.skip_words),
            by_character=self.by_character,
            responses=self.responses,
            dialogue=self.dialogue,
            digest=self.hash.hexdigest(),
        )

    def fail(self, what: str, near: object = None) -> TemplateError:
        place = Place(str(self.path), line_of(near))
        return TemplateError(f"{place}: {what}.", remedy=f"Correct {self.path.name}.")

    def file(self, path: Path) -> None:
        self.path = path
        data, raw = read_yaml(path)
        self.hash.update(path.name.encode() + b"\0" + hashlib.sha256(raw).digest())
        language = data.get("language")
        if language is not None:
            if not isinstance(language, str):
                raise self.fail("'language' must be a code such as \"en\"", data)
            if self.seen_language and language != self.seen_language:
                raise self.fail(f"language {language!r} beside {self.seen_language!r}", language)
            self.seen_language = str(language)
        for name, body in self.mapping(data, "lists").items():
            self.lists[name] = self.list(name, body)
        for name, body in self.mapping(data, "expansion_rules").items():
            self.rules[name] = self.template(body, f"rule <{name}>")
        self.skip_words += self.texts(data.get("skip_words") or [], "skip_words")
        settings = self.mapping(data, "settings")
        self.by_character = self.by_character or bool(settings.get("ignore_whitespace"))
        self.dialogue = self.dialogue.and_then(read_dialogue(self.mapping(data, "dialogue"), str(path)))
        self.read_responses(self.mapping(data, "responses"))
        for name, body in self.mapping(data, "intents").items():
            self.intent(name, body)
        if "data" in data:
            self.read_blocks(path.parent.name, data["data"])

    def mapping(self, data: Mapping[str, SlotValue], key: str) -> Mapping[str, SlotValue]:
        value = data.get(key)
        if value is None:
            return {}
        if not isinstance(value, LineMap):
            raise self.fail(f"'{key}' must be a mapping", data)
        return value

    def texts(self, value: SlotValue, what: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, (str, int)) for item in value):
            raise self.fail(f"'{what}' must be a list of texts", value)
        return [str(item) for item in value]

    def template(self, text: SlotValue, what: str) -> Node:
        if isinstance(text, bool) or not isinstance(text, (str, int, float)):
            raise self.fail(f"{what} must be a text", text)
        return self.located(lambda: parse_template(str(text)), f"{what} {str(text)!r}", text)

    def located(self, make: Callable[[], T], what: str, near: object) -> T:
        try:
            return make()
        except TemplateSyntaxError as exc:
            raise self.fail(f"{what}: {exc}", near) from exc

    def read_responses(self, section: Mapping[str, SlotValue]) -> None:
        for intent, answers in self.mapping(section, "intents").items():
            if not isinstance(answers, LineMap):
                raise self.fail(f"the responses of {intent!r} must be a mapping", section)
            self.responses.setdefault(intent, {}).update(
                {key: "" if text is None else str(text) for key, text in answers.items()}
            )

    def list(self, name: str, body: SlotValue) -> AnyList:
        if not isinstance(body, LineMap):
            raise self.fail(f"list {name!r} must be a mapping with 'values', 'range' or 'wildcard'", body)
        if "values" in body:
            values = body["values"]
            if not isinstance(values, list):
                raise self.fail(f"'values' of list {name!r} must be a list", body)
            return TextList(tuple(self.list_value(name, value) for value in values))
        if "range" in body:
            return self.range(name, self.mapping(body, "range"), body)
        if body.get("wildcard"):
            return WildcardList()
        raise self.fail(f"list {name!r} has none of 'values', 'range', 'wildcard'", body)

    def list_value(self, name: str, value: SlotValue) -> ListValue:
        out: SlotValue
        context: Mapping[str, SlotValue] = {}
        metadata: Mapping[str, SlotValue] = {}
        if isinstance(value, LineMap):
            if "in" not in value:
                raise self.fail(f"a value of list {name!r} has no 'in'", value)
            said, out = value["in"], value.get("out")
            context, metadata = self.mapping(value, "context"), self.mapping(value, "metadata")
        elif isinstance(value, str) and is_template(value):
            said, out = value, None
        else:
            said, out = value, value
        if isinstance(said, (list, dict)) or said is None:
            raise self.fail(f"a value of list {name!r} is no text", value)
        text = str(said)
        if isinstance(said, bool):  # YAML 1.1 takes an unquoted on/off for a truth value
            text = "on" if said else "off"
        node: Node = Text(text)
        if is_template(text):
            node = self.template(said, f"a value of list {name!r}")
        return ListValue(node, _plain(out), context, metadata)

    def range(self, name: str, body: Mapping[str, SlotValue], near: object) -> RangeList:
        def number(key: str, default: int | None) -> int:
            value = body.get(key, default)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise self.fail(f"'{key}' of range {name!r} must be a number", near)
            return int(value)

        first, last, step = number("from", None), number("to", None), number("step", 1)
        multiplier, fractions = body.get("multiplier"), str(body.get("fractions") or "")
        if first > last or step < 1 or last - first > 10_000_000:
            raise self.fail(
                f"range {name!r} from {first} to {last}, step {step}, holds nothing or too much", near
            )
        if fractions and fractions not in FRACTIONS:
            raise self.fail(f"'fractions' of range {name!r} must be one of {', '.join(FRACTIONS)}", near)
        if multiplier is not None and not isinstance(multiplier, (int, float)):
            raise self.fail(f"'multiplier' of range {name!r} must be a number", near)
        return RangeList(
            first=first,
            last=last,
            step=step,
            kind=str(body.get("type") or "number"),
            fractions=fractions,
            multiplier=multiplier,
            digits=bool(body.get("digits", True)),
            words=bool(body.get("words", True)),
            words_language=str(body.get("words_language") or ""),
        )

    def intent(self, name: str, body: SlotValue) -> None:
        if body is None:
            return
        if not isinstance(body, LineMap):
            raise self.fail(f"intent {name!r} must be a mapping with 'data'", body)
        self.read_blocks(name, body.get("data") or [])

    def read_blocks(self, intent: str, data: SlotValue) -> None:
        if not isinstance(data, list):
            raise self.fail(f"'data' of intent {intent!r} must be a list of blocks", data)
        for body in data:
            if not isinstance(body, LineMap):
                raise self.fail(f"a block of intent {intent!r} must be a mapping with 'sentences'", body)
            self.blocks.append(self.block(intent, body))

    def block(self, intent: str, body: LineMap) -> Block:
        texts = body.get("sentences")
        if not isinstance(texts, list):
            raise self.fail(f"a block of intent {intent!r} has no list of 'sentences'", body)
        sentences = tuple(
            Sentence(str(text), self.template(text, "template"), Place(str(self.path), line_of(text)))
            for text in texts
        )
        requires = dict(self.mapping(body, "requires_context"))
        slots = dict(self.mapping(body, "slots"))
        if body.get("name_domains"):
            requires.setdefault("domain", body["name_domains"])
        if body.get("inferred_domain"):
            slots.setdefault("domain", str(body["inferred_domain"]))
        return Block(
            intent=intent,
            sentences=sentences,
            slots={key: _plain(value) for key, value in slots.items()},
            response=str(body.get("response") or ""),
            requires_context=requires,
            excludes_context=self.mapping(body, "excludes_context"),
            required_keywords=frozenset(
                word.casefold()
                for word in self.texts(body.get("required_keywords") or [], "required_keywords")
            ),
            rules={
                name: self.template(rule, f"rule <{name}>")
                for name, rule in self.mapping(body, "expansion_rules").items()
            },
            lists={name: self.list(name, value) for name, value in self.mapping(body, "lists").items()},
            metadata=self.mapping(body, "metadata"),
        )


def _plain(value: SlotValue) -> SlotValue:
    """The value without its line, so that it is an ordinary one."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
