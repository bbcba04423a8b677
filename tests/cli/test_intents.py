"""``voxedge intents`` as a user meets it."""

from __future__ import annotations

import json

import pytest

from voxedge.cli import main

AMBIGUOUS = """language: en
intents:
  Go:
    data:
      - sentences: ["go to {place}", "walk [home]"]
  Stay:
    data:
      - sentences: ["walk home", "go (to|too) a"]
lists:
  place: {values: [a, b]}
  other: {values: []}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(AMBIGUOUS, encoding="utf-8")
    return path


def test_check_names_both_places(file, capsys):
    assert main(["intents", "check", str(file), "--json"]) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["kind"] for item in found] == ["empty_list", "unreachable", "ambiguous"]
    assert found[1]["place"].endswith("x.yaml, line 8")
    assert "Go" in found[1]["message"]
    assert "x.yaml, line 5" in found[1]["message"]


def test_a_misspelled_list_is_named_with_its_line_and_the_nearest(file, capsys):
    file.write_text(AMBIGUOUS.replace("{place}", "{plase}"), encoding="utf-8")
    assert main(["intents", "check", str(file)]) == 3
    said = capsys.readouterr().err
    assert "x.yaml, line 5" in said
    assert "did you mean {place}?" in said


def test_sample_of_an_intent_that_is_not_there(file, capsys):
    assert main(["intents", "sample", str(file), "--intent", "Goo"]) == 2
    assert "Go" in capsys.readouterr().err
    assert main(["intents", "sample", str(file), "--intent", "Go", "--count", "3", "--seed", "4"]) == 0
    first = capsys.readouterr().out
    assert len(first.splitlines()) == 3
    main(["intents", "sample", str(file), "--intent", "Go", "--count", "3", "--seed", "4"])
    assert capsys.readouterr().out == first
