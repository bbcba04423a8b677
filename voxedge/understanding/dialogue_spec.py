"""What intent files say about dialogue: what is asked for, confirmed and undone, and in which words.

The section ``dialogue`` of an intent file becomes a `DialogueSpec` here. Phrases of the language come from
``intents/<language>/dialogue.yaml``; what a file of the app's says goes before them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from voxedge.errors import TemplateError
from voxedge.events import SlotValue
from voxedge.understanding.files import line_of, read_yaml
from voxedge.understanding.templates import Node, TemplateSyntaxError, parse_template

EXPIRES_S = 30.0
"""How long a question stays open, and a command may be corrected, where no file says it."""
UNDO_S = 300.0
TRIES = 3

PHRASES = ("yes", "no", "cancel", "undo", "repeat", "answer", "correct", "also", "join")
"""The kinds of phrases. In ``answer``, ``correct`` and ``also``, ``<value>`` is what a slot may be."""
_WITH_VALUE = ("answer", "correct", "also")
SAYS = (
    "did_you_mean",
    "rejected",
    "cancelled",
    "again",
    "given_up",
    "undone",
    "cannot_undo",
    "nothing_to_undo",
)
"""What the dialogue itself says; Jinja2 where it has ``{{``."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A template of the dialogue's and where it stands (``file, line 3``)."""

    text: str
    node: Node
    place: str


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a command can't do without.

    Attributes:
        slots: The slots; one of them is enough ("ten minutes" fills ``minutes`` only).
        ask: The question; the second is asked when the first brought no answer, and so on.
        answers: Templates of the answer; empty takes the values of the slots' lists.
        optional: "No" is an answer as well; the slot stays empty then.
        place: Where it stands.
    """

    slots: tuple[str, ...]
    ask: tuple[str, ...]
    answers: tuple[Phrase, ...] = ()
    optional: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """When a command is asked back for. All 0: never.

    Attributes:
        near: A refused utterance whose nearest sentence has at least this score is asked back for.
        below: A match with a lesser score is asked back for.
        always: Every match is.
        ask: The question; empty takes the language's.
    """

    near: float = 0.0
    below: float = 0.0
    always: bool = False
    ask: str = ""


@dataclass(frozen=True, slots=True)
class IntentRules:
    """The dialogue of one intent.

    Attributes:
        required: What it needs, in the order in which it is asked for.
        confirm: When it is confirmed; None takes the section's.
        undo: The intent that takes it back, with the same slots; "" leaves it to the app.
        carry: The slots that "... too" takes over from the command before; None takes all.
        place: Where it stands.
    """

    required: tuple[Need, ...] = ()
    confirm: Confirm | None = None
    undo: str = ""
    carry: tuple[str, ...] | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class DialogueSpec:
    """All that was declared.

    Attributes:
        expires_s: How long a question stays open, and a command may be corrected or added to.
        undo_s: How long a command may be undone.
        tries: How often a question is asked before the dialogue gives up.
        confirm: When commands are confirmed.
        asides: Intents that are answered while a question stays open.
        intents: By name.
        phrases: By kind, of `PHRASES`.
        says: By kind, of `SAYS`.
    """

    expires_s: float | None = None
    undo_s: float | None = None
    tries: int | None = None
    confirm: Confirm | None = None
    asides: tuple[str, ...] = ()
    intents: Mapping[str, IntentRules] = field(default_factory=dict)
    phrases: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)

    def and_then(self, other: DialogueSpec) -> DialogueSpec:
        """Both: where both say something, the other counts; phrases and asides add up."""
        changes: dict[str, object] = {
            item.name: getattr(other, item.name)
            for item in fields(self)
            if getattr(other, item.name) is not None
        }
        phrases = {
            kind: other.phrases.get(kind, ()) + self.phrases.get(kind, ())
            for kind in (*other.phrases, *self.phrases)
        }
        changes |= {
            "asides": self.asides + other.asides,
            "intents": {**self.intents, **other.intents},
            "phrases": phrases,
            "says": {**self.says, **other.says},
        }
        return replace(self, **changes)  # type: ignore[arg-type]


def ready_made_phrases(language: str) -> DialogueSpec:
    """The phrases that are shipped for a language; an empty spec where there are none.

    Raises:
        TemplateError: The file is wrong.
    """
    from voxedge.resources import intents_dir

    for code in (language, language.replace("_", "-").split("-")[0]):
        path = intents_dir() / code / "dialogue.yaml"
        if code and path.is_file():
            section = read_yaml(path)[0].get("dialogue")
            return read_dialogue(section if isinstance(section, dict) else {}, str(path))
    return DialogueSpec()


def read_dialogue(section: Mapping[str, SlotValue], file: str) -> DialogueSpec:
    """Reads the section ``dialogue`` of a file.

    Raises:
        TemplateError: A key is unknown or a value is wrong; the message names file and line.
    """
    return _Reading(file).section(section)


class _Reading:
    def __init__(self, file: str) -> None:
        self.file = file

    def place(self, near: object) -> str:
        line = line_of(near)
        return f"{self.file}, line {line}" if line else self.file

    def fail(self, what: str, near: object) -> TemplateError:
        return TemplateError(f"{self.place(near)}: {what}.", remedy=f"Correct {self.file}.")

    def section(self, data: Mapping[str, SlotValue]) -> DialogueSpec:
        known = [item.name for item in fields(DialogueSpec)]
        self.keys(data, known, "dialogue")
        asides = data.get("asides")
        tries = self.number(data, "tries", 1, 20)
        return DialogueSpec(
            expires_s=self.number(data, "expires_s", 0, 86_400),
            undo_s=self.number(data, "undo_s", 0, 86_400),
            tries=None if tries is None else int(tries),
            confirm=self.confirm(data["confirm"]) if "confirm" in data else None,
            asides=() if asides is None else self.words(asides, "asides", data),
            intents={name: self.intent(name, body) for name, body in self.mapping(data, "intents").items()},
            phrases={
                kind: self.phrases(kind, value, data)
                for kind, value in self.mapping(data, "phrases", PHRASES).items()
            },
            says={
                kind: self.text(value, kind, data) for kind, value in self.mapping(data, "says", SAYS).items()
            },
        )

    def intent(self, name: str, body: SlotValue) -> IntentRules:
        if not isinstance(body, Mapping):
            raise self.fail(f"the dialogue of intent {name!r} must be a mapping", body)
        self.keys(body, ("required", "confirm", "undo", "carry"), name)
        required, carry = body.get("required"), body.get("carry")
        if required is not None and not isinstance(required, list):
            raise self.fail(f"'required' of intent {name!r} must be a list", body)
        return IntentRules(
            required=tuple(self.need(item, name, body) for item in required or []),
            confirm=self.confirm(body["confirm"]) if "confirm" in body else None,
            undo=self.text(body["undo"], "undo", body) if "undo" in body else "",
            carry=None if carry is None else self.words(carry, "carry", body),
            place=self.place(body),
        )

    def need(self, body: SlotValue, intent: str, near: object) -> Need:
        if not isinstance(body, Mapping):
            raise self.fail(f"an item of 'required' of intent {intent!r} must be a mapping", near)
        self.keys(body, ("slot", "slots", "ask", "answers", "optional"), f"required of {intent}")
        slots = self.words(body.get("slots", body.get("slot")), "slot", body)
        ask = self.words(body.get("ask"), "ask", body)
        optional = body.get("optional", False)
        if not isinstance(optional, bool):
            raise self.fail("'optional' must be true or false", body)
        answers = self.phrases("answers", body["answers"], body) if "answers" in body else ()
        return Need(slots, ask, answers, optional, self.place(body))

    def confirm(self, body: SlotValue) -> Confirm:
        if body is True or body is False:
            return Confirm(always=body)
        if not isinstance(body, Mapping):
            raise self.fail("'confirm' must be true, false or a mapping", body)
        self.keys(body, [item.name for item in fields(Confirm)], "confirm")
        always = body.get("always", False)
        if not isinstance(always, bool):
            raise self.fail("'always' must be true or false", body)
        return Confirm(
            near=self.number(body, "near", 0, 1) or 0.0,
            below=self.number(body, "below", 0, 1) or 0.0,
            always=always,
            ask=self.text(body["ask"], "ask", body) if "ask" in body else "",
        )

    def phrases(self, kind: str, value: SlotValue, near: object) -> tuple[Phrase, ...]:
        found = []
        for text in self.words(value, kind, near):
            try:
                node = parse_template(text)
            except TemplateSyntaxError as exc:
                raise self.fail(f"{kind} {str(text)!r}: {exc}", text) from exc
            if kind in _WITH_VALUE and "<value>" not in text:
                raise self.fail(f"{kind} {str(text)!r} has no <value>", text)
            found.append(Phrase(str(text), node, self.place(text)))
        return tuple(found)

    def words(self, value: SlotValue, what: str, near: object) -> tuple[str, ...]:
        """One text or a list of them; keeps the lines that they know."""
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or (not items and what not in {"carry", "asides"}):
            raise self.fail(f"'{what}' must be a text or a list of texts", near)
        texts = tuple(item for item in items if isinstance(item, str) and item.strip())
        if len(texts) < len(items):
            raise self.fail(f"'{what}' must hold texts only (yes, no, on and off need quotation marks)", near)
        return texts

    def text(self, value: SlotValue, what: str, near: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.fail(f"'{what}' must be a text", near)
        return str(value)

    def number(self, data: Mapping[str, SlotValue], key: str, least: float, most: float) -> float | None:
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise self.fail(f"'{key}' must be a number from {least:g} to {most:g}", data)
        return float(value)

    def mapping(
        self, data: Mapping[str, SlotValue], key: str, known: tuple[str, ...] = ()
    ) -> Mapping[str, SlotValue]:
        value = data.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.fail(f"'{key}' of the dialogue must be a mapping", data)
        if known:
            self.keys(value, known, key)
        return value

    def keys(self, data: Mapping[str, SlotValue], known: list[str] | tuple[str, ...], where: str) -> None:
        for key in data:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(known)}"
                raise self.fail(f"'{where}' has no key '{key}'{hint}", data)
