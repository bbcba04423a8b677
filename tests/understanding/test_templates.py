"""Templates: what can be written, and what is said about what can't."""

from __future__ import annotations

import contextlib
import cProfile
import pstats

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxedge.errors import TemplateError
from voxedge.events import Alternative, IntentMatched
from voxedge.understanding.templates import TemplateSyntaxError, parse_template

HEAD = """
language: en
intents:
  Go:
    data:
      - sentences:
          - "{template}"
lists:
  room: {{values: [kitchen, "living room", {{in: "(bath|wash)room", out: bath}}]}}
  level: {{range: {{from: 0, to: 100, step: 5, type: percentage}}}}
  warm: {{range: {{from: 10, to: 30, fractions: halves, multiplier: 2}}}}
  any: {{wildcard: true}}
expansion_rules:
  the: "(the|my)"
"""


def results(engine, text):
    return engine.understand([Alternative(text, 0)])


@pytest.mark.parametrize(
    ("template", "said", "slots"),
    [
        ("go to [<the>] {room}", "Go to the kitchen!", {"room": "kitchen"}),
        ("go to [<the>] {room}", "go to living-room", {"room": "living room"}),
        ("go to {room:where}", "go to washroom", {"where": "bath"}),
        ("light[s] (on;now;{room})", "lights now kitchen on", {"room": "kitchen"}),
        ("{room}light", "kitchenlight", {"room": "kitchen"}),
        ("l'{room}", "l\u2019kitchen", {"room": "kitchen"}),
        ("set {level}[%| percent]", "set 50%", {"level": 50}),
        ("set {level}[%| percent]", "set fifty-five percent", {"level": 55}),
        ("heat to {warm}", "heat to 20.5", {"warm": 41}),
        ("heat to {warm}", "heat to twenty and a half", {"warm": 41}),
        ("heat to {warm}", "heat to 20 and a half", {"warm": 41}),
        ("heat to {warm}", "heat to twenty point five", {"warm": 41}),
        ("heat to {warm}", "heat to twenty", {"warm": 40}),
        ("set {0..20,10:x}", "set twenty", {"x": 20}),
        ("add {any:item} to [<the>] list", "Add Wi-Fi cable to my list", {"item": "Wi-Fi cable"}),
        ("a\\\\[b", "a[b", {}),
    ],
)
def test_said_is_understood(grammar, template, said, slots):
    found = results(grammar(HEAD.format(template=template)), said)
    assert isinstance(found, IntentMatched), found
    assert {name: slot.value for name, slot in found.slots.items()} == slots
    assert found.score == 1.0


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("go to {room}", "go to"),
        ("go to {room}", "go to garden"),
        ("set {level}", "set 52"),
        ("set {level}", "set 105"),
        ("light[s] on", "light s on"),
        ("add {any:item} to list", "add to list"),
    ],
)
def test_not_said_exactly_is_no_exact_match(grammar, template, said):
    assert grammar(HEAD.format(template=template)).results(said) == []


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("go (to", "no ')'"),
        ("go to)", "closes nothing"),
        ("go {room", "no '}'"),
        ("go {}", "is no name"),
        ("go <there>", "there is no rule <there>"),
        ("go {there}", "there is no list {there}"),
        ("(a|b;c)", "'|' and ';'"),
        ("(a;b;c;d;e;f;g)", "more than 6"),
    ],
)
def test_errors_name_file_line_and_what_is_wrong(grammar, template, what):
    with pytest.raises(TemplateError) as caught:
        grammar(HEAD.format(template=template))
    assert "test.yaml, line 7" in caught.value.message
    assert what in caught.value.message
    assert caught.value.code == "template_invalid"


def test_a_rule_that_leads_back_is_an_error(grammar):
    with pytest.raises(TemplateError, match="leads back to itself"):
        grammar(HEAD.format(template="<the> x").replace('"(the|my)"', '"a [<the>]"'))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("language: en\nintents: [1]", "'intents' must be a mapping"),
        ("language: en\nintents: {A: {data: [{slots: {}}]}}", "no list of 'sentences'"),
        ("lists: {x: {range: {from: 5, to: 1}}}", "holds nothing"),
        ("lists: {x: {}}", "has none of"),
        ("a: [", "line"),
        ("- just\n- a list", "expected a mapping"),
        ("\x00", "no YAML"),
    ],
)
def test_files_that_are_wrong(grammar, text, what):
    with pytest.raises(TemplateError) as caught:
        grammar(text)
    assert what in caught.value.message
    assert "test.yaml" in caught.value.message


def test_a_missing_set_lists_those_that_are_there():
    from voxedge.understanding import create

    with pytest.raises(TemplateError) as caught:
        create(["no-such-set"])
    assert "coffee" in caught.value.remedy


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab (|)[];{}<>:@\\.", max_size=60))
def test_any_text_is_a_template_or_a_named_error(text):
    # Any other exception than the named one fails the test.
    with contextlib.suppress(TemplateSyntaxError):
        assert parse_template(text) is not None


def test_reading_takes_work_in_proportion():
    def calls(size):
        profile = cProfile.Profile()
        profile.runcall(parse_template, "[a|b] (c;d) " * size)
        return pstats.Stats(profile).total_calls

    assert calls(1600) < 17 * calls(100)
