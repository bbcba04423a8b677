"""The fields of requests: one description gives the checks and the part of the OpenAPI document. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from voxedge.daemon.faults import RequestInvalid

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Kind: TypeAlias = Literal[
    "string", "integer", "number", "boolean", "strings", "text_or_texts", "objects", "object", "any", "file"
]
MAX_ITEMS = 1000
"""Most items of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a request.

    Attributes:
        name: As it is sent; ``timestamp_granularities[]`` in forms.
        kind: Its type. ``strings`` takes one string as well; ``any`` is taken and not looked at.
        about: What it means, for the document.
        required: Whether it must be there.
        default: Where it isn't.
        choices: The values that it may have, where they are few.
        least: Smallest number, or fewest characters.
        most: Greatest number, or most characters (of each, where there are several).
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    default: Json = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def schema(self) -> dict[str, Json]:
        """Its part of the OpenAPI document (JSON Schema 2020-12)."""
        one: dict[str, Json] = {"type": "string"}
        if self.choices:
            one["enum"] = list(self.choices)
        if self.kind in {"string", "strings", "text_or_texts"}:
            if self.least is not None:
                one["minLength"] = int(self.least)
            if self.most is not None:
                one["maxLength"] = int(self.most)
        found: dict[str, Json]
        if self.kind == "file":
            found = {"type": "string", "contentMediaType": "application/octet-stream"}
        elif self.kind == "strings":
            found = {"oneOf": [one, {"type": "array", "items": one, "maxItems": MAX_ITEMS}]}
        elif self.kind == "text_or_texts":
            found = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_ITEMS}]}
        elif self.kind == "objects":
            found = {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": MAX_ITEMS}
        elif self.kind in {"integer", "number"}:
            found = {"type": self.kind}
            if self.least is not None:
                found["minimum"] = self.least
            if self.most is not None:
                found["maximum"] = self.most
        elif self.kind == "any":
            found = {}
        else:
            found = one if self.kind == "string" else {"type": self.kind}
        found["description"] = self.about
        if self.default is not None:
            found["default"] = self.default
        return found


class Values:
    """The checked values of a request, by field."""

    def __init__(self, values: Mapping[str, Json], given: frozenset[str]) -> None:
        self._values, self._given = values, given

    def given(self, name: str) -> bool:
        """Whether the client has sent the field."""
        return name in self._given

    def text(self, name: str) -> str:
        """A string; "" where there is none."""
        return cast(str, self._values.get(name) or "")

    def number(self, name: str) -> float:
        """A number; 0 where there is none."""
        return float(cast(float, self._values.get(name) or 0))

    def whole(self, name: str) -> int:
        """A whole number; 0 where there is none."""
        return int(cast(int, self._values.get(name) or 0))

    def flag(self, name: str) -> bool:
        """A truth value; false where there is none."""
        return bool(self._values.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a list, or the one string."""
        value = self._values.get(name)
        if value is None:
            return ()
        return (value,) if isinstance(value, str) else tuple(cast(Sequence[str], value))

    def raw(self, name: str) -> Json:
        """The value as it was sent."""
        return self._values.get(name)

    def objects(self, name: str) -> tuple[Mapping[str, Json], ...]:
        """The objects of a list."""
        return tuple(cast("Sequence[Mapping[str, Json]]", self._values.get(name) or ()))


def check_json(fields: Sequence[Field], body: bytes) -> Values:
    """Reads a JSON object and checks its fields; fields that nobody knows are left alone.

    Raises:
        RequestInvalid: It is no JSON object, or a field is missing or wrong.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise RequestInvalid(
            "The body isn't JSON.", remedy="Send a JSON object, encoded as UTF-8.", param="body"
        ) from exc
    if not isinstance(data, dict):
        raise RequestInvalid("The body isn't a JSON object.", remedy='Send {"…": …}.', param="body")
    return _checked(fields, data)


def check_form(fields: Sequence[Field], pairs: Sequence[tuple[str, str]]) -> Values:
    """Checks the fields of a form, whose values are all strings; a name that comes twice makes a list."""
    known = {field.name: field for field in fields}
    data: dict[str, Json] = {}
    for name, text in pairs:
        field = known.get(name) or known.get(f"{name}[]") or known.get(name.removesuffix("[]"))
        if field is None:
            continue
        if field.kind in {"strings", "text_or_texts"}:
            before = data.get(field.name)
            if before is None:
                data[field.name] = text
            else:
                several = [before] if isinstance(before, str) else list(cast("list[str]", before))
                data[field.name] = [*several, text]
        else:
            data[field.name] = _from_text(field, text)
    return _checked(fields, data)


def _from_text(field: Field, text: str) -> Json:
    if field.kind == "boolean":
        if text.lower() in {"true", "1", "on", "yes"}:
            return True
        if text.lower() in {"false", "0", "off", "no", ""}:
            return False
        raise _wrong(field)
    if field.kind in {"integer", "number"}:
        try:
            return int(text) if field.kind == "integer" else float(text)
        except (ValueError, OverflowError) as exc:
            raise _wrong(field) from exc
    if field.kind in {"object", "objects"}:
        try:
            return cast(Json, json.loads(text))
        except (ValueError, RecursionError) as exc:
            raise _wrong(field) from exc
    return text


def _checked(fields: Sequence[Field], data: Mapping[str, Json]) -> Values:
    values: dict[str, Json] = {}
    given: set[str] = set()
    for field in fields:
        if field.kind == "file":
            continue
        value = data.get(field.name)
        if value is None:
            if field.required:
                raise RequestInvalid(
                    f"The field {field.name!r} is missing.",
                    remedy=f"Send it: {field.about}",
                    param=field.name,
                )
            values[field.name] = field.default
            continue
        _check(field, value)
        values[field.name] = value
        given.add(field.name)
    return Values(values, frozenset(given))


def _check(field: Field, value: Json) -> None:
    if field.kind == "any":
        return
    if field.kind == "string":
        _check_text(field, value)
    elif field.kind in {"strings", "text_or_texts"}:
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list) or len(several) > MAX_ITEMS:
            raise _wrong(field)
        if not several and field.kind == "text_or_texts":
            raise _wrong(field)
        for item in several:
            _check_text(field, item)
    elif field.kind in {"integer", "number"}:
        _check_number(field, value)
    elif field.kind == "boolean":
        if not isinstance(value, bool):
            raise _wrong(field)
    elif field.kind == "object":
        if not isinstance(value, dict):
            raise _wrong(field)
    elif field.kind == "objects":
        whole = isinstance(value, list) and 0 < len(value) <= MAX_ITEMS
        if not whole or not all(isinstance(item, dict) for item in cast("list[Json]", value)):
            raise _wrong(field)


def _check_text(field: Field, value: Json) -> None:
    if not isinstance(value, str):
        raise _wrong(field)
    if field.choices and value not in field.choices:
        raise RequestInvalid(
            f"{field.name!r} can't have this value.",
            remedy=f"Send one of: {', '.join(field.choices)}.",
            param=field.name,
        )
    if (field.most is not None and len(value) > field.most) or len(value) < (field.least or 0):
        raise RequestInvalid(
            f"{field.name!r} has {len(value)} characters.",
            remedy=f"Send {int(field.least or 0)} to {int(field.most or 0)} characters.",
            param=field.name,
        )
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise RequestInvalid(
            f"{field.name!r} isn't Unicode text.", remedy="Send no lone surrogates.", param=field.name
        ) from exc


def _check_number(field: Field, value: Json) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(field)
    # Whole numbers of JSON have no limit: they aren't made floats.
    if isinstance(value, float) and (not math.isfinite(value) or (field.kind == "integer" and value % 1)):
        raise _wrong(field)
    low, high = field.least, field.most
    if (low is not None and value < low) or (high is not None and value > high):
        raise RequestInvalid(
            f"{field.name!r} is out of range.", remedy=f"Send {low} to {high}.", param=field.name
        )


_WANTED: Mapping[Kind, str] = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "strings": "a string or a list of strings",
    "text_or_texts": "a string or a list of strings, not empty",
    "objects": "a list of objects, not empty",
    "object": "an object",
    "any": "anything",
    "file": "a file",
}


def _wrong(field: Field) -> RequestInvalid:
    return RequestInvalid(
        f"{field.name!r} is of the wrong type.", remedy=f"Send {_WANTED[field.kind]}.", param=field.name
    )
