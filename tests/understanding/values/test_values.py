"""Values: a table of cases, properties that hold for every number, and any text survived."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from voxedge.errors import LanguageUnsupported, TextInvalid, UsageError
from voxedge.numbers import LANGUAGES
from voxedge.understanding.values import KINDS, find_all, parse

NOW = datetime(2026, 3, 3, 10, 0)
CASES = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("cases.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
SAMPLES = sorted({case[2] for case in CASES})
languages = st.sampled_from(LANGUAGES)


def shown(value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def test_the_table_is_as_large_as_it_should_be():
    assert len(CASES) >= 300
    assert len(set(CASES)) == len(CASES)
    for language in LANGUAGES:
        kinds = {case[1] for case in CASES if case[0] == language}
        assert kinds == set(KINDS), language


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case[:3]).replace(" ", "_"))
def test_table(case):
    language, kind, text, wanted, unit = (*case, "")[:5]
    value = parse(kind, text, language, NOW)
    if wanted == "-":
        assert value is None
        return
    assert value is not None
    assert (shown(value.value), value.unit or "", value.kind) == (wanted, unit, kind)
    assert text[value.start : value.end] == value.text
    assert parse(kind, f"  {text.upper() if kind != 'temperature' else text} !", language, NOW) is not None


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("en", "set the bedroom to twenty one degrees at half past three", ["temperature 21", "time 03:30"]),
        ("en", "wake me at seven in the morning", ["time 07:00"]),
        ("en", "set a timer for an hour and a half and dim to 50%", ["duration 5400", "percent 50"]),
        (
            "en",
            "turn the lamp light blue on friday at 5 pm",
            ["color #8080ff", "datetime 2026-03-06T17:00:00"],
        ),
        ("en", "one of us has a second chance", []),
        ("en", "call oh one seven one five five five", ["digits 0171555"]),
        ("en", "", []),
        ("de", "stell die Heizung auf einundzwanzigeinhalb Grad", ["temperature 21.5"]),
        ("de", "weck mich morgen um halb sieben", ["datetime 2026-03-04T06:30:00"]),
        ("de", "ein Timer auf eine Dreiviertelstunde", ["duration 2700"]),
        ("es", "pon la luz azul claro al cincuenta por ciento", ["color #8080ff", "percent 50"]),
        ("es", "despiértame mañana a las siete y media", ["datetime 2026-03-04T07:30:00"]),
        ("fr", "règle le chauffage sur dix-neuf degrés", ["temperature 19"]),
        ("fr", "réveille-moi demain à sept heures et quart", ["datetime 2026-03-04T07:15:00"]),
    ],
)
def test_values_are_found_in_sentences(language, text, wanted):
    found = find_all(text, language, NOW)
    assert [f"{value.kind} {shown(value.value)}" for value in found] == wanted
    assert all(text[value.start : value.end] == value.text for value in found)


@settings(max_examples=200, deadline=None)
@given(languages, st.integers(-1000, 10**9))
def test_numbers_make_the_round_trip(language, number):
    words = num2words(number, lang=language)
    value = parse("number", words, language)
    assert value is not None
    assert value.value == number


@settings(max_examples=150, deadline=None)
@given(languages, st.integers(0, 23), st.integers(0, 59))
def test_written_times_are_read_back(language, hour, minute):
    value = parse("time", f"{hour}:{minute:02d}", language)
    assert value is not None
    assert value.value == f"{hour:02d}:{minute:02d}"


@settings(max_examples=150, deadline=None)
@given(languages, st.dates())
def test_written_dates_are_read_back(language, day):
    value = parse("date", day.isoformat(), language)
    assert value is not None
    assert value.value == day.isoformat()


@settings(max_examples=200, deadline=None)
@given(languages, st.integers(1, 59), st.sampled_from([("minute", 60), ("hour", 3600)]))
def test_spoken_durations_are_read_back(language, number, unit):
    names = {
        "en": {"minute": "minutes", "hour": "hours"},
        "es": {"minute": "minutos", "hour": "horas"},
        "de": {"minute": "Minuten", "hour": "Stunden"},
        "fr": {"minute": "minutes", "hour": "heures"},
    }
    words = f"{num2words(number, lang=language)} {names[language][unit[0]]}"
    value = parse("duration", words, language)
    assert value is not None
    assert (value.value, value.unit) == (number * unit[1], "s")


@settings(max_examples=300, deadline=None)
@given(languages, st.sampled_from(KINDS), st.text(max_size=80))
def test_any_text_is_survived(language, kind, text):
    parse(kind, text, language, NOW)


@settings(max_examples=300, deadline=None)
@given(languages, st.lists(st.sampled_from(SAMPLES), max_size=8), st.booleans())
def test_any_mix_of_values_is_survived(language, pieces, with_now):
    text = " ".join(pieces)
    found = find_all(text, language, NOW if with_now else None)
    assert all(0 <= value.start < value.end <= len(text) for value in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_what_is_relative_needs_a_moment():
    assert parse("date", "tomorrow", "en") is None
    assert parse("datetime", "in two hours", "en") is None
    assert parse("date", "2026-03-03", "en").value == "2026-03-03"


def test_hours_are_counted_across_the_change_to_summer_time():
    zone = pytest.importorskip("zoneinfo").ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 29, 1, 30, tzinfo=zone)
    assert parse("datetime", "in two hours", "en", before).value == "2026-03-29T04:30:00+02:00"
    utc = datetime(2026, 3, 3, 10, tzinfo=timezone.utc)
    assert parse("datetime", "tomorrow at nine", "en", utc).value == "2026-03-04T09:00:00+00:00"


def test_the_ends_of_the_calendar_are_no_value():
    late = datetime(9999, 12, 30)
    for text in ("in three days", "in two months", "in 48 hours", "in 49 hours", "in 900000000 days"):
        assert parse("date", text, "en", late) is None
        assert parse("datetime", text, "en", late) is None


def test_bad_input_has_a_name():
    with pytest.raises(UsageError, match="no kind"):
        parse("weight", "5 kg", "en")
    with pytest.raises(UsageError, match="no kind"):
        find_all("5 kg", "en", kinds=["weight"])
    with pytest.raises(LanguageUnsupported):
        parse("number", "one", "tlh")
    for text in (None, 5, "x" * 20_001):
        with pytest.raises(TextInvalid):
            find_all(text, "en")


@pytest.mark.parametrize(
    "word", ["double ", "one ", "a ", "and ", "half ", "1 ", "a b ", "minus ", "in ", "eine ", ", "]
)
def test_long_inputs_take_linear_time(word):
    # Twice the text must not take four times as long; a wide margin, since machines are busy.
    def best(size: int) -> float:
        text = (word * size)[: size * len(word)]
        times = []
        for _ in range(3):
            started = perf_counter()
            find_all(text, "de" if word == "eine " else "en", NOW)
            times.append(perf_counter() - started)
        return min(times)

    assert best(1600) < 10 * best(400) + 0.05


def test_a_value_becomes_a_slot():
    slot = parse("temperature", "twenty one degrees celsius", "en").to_slot()
    assert (str(slot), slot.value, slot.unit) == ("twenty one degrees celsius", 21, "celsius")
    assert timedelta(seconds=parse("duration", "half an hour", "en").value) == timedelta(minutes=30)
