"""French."""

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
    percent=phrases("pour cent|pourcent|pour cents|%"),
    degrees=words("degré degrés ° º"),
    scales=word_table(celsius="celsius centigrades c", fahrenheit="fahrenheit f", kelvin="kelvin "
    "kelvins k"),
    below_zero=phrases("en dessous de zéro|sous zéro|au dessous de zéro"),
    units=word_table(
        second="seconde secondes sec s", minute="minute minutes min mn", hour="heure heures h "
        "d'heure d'heures",
        day="jour jours", week="semaine semaines", month="mois", year="an ans année années",
    ),
    quarters=words("quart"),
    of=(),
    joiners=words("et ,"),
    hours=words("heure heures h"),
    noon=phrases("midi"),
    midnight=phrases("minuit"),
    parts=phrase_table(
        am="du matin|ce matin|le matin|matin|am",
        pm="de l'après midi|cet après midi|après midi|du soir|ce soir|soir|le soir|pm",
        night="cette nuit|de la nuit|la nuit",
    ),
    at_time=phrases("à|vers|pour"),
    past=phrases("et"),
    to=phrases("moins"),
    minutes=words("minute minutes"),
    halves=words("demi demie"),
    months=table(
        "janvier/janv février/févr mars avril mai juin juillet/juil août septembre/sept octobre/oct "
        "novembre/nov "
        "décembre/déc", 1,
    ),
    weekdays=table("lundi mardi mercredi jeudi vendredi samedi dimanche", 0),
    days={
        **dict.fromkeys(phrases("aujourd'hui|ce matin|cet après midi|ce soir|cette nuit"), 0),
        **dict.fromkeys(phrases("demain"), 1),
        **dict.fromkeys(phrases("après demain"), 2),
        **dict.fromkeys(phrases("hier"), -1),
        **dict.fromkeys(phrases("avant hier"), -2),
    },
    next=phrases("prochain|prochaine|qui vient"),
    last=phrases("dernier|dernière|passé"),
    this=phrases("ce"),
    at_date=phrases("le|au|pour le|du"),
    of_month=phrases("de l'an|,"),
    ahead=phrases("dans|d'ici"),
    ahead_after=phrases("plus tard"),
    ago=phrases("il y a"),
    ago_after=phrases("plus tôt"),
    colors=color_table(
        """
        ff0000 rouge, rouges
        00ff00 vert, verte, verts, vertes
        0000ff bleu, bleue, bleus, bleues
        ffff00 jaune, jaunes
        ffa500 orange, orangé
        800080 mauve, pourpre
        ee82ee violet, violette
        ffc0cb rose, roses
        ffffff blanc, blanche, blancs, blanches
        000000 noir, noire, noirs, noires
        808080 gris, grise
        a52a2a marron, brun, brune
        00ffff cyan
        ff00ff magenta, fuchsia
        40e0d0 turquoise
        4b0082 indigo
        ffd700 doré, or
        c0c0c0 argent, argenté
        f5f5dc beige
        800000 bordeaux
        000080 bleu marine
        808000 olive, vert olive
        32cd32 citron vert
        fa8072 saumon
        e6e6fa lavande
        87ceeb bleu ciel
        fff4e5 blanc chaud
        f4fdff blanc froid
        """, "fr",
    ),
    light=words("clair claire clairs"),
    dark=words("foncé foncée sombre"),
    letters=letter_table(
        "b=bé c=cé d=dé f=effe g=gé h=ache j=ji k=ka l=elle m=emme n=enne p=pé q=ku r=erre s=esse "
        "t=té v=vé "
        "x=ixe z=zède w=double+v w=double+vé y=i+grec",
        "anatole berthe célestin désiré eugène françois gaston henri irma joseph kléber louis marcel "
        "nicolas "
        "oscar pierre quintal raoul suzanne thérèse ursule victor william xavier yvonne zoé",
    ),
    spelled_as=phrases("comme"),
)  # fmt: skip
