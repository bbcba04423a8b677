"""What the languages say for units, money, signs and abbreviations, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenWords:
    """The words of one language.

    Attributes:
        units: Unit as written to singular and plural.
        money: Sign or code to singular and plural of the whole and of the hundredth.
        cents_join: Between both: "three dollars **and** fifty cents". None leaves the hundredth's name out.
        signs: Sign to word, with blanks where it stands alone.
        abbreviations: As written to words.
        months: January to December.
        at: The sign of an e-mail address.
        dot: Between the parts of an address.
        slash: In an address.
        percent: After a number.
        degrees: Singular and plural.
        minus_to: Between the ends of a range.
        number_sign: "#5".
        halves: Fractions with a name: "1/2" and so on.
        decimal_comma: Whether numbers are written 1.234,5 and not 1,234.5.
        spelled_years: Whether a bare number of four digits is read as a year.
    """

    units: Mapping[str, tuple[str, str]]
    money: Mapping[str, tuple[str, str, str, str]]
    cents_join: str | None
    signs: Mapping[str, str]
    abbreviations: Mapping[str, str]
    months: tuple[str, ...]
    at: str
    dot: str
    slash: str
    percent: str
    degrees: tuple[str, str]
    minus_to: str
    number_sign: str
    halves: Mapping[str, str]
    decimal_comma: bool = True
    spelled_years: bool = False


def _pairs(text: str) -> dict[str, tuple[str, str]]:
    """``"km kilometre kilometres; h hour hours"``; underscores stand for blanks."""
    found = {}
    for entry in text.split(";"):
        key, one, many = entry.split()
        found[key] = (one.replace("_", " "), many.replace("_", " "))
    return found


def row(text: str) -> tuple[str, ...]:
    """``"a b c"`` to ``("a", "b", "c")``."""
    return tuple(text.split())


def _table(text: str) -> dict[str, str]:
    """``"e.g.:for example | i.e.:that is"``."""
    return {key.strip(): word.strip() for key, _, word in (entry.partition(":") for entry in text.split("|"))}


WORDS: dict[str, SpokenWords] = {
    "en": SpokenWords(
        units=_pairs(
            "km/h kilometers_per_hour kilometers_per_hour; mph mile_per_hour miles_per_hour;"
            "km kilometer kilometers; cm centimeter centimeters; mm millimeter millimeters; m meter meters;"
            "kg kilogram kilograms; g gram grams; mg milligram milligrams; lb pound pounds; lbs pound pounds;"
            "oz ounce ounces; ft foot feet; l liter liters; L liter liters; ml milliliter milliliters;"
            "mL milliliter milliliters; h hour hours; hr hour hours; hrs hour hours; min minute minutes;"
            "mins minute minutes; s second seconds; sec second seconds; ms millisecond milliseconds;"
            "kW kilowatt kilowatts; kWh kilowatt_hour kilowatt_hours; W watt watts; V volt volts;"
            "Hz hertz hertz; kHz kilohertz kilohertz; MHz megahertz megahertz; GHz gigahertz gigahertz;"
            "KB kilobyte kilobytes; MB megabyte megabytes; GB gigabyte gigabytes; TB terabyte terabytes"
        ),
        money={
            "$": ("dollar", "dollars", "cent", "cents"),
            "€": ("euro", "euros", "cent", "cents"),
            "£": ("pound", "pounds", "penny", "pence"),
            "¥": ("yen", "yen", "sen", "sen"),
        },
        cents_join=" and ",
        signs=_table("&:and | +:plus | =:equals | ×:times | ÷:divided by | ~:about | <:less than"),
        abbreviations=_table(
            "e.g.:for example | i.e.:that is | etc.:et cetera | vs.:versus | approx.:approximately |"
            "Dr.:Doctor | Mr.:Mister | Mrs.:Missus | Ms.:Miz | Prof.:Professor | Jr.:Junior | Sr.:Senior |"
            "a.m.:A M | p.m.:P M | am:A M | pm:P M | approx:approximately |"
            "w/:with | w/o:without | No.:number"
        ),
        months=row("January February March April May June July August September October November December"),
        at="at",
        dot="dot",
        slash="slash",
        percent="percent",
        degrees=("degree", "degrees"),
        minus_to="to",
        number_sign="number",
        halves=_table("1/2:one half | 1/3:one third | 2/3:two thirds | 1/4:one quarter | 3/4:three quarters"),
        decimal_comma=False,
        spelled_years=True,
    ),
    "es": SpokenWords(
        units=_pairs(
            "km/h kilómetro_por_hora kilómetros_por_hora; km kilómetro kilómetros; cm centímetro centímetros;"
            "mm milímetro milímetros; m metro metros; kg kilogramo kilogramos; g gramo gramos;"
            "mg miligramo miligramos; l litro litros; L litro litros; ml mililitro mililitros; h hora horas;"
            "min minuto minutos; s segundo segundos; kW kilovatio kilovatios; W vatio vatios;"
            "MB megabyte megabytes; GB gigabyte gigabytes"
        ),
        money={
            "$": ("dólar", "dólares", "centavo", "centavos"),
            "€": ("euro", "euros", "céntimo", "céntimos"),
            "£": ("libra", "libras", "penique", "peniques"),
        },
        cents_join=" con ",
        signs=_table("&:y | +:más | =:igual a | ×:por | ÷:entre | ~:unos | <:menor que"),
        abbreviations=_table(
            "p. ej.:por ejemplo | etc.:etcétera | Sr.:señor | Sra.:señora | Srta.:señorita | Dr.:doctor |"
            "Dra.:doctora | Ud.:usted | Uds.:ustedes | aprox.:aproximadamente | n.º:número |"
            "a. m.:de la mañana | p. m.:de la tarde"
        ),
        months=row(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
        ),
        at="arroba",
        dot="punto",
        slash="barra",
        percent="por ciento",
        degrees=("grado", "grados"),
        minus_to="a",
        number_sign="número",
        halves=_table("1/2:medio | 1/3:un tercio | 2/3:dos tercios | 1/4:un cuarto | 3/4:tres cuartos"),
    ),
    "de": SpokenWords(
        units=_pairs(
            "km/h Stundenkilometer Stundenkilometer; km Kilometer Kilometer; cm Zentimeter Zentimeter;"
            "mm Millimeter Millimeter; m Meter Meter; kg Kilogramm Kilogramm; g Gramm Gramm;"
            "mg Milligramm Milligramm; l Liter Liter; L Liter Liter; ml Milliliter Milliliter;"
            "h Stunde Stunden; min Minute Minuten; Min. Minute Minuten; s Sekunde Sekunden;"
            "kW Kilowatt Kilowatt; W Watt Watt; MB Megabyte Megabyte; GB Gigabyte Gigabyte"
        ),
        money={
            "$": ("Dollar", "Dollar", "Cent", "Cent"),
            "€": ("Euro", "Euro", "Cent", "Cent"),
            "£": ("Pfund", "Pfund", "Penny", "Pence"),
        },
        cents_join=None,
        signs=_table("&:und | +:plus | =:gleich | ×:mal | ÷:geteilt durch | ~:etwa | <:kleiner als"),
        abbreviations=_table(
            "z. B.:zum Beispiel | z.B.:zum Beispiel | d. h.:das heißt | d.h.:das heißt | usw.:und so weiter |"
            "bzw.:beziehungsweise | ca.:circa | Dr.:Doktor | Nr.:Nummer | Str.:Straße | inkl.:inklusive |"
            "u. a.:unter anderem | evtl.:eventuell | ggf.:gegebenenfalls"
        ),
        months=row("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        at="ät",
        dot="Punkt",
        slash="Schrägstrich",
        percent="Prozent",
        degrees=("Grad", "Grad"),
        minus_to="bis",
        number_sign="Nummer",
        halves=_table(
            "1/2:ein halb | 1/3:ein Drittel | 2/3:zwei Drittel | 1/4:ein Viertel | 3/4:drei Viertel"
        ),
        spelled_years=True,
    ),
    "fr": SpokenWords(
        units=_pairs(
            "km/h kilomètre_à_l'heure kilomètres_à_l'heure; km kilomètre kilomètres;"
            "cm centimètre centimètres; mm millimètre millimètres; m mètre mètres;"
            "kg kilogramme kilogrammes; g gramme grammes; mg milligramme milligrammes; l litre litres;"
            "L litre litres; ml millilitre millilitres; min minute minutes; s seconde secondes;"
            "kW kilowatt kilowatts; W watt watts; Mo mégaoctet mégaoctets; Go gigaoctet gigaoctets"
        ),
        money={
            "$": ("dollar", "dollars", "cent", "cents"),
            "€": ("euro", "euros", "centime", "centimes"),
            "£": ("livre", "livres", "penny", "pence"),
        },
        cents_join=None,
        signs=_table("&:et | +:plus | =:égale | ×:fois | ÷:divisé par | ~:environ | <:inférieur à"),
        abbreviations=_table(
            "p. ex.:par exemple | etc.:et cetera | M.:monsieur | Mme:madame | Mlle:mademoiselle |"
            "Dr:docteur | env.:environ | n°:numéro | c.-à-d.:c'est-à-dire"
        ),
        months=row("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        at="arobase",
        dot="point",
        slash="barre oblique",
        percent="pour cent",
        degrees=("degré", "degrés"),
        minus_to="à",
        number_sign="numéro",
        halves=_table("1/2:un demi | 1/3:un tiers | 2/3:deux tiers | 1/4:un quart | 3/4:trois quarts"),
    ),
}
