"""Numbers in words and digits, against `num2words`, which knows nothing of our tables."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from voxedge.errors import LanguageUnsupported, TextInvalid
from voxedge.numbers import (
    LANGUAGES,
    MAX_TEXT_CHARS,
    find_numbers,
    parse_number,
    spell_number,
    to_digits,
    to_words,
)

ROW = (
    "and a one two twenty hundred thousand million point minus half third y mil cien un medio und ein zwei "
    "hundert zwanzig komma halb et vingt quatre dix cent mille demi virgule 3 , . 1/2 - ½"
)
ROW = ROW.split(" ")
languages = st.sampled_from(LANGUAGES)


@settings(max_examples=400, deadline=None)
@given(languages, st.one_of(st.integers(0, 2000), st.integers(0, 10**11)))
def test_words_of_another_library_are_read_back(language, number):
    assert parse_number(num2words(number, lang=language), language) == number


@settings(max_examples=200, deadline=None)
@given(languages, st.integers(1, 999))
def test_ordinals_of_another_library_are_read_back(language, number):
    words = num2words(number, lang=language, to="ordinal")
    assert parse_number(words, language) == number
    assert parse_number(words, language, ordinals=False) is None


@settings(max_examples=200, deadline=None)
@given(languages, st.integers(0, 99_999))
def test_decimals_are_read_back(language, hundredths):
    number = hundredths / 100
    assert parse_number(num2words(number, lang=language), language) == number


@settings(max_examples=200, deadline=None)
@given(languages, st.one_of(st.integers(-(10**12), 10**12), st.integers(0, 9999).map(lambda n: n / 100)))
def test_spelling_and_reading_are_inverse(language, number):
    assert parse_number(spell_number(number, language), language) == number


@settings(max_examples=200, deadline=None)
@given(languages, st.text(max_size=200))
def test_any_text_is_survived(language, text):
    for found in find_numbers(text, language):
        assert 0 <= found.start < found.end <= len(text)
    to_digits(text, language)
    to_words(text, language)


@settings(max_examples=200, deadline=None)
@given(
    languages,
    st.lists(
        st.sampled_from(ROW),
        max_size=30,
    ),
)
def test_any_row_of_number_words_is_survived(language, words):
    text = " ".join(words)
    found = find_numbers(text, language)
    assert all(one.end <= other.start for one, other in pairwise(found))
    to_words(to_digits(text, language), language)


@pytest.mark.parametrize(
    ("language", "spoken", "written"),
    [
        ("en", "set it to twenty one", "set it to 21"),
        ("en", "I have one problem and a second chance", "I have one problem and a second chance"),
        ("en", "call one two three oh five double six", "call 1230566"),
        ("en", "on the twenty first of march", "on the 21st of march"),
        ("en", "nineteen point five degrees", "19.5 degrees"),
        ("en", "nothing to see here", "nothing to see here"),
        ("de", "stell die Heizung auf einundzwanzig Komma fünf", "stell die Heizung auf 21,5"),
        ("de", "eine Lampe und ein Radio", "eine Lampe und ein Radio"),
        ("fr", "règle sur quatre-vingt-dix-sept", "règle sur 97"),
        ("es", "sube a treinta y cinco grados", "sube a 35 grados"),
    ],
)
def test_words_become_digits(language, spoken, written):
    assert to_digits(spoken, language) == written


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en", "21 lamps at 7:30", "twenty-one lamps at seven thirty"),
        ("en", "50% on the 3rd", "fifty percent on the third"),
        ("en", "agent 007", "agent zero zero seven"),
        ("de", "um 15:30", "um fünfzehn Uhr dreißig"),
        ("fr", "à 7:05, 3,5°", "à sept heures cinq, trois virgule cinq degrés"),
        ("es", "1.500 veces", "mil quinientos veces"),
    ],
)
def test_digits_become_words(language, written, spoken):
    assert to_words(written, language) == spoken


@pytest.mark.parametrize("text", ["", " ", "lamp", "twenty twelve", "one two", "and", "minus", "point five"])
def test_what_is_no_number_is_none(text):
    assert parse_number(text, "en") is None


def test_bad_input_has_a_name():
    with pytest.raises(LanguageUnsupported, match="'xx'"):
        parse_number("one", "xx")
    with pytest.raises(TextInvalid):
        find_numbers("1" * (MAX_TEXT_CHARS + 1), "en")
    with pytest.raises(TextInvalid):
        find_numbers(None, "en")
    for value in (10**15, float("nan"), float("inf"), True, "3"):
        with pytest.raises(TextInvalid):
            spell_number(value, "en")
    with pytest.raises(TextInvalid):
        spell_number(2.5, "en", ordinal=True)
