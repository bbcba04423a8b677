"""German."""

from __future__ import annotations

from voxedge.understanding.values.lexicon import (
    Lexicon,
    color_table,
    letter_table,
    phrase_table,
    phrases,
    table,
    word_table,
    words,
)

LEXICON = Lexicon(
    percent=phrases("prozent|%"),
    degrees=words("grad ° º"),
    scales=word_table(celsius="celsius c", fahrenheit="fahrenheit f", kelvin="kelvin k"),
    below_zero=phrases("unter null|minus"),
    units=word_table(
        second="sekunde sekunden sek s", minute="minute minuten min", hour="stunde stunden std h",
        day="tag tage tagen tages", week="woche wochen", month="monat monate monaten monats",
        year="jahr jahre jahren jahres",
    ),
    quarters=words("viertel"),
    of=(),
    joiners=words("und ,"),
    hours=words("uhr"),
    noon=phrases("mittag|zwölf uhr mittags|12 uhr mittags"),
    midnight=phrases("mitternacht"),
    parts=phrase_table(
        am="morgens|früh|vormittags|am morgen|am vormittag|in der früh|heute morgen|morgen früh|"
        "heute früh|vormittag",
        pm="nachmittags|abends|am nachmittag|am abend|heute abend|heute nachmittag|abend|nachmittag",
        noon="mittags|am mittag",
        night="nachts|in der nacht|heute nacht",
    ),
    at_time=phrases("um|gegen|ab"),
    past=phrases("nach"),
    to=phrases("vor"),
    minutes=words("minute minuten"),
    halves=words("halb"),
    months=table(
        "januar/jänner/jan februar/feb märz april mai juni/juno juli/julei august/aug september/sep "
        "oktober/okt "
        "november/nov dezember/dez", 1,
    ),
    weekdays=table(
        "montag/montags dienstag mittwoch donnerstag freitag samstag/sonnabend sonntag", 0,
    ),
    days={
        **dict.fromkeys(phrases("heute|heute morgen|heute abend|heute nachmittag|heute nacht|"
        "heute früh"), 0),
        **dict.fromkeys(phrases("morgen"), 1),
        **dict.fromkeys(phrases("übermorgen"), 2),
        **dict.fromkeys(phrases("gestern"), -1),
        **dict.fromkeys(phrases("vorgestern"), -2),
    },
    next=phrases("nächsten|nächster|nächste|nächstes|kommenden|kommender|kommende|am kommenden|"
    "am nächsten"),
    last=phrases("letzten|letzter|letzte|letztes|vergangenen|am letzten|vorigen"),
    this=phrases("diesen|dieser|an diesem"),
    at_date=phrases("am|den|der|vom|zum|bis zum"),
    of_month=phrases("im jahr|im jahre|,"),
    ahead=phrases("in"),
    ahead_after=phrases("von jetzt an|später"),
    ago=phrases("vor"),
    ago_after=(),
    colors=color_table(
        """
        ff0000 rot, rote, rotes, roten
        00ff00 grün, grüne, grünes, grünen
        0000ff blau, blaue, blaues, blauen
        ffff00 gelb, gelbe, gelbes, gelben
        ffa500 orange
        800080 lila, purpur
        ee82ee violett
        ffc0cb rosa, pink
        ffffff weiß, weiße, weißes, weißen
        000000 schwarz, schwarze, schwarzes, schwarzen
        808080 grau, graue, graues, grauen
        a52a2a braun, braune, braunes, braunen
        00ffff cyan
        ff00ff magenta
        40e0d0 türkis
        008080 petrol
        4b0082 indigo
        ffd700 gold, golden
        c0c0c0 silber, silbern
        f5f5dc beige
        000080 marineblau
        808000 oliv
        fa8072 lachs
        e6e6fa lavendel
        87ceeb himmelblau
        dc143c purpurrot
        fff4e5 warmweiß
        f4fdff kaltweiß
        """, "de",
    ),
    light=words("hell helles helle"),
    dark=words("dunkel dunkles dunkle tief"),
    letters=letter_table(
        "y=ypsilon ß=eszett ß=scharfes+s v=vau z=zett j=jott x=ix k=ka h=ha w=we f=ef l=el m=em n=en "
        "r=er s=es "
        "p=pe t=te b=be c=ce d=de g=ge q=ku c=cäsar sch=schule",
        "anton ärger berta cäsar dora emil friedrich gustav heinrich ida julius kaufmann konrad "
        "ludwig martha "
        "nordpol otto ökonom paula quelle richard samuel siegfried theodor ulrich übermut viktor wilhelm "
        "xanthippe zacharias zeppelin",
    ),
    spelled_as=phrases("wie"),
)  # fmt: skip
