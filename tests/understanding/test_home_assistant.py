"""Home Assistant's own sentence tests, all languages that are there."""

from __future__ import annotations

import pytest

from voxedge.understanding.testing import run_tests


@pytest.mark.data
@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_every_sentence_gives_intent_slots_and_reply(data_dir, language):
    folder = data_dir / "ha-intents"
    report = run_tests(folder / "sentences" / language, folder / "tests" / language)
    assert report.failures == []
    assert report.passed == report.sentences > 700


@pytest.mark.data
def test_a_wrong_expectation_fails(data_dir, tmp_path):
    folder = data_dir / "ha-intents"
    (tmp_path / "_fixtures.yaml").write_text(
        (folder / "tests" / "en" / "_fixtures.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "light_HassTurnOn.yaml").write_text(
        'language: en\ntests: [{sentences: ["turn on the bedroom lamp"], '
        "intent: {name: HassTurnOff, slots: {name: Bedroom Lamp}}}]",
        encoding="utf-8",
    )
    report = run_tests(folder / "sentences" / "en", tmp_path, folder / "responses" / "en")
    assert [failure.sentence for failure in report.failures] == ["turn on the bedroom lamp"]
    assert "HassTurnOff" in report.failures[0].why
