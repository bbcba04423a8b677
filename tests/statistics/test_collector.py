"""The collector: takes reports once, keeps sums and no address, shows estimates, and refuses the rest."""

from __future__ import annotations

import http.client
import importlib.util
import json
import re
import socket
import sqlite3
import sys
import threading
import time
from xml.etree import ElementTree

import pytest
from statistics_helpers import DAY, NOW, SeededBits

from voxedge.statistics import sync
from voxedge.statistics.places import sharing_file
from voxedge.statistics.report import REPORT_BYTES, draw_report
from voxedge.statistics.schema import METRICS, SHARED
from voxedge.statistics.sharing import Sharing

uvicorn = pytest.importorskip("uvicorn", reason="uvicorn isn't installed (extra serve)")
pytest.importorskip("starlette", reason="starlette isn't installed (extra serve)")


@pytest.fixture(scope="module")
def collector(repository):
    folder = str(repository / "scripts")
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("collector", repository / "scripts" / "collector.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


class Served:
    """The collector's app on a port of this machine."""

    def __init__(self, module, path):
        self.path, self.now = path, NOW
        app = module.create_app(path, clock=lambda: self.now)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)
        self.server = uvicorn.Server(config)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def close(self):
        self.connection.close()
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()


@pytest.fixture
def served(collector, tmp_path):
    found = Served(collector, tmp_path / "reports.db")
    yield found
    found.close()


def reports(number, metric=METRICS["reply_by"], counts=(30, 0, 10)):
    bits = SeededBits(8)
    return [draw_report(metric, counts, bits) for _ in range(number)]


def test_reports_are_counted_once_and_estimated(served):
    sent = reports(200)
    for report in sent:
        assert served.ask("POST", "/v1/reports", report.to_bytes())[0] == 204
    for report in sent[:50]:
        assert served.ask("POST", "/v1/reports", report.to_bytes())[0] == 204  # a repetition is no error
    found = json.loads(served.ask("GET", "/estimates.json")[2])["metrics"]
    assert found["reply_by"]["reports"] == 200
    for cell, truth in zip(found["reply_by"]["cells"].values(), (8, 0, 2), strict=True):
        assert abs(cell["units"] - truth) <= cell["bar"]
        assert 0 < cell["bar"] < 3
    assert found["trouble"] == {"reports": 0, "cells": {}}


def test_a_device_s_own_sync_arrives(served, tmp_path):
    sharing = Sharing(sharing_file(tmp_path / "device"))
    sharing.turn_on(f"http://127.0.0.1:{served.port}/v1/reports", now_s=NOW)
    later = NOW + 8 * DAY
    assert sync(tmp_path / "device", hurry=True, clock=lambda: later).outcome == "sent"
    found = json.loads(served.ask("GET", "/estimates.json")[2])["metrics"]
    assert sum(metric["reports"] for metric in found.values()) == 1


def test_it_keeps_no_address_no_report_and_no_time(served):
    sent = reports(20)
    for report in sent:
        served.ask("POST", "/v1/reports", report.to_bytes())
    data = served.path.read_bytes()
    assert b"127.0.0.1" not in data
    for report in sent:
        assert report.to_bytes().rstrip() not in data
        assert json.dumps(list(report.cells), separators=(",", ":")).encode() not in data
    with sqlite3.connect(served.path) as connection:
        tables = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        assert connection.execute("SELECT DISTINCT week FROM batches").fetchall() == [
            (int(NOW) // (7 * DAY),)
        ]
    connection.close()
    assert set(tables) == {"batches", "tallies"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 413),
        (b"x" * 100, 413),
        (b"x" * REPORT_BYTES, 400),
        (b"[" * REPORT_BYTES, 400),
        (b"\xff" * REPORT_BYTES, 400),
        (b"x" * 1_000_000, 413),
    ],
)
def test_what_is_no_report_is_refused_by_name(served, body, status):
    found, _, answer = served.ask("POST", "/v1/reports", body)
    assert found == status
    assert json.loads(answer)["error"]["code"] == "input_invalid"
    assert served.ask("POST", "/v1/reports", reports(1)[0].to_bytes())[0] == 204


@pytest.mark.parametrize(
    "path", ["/../etc/passwd", "/v1/reports", "/nothing", "/?weeks=99999999999", "/?weeks=%00"]
)
def test_other_requests_do_no_harm(served, path):
    status, _, _ = served.ask("GET", path)
    assert status in {200, 404, 405}
    assert served.ask("DELETE", "/")[0] == 405


def test_many_at_once_lose_nothing(served):
    sent = reports(40)

    def post(own):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        for report in own:
            connection.request("POST", "/v1/reports", report.to_bytes())
            assert connection.getresponse().read() == b""
        connection.close()

    threads = [threading.Thread(target=post, args=(sent,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = json.loads(served.ask("GET", "/estimates.json")[2])["metrics"]
    assert found["reply_by"]["reports"] == 40


def test_old_weeks_fade_and_a_week_can_be_chosen(served):
    served.ask("POST", "/v1/reports", reports(1)[0].to_bytes())
    served.now += 20 * 7 * DAY

    def number(weeks):
        found = json.loads(served.ask("GET", f"/estimates.json?weeks={weeks}")[2])["metrics"]
        return found["reply_by"]["reports"]

    assert (number(12), number(52)) == (0, 1)


def test_a_disk_that_cannot_be_written_asks_to_come_again(served):
    served.path.mkdir()
    status, _, answer = served.ask("POST", "/v1/reports", reports(1)[0].to_bytes())
    assert status == 503
    assert json.loads(answer)["error"]["room"] == "statistics"


def test_the_page_has_a_strict_policy_no_script_and_every_metric(served):
    for report in reports(60):
        served.ask("POST", "/v1/reports", report.to_bytes())
    status, headers, body = served.ask("GET", "/")
    text = body.decode("utf-8")
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"<script|style=|\son\w+=|https?://", text)
    for metric in SHARED:
        assert f'id="{metric.name}"' in text
    for drawing in re.findall(r"<svg.*?</svg>", text):
        root = ElementTree.fromstring(drawing)
        assert "plus or minus" in root.get("aria-label")
    assert served.ask("GET", "/style.css")[1]["content-type"].startswith("text/css")
