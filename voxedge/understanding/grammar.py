"""What intent files say, as values: blocks of sentences, lists, rules, responses. No files here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from voxedge.events import SlotValue
from voxedge.understanding.dialogue_spec import DialogueSpec
from voxedge.understanding.templates import Node

FRACTIONS: Mapping[str, tuple[float, ...]] = {
    "halves": (0.5,),
    "tenths": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file, for messages."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class ListValue:
    """A value of a list.

    Attributes:
        node: What is said for it.
        out: The slot's value; None means: the words that were said.
        context: What it adds to the context (``{"domain": "light"}``).
        metadata: What it brings along for the app.
    """

    node: Node
    out: SlotValue = None
    context: Mapping[str, SlotValue] = field(default_factory=dict)
    metadata: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextList:
    """A closed list of values."""

    values: tuple[ListValue, ...]


@dataclass(frozen=True, slots=True)
class RangeList:
    """A range of numbers, in digits and in words.

    Attributes:
        first: The least, inclusive.
        last: The greatest, inclusive; with fractions up to the last fraction above it.
        step: Distance, at least 1.
        kind: ``number``, ``percentage`` or ``temperature``.
        fractions: ``""``, ``"halves"`` or ``"tenths"``.
        multiplier: What a value is multiplied with, or None.
        digits: Whether digits are taken.
        words: Whether number words are taken.
        words_language: Language of the words, where it isn't the grammar's.
    """

    first: int
    last: int
    step: int = 1
    kind: str = "number"
    fractions: str = ""
    multiplier: float | None = None
    digits: bool = True
    words: bool = True
    words_language: str = ""

    def holds(self, number: float) -> bool:
        """Whether the number is one of the range's."""
        whole = int(number // 1)
        rest = round(number - whole, 6)
        if rest and rest not in FRACTIONS.get(self.fractions, ()):
            return False
        return self.first <= whole <= self.last and (whole - self.first) % self.step == 0

    def value(self, number: float) -> int | float:
        """The slot's value for a number that was said."""
        # Rounded, since 20.5 x 0.01 is 0.20500000000000002.
        value = round(number * self.multiplier, 9) if self.multiplier is not None else number
        return int(value) if float(value).is_integer() else value


@dataclass(frozen=True, slots=True)
class WildcardList:
    """Any words, at least one."""


AnyList: TypeAlias = "TextList | RangeList | WildcardList"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template and where it stands."""

    text: str
    node: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """Sentences of an intent that share slots, response and conditions.

    Attributes:
        intent: Name of the intent.
        sentences: The templates.
        slots: Fixed slots.
        response: Key of the response, or "".
        requires_context: What the context must hold; a mapping may say ``value`` and ``slot``.
        excludes_context: What the context may not hold.
        required_keywords: One of these words must have been said; empty for no such condition.
        rules: Expansion rules that hold in this block only.
        lists: Lists that hold in this block only.
        metadata: For the app.
    """

    intent: str
    sentences: tuple[Sentence, ...]
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    response: str = ""
    requires_context: Mapping[str, SlotValue] = field(default_factory=dict)
    excludes_context: Mapping[str, SlotValue] = field(default_factory=dict)
    required_keywords: frozenset[str] = frozenset()
    rules: Mapping[str, Node] = field(default_factory=dict)
    lists: Mapping[str, AnyList] = field(default_factory=dict)
    metadata: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grammar:
    """Everything that was loaded for one language.

    Attributes:
        language: ISO 639-1, perhaps with a region ("de-CH").
        blocks: In the order of the files.
        lists: Lists by name.
        rules: Expansion rules by name.
        skip_words: Words that may be left out of what was said.
        by_character: Whether blanks between Chinese, Japanese and Korean characters don't count.
        responses: Intent to key to text (Jinja2 where it has ``{{`` or ``{%``).
        dialogue: The ``dialogue`` section: what is asked for and said in conversations.
        digest: SHA-256 of the files' contents, for caches.
    """

    language: str
    blocks: tuple[Block, ...]
    lists: Mapping[str, AnyList] = field(default_factory=dict)
    rules: Mapping[str, Node] = field(default_factory=dict)
    skip_words: tuple[str, ...] = ()
    by_character: bool = False
    responses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dialogue: DialogueSpec = field(default_factory=DialogueSpec)
    digest: str = ""
