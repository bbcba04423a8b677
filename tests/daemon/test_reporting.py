"""The daemon sends what its owner agreed to share, and opens no socket where the owner didn't."""

from __future__ import annotations

import socket
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from voxedge.build import Parts
from voxedge.config import Config
from voxedge.daemon import core
from voxedge.daemon.reporting import Reporting
from voxedge.daemon.service import Service
from voxedge.recognition.contract import Recognition
from voxedge.statistics.places import sharing_file
from voxedge.statistics.sharing import DAY_S, Sharing


class Silent:
    """A recognizer that hears nothing."""

    capabilities = None

    def recognize(self, samples, options, cancel):
        return Recognition(text="", language="en")

    def close(self):
        pass


@pytest.fixture
def collector():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got = got
    server.endpoint = f"http://127.0.0.1:{server.server_address[1]}/report"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def service(tmp_path, monkeypatch):
    looks = []

    class Looking(Reporting):
        def look(self):
            super().look()
            looks.append(time.monotonic())

    monkeypatch.setattr(core, "Reporting", partial(Looking, every_s=0.02, hurry=True))
    config = Config.from_mapping(
        {
            "conversation": {"engine": "none"},
            "speaking": {"engine": "none"},
            "audio": {"speak_aloud": False},
            "statistics": {"folder": str(tmp_path / "statistics"), "monitor": False},
        }
    )
    made = Service(config, parts=Parts(recognizer=Silent()))
    made.looks, made.folder = looks, tmp_path / "statistics"
    yield made
    made.stop(1.0)


def wait_for(condition, within_s=15.0):
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_without_consent_no_socket_is_opened_and_no_file_written(service, monkeypatch):
    opened = []

    class Watched(socket.socket):
        def __init__(self, *args, **kwargs):
            opened.append(threading.current_thread().name)
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(socket, "socket", Watched)
    service.start()
    wait_for(lambda: len(service.looks) >= 5)
    assert opened == []
    assert not service.folder.exists()


def test_a_report_that_is_due_is_sent_once_and_none_after_opting_out(service, collector):
    sharing = Sharing(sharing_file(service.folder))
    sharing.turn_on(collector.endpoint, period_days=1, now_s=time.time() - 2 * DAY_S)
    service.start()
    wait_for(lambda: collector.got)
    assert len(collector.got[0]) == 256
    known = len(service.looks)
    wait_for(lambda: len(service.looks) >= known + 5)
    assert len(collector.got) == 1
    sharing.turn_off()
    known = len(service.looks)
    wait_for(lambda: len(service.looks) >= known + 5)
    assert len(collector.got) == 1


def test_a_collector_that_is_gone_stops_nothing(service, collector):
    sharing = Sharing(sharing_file(service.folder))
    sharing.turn_on("http://127.0.0.1:9/report", period_days=1, now_s=time.time() - 2 * DAY_S)
    service.start()
    wait_for(lambda: len(service.looks) >= 3)
    assert service.ready
    assert sharing.status().waiting == 1
