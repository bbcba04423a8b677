"""Number words of the languages, as data.

All words are folded as `tokens.fold` does: lower case, no accents, ``ss`` for ``ß``. Cardinals above 99
that are one word (Spanish ``quinientos``) stand in ``hundreds``; German compounds are cut into these words
by `tokens`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NumberWords:
    """What a language calls its numbers.

    Attributes:
        small: Words for 0..99 that are one word, without the tens that take a unit.
        tens: Words for 20, 30, .. 90, to which a unit may be added.
        hundreds: Words that are a number of hundreds by themselves.
        hundred: Words that multiply by a hundred.
        scales: Words that multiply by a thousand or more.
        joiners: Words between the parts ("and"), allowed after hundreds and between tens and units.
        articles: Words that are 1 only before a hundred, a scale or a fraction.
        ordinals: Ordinal words, 1..19 and the tens, hundred and thousand.
        ordinal_marks: What makes an ordinal of digits ("st", "th", ".").
        denominators: Fraction nouns.
        halves: Words that add a half after "and".
        points: Words for the decimal separator.
        minus: Words for the sign.
        ambiguous: Number words that are more often something else when alone ("one", "second").
        digits: Further words for one digit in a spelled string ("oh").
        repeats: "double", "triple".
        nouns: Amounts that are a noun ("dozen").
        comma_decimal: Whether a comma is the decimal separator in writing.
    """

    small: Mapping[str, int]
    tens: Mapping[str, int]
    hundreds: Mapping[str, int]
    hundred: frozenset[str]
    scales: Mapping[str, int]
    joiners: frozenset[str]
    articles: frozenset[str]
    ordinals: Mapping[str, int]
    ordinal_marks: frozenset[str]
    denominators: Mapping[str, int]
    halves: frozenset[str]
    points: frozenset[str]
    minus: frozenset[str]
    ambiguous: frozenset[str]
    digits: Mapping[str, int] = field(default_factory=dict)
    repeats: Mapping[str, int] = field(default_factory=dict)
    nouns: Mapping[str, int] = field(default_factory=dict)
    comma_decimal: bool = True


def _count(words: str, start: int = 0, step: int = 1) -> dict[str, int]:
    """Numbers in a row; words of one number are separated by a slash."""
    return {word: start + step * n for n, group in enumerate(words.split()) for word in group.split("/")}


ENGLISH = NumberWords(
    small=_count(
        "zero/nought one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen"
    ),
    tens=_count("twenty thirty forty/fourty fifty sixty seventy eighty ninety", 20, 10),
    hundreds={},
    hundred=frozenset({"hundred"}),
    scales={
        "thousand": 10**3,
        "million": 10**6,
        "millions": 10**6,
        "billion": 10**9,
        "billions": 10**9,
        "trillion": 10**12,
    },
    joiners=frozenset({"and"}),
    articles=frozenset({"a", "an"}),
    ordinals={
        **_count(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
            "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth",
            1,
        ),
        **_count("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
        "hundredth": 100,
        "thousandth": 1000,
    },
    ordinal_marks=frozenset({"st", "nd", "rd", "th"}),
    denominators={
        "half": 2,
        "halves": 2,
        "third": 3,
        "thirds": 3,
        "quarter": 4,
        "quarters": 4,
        "fourth": 4,
        "fourths": 4,
        "fifth": 5,
        "fifths": 5,
        "sixth": 6,
        "sixths": 6,
        "seventh": 7,
        "sevenths": 7,
        "eighth": 8,
        "eighths": 8,
        "ninth": 9,
        "ninths": 9,
        "tenth": 10,
        "tenths": 10,
        "hundredths": 100,
    },
    halves=frozenset({"half"}),
    points=frozenset({"point", "dot"}),
    minus=frozenset({"minus", "negative"}),
    ambiguous=frozenset({"one", "second", "a", "an", "half", "quarter", "third"}),
    digits={"oh": 0, "o": 0},
    repeats={"double": 2, "triple": 3},
    nouns={"dozen": 12},
    comma_decimal=False,
)

SPANISH = NumberWords(
    small={
        **_count(
            "cero uno/un/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
            "quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno/veintiun/veintiuna "
            "veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"
        )
    },
    tens=_count("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 20, 10),
    hundreds=_count(
        "cien/ciento doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas "
        "quinientos/quinientas seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas "
        "novecientos/novecientas",
        100,
        100,
    ),
    hundred=frozenset(),
    scales={"mil": 10**3, "millon": 10**6, "millones": 10**6, "billon": 10**12, "billones": 10**12},
    joiners=frozenset({"y"}),
    articles=frozenset(),
    ordinals={
        **_count(
            "primero/primer/primera segundo/segunda tercero/tercer/tercera cuarto/cuarta quinto/quinta "
            "sexto/sexta septimo/septima/setimo octavo/octava noveno/novena decimo/decima "
            "undecimo/undecima/decimoprimero duodecimo/duodecima/decimosegundo "
            "decimotercero/decimotercera/decimotercer decimocuarto/decimocuarta decimoquinto/decimoquinta "
            "decimosexto/decimosexta decimoseptimo/decimoseptima decimoctavo/decimoctava "
            "decimonoveno/decimonovena",
            1,
        ),
        **_count(
            "vigesimo/vigesima trigesimo/trigesima cuadragesimo/cuadragesima/quadragesimo/quadragesima "
            "quincuagesimo/quincuagesima sexagesimo/sexagesima septuagesimo/septuagesima "
            "octogesimo/octogesima nonagesimo/nonagesima centesimo/centesima",
            20,
            10,
        ),
        **_count(
            "ducentesimo tricentesimo cuadringentesimo/cuadrigentesimo/quadrigentesimo quingentesimo "
            "sexcentesimo septingentesimo/septigentesimo octingentesimo/octigentesimo noningentesimo",
            200,
            100,
        ),
        "milesimo": 1000,
        "milesima": 1000,
    },
    ordinal_marks=frozenset({"º", "ª", "°", "er", "ro", "ra", "do", "da", "o", "a"}),
    denominators={
        "medio": 2,
        "media": 2,
        "medios": 2,
        "tercio": 3,
        "tercios": 3,
        "cuarto": 4,
        "cuartos": 4,
        "quinto": 5,
        "quintos": 5,
        "sexto": 6,
        "sextos": 6,
        "septimo": 7,
        "septimos": 7,
        "octavo": 8,
        "octavos": 8,
        "noveno": 9,
        "novenos": 9,
        "decimo": 10,
        "decimos": 10,
        "decima": 10,
        "decimas": 10,
    },
    halves=frozenset({"medio", "media"}),
    points=frozenset({"coma", "punto"}),
    minus=frozenset({"menos"}),
    ambiguous=frozenset(
        {
            "un",
            "una",
            "uno",
            "segundo",
            "segunda",
            "cuarto",
            "cuarta",
            "medio",
            "media",
            "tercio",
            "quinta",
        }
    ),
    repeats={"doble": 2, "triple": 3},
    nouns={"docena": 12},
)

GERMAN = NumberWords(
    small=_count(
        "null eins/ein/eine/einen/einem/einer/eines zwei/zwo drei vier funf/fuenf sechs sieben acht neun "
        "zehn elf zwolf/zwoelf dreizehn vierzehn funfzehn/fuenfzehn sechzehn siebzehn achtzehn neunzehn"
    ),
    tens=_count("zwanzig dreissig vierzig funfzig/fuenfzig sechzig siebzig achtzig neunzig", 20, 10),
    hundreds={},
    hundred=frozenset({"hundert"}),
    scales={
        "tausend": 10**3,
        "million": 10**6,
        "millionen": 10**6,
        "milliarde": 10**9,
        "milliarden": 10**9,
        "billion": 10**12,
        "billionen": 10**12,
    },
    joiners=frozenset({"und"}),
    articles=frozenset(),
    ordinals={
        stem + ending: value
        for stem, value in {
            **_count(
                "erst zweit dritt viert funft/fuenft sechst siebt/siebent acht neunt zehnt elft "
                "zwolft/zwoelft dreizehnt vierzehnt funfzehnt/fuenfzehnt sechzehnt siebzehnt achtzehnt "
                "neunzehnt",
                1,
            ),
            **_count(
                "zwanzigst dreissigst vierzigst funfzigst/fuenfzigst sechzigst siebzigst achtzigst "
                "neunzigst hundertst",
                20,
                10,
            ),
            "tausendst": 1000,
        }.items()
        for ending in ("e", "er", "en", "es", "em")
    },
    ordinal_marks=frozenset({"."}),
    denominators={
        "halb": 2,
        "halbe": 2,
        "halben": 2,
        "halber": 2,
        "halbes": 2,
        "drittel": 3,
        "viertel": 4,
        "funftel": 5,
        "fuenftel": 5,
        "sechstel": 6,
        "siebtel": 7,
        "achtel": 8,
        "neuntel": 9,
        "zehntel": 10,
        "zwanzigstel": 20,
        "hundertstel": 100,
    },
    halves=frozenset({"halb", "halbe", "halben", "halbes", "halber"}),
    points=frozenset({"komma", "punkt"}),
    minus=frozenset({"minus"}),
    ambiguous=frozenset(
        {
            "ein",
            "eine",
            "einen",
            "einem",
            "einer",
            "eines",
            "halb",
            "halbe",
            "halben",
            "halber",
            "viertel",
            "achten",
            "achte",
        }
    ),
    repeats={"doppel": 2, "doppelt": 2},
    nouns={"dutzend": 12, "anderthalb": 0, "eineinhalb": 0},
)

FRENCH = NumberWords(
    small=_count(
        "zero un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
    ),
    tens={
        **_count("vingt/vingts trente quarante cinquante soixante septante huitante nonante", 20, 10),
        "octante": 80,
    },
    hundreds={},
    hundred=frozenset({"cent", "cents"}),
    scales={
        "mille": 10**3,
        "million": 10**6,
        "millions": 10**6,
        "milliard": 10**9,
        "milliards": 10**9,
        "billion": 10**12,
        "billions": 10**12,
    },
    joiners=frozenset({"et"}),
    articles=frozenset(),
    ordinals={
        "premier": 1,
        "premiere": 1,
        "second": 2,
        "seconde": 2,
        **{
            stem + "ieme": value
            for stem, value in {
                **_count(
                    "un deux trois quatr cinqu six sept huit neuv dix onz douz treiz quatorz quinz seiz", 1
                ),
                **_count(
                    "vingt/vingts trent quarant cinquant soixant septant huitant nonant cent/cents", 20, 10
                ),
                "mill": 1000,
            }.items()
        },
    },
    ordinal_marks=frozenset({"e", "er", "ere", "re", "eme", "ieme", "nd", "nde"}),
    denominators={
        "demi": 2,
        "demie": 2,
        "demis": 2,
        "tiers": 3,
        "quart": 4,
        "quarts": 4,
        **{
            stem + "ieme" + plural: value
            for stem, value in _count("cinqu six sept huit neuv dix", 5).items()
            for plural in ("", "s")
        },
        "centieme": 100,
        "centiemes": 100,
    },
    halves=frozenset({"demi", "demie"}),
    points=frozenset({"virgule", "point"}),
    minus=frozenset({"moins"}),
    ambiguous=frozenset({"un", "une", "second", "seconde", "demi", "demie", "quart", "tiers", "neuf"}),
    repeats={"double": 2, "triple": 3},
    nouns={"douzaine": 12, "dizaine": 10, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "centaine": 100},
)

WORDS: Mapping[str, NumberWords] = {"en": ENGLISH, "es": SPANISH, "de": GERMAN, "fr": FRENCH}
"""By ISO 639-1 code."""
