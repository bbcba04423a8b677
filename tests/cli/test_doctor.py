"""``voxedge doctor`` and ``voxedge listen --meter``: what they say of a machine, of faults, of a sound."""

from __future__ import annotations

import json

import numpy as np
import pytest

from voxedge import cli
from voxedge.audio.contract import FRAME_SAMPLES, Frame
from voxedge.cli import doctor
from voxedge.cli.meter import line, readings
from voxedge.config import Config
from voxedge.errors import DeviceNotFound


def config(**sections):
    return Config.from_mapping(sections, environment={})


def examined(configuration, **options):
    return {finding.name: finding for finding in doctor.examine(configuration, **options)}


def test_every_fault_has_a_remedy_and_none_ends_the_other_checks(monkeypatch):
    def broken(*_args):
        raise RuntimeError("libfoo.so: cannot open shared object file\nmore")

    def missing(*_args):
        raise DeviceNotFound("This machine has no microphone.", remedy="Plug one in.")

    monkeypatch.setattr(doctor, "_voice_activity", broken)
    monkeypatch.setattr(doctor, "_device", missing)
    found = examined(config(recognition={"model": "./no/such/folder"}), engines=False)
    assert found["python"].status == "ok"
    assert found["microphone"].code == "device_not_found"
    assert found["microphone"].remedy == "Plug one in."
    assert "libfoo.so" in found["voice activity"].detail
    assert "\n" not in found["voice activity"].detail
    assert found["model recognition"].status == "fault"
    assert all(finding.remedy for finding in found.values() if finding.status == "fault")


def test_what_isn_t_wanted_is_off_and_no_fault():
    found = examined(
        config(
            conversation={"engine": "none"},
            speaking={"engine": "none"},
            audio={"speak_aloud": False},
        ),
        engines=False,
    )
    assert found["loudspeaker"].status == "off"
    assert found["model language"].status == "off"
    assert found["model speech"].status == "off"


def test_an_engine_that_can_t_be_loaded_is_a_fault_with_its_remedy():
    found = examined(
        config(
            recognition={"model": "./no/such/folder"},
            conversation={"engine": "llama", "model": "./no/such.gguf"},
            speaking={"engine": "none"},
        )
    )
    for name in ("recognition", "conversation"):
        assert found[name].status == "fault", name
        assert found[name].remedy, name
    assert found["understanding"].status == "off"


def test_intents_are_compiled():
    found = examined(
        config(
            recognition={"model": "./no/such/folder"},
            understanding={"intents": ["kiosk"]},
            conversation={"engine": "none"},
            speaking={"engine": "none"},
        )
    )
    assert found["understanding"].status == "ok"


def test_intents_are_read_without_the_engines_as_well():
    found = examined(config(understanding={"intents": ["nosuch"]}), engines=False)
    assert found["understanding"].code == "template_invalid"
    assert "recognition" not in found


@pytest.mark.parametrize("flag", ["--json", ""])
def test_the_exit_status_says_whether_all_works(monkeypatch, capsys, flag):
    words = ["doctor", "--quick", *([flag] if flag else [])]
    faulty = doctor.Finding("microphone", "fault", "none", "Plug one in.", "device_not_found")
    fine = doctor.Finding("python", "ok", "3.11")
    monkeypatch.setattr(doctor, "examine", lambda *_args, **_kw: iter([fine, faulty]))
    assert cli.main(words) == 1
    out = capsys.readouterr().out
    assert "Plug one in." in out
    if flag:
        report = json.loads(out)
        assert report["works"] is False
        assert [check["status"] for check in report["checks"]] == ["ok", "fault"]
    monkeypatch.setattr(doctor, "examine", lambda *_args, **_kw: iter([fine]))
    assert cli.main(words) == 0


def frames(sound):
    for start in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        yield Frame(sound[start : start + FRAME_SAMPLES], start)


def test_the_meter_reads_level_peak_and_noise():
    rng = np.random.default_rng(2)
    quiet = rng.normal(scale=0.001, size=64_000).astype(np.float32)
    tone = (0.1 * np.sin(np.arange(16_000) / 5)).astype(np.float32)
    read = list(readings(frames(np.concatenate([quiet, tone])), "energy"))
    assert read[20].level_db == pytest.approx(-60, abs=1)
    assert read[30].floor_db == pytest.approx(-60, abs=2)
    assert read[-1].level_db == pytest.approx(-23, abs=0.5)
    assert read[-1].peak_db == pytest.approx(-20, abs=0.5)
    assert not read[-1].clipped
    assert line(read[-1]).count("#") > line(read[20]).count("#")


def test_the_meter_warns_of_clipping_and_takes_silence():
    loud = np.ones(FRAME_SAMPLES * 3, np.float32)
    (reading,) = readings(frames(loud), "energy")
    assert reading.clipped
    assert "too loud" in line(reading)
    (silent,) = readings(frames(loud * 0), "energy")
    assert silent.level_db == -120.0
    assert "#" not in line(silent)


@pytest.mark.data
def test_the_meter_shows_speech_in_a_file_without_any_model(data_dir, capsys):
    file = data_dir / "speech-en" / "an4" / "an101-mrcb-b.flac"
    assert cli.main(["listen", "--meter", "--json", "--file", str(file)]) == 0
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert {row["type"] for row in rows} == {"Level"}
    assert max(row["speech"] for row in rows) > 0.9
    assert min(row["speech"] for row in rows) < 0.3


def test_the_meter_names_a_file_that_isn_t_there(capsys):
    assert cli.main(["listen", "--meter", "--file", "no-such.wav"]) != 0
    assert "no-such.wav" in capsys.readouterr().err
