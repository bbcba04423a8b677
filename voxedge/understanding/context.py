"""Conditions on the context: what a block of sentences requires and excludes."""

from __future__ import annotations

from collections.abc import Mapping

from voxedge.events import SlotValue


def _bare(value: SlotValue) -> SlotValue:
    """``{"value": x, ...}`` stands for x."""
    return value.get("value") if isinstance(value, dict) else value


def _fits(wanted: SlotValue, actual: SlotValue) -> bool:
    if wanted is None:
        return actual is not None
    if isinstance(wanted, list):
        return actual in wanted
    return actual == wanted


def may_hold(requires: Mapping[str, SlotValue], context: Mapping[str, SlotValue]) -> bool:
    """Whether the context breaks none of the requirements; keys that it lacks may still come."""
    for key, wanted in requires.items():
        if key in context:
            bare = _bare(wanted)
            if bare is not None and not _fits(bare, _bare(context[key])):
                return False
    return True


def excluded(excludes: Mapping[str, SlotValue], context: Mapping[str, SlotValue]) -> bool:
    """Whether the context has something that is excluded."""
    for key, unwanted in excludes.items():
        if key in context:
            bare, actual = _bare(unwanted), _bare(context[key])
            if actual in bare if isinstance(bare, list) else actual == bare:
                return True
    return False


def slots_from(
    requires: Mapping[str, SlotValue], context: Mapping[str, SlotValue]
) -> dict[str, SlotValue] | None:
    """Slots that the requirements copy from the context, or None where they aren't met."""
    slots: dict[str, SlotValue] = {}
    for key, wanted in requires.items():
        actual = _bare(context[key]) if key in context else None
        if not _fits(_bare(wanted), actual):
            return None
        copy = wanted.get("slot") if isinstance(wanted, dict) else None
        if copy:
            slots[copy if isinstance(copy, str) else key] = actual
    return slots
