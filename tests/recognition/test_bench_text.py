import pytest

from voxedge.bench.text import Errors, count_errors, error_rate, normalize, paired_interval, units


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("R E W Y EIGHT FIVE SIX", "R-E-W-Y-8-5-6."),
        ("R E W Y EIGHT FIVE SIX", "REWY 856"),
        ("T V A H FIFTY TWO FIFTY THREE", "TVAH 52, 53."),
    ],
)
def test_spelled_codes_are_alike_however_they_are_written(said, heard):
    assert normalize(said, "en", join_letters=True) == normalize(heard, "en", join_letters=True)


def test_case_marks_and_numbers_make_no_error():
    assert normalize("It's 25 lamps, okay?", "en") == normalize("its twenty five lamps ok", "en")
    assert normalize("Zweiundzwanzig Äpfel!", "de") == "22 äpfel"


def test_characters_for_languages_without_blanks():
    assert units("打开客厅的灯。", "zh") == list("打开客厅的灯")
    assert units("turn on", "en") == ["turn", "on"]


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [("a b c", "a b c", 0), ("a b c", "a x c", 1), ("a b c", "a c", 1), ("a", "a b c", 2), ("a b", "", 2)],
)
def test_errors_are_the_least_number_of_changes(said, heard, wrong):
    assert count_errors(said.split(), heard.split()) == Errors(wrong, len(said.split()))


def test_rates_and_the_interval():
    ours, theirs = [Errors(1, 10)] * 50, [Errors(2, 10)] * 50
    assert error_rate(ours) == pytest.approx(0.1)
    assert paired_interval(ours, theirs) == (pytest.approx(-0.1), pytest.approx(-0.1))
    low, high = paired_interval([Errors(1, 10), Errors(3, 10)] * 20, [Errors(2, 10)] * 40)
    assert low < 0 < high
