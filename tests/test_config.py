from __future__ import annotations

import dataclasses
import sys

import pytest

from voxedge.config import Config
from voxedge.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAIN: dict[str, str] = {}


def test_what_is_printed_is_read_back_the_same():
    config = Config.from_mapping({"understanding": {"intents": ["a", "b"]}}, environment=PLAIN)
    assert Config.from_mapping(tomllib.loads(config.to_toml()), environment=PLAIN) == config


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"recogniton": {}}, "'recognition'"),
        ({"recognition": {"modle": "base"}}, "'model'"),
        ({"recognition": "base"}, "[recognition]"),
        ({"recognition": {"beam": "wide"}}, "recognition.beam"),
        ({"recognition": {"beam": True}}, "recognition.beam"),
        ({"recognition": {"beam": -1}}, "recognition.beam"),
        ({"listening": {"max_utterance_s": float("nan")}}, "max_utterance_s"),
        ({"audio": {"speak_aloud": 1}}, "speak_aloud"),
        ({"understanding": {"intents": [1]}}, "understanding.intents"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(data, said):
    with pytest.raises(ConfigError) as caught:
        Config.from_mapping(data, environment=PLAIN)
    assert said in f"{caught.value.message} {caught.value.remedy}"


def test_the_environment_wins_over_the_file_and_arguments_over_both(tmp_path):
    file = tmp_path / "voxedge.toml"
    file.write_text('[recognition]\nmodel = "base"\nbeam = 2\n', encoding="utf-8")
    env = {"VOXEDGE_RECOGNITION_BEAM": "5", "VOXEDGE_AUDIO_SPEAK_ALOUD": "no"}
    config = Config.from_file(file, environment=env)
    assert (config.recognition.model, config.recognition.beam, config.audio.speak_aloud) == ("base", 5, False)
    assert config.with_values(recognition={"beam": 1}).recognition == dataclasses.replace(
        config.recognition, beam=1
    )


def test_paths_count_from_the_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("language: en\n", encoding="utf-8")
    file = tmp_path / "voxedge.toml"
    file.write_text('[understanding]\nintents = ["mine.yaml", "kiosk"]\n', encoding="utf-8")
    config = Config.from_file(file, environment=PLAIN)
    assert config.understanding.intents == (str(tmp_path / "mine.yaml"), "kiosk")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"[recognition\n"], ids=["empty", "binary", "cut off"]
)
def test_damaged_files(tmp_path, content):
    file = tmp_path / "voxedge.toml"
    file.write_bytes(content)
    if content:
        with pytest.raises(ConfigError, match=r"voxedge\.toml"):
            Config.from_file(file, environment=PLAIN)
    else:
        assert Config.from_file(file, environment=PLAIN) == Config.from_mapping({}, environment=PLAIN)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="can't be read"):
        Config.from_file(tmp_path / "none.toml")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "a.toml").write_bytes(b'\xef\xbb\xbf[recognition]\r\nmodel = "base"\r\n')
    assert Config.from_file(tmp_path / "a.toml", environment=PLAIN).recognition.model == "base"


def test_unknown_keys_of_the_environment_are_errors_too():
    with pytest.raises(ConfigError, match="modle") as caught:
        Config.from_mapping({}, environment={"VOXEDGE_RECOGNITION_MODLE": "base"})
    assert "'model'" in caught.value.remedy
    Config.from_mapping({}, environment={"VOXEDGE_HOME": "/x", "VOXEDGE_OFFLINE": "1", "VOXEDGE_OTHER": "1"})
