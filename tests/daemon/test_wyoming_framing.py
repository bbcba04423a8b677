from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event

from voxedge.daemon.wyoming_framing import EventDecoder, FramingError, FramingLimits, encode

SMALL = FramingLimits(header_bytes=200, data_bytes=200, payload_bytes=200)

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
events = st.builds(
    Event,
    type=st.text(st.characters(categories=("Ll", "Pd")), min_size=1, max_size=20),
    data=st.dictionaries(texts, values, max_size=4),
    payload=st.binary(max_size=100),
)


def read(blocks, limits=None):
    decoder = EventDecoder(limits)
    found = []
    for block in blocks:
        decoder.push(block)
        while (event := decoder.next()) is not None:
            found.append(event)
    return found, decoder


@given(st.lists(events, max_size=5), st.data())
def test_what_is_written_is_read_however_it_is_cut(sent, data):
    wire = b"".join(encode(event) for event in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    blocks = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    found, decoder = read(blocks)
    assert [(one.type, one.data, one.payload) for one in found] == [
        (one.type, one.data, one.payload or b"") for one in sent
    ]
    assert not decoder.pending


@given(events)
def test_the_libraries_reader_reads_what_is_written(event):
    import io

    from wyoming.event import read_event

    back = read_event(io.BytesIO(encode(event)))
    assert (back.type, back.data, back.payload or b"") == (event.type, event.data, event.payload or b"")


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_garbage_is_refused_or_waited_for_and_never_crashes(blocks):
    try:
        found, _ = read(blocks, SMALL)
    except FramingError:
        return
    for event in found:
        assert event.type


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": values,
            "data": values,
            "data_length": values,
            "payload_length": values,
            "version": values,
        },
    ),
    st.binary(max_size=300),
)
def test_lines_of_json_with_anything_in_them(header, behind):
    decoder = EventDecoder(SMALL)
    decoder.push(json.dumps(header).encode() + b"\n" + behind)
    try:
        event = decoder.next()
    except FramingError:
        with pytest.raises(FramingError):
            decoder.next()  # it stays refused
        return
    if event is not None:
        assert isinstance(event.type, str)
        assert isinstance(event.data, dict)
        assert len(event.payload) <= SMALL.payload_bytes


@pytest.mark.parametrize(
    "wire",
    [
        b"GET / HTTP/1.1\r\n",
        b"[]\n",
        b"null\n",
        b"\n",
        b'{"type": 5}\n',
        b'{"type": ""}\n',
        b'{"data": {}}\n',
        b'{"type": "ping", "data": []}\n',
        b'{"type": "ping", "payload_length": -1}\n',
        b'{"type": "ping", "payload_length": true}\n',
        b'{"type": "ping", "payload_length": 1.5}\n',
        b'{"type": "ping", "payload_length": "9"}\n',
        b'{"type": "ping", "payload_length": 201}\n',
        b'{"type": "ping", "data_length": 201}\n',
        b'{"type": "ping", "data_length": 2}\n[]',
        b'{"type": "ping", "data_length": 2}\nxx',
        b'{"type": "ping", "data": {"x": NaN}}\n',
        b'{"type": "ping", "data": {"x": ' + b"9" * 5000 + b"}}\n",
        b'{"type": "' + b"x" * 65 + b'"}\n',
        b"[" * 150 + b"\n",
        b"x" * 201,
        b"\xff\xfe\n",
    ],
)
def test_refused(wire):
    decoder = EventDecoder(SMALL)
    decoder.push(wire)
    with pytest.raises(FramingError) as caught:
        decoder.next()
    assert caught.value.code == "wyoming_framing"
    with pytest.raises(FramingError):
        decoder.push(b"{}")


def test_thousands_of_brackets_are_no_recursion():
    decoder = EventDecoder()
    decoder.push(b'{"type": "x", "data": ' + b"[" * 60_000 + b"\n")
    with pytest.raises(FramingError):
        decoder.next()


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory():
    decoder = EventDecoder()
    with pytest.raises(FramingError):  # noqa: PT012
        for _ in range(1000):
            decoder.push(b" " * 1000)
            assert decoder.next() is None
    assert decoder.pending is False


def test_half_a_character_becomes_a_question_mark():
    assert b"?" in encode(Event("pong", {"text": "\ud800"}))
