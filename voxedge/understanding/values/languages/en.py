"""English."""

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
    percent=phrases("percent|per cent|%"),
    degrees=words("degree degrees ° º"),
    scales=word_table(
        celsius="celsius centigrade c", fahrenheit="fahrenheit f", kelvin="kelvin kelvins k"
    ),
    below_zero=phrases("below zero|below"),
    units=word_table(
        second="second seconds sec secs s", minute="minute minutes min mins", hour="hour hours hr hrs h",
        day="day days", week="week weeks", fortnight="fortnight fortnights", month="month months",
        year="year years",
    ),
    quarters=words("quarter"),
    of=phrases("of an|of a|an|a|of"),
    joiners=words("and ,"),
    hours=words("o'clock oclock"),
    noon=phrases("noon|midday|twelve noon|12 noon"),
    midnight=phrases("midnight|twelve midnight|12 midnight"),
    parts=phrase_table(
        am="am|a m|a . m .|a . m|in the morning|this morning|tomorrow morning|morning",
        pm="pm|p m|p . m .|p . m|in the afternoon|this afternoon|afternoon|in the evening|"
        "this evening|evening",
        night="at night|tonight|in the night",
    ),
    at_time=phrases("at|by"),
    past=phrases("past|after"),
    to=phrases("to|before|til|till|of"),
    minutes=words("minute minutes"),
    halves=words("half"),
    months=table(
        "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept "
        "october/oct november/nov december/dec", 1,
    ),
    weekdays=table(
        "monday/mon/mondays tuesday/tue/tues wednesday/wed thursday/thu/thurs friday/fri saturday/sat "
        "sunday/sun", 0,
    ),
    days={
        **dict.fromkeys(phrases("today|this morning|this afternoon|this evening|tonight"), 0),
        **dict.fromkeys(phrases("tomorrow"), 1),
        **dict.fromkeys(phrases("the day after tomorrow|day after tomorrow"), 2),
        **dict.fromkeys(phrases("yesterday"), -1),
        **dict.fromkeys(phrases("the day before yesterday|day before yesterday"), -2),
    },
    next=phrases("next|coming|the coming|this coming"),
    last=phrases("last|past"),
    this=phrases("this"),
    at_date=phrases("on the|on|the"),
    of_month=phrases("of|,|the"),
    ahead=phrases("in|within"),
    ahead_after=phrases("from now|from today|later"),
    ago=(),
    ago_after=phrases("ago"),
    colors=color_table(
        """
        ff0000 red
        00ff00 green
        0000ff blue
        ffff00 yellow
        ffa500 orange
        800080 purple
        ee82ee violet
        ffc0cb pink
        ffffff white
        000000 black
        808080 gray, grey
        a52a2a brown
        00ffff cyan, aqua
        ff00ff magenta, fuchsia
        40e0d0 turquoise
        008080 teal
        4b0082 indigo
        ffd700 gold, golden
        c0c0c0 silver
        f5f5dc beige
        800000 maroon
        000080 navy, navy blue
        808000 olive
        32cd32 lime, lime green
        fa8072 salmon
        e6e6fa lavender
        dc143c crimson
        87ceeb sky blue
        fff4e5 warm white
        f4fdff cool white, cold white
        """, "en",
    ),
    light=words("light pale bright"),
    dark=words("dark deep"),
    letters=letter_table(
        "b=bee c=cee d=dee f=eff g=gee h=aitch j=jay k=kay l=el l=ell m=em n=en p=pee q=cue q=queue "
        "r=ar s=ess "
        "t=tee v=vee x=ex y=wye z=zee z=zed w=double+u w=double+you x=xray x=x+ray",
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike "
        "november "
        "oscar papa quebec romeo sierra tango uniform victor whiskey whisky yankee zulu",
    ),
    spelled_as=phrases("as in|like|for"),
)  # fmt: skip
