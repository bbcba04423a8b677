"""Spanish."""

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
    percent=phrases("por ciento|porciento|por cien|%"),
    degrees=words("grado grados ° º"),
    scales=word_table(
        celsius="celsius centigrado centigrados c", fahrenheit="fahrenheit f", kelvin="kelvin kelvins k"
    ),
    below_zero=phrases("bajo cero"),
    units=word_table(
        second="segundo segundos seg s", minute="minuto minutos min", hour="hora horas h", day="dia dias",
        week="semana semanas", month="mes meses", year="año años",
    ),
    quarters=words("cuarto"),
    of=phrases("de una|de"),
    joiners=words("y con ,"),
    hours=words("horas"),
    noon=phrases("mediodía|medio día|el mediodía|las doce del mediodía|las 12 del mediodía"),
    midnight=phrases("medianoche|media noche|la medianoche"),
    parts=phrase_table(
        am="am|a . m .|a . m|de la mañana|de la madrugada|por la mañana|esta mañana",
        pm="pm|p . m .|p . m|de la tarde|por la tarde|esta tarde|del mediodía",
        night="de la noche|por la noche|esta noche",
    ),
    at_time=phrases("a las|a la|las|la|a"),
    past=phrases("y|con"),
    to=phrases("menos"),
    minutes=words("minuto minutos"),
    halves=words("media"),
    months=table(
        "enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre "
        "diciembre", 1
    ),
    weekdays=table("lunes martes miércoles jueves viernes sábado domingo", 0),
    days={
        **dict.fromkeys(phrases("hoy|esta mañana|esta tarde|esta noche"), 0),
        **dict.fromkeys(phrases("mañana"), 1),
        **dict.fromkeys(phrases("pasado mañana"), 2),
        **dict.fromkeys(phrases("ayer|anoche"), -1),
        **dict.fromkeys(phrases("anteayer|antes de ayer|antier"), -2),
    },
    next=phrases("próximo|el próximo|que viene|siguiente"),
    last=phrases("pasado|último|el pasado|el último"),
    this=phrases("este"),
    at_date=phrases("el día|el|día|para el|del"),
    of_month=phrases("de|del|del año|,"),
    ahead=phrases("dentro de|en|de aquí a"),
    ahead_after=phrases("más tarde|después"),
    ago=phrases("hace"),
    ago_after=phrases("atrás"),
    colors=color_table(
        """
        ff0000 rojo, roja, rojos, rojas
        00ff00 verde, verdes
        0000ff azul, azules
        ffff00 amarillo, amarilla, amarillos, amarillas
        ffa500 naranja, anaranjado
        800080 morado, morada, púrpura
        ee82ee violeta
        ffc0cb rosa, rosado
        ffffff blanco, blanca, blancos, blancas
        000000 negro, negra, negros, negras
        808080 gris, grises
        a52a2a marrón, café, marrones
        00ffff cian
        ff00ff magenta, fucsia
        40e0d0 turquesa
        4b0082 añil, índigo
        ffd700 dorado, dorada, oro
        c0c0c0 plateado, plata
        f5f5dc beige, beis
        800000 granate
        000080 azul marino
        808000 oliva, verde oliva
        32cd32 lima, verde lima
        fa8072 salmón
        e6e6fa lavanda
        87ceeb celeste, azul cielo
        fff4e5 blanco cálido
        f4fdff blanco frío
        """, "es",
    ),
    light=words("claro clara claros claras"),
    dark=words("oscuro oscura oscuros oscuras"),
    letters=letter_table(
        "b=be c=ce d=de f=efe g=ge h=hache j=jota k=ka l=ele m=eme n=ene p=pe q=cu r=erre r=ere s=ese t=te "
        "v=uve v=ve x=equis y=ye z=zeta w=uve+doble w=doble+ve w=doble+u y=i+griega",
        "antonio barcelona burgos carmen dolores enrique españa francia gerona granada historia "
        "italia inés "
        "josé jaén kilo lorenzo madrid navarra oviedo parís querido ramón roma sevilla sábado toledo "
        "tarragona ulises valencia washington xilófono yegua zaragoza",
    ),
    spelled_as=phrases("de|como"),
)  # fmt: skip
