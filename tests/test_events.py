"""Every event and error class of the package, found by discovery: a new one needs no listing to be tested."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import sys
import traceback
import typing

import pytest

from voxedge import errors, events
from voxedge.events import CancelToken, Event, IntentMatched, Slot

EVENTS = [
    c for _, c in inspect.getmembers(events, inspect.isclass) if issubclass(c, Event) and c is not Event
]
ERRORS = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.VoxedgeError)]
SAMPLES = {str: "words", int: 3, float: 1.5, bool: True}


def sample_of(kind):
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in SAMPLES:
        return SAMPLES[kind]
    if origin is typing.Literal:
        return args[0]
    if origin is tuple:
        return (sample_of(args[0]),)
    if dataclasses.is_dataclass(kind):
        return made(kind)
    if origin is not None and "Mapping" in str(origin):
        return {"name": sample_of(args[1])}
    return next(sample_of(a) for a in args if a is not type(None)) if args else "words"


def made(kind):
    hints = typing.get_type_hints(kind)
    return kind(**{f.name: sample_of(hints[f.name]) for f in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", EVENTS, ids=lambda c: c.__name__)
def test_every_event_becomes_one_json_object_with_all_its_fields(kind):
    event = made(kind)
    back = json.loads(json.dumps(event.to_json()))
    assert back.pop("type") == kind.__name__
    assert list(back)[:3] == ["turn", "time", "clock"]
    assert set(back) == {f.name for f in dataclasses.fields(kind)}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda c: c.__name__)
def test_events_are_frozen_slotted_and_documented(kind):
    event = made(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.turn = 9
    assert not hasattr(event, "__dict__")
    assert kind.__doc__
    assert pickle.loads(pickle.dumps(event)) == event


def test_a_slot_is_its_words_when_spoken_and_typed_in_json():
    match = IntentMatched(turn=1, intent="setTimer", slots={"length": Slot("ten minutes", 600, "s")})
    assert f"{match.slots['length']}, coming up" == "ten minutes, coming up"
    assert match.to_json()["slots"] == {"length": {"value": 600, "text": "ten minutes", "unit": "s"}}


@pytest.mark.parametrize("kind", ERRORS, ids=lambda c: c.__name__)
def test_every_error_has_a_code_of_its_own_and_survives_a_process_border(kind):
    error = kind("what happened", remedy="what to do")
    assert [c for c in ERRORS if c.code == kind.code] == [kind]
    assert kind.exit_code not in {0, 2} or kind in {
        errors.UsageError,
        errors.ConfigError,
        errors.ModelUnknown,
    }
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), back.message, back.remedy, back.room) == (
        kind,
        "what happened",
        "what to do",
        kind.room,
    )
    assert back.to_json()["code"] == kind.code
    assert kind.__doc__


def test_a_token_is_cancelled_with_its_parent_and_not_the_other_way_round():
    parent = CancelToken()
    child, sibling = CancelToken(parent), CancelToken(parent)
    child.cancel()
    assert child.cancelled
    assert not parent.cancelled
    assert not sibling.cancelled
    parent.cancel()
    assert sibling.cancelled
    with pytest.raises(errors.Cancelled):
        sibling.raise_if_cancelled()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes came with Python 3.11")
def test_a_traceback_says_what_to_do():
    error = errors.ModelMissing("It isn't here.", remedy="Get it: voxedge models pull x")
    for shown in (error, pickle.loads(pickle.dumps(error))):
        text = "".join(traceback.format_exception(shown))
        assert text.count("Get it: voxedge models pull x [model_missing]") == 1
