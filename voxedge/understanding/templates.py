r"""Sentence templates (hassil's notation) to syntax trees.

``[optional]``, ``(either|or)``, ``(any;order)``, ``{list}``, ``{list:slot}``, ``{list:@captured}``,
``{0..100:slot}``, ``<rule>``, and ``\\`` before a character that is meant as itself. One pass over the
text, no back-tracking: a template costs time in proportion to its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

MAX_DEPTH = 40
MAX_TEMPLATE_CHARS = 20_000
MAX_PERMUTED = 6
"""Items of one ``(a;b;...)``: each more doubles the machine's size."""

_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SYNTAX = re.compile(r"[(){}<>\[\]|@]")
_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:,(\d+))?")


class TemplateSyntaxError(ValueError):
    """A template can't be read. Stays inside the room: `loading` turns it into a `TemplateError`."""


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, blanks included."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of them; an optional has an empty `Sequence` among them."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Permutation:
    """All of them in any order, with blanks between."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ListReference:
    """A place for a value.

    Attributes:
        name: The list's name.
        slot: The slot's name.
        captured: The value is for the response only, no slot.
        glued: The next character of the template belongs to the same word.
    """

    name: str
    slot: str
    captured: bool = False
    glued: bool = False

    @property
    def inline_range(self) -> tuple[int, int, int] | None:
        """First, last and step of ``{0..100,5:slot}``."""
        match = _RANGE.fullmatch(self.name)
        if match is None:
            return None
        first, last, step = match.groups()
        return int(first), int(last), int(step or 1)


@dataclass(frozen=True, slots=True)
class RuleReference:
    """A place for an expansion rule."""

    name: str


Node: TypeAlias = "Text | Sequence | Alternatives | Permutation | ListReference | RuleReference"


def is_template(text: str) -> bool:
    """Whether a list's value has template syntax in it."""
    return _SYNTAX.search(text) is not None


def parse_template(text: str) -> Node:
    """Reads a template.

    Raises:
        TemplateSyntaxError: With the column and what is wrong.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateSyntaxError(f"the template has more than {MAX_TEMPLATE_CHARS} characters")
    reader = _Reader(text.strip())
    node = reader.group("", 0)
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def fail(self, what: str, at: int | None = None) -> TemplateSyntaxError:
        return TemplateSyntaxError(f"column {(self.at if at is None else at) + 1}: {what}")

    def group(self, closing: str, depth: int) -> Node:
        """Reads up to the closing bracket, which is consumed."""
        if depth > MAX_DEPTH:
            raise self.fail(f"brackets are nested more than {MAX_DEPTH} deep")
        opened = self.at - 1
        branches: list[list[Node]] = [[]]
        separator = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == closing:
                self.at += 1
                return self._joined(branches, separator)
            if char in ")]}>":
                raise self.fail(f"{char!r} closes nothing" if not closing else f"expected {closing!r}")
            if char in "|;":
                if separator and separator != char:
                    raise self.fail("'|' and ';' in one group; put brackets around one of them")
                separator = char
                branches.append([])
                self.at += 1
            else:
                branches[-1].append(self._item(char, depth))
        if closing:
            raise self.fail(f"no {closing!r} for the bracket here", opened)
        return self._joined(branches, separator)

    def _item(self, char: str, depth: int) -> Node:
        if char in "([":
            self.at += 1
            inner = self.group(_CLOSING[char], depth + 1)
            if char == "(":
                return inner
            options = inner.items if isinstance(inner, Alternatives) else (inner,)
            return Alternatives((*options, Sequence(())))
        if char in "{<":
            return self._reference(char)
        return self._literal()

    def _literal(self) -> Text:
        out: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                if self.at + 1 >= len(self.text):
                    raise self.fail("nothing follows the '\\'")
                out.append(self.text[self.at + 1])
                self.at += 2
            elif char in "()[]{}<>|;":
                break
            else:
                out.append(char)
                self.at += 1
        return Text("".join(out))

    def _reference(self, opening: str) -> Node:
        closing, start = _CLOSING[opening], self.at + 1
        end = self.text.find(closing, start)
        if end < 0:
            raise self.fail(f"no {closing!r} for the {opening!r} here")
        name = self.text[start:end].strip()
        if not name or any(char in "()[]{}<>|;" for char in name):
            raise self.fail(f"{self.text[start - 1 : end + 1]!r} is no name")
        self.at = end + 1
        if opening == "<":
            return RuleReference(name)
        name, _, slot = name.partition(":")
        captured = (slot or name).startswith("@")
        name, slot = name.lstrip("@"), (slot or name).lstrip("@")
        if not name or not slot:
            raise self.fail("a list without a name", start)
        following = self.text[self.at : self.at + 1]
        return ListReference(name, slot, captured, bool(following) and following not in " )]|;[(<")

    def _joined(self, branches: list[list[Node]], separator: str) -> Node:
        items = tuple(_sequence(branch) for branch in branches)
        if separator == "|":
            return Alternatives(items)
        if separator == ";":
            if len(items) > MAX_PERMUTED:
                raise self.fail(f"more than {MAX_PERMUTED} items in a permutation")
            blank = Text(" ")
            return Permutation(tuple(Sequence((blank, item, blank)) for item in items))
        return items[0]


def _sequence(items: list[Node]) -> Node:
    return items[0] if len(items) == 1 else Sequence(tuple(items))
