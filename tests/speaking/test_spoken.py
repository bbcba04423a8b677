import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.errors import TextInvalid
from voxedge.speaking.numerals import cardinal, digits, ordinal, year
from voxedge.speaking.spoken import spoken_form

ENGLISH = [
    ("It's 7:30 pm.", "It's seven thirty P M."),
    ("at 12:30pm or 7am", "at twelve thirty P M or seven A M"),
    ("I am here", "I am here"),
    ("at 9:05 and 9:00", "at nine oh five and nine o'clock"),
    ("at 9:00 a.m. sharp", "at nine A M sharp"),
    ("It is 5 p.m. Now go.", "It is five P M. Now go."),
    ("$3.50, $1, €1,250.00, £0.05", "three dollars and fifty cents, one dollar, "
     "one thousand two hundred fifty euros, five pence"),
    ("20% of 1,234", "twenty percent of one thousand two hundred thirty-four"),
    ("21°C, -5 °F and 1°", "twenty-one degrees Celsius, minus five degrees Fahrenheit and one degree"),
    ("5 km/h, 1 kg, 3.5 l", "five kilometers per hour, one kilogram, three point five liters"),
    ("in 1984, 2005 and 2024", "in nineteen eighty-four, two thousand five and twenty twenty-four"),
    ("1/2 cup, ¾ cup", "one half cup, three quarters cup"),
    ("the 2nd, 21st and 100th", "the second, twenty-first and one hundredth"),
    ("2024-03-05", "March fifth, twenty twenty-four"),
    ("12/25/2024", "December twenty-fifth, twenty twenty-four"),
    ("March 3", "March third"),
    ("2024-13-45", "two zero two four, one three, four five"),
    ("bob.smith@example.com", "bob dot smith at example dot com"),
    ("See https://www.example.com/menu.", "See example dot com slash menu."),
    ("call 555-1234", "call five five five, one two three four"),
    ("code 0123", "code zero one two three"),
    ("5-10 cups", "five to ten cups"),
    ("version 2.0.1", "version two point zero point one"),
    ("e.g. milk & sugar, i.e. both", "for example milk and sugar, that is both"),
    ("Dr. Smith etc. Then", "Doctor Smith et cetera. Then"),
    ("1 + 1 = 2", "one plus one equals two"),
    ("#5 and 3D", "number five and three D"),
    ("**Bold** `code` [link](http://x.y) 😀", "Bold code link"),
    ("- one\n- two", "one\ntwo"),
    ("snake_case stays", "snake_case stays"),
    ("12345678901234567890", "one two three four five six seven eight nine zero " * 2),
]  # fmt: skip
OTHERS = [
    ("de", "Am 3. Mai um 14:05 Uhr", "Am dritten Mai um vierzehn Uhr fünf"),
    ("de", "3,50 €, 1.234 Leute, 20 %", "drei Euro fünfzig, "
     "eintausendzweihundertvierunddreißig Leute, zwanzig Prozent"),
    ("de", "z. B. 1 h, 1 km", "zum Beispiel eine Stunde, ein Kilometer"),
    ("de", "1984 und 21°C", "neunzehnhundertvierundachtzig und einundzwanzig Grad Celsius"),
    ("es", "a las 7:30, 3,50 €", "a las siete treinta, tres euros con cincuenta céntimos"),
    ("es", "1 h, 2º piso, 1.234", "una hora, segundo piso, mil doscientos treinta y cuatro"),
    ("es", "2024-03-05", "cinco de marzo de dos mil veinticuatro"),
    ("fr", "à 7h30, 3,50 €", "à sept heures trente, trois euros cinquante"),
    ("fr", "1er mai, 80 %, 3,14", "premier mai, quatre-vingts pour cent, trois virgule quatorze"),
    ("it", "**Ciao** alle 7:30", "Ciao alle 7:30"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), ENGLISH)
def test_english(text, said):
    assert spoken_form(text) == said.strip()


@pytest.mark.parametrize(("language", "text", "said"), OTHERS)
def test_other_languages(language, text, said):
    assert spoken_form(text, language) == said


@pytest.mark.parametrize("text", ["", "   ", "...", "😀", "**", "\n"])
def test_nothing_to_say(text):
    with pytest.raises(TextInvalid, match="nothing"):
        spoken_form(text)


def test_far_too_long():
    with pytest.raises(TextInvalid, match="100001"):
        spoken_form("a" * 100_001)


def test_a_long_text_takes_linear_time():
    assert len(spoken_form("It costs $3.50 at 7:30, i.e. 5 km. " * 2500)) > 90_000


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=60), language=st.sampled_from(["en", "es", "de", "fr", "pt"]))
def test_no_text_breaks_it_and_no_digit_is_left(text, language):
    try:
        said = spoken_form(text, language)
    except TextInvalid:
        return
    assert any(c.isalnum() for c in said)
    if language != "pt":
        assert not any(c in "0123456789" for c in said)


@settings(deadline=None, max_examples=100)
@given(
    text=st.lists(st.sampled_from([*"0123456789.,:/-+$€%° ", "am", "km", "st", "h"]), max_size=14).map(
        "".join
    ),
    language=st.sampled_from(["en", "es", "de", "fr"]),
)
def test_no_mix_of_digits_and_signs_breaks_it(text, language):
    said = spoken_form(text + " x", language)
    assert not any(c.isdigit() for c in said)


def test_numerals():
    assert cardinal("-12.50", "en") == "minus twelve point five zero"
    assert cardinal("3.05", "es") == "tres coma cero cinco"
    assert cardinal("21", "es", feminine=True) == "veintiuna"
    assert ordinal(3, "de", "n") == "dritten"
    assert ordinal(1, "fr", "feminine") == "première"
    assert year(1900, "en") == "nineteen hundred"
    assert year(1984, "fr") == "mille neuf cent quatre-vingt-quatre"
    assert digits("4-2", "de") == "vier zwei"
