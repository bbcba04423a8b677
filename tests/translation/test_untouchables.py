"""What must come through: 240 lines, each with things that no translation may change (show 5)."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from voxedge.translation.contract import TranslationOptions
from voxedge.translation.protect import UNTOUCHABLE, Glossary, protect

THINGS = [
    "https://example.com/a?b=1&c=2", "http://localhost:8080/x_y", "www.example.org/page", "ana@example.com",
    "first.last+tag@mail.example.co.uk", "{name}", "{0}", "{user.name!r:>10}", "{{total}}", "${HOME}", "%s",
    "%d", "%(count)d", "%1$s", "%.2f", "%@", "`pip install x`", "``a`b``", "<br/>", "&nbsp;", "&amp;",
    "/etc/hosts", "~/notes.txt", "C:\\Users\\ana", "config.toml", "--verbose", "$PATH", "@ana", "#news", "😀",
    "👩‍🚀", "🇪🇸", "👍🏽", "12:30", "3.14", "1,000", "2026-11-24", "25%", "42", "[^1]",
]  # fmt: skip
FRAMES = [
    "Please open {} now.",
    "I don't know where {} is.",
    "{} is very important.",
    "Do you like {}?",
    "My brother said that {} and {} are good.",
    "We need {}, {} and {} today.",
]


def suite():
    lines = []
    for number, frame in enumerate(FRAMES):
        slots = frame.count("{}")
        for start in range(len(THINGS)):
            chosen = [THINGS[(start + number + 7 * k) % len(THINGS)] for k in range(slots)]
            text = frame
            for thing in chosen:
                text = text.replace("{}", "\0" + thing + "\1", 1)
            lines.append((text.replace("\0", "").replace("\1", ""), chosen))
    return lines


@pytest.mark.parametrize("direction", ["en-es", "es-en"])
def test_every_thing_comes_through_exactly(starter, direction):
    source, target = direction.split("-")
    lines = suite()
    assert len(lines) >= 200
    answers = starter.translate(
        [text for text, _ in lines], source=source, target=target, options=TranslationOptions(beam=1)
    )
    lost = [
        (answer.text, answer.translation)
        for answer, (_, things) in zip(answers, lines, strict=True)
        if any(answer.translation.count(thing) < n for thing, n in Counter(things).items())
    ]
    assert lost == []


def test_words_around_are_translated(starter):
    answer = starter.translate(["Please open {name} now."], source="en", target="es")[0].translation
    assert "{name}" in answer
    assert "Please" not in answer
    assert "open" not in answer


@pytest.mark.parametrize("thing", [t for t in THINGS if not t[0].isdigit()])
def test_a_thing_is_one_span(thing):
    assert UNTOUCHABLE.fullmatch(thing) is not None


@pytest.mark.parametrize(
    "words", ["and/or", "50 percent of it", "I like C and R.", "Tom's dog (the black one)"]
)
def test_plain_words_are_no_span(words):
    assert UNTOUCHABLE.search(words) is None


def test_glossary_forces_and_keeps(starter_engine, translator_of, tmp_path):
    file = tmp_path / "terms.tsv"
    file.write_text("# terms\ntrain station\testación ferroviaria\nAcme Cloud\n\n", encoding="utf-8")
    translator = translator_of(starter_engine, glossary=Glossary.from_tsv(file))
    texts = ["Where is the train station?", "I work for Acme Cloud.", "The Train Station is old."]
    first, second, third = [t.translation for t in translator.translate(texts, source="en", target="es")]
    assert "estación ferroviaria" in first
    assert "Acme Cloud" in second
    assert "stación ferroviaria" in third


def test_glossary_needs_a_readable_file(tmp_path):
    from voxedge.errors import InputError

    with pytest.raises(InputError, match=r"glossary none\.tsv can't be read: No such file"):
        Glossary.from_tsv(tmp_path / "none.tsv")
    binary = tmp_path / "b.tsv"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match=r"glossary .* it isn't text in UTF-8"):
        Glossary.from_tsv(binary)


def test_protect_round_trip():
    sentence = "Mail ana@x.org or see https://x.org, {name}."
    protected = protect(sentence)
    assert protected.kept == ("ana@x.org", "https://x.org", "{name}")
    assert protected.restore(protected.text) == sentence
    assert protected.intact(protected.text)
    assert not protected.intact(protected.text.replace(chr(0xE001), ""))
    assert not protected.intact(protected.text + chr(0xE001))


def test_too_many_for_a_model_are_kept_all_the_same(starter):
    text = "See " + ", ".join(f"{{n{i}}}" for i in range(14)) + " and go."
    answer = starter.translate([text], source="en", target="es")[0].translation
    assert all(answer.count(f"{{n{i}}}") == 1 for i in range(14))


def test_an_engine_without_placeholders_never_sees_one(scripted, translator_of):
    engine = scripted(placeholders=False)
    answer = translator_of(engine).translate(["Open {name} now."], source="en", target="es")[0].translation
    assert answer == "OPEN {name} NOW."
    seen = "".join(itertools.chain.from_iterable(engine.calls))
    assert "{name}" not in seen
    assert not any(0xE000 <= ord(char) <= 0xF8FF for char in seen)


@pytest.mark.parametrize(
    "text",
    [
        "  Indented line.\n\n\n- One apple\n- Two cars\r\n\t1. A dog\n",
        "No end",
        "\n\n",
        "A dog.\u2028A cat.\x0bA house.",
        "One.  Two spaces.   Three.\n> A quote.\n# A title\n",
    ],
)
def test_white_space_and_lists_are_kept(scripted, translator_of, text):
    answer = translator_of(scripted()).translate([text], source="en", target="es")[0].translation
    # The scripted engine only raises letters: all else must be where it was.
    assert answer.casefold() == text.casefold()
