from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxedge.conversation.textstream import TextStream


def pieces(data: list[bytes], stops=()):
    stream = TextStream(stops)
    given = [stream.feed(part) for part in data]
    return [*given, stream.flush()], stream


def bytewise(text: str) -> list[bytes]:
    return [bytes([value]) for value in text.encode()]


@given(st.text(), st.integers(1, 5))
def test_any_cutting_gives_the_same_text(text, size):
    data = text.encode()
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    given, _ = pieces(parts)
    assert "".join(given) == text.strip()


@given(st.text(alphabet="ab#< \n", max_size=40), st.sampled_from(["##", "<b>", "#a#b", "#\n#"]))
def test_a_stop_string_ends_the_text_however_it_arrives(text, stop):
    given, stream = pieces(bytewise(text), (stop,))
    begun = text.lstrip()
    expected = begun.split(stop, 1)[0].strip()
    assert "".join(given).strip() == expected
    assert stream.stopped == (stop in begun)


def test_no_piece_holds_half_a_character():
    given, _ = pieces(bytewise("Grüße, 日本 🙂!"))
    assert "".join(given) == "Grüße, 日本 🙂!"
    assert " 🙂" in given  # it came at once, when its last byte did


def test_half_a_character_at_the_end_is_dropped():
    given, _ = pieces([b"caf", "é".encode()[:1]])
    assert "".join(given) == "caf"


def test_bytes_that_are_no_utf8_are_dropped():
    given, _ = pieces([b"a\xff", b"\xfeb"])
    assert "".join(given) == "ab"


def test_leading_and_trailing_blanks_are_not_given():
    given, _ = pieces([b" ", b"\n", b" Hello", b" ", b"there", b" ", b"\n"])
    assert given[:3] == ["", "", "Hello"]
    assert "".join(given) == "Hello there"


@pytest.mark.parametrize("text", ["a <|im_star", "2 < 3"])
def test_what_only_looks_like_a_stop_is_given_in_the_end(text):
    given, stream = pieces(bytewise(text), ("<|im_start|>",))
    assert "".join(given) == text
    assert not stream.stopped


def test_nothing_comes_after_a_stop():
    stream = TextStream(("END",))
    assert stream.feed(b"one EN") == "one"
    assert stream.feed(b"D two") == ""
    assert stream.feed(b" three") == ""
    assert stream.flush() == ""
