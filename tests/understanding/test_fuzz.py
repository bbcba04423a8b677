"""Anything may come in: only the named errors come out, and work grows in proportion to what came in.

Work is counted in function calls, not in time.
"""

from __future__ import annotations

import contextlib
import cProfile
import pstats
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxedge.errors import TemplateError
from voxedge.events import Alternative, IntentMatched, NoIntent
from voxedge.understanding import create
from voxedge.understanding.engine import GrammarUnderstander
from voxedge.understanding.loading import load, text_list

SPOKEN = (
    "set the heating to twenty degrees in kitchen add milk and for minutes a of 5 % on please ö 中 é 👍 -- '"
)
WORDS = st.sampled_from(SPOKEN.split())
SAID = st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=30).map(" ".join))
GRAMMAR = """
language: en
intents:
  Heat: {data: [{sentences: ["set [the] heating to {level} [degrees] [in [the] {room}]"]}]}
  Add: {data: [{sentences: ["add {item} to [my] list", "(add;{item};{room})"]}]}
lists:
  level: {range: {from: -10, to: 40, fractions: halves}}
  room: {values: [kitchen, "living room", "(bath|wash)room"]}
  item: {wildcard: true}
skip_words: [please]
"""
LINES = """language: en
intents:
  A:
    data:
      - sentences:
          - 'go [to] {x}'
lists:
  x:
    values: [a, b]
    range: {from: 1, to: 3}
    wildcard: true
skip_words: [a]
- x
responses:
    - in: '(a|b'
dialogue:
  tries: 2
x: &a [*a]
\t
{
? :
!!python/x y"""
PIECES = st.sampled_from(LINES.split("\n"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    file = tmp_path_factory.mktemp("fuzz") / "g.yaml"
    file.write_text(GRAMMAR, encoding="utf-8")
    return GrammarUnderstander(load([file]))


@settings(max_examples=150, deadline=None)
@given(st.lists(SAID, max_size=4))
def test_any_hypotheses_give_an_event(small, texts):
    found = small.understand([Alternative(text, -1.0) for text in texts])
    assert isinstance(found, (IntentMatched, NoIntent))
    if isinstance(found, IntentMatched):
        assert 0.0 < found.score <= 1.0
    assert 0.0 <= small.nearness(texts[0] if texts else "") <= 1.0


@settings(max_examples=100, deadline=None)
@given(SAID)
def test_completeness_of_any_text(small, text):
    assert small.completeness(text) in ("complete", "open", "unfinished", "unknown")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(PIECES, max_size=14).map("\n".join), st.text(max_size=100)))
def test_any_file_is_a_grammar_or_a_named_error(tmp_path, text):
    file: Path = tmp_path / "any.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(TemplateError):
        GrammarUnderstander(load([file])).understand([Alternative("go to a", 0.0)])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(alphabet="ab c(|)[]{}<>;:@\\'-", max_size=20), max_size=6))
def test_any_names_are_a_list_or_a_named_error(small, names):
    with contextlib.suppress(TemplateError):
        small.set_list("room", text_list(names))
        small.understand([Alternative("set heating to 20 in a b c", 0.0)])


def work(call, *arguments):
    profile = cProfile.Profile()
    profile.runcall(call, *arguments)
    return pstats.Stats(profile).total_calls


NASTY = ("add add ", "set the heating to ", "add a to ", "twenty ", "a", "kitchen living ", "x y ")


@pytest.mark.parametrize("piece", NASTY)
def test_reading_costs_at_most_so_many_calls_a_character(small, piece):
    small.understand([Alternative("set the heating to 20", 0.0)])
    most = 200  # calls a character; arrays are bounded by the 160 sounds that are looked at
    for repeats in (4, 40, 400, 4000):
        text = piece * repeats
        calls = work(small.understand, [Alternative(text, 0.0)])
        assert calls <= most * min(len(text), 2000) + 30_000


def test_a_text_of_a_megabyte_is_cut(small):
    assert work(small.understand, [Alternative("add " * 250_000, 0.0)]) < 6_000_000


@pytest.mark.parametrize("text", ["[a|" * 39 + "b" + "]" * 39, "(a;b;c;d;e;f)" * 20, "{x}" * 200])
def test_templates_with_many_readings_are_built_or_refused(tmp_path, text):
    file = tmp_path / "t.yaml"
    file.write_text(
        f"language: en\nintents: {{A: {{data: [{{sentences: ['{text}']}}]}}}}\nlists: {{x: {{values: [a]}}}}",
        encoding="utf-8",
    )
    with contextlib.suppress(TemplateError):
        assert work(lambda: create([file])) < 20_000_000
