"""Fields and messages of clients: whatever comes, it is checked values or a named error. Pure."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.daemon.faults import RequestInvalid
from voxedge.daemon.web.fields import Field, Values, check_form, check_json
from voxedge.daemon.web.realtime import Session, _parsed, _updated
from voxedge.daemon.web.routes import ROUTES
from voxedge.errors import VoxedgeError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [field for route in ROUTES for field in route.fields if field.kind != "file"]


def one(**changes) -> Field:
    return Field(**{"name": "x", "kind": "string", "about": "A thing.", **changes})


def outcome(work):
    """What the work gives, and the named error in its place; any other exception is a fault."""
    try:
        return work(), None
    except VoxedgeError as error:
        return None, error


@settings(max_examples=60, deadline=None)
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_any_json_is_checked_or_refused_by_name(field, value):
    found, error = outcome(lambda: check_json([field], json.dumps({field.name: value}).encode()))
    if error is None:
        assert isinstance(found, Values)
        assert found.given(field.name) == (value is not None)
    else:
        assert (type(error), error.param) == (RequestInvalid, field.name)
        assert error.remedy


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_no_fault(body):
    _, error = outcome(lambda: check_json([one()], body))
    assert error is None or error.param in {"body", "x"}


@settings(max_examples=60, deadline=None)
@given(field=st.sampled_from(FIELDS), texts=st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_any_form_is_checked_or_refused_by_name(field, texts):
    _, error = outcome(lambda: check_form([field], [(field.name, text) for text in texts]))
    assert error is None or error.param == field.name


@settings(max_examples=100, deadline=None)
@given(asked=JSON)
def test_any_session_of_a_realtime_client_is_taken_or_refused_by_name(asked):
    session, error = outcome(lambda: _updated(Session(), asked))
    if error is None:
        assert 8000 <= session.rate_hz <= 192_000
        json.dumps(session.to_json("sess_1"))
    else:
        assert error.code in {"invalid_request", "not_found"}


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60) | JSON.map(json.dumps))
def test_any_text_of_a_realtime_client_is_an_event_or_refused(text):
    event, error = outcome(lambda: _parsed(text))
    assert isinstance(event, dict) or error.remedy


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (one(kind="integer"), 1.5),
        (one(kind="integer"), True),
        (one(kind="integer", most=9), 10**400),
        (one(kind="integer", least=1), 0),
        (one(kind="number"), "1"),
        (one(kind="number", most=1), 1.1),
        (one(kind="boolean"), 1),
        (one(kind="string"), 5),
        (one(kind="string", choices=("a", "b")), "c"),
        (one(kind="string", most=3), "four"),
        (one(kind="string"), "\ud800"),
        (one(kind="strings"), [1]),
        (one(kind="text_or_texts"), []),
        (one(kind="objects"), []),
        (one(kind="objects"), [1]),
        (one(kind="object"), []),
    ],
)
def test_wrong_values_are_named(field, value):
    with pytest.raises(RequestInvalid) as caught:
        check_json([field], json.dumps({"x": value}).encode())
    assert caught.value.param == "x"


def test_what_is_missing_and_what_nobody_knows():
    with pytest.raises(RequestInvalid, match="missing"):
        check_json([one(required=True)], b'{"y": 1}')
    found = check_json([one(default="d")], b'{"y": 1}')
    assert found.text("x") == "d"
    assert not found.given("x")


def test_forms_make_lists_and_truth_values():
    fields = [
        one(name="grains[]", kind="strings"),
        one(name="stream", kind="boolean"),
        one(name="n", kind="integer"),
    ]
    found = check_form(
        fields, [("grains[]", "word"), ("grains[]", "segment"), ("stream", "true"), ("n", "5")]
    )
    assert found.texts("grains[]") == ("word", "segment")
    assert found.flag("stream") is True
    assert found.whole("n") == 5
    assert check_form(fields, [("grains", "word")]).texts("grains[]") == ("word",)
    with pytest.raises(RequestInvalid):
        check_form(fields, [("stream", "perhaps")])
