"""``voxedge stats`` as people and scripts use it, and the assistant that counts."""

from __future__ import annotations

import json
import logging
import time

import pytest

from voxedge import Assistant, Config
from voxedge.cli import main
from voxedge.errors import ConfigError
from voxedge.statistics import Recorder
from voxedge.statistics.monitor import Monitor
from voxedge.statistics.places import monitor_file, sharing_file
from voxedge.statistics.report import REPORT_BYTES, Report
from voxedge.statistics.sharing import Sharing

CANARY = "periwinkle zeppelin seventeen"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VOXEDGE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def counted(home):
    recorder = Recorder()
    recorder.count("turn_outcome", "intent", 30)
    recorder.count("turn_outcome", "no_intent", 10)
    for value in (80, 90, 150, 3_000):
        recorder.measure("final_latency_ms", value)
    recorder.close()
    return home


def stats(capsys, *words):
    status = main(["stats", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_show_before_anything_was_counted(home, capsys):
    status, out, err = stats(capsys, "show")
    assert (status, out) == (0, "Sharing is off; nothing leaves this device.\n")
    assert "monitor = true" in err
    assert not home.exists()


def test_show_has_totals_quantiles_and_a_sparkline(counted, capsys):
    _, out, _ = stats(capsys, "show")
    lines = out.splitlines()
    (latency,) = (line for line in lines if line.startswith("final_latency_ms"))
    assert latency.split()[1:6] == ["4", "<=", "100", "<=", "3200"]
    assert latency.endswith("█")
    assert any("intent 75 %, no_intent 25 %" in line for line in lines)


def test_show_and_export_as_json(counted, capsys):
    shown = json.loads(stats(capsys, "show", "--json", "--days", "2")[1])
    assert shown["span"] == "day"
    assert shown["slots"][-1]["counts"]["turn_outcome"] == {"intent": 30, "no_intent": 10}
    assert shown["sharing"]["on"] is False
    rows = [json.loads(line) for line in stats(capsys, "export")[1].splitlines()]
    assert {row["span"] for row in rows} == {"hour", "day"}
    assert sum(row["counts"]["final_latency_ms"]["up to 100"] for row in rows) == 4


def test_plot_writes_a_picture_or_says_why_not(counted, capsys, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib isn't installed (extra plot)")
    picture = tmp_path / "p.png"
    assert stats(capsys, "show", "--plot", str(picture))[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    status, _, err = stats(capsys, "show", "--plot", str(tmp_path / "nowhere" / "p.png"))
    assert status == 3
    assert "[input_invalid]" in err


@pytest.mark.parametrize("words", [["--hours", "100"], ["--days", "-3"], ["--days", "0"], ["--hours", "0"]])
def test_a_span_out_of_range_is_a_usage_error(counted, capsys, words):
    status, _, err = stats(capsys, "show", *words)
    assert status == 2
    assert "are kept" in err


def test_preview_prints_exactly_the_bytes(home, capsysbinary):
    assert main(["stats", "preview", "--example"]) == 0
    example = capsysbinary.readouterr().out
    assert len(example) == REPORT_BYTES
    Report.from_bytes(example)
    assert not home.exists()
    sharing = Sharing(sharing_file())
    sharing.turn_on("https://statistics.example.org/", now_s=time.time() - 8 * 86_400)
    sharing.close_period(time.time())
    assert main(["stats", "preview"]) == 0
    assert capsysbinary.readouterr().out == sharing.waiting()[0].body


def test_on_off_and_delete(counted, capsys):
    status, out, _ = stats(
        capsys, "on", "--endpoint", "https://statistics.example.org/r", "--period-days", "30"
    )
    assert status == 0
    assert "every 30 days" in out
    assert "0 of 24 spent, 2 a report" in out
    assert json.loads(stats(capsys, "show", "--json")[1])["sharing"]["endpoint"].endswith("/r")
    assert stats(capsys, "sync")[1] == "No report waits.\n"
    assert stats(capsys, "off")[0] == 0
    assert not sharing_file().exists()
    assert monitor_file().exists()  # the owner's own counts stay
    assert stats(capsys, "delete")[0] == 0
    assert not (counted / "statistics").exists()


def test_bad_consent_is_none(home, capsys, tmp_path):
    assert stats(capsys, "on", "--endpoint", "http://example.org/")[0] == 2
    assert stats(capsys, "on", "--endpoint", "https://example.org/", "--period-days", "0")[0] == 2
    missing = str(tmp_path / "ca.pem")
    assert (
        stats(capsys, "on", "--endpoint", "https://example.org/", "--ca-file", missing)[0]
        == ConfigError.exit_code
    )
    assert not home.exists()


def test_a_sync_that_fails_says_so_by_its_status(home, capsys):
    Sharing(sharing_file()).turn_on("http://127.0.0.1:1/", now_s=time.time() - 8 * 86_400)
    status, out, _ = stats(capsys, "sync", "--hurry")
    assert status == 1
    assert "sent later: Connection refused." in out
    assert json.loads(stats(capsys, "sync", "--json")[1])["outcome"] == "not_yet"


def test_simulate_prints_a_line_a_fleet(capsys):
    pytest.importorskip("numpy")
    status, out, _ = stats(capsys, "simulate", "--devices", "100", "500", "--periods", "1", "--runs", "3")
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["100", "1"], ["500", "1"]]


def config(folder, **more):
    return Config.from_mapping(
        {
            "understanding": {"intents": "kiosk"},
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "statistics": {"folder": str(folder), **more},
        }
    )


def test_an_assistant_counts_only_where_it_is_wanted(tmp_path):
    with Assistant(config(tmp_path / "s")) as assistant:
        assistant.ask("a latte please")
        assert assistant.recorder is None
    assert not (tmp_path / "s").exists()


def test_an_assistant_counts_and_keeps_nothing_of_what_was_said(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "s"
    Sharing(sharing_file(folder)).turn_on("https://statistics.example.org/", now_s=time.time() - 8 * 86_400)
    with Assistant(config(folder, monitor=True)) as assistant:

        @assistant.on_no_intent
        def echo(refusal, turn):
            return f"I heard {turn.text}"

        for _ in range(20):
            assistant.ask(f"can I get a large latte for {CANARY}")
            assistant.ask(CANARY)
    sharing = Sharing(sharing_file(folder))
    assert sharing.close_period(time.time())
    (day,) = Monitor(monitor_file(folder)).read("day")[-1:]
    assert sum(day.counts["turn_outcome"]) == 40
    assert day.counts["turn_outcome"][1] >= 20  # the echoes
    kept = [file.read_bytes() for file in folder.iterdir()] + [report.body for report in sharing.waiting()]
    assert len(kept) == 3
    assert not any(word.encode() in data.lower() for data in kept for word in CANARY.split())
    assert not any(word in caplog.text.lower() for word in CANARY.split())
