import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.speaking.sentences import MAX_SENTENCE_CHARS, SentenceSplitter, sentences


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hello there. How are you?", ["Hello there.", "How are you?"]),
        ("One! Two? Three… Four", ["One!", "Two?", "Three…", "Four"]),
        ('He said "Stop!" Then he left.', ['He said "Stop!"', "Then he left."]),
        ("It costs 3.50 today. Yes.", ["It costs 3.50 today.", "Yes."]),
        ("Ask Dr. Smith or J. Doe. Now.", ["Ask Dr. Smith or J. Doe.", "Now."]),
        ("See e.g. the menu. Fine.", ["See e.g. the menu.", "Fine."]),
        ("milk, sugar, etc. Then stir.", ["milk, sugar, etc.", "Then stir."]),
        ("1. First 2. then", ["1. First 2. then"]),
        ("a line\nanother line\n\nlast", ["a line", "another line", "last"]),
        ("Wait... what? OK.", ["Wait... what?", "OK."]),
        ("こんにちは。元気？はい", ["こんにちは。", "元気？", "はい"]),
        ("So am I. Good.", ["So am I.", "Good."]),
        ("", []),
        ("   \n ", []),
    ],
)
def test_english(text, wanted):
    assert list(sentences([text])) == wanted


def test_german_ordinals_end_nothing():
    assert list(sentences(["Am 3. Mai. Gut."], "de")) == ["Am 3. Mai.", "Gut."]


def test_a_sentence_is_given_as_soon_as_it_is_certain():
    splitter = SentenceSplitter()
    assert splitter.feed("Hello there") == []
    assert splitter.feed(".") == []
    assert splitter.feed(" How") == ["Hello there."]
    assert splitter.feed(" are you?\n") == ["How are you?"]
    assert splitter.flush() == []


def test_the_first_sentence_comes_before_the_others_are_written():
    written = []

    def pieces():
        for piece in ["The sky ", "is blue. ", "Because ", "of light."]:
            written.append(piece)
            yield piece

    stream = sentences(pieces())
    assert next(stream) == "The sky is blue."
    assert written == ["The sky ", "is blue. ", "Because "]


def test_a_sentence_without_an_end_is_cut():
    text = "and so on, " * 200
    found = list(sentences([text]))
    assert max(map(len, found)) <= MAX_SENTENCE_CHARS
    assert " ".join(found) == text.strip()
    assert all(part.endswith(",") for part in found)
    blocks = list(sentences(["x" * 5000]))
    assert "".join(blocks) == "x" * 5000
    assert max(map(len, blocks)) <= MAX_SENTENCE_CHARS


parts = st.sampled_from(
    ["Hello", " there", ". ", ".", "! ", "? ", " ", "\n", "Dr.", " 3", "1.", " Mai", ", ", '"', "…", "。",
     "e.g. ", "a", "B. ", "word " * 30]
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(parts, max_size=40), language=st.sampled_from(["en", "de"]), data=st.data())
def test_cutting_changes_nothing_and_nothing_is_lost(pieces, language, data):
    text = "".join(pieces)
    whole = list(sentences([text], language))
    assert list(sentences(pieces, language)) == whole
    assert list(sentences(list(text), language)) == whole
    assert "".join("".join(whole).split()) == "".join(text.split())
