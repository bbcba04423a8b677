"""Sending: TLS to the owner's endpoint or nothing; the same bytes each time; no socket while it is off."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest
from statistics_helpers import DAY, NOW

from voxedge.errors import ConfigError, UsageError
from voxedge.statistics import sync
from voxedge.statistics.places import sharing_file
from voxedge.statistics.report import REPORT_BYTES, Report
from voxedge.statistics.schema import METRICS, SHARED, SUPPRESS_BELOW
from voxedge.statistics.sending import check_endpoint
from voxedge.statistics.sharing import Sharing

HEAVY_DAY = {
    (metric.name, cell): SUPPRESS_BELOW + 10**6 for metric in SHARED for cell in range(len(metric.cells))
}


class Device:
    """A device with one report that waits, and a clock."""

    def __init__(self, folder, endpoint, ca_file=""):
        self.folder, self.now = folder, NOW
        self.sharing = Sharing(sharing_file(folder))
        self.sharing.turn_on(endpoint, ca_file=ca_file, now_s=NOW)
        self.sharing.add({("turn_outcome", 0): 40}, NOW)
        self.now = NOW + 8 * DAY
        self.sharing.close_period(self.now)

    def sync(self, **options):
        return sync(self.folder, clock=lambda: self.now, **options)


@pytest.fixture
def device(tmp_path, collecting):
    return Device(tmp_path, f"http://127.0.0.1:{collecting.port}/v1/reports")


def test_a_report_arrives_as_previewed_and_is_erased(device, collecting):
    (waiting,) = device.sharing.waiting()
    assert device.sync(hurry=True).outcome == "sent"
    ((method, path, headers, body),) = collecting.got
    assert (method, path, body) == ("POST", "/v1/reports", waiting.body)
    assert set(headers) == {
        "Accept-Encoding", "Content-Length", "Content-Type", "Host", "User-Agent", "Connection"
    }  # fmt: skip
    assert headers["User-Agent"] == "voxedge"
    assert device.sharing.waiting() == []
    assert device.sync(hurry=True).outcome == "nothing"


def test_a_report_waits_for_its_random_time(device, collecting):
    device.sync()
    device.now += 6 * 3_600
    assert device.sync().outcome in {"sent", "nothing"}
    assert len(collecting.got) == 1


def test_failures_repeat_the_same_bytes_later_and_later(device, collecting):
    collecting.answers = [(500, {}), (503, {}), (429, {}), (200, {})]
    seen = []
    for _ in range(4):
        seen.append(device.sync(hurry=True).outcome)
    assert seen == ["unreachable"] * 3 + ["sent"]
    bodies = {body for *_, body in collecting.got}
    assert len(collecting.got) == 4
    assert len(bodies) == 1
    assert device.sharing.status().spent == 2  # four attempts, one charge


def test_a_failed_report_is_not_tried_again_at_once_but_after_months(device, collecting):
    collecting.answers = [(500, {}), (204, {})]
    device.sync(hurry=True)
    assert device.sync().outcome == "not_yet"
    device.now += 200 * DAY  # the next period's report is drawn as well
    assert device.sync().outcome == "sent"
    assert len(collecting.got) == 2


def test_two_waiting_reports_do_not_come_together(device, collecting):
    device.now += 8 * DAY
    device.sharing.close_period(device.now)
    device.now += DAY
    assert device.sync().outcome == "sent"
    assert device.sync().outcome == "not_yet"
    device.now += DAY
    assert device.sync().outcome == "sent"
    batches = {json.loads(body)["batch"] for *_, body in collecting.got}
    assert len(batches) == 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_refused_for_good_is_erased(device, collecting, status):
    collecting.answers = [(status, {})]
    result = device.sync(hurry=True)
    assert (result.outcome, result.waiting) == ("refused", 0)
    assert str(status) in result.detail


def test_a_redirect_is_not_followed(device, collecting):
    collecting.answers = [(307, {"Location": f"http://127.0.0.1:{collecting.port}/elsewhere"})]
    assert device.sync(hurry=True).outcome == "unreachable"
    assert [path for _, path, *_ in collecting.got] == ["/v1/reports"]


def test_nobody_there_is_told_and_nothing_lost(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    device = Device(tmp_path, f"http://127.0.0.1:{port}/")
    result = device.sync(hurry=True)
    assert (result.outcome, result.waiting) == ("unreachable", 1)
    assert "refused" in result.detail


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 99999 OK\r\n\r\n"])
def test_an_answer_that_is_no_http_is_a_failure(tmp_path, answer):
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        device = Device(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}/")
        outcome = device.sync(hurry=True).outcome
        thread.join()
    assert (outcome, len(device.sharing.waiting())) == ("unreachable", 1)


def test_tls_with_a_private_authority(tmp_path, tls_collecting, authority):
    device = Device(tmp_path, f"https://127.0.0.1:{tls_collecting.port}/r", ca_file=str(authority[0]))
    assert device.sync(hurry=True).outcome == "sent"
    assert len(tls_collecting.got) == 1


def test_tls_with_an_authority_from_the_environment(tmp_path, tls_collecting, authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    device = Device(tmp_path, f"https://127.0.0.1:{tls_collecting.port}/r")
    assert device.sync(hurry=True).outcome == "sent"


def test_an_untrusted_certificate_gets_nothing(tmp_path, tls_collecting):
    device = Device(tmp_path, f"https://127.0.0.1:{tls_collecting.port}/r")
    result = device.sync(hurry=True)
    assert (result.outcome, result.waiting) == ("unreachable", 1)
    assert "certificate" in result.detail
    assert tls_collecting.got == []


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_a_bad_file_of_certificates_is_named(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    device = Device(tmp_path / "s", "https://127.0.0.1:1/r", ca_file=str(file))
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        device.sync(hurry=True)
    assert len(device.sharing.waiting()) == 1


def test_the_proxy_of_the_environment_is_used_for_tls(tmp_path, collecting, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{collecting.port}")
    collecting.answers = [(502, {})]
    device = Device(tmp_path, "https://statistics.example.org/r")
    assert device.sync(hurry=True).outcome == "unreachable"
    ((method, target, _, body),) = collecting.got
    assert (method, target, body) == ("CONNECT", "statistics.example.org:443", b"")


def test_plain_http_to_this_machine_passes_no_proxy(device, collecting, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert device.sync(hurry=True).outcome == "sent"


def test_offline_opens_nothing_and_keeps_the_report(device, collecting, monkeypatch):
    monkeypatch.setenv("VOXEDGE_OFFLINE", "1")
    result = device.sync(hurry=True)
    assert (result.outcome, result.waiting) == ("offline", 1)
    assert collecting.got == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://example.org/r", "http://127.0.0.1.example.org/r", "ftp://example.org/", "https://", "", "x",
        "https://user:word@example.org/", "https://example.org/?device=7", "https://example.org/#7",
        "https://example.org:99999/", "https://exa mple.org/", "https://[::1/", "file:///etc/passwd",
        "https://example.org/\r\nX: y", "http://10.0.0.1/",
    ],
)  # fmt: skip
def test_other_endpoints_are_refused(endpoint):
    with pytest.raises(UsageError) as caught:
        check_endpoint(endpoint)
    assert "https://" in caught.value.remedy


@pytest.mark.parametrize(
    "endpoint",
    ["https://example.org", "https://example.org:8443/v1/reports", "http://localhost:1/", "http://[::1]:5/"],
)
def test_these_endpoints_are_taken(endpoint):
    assert check_endpoint(endpoint) == endpoint


def test_a_day_of_heavy_use_is_one_report_of_256_bytes(tmp_path, collecting):
    sharing = Sharing(sharing_file(tmp_path))
    sharing.turn_on(f"http://127.0.0.1:{collecting.port}/", period_days=1, now_s=NOW)
    for minute in range(1_440):
        if minute % 60 == 0:
            sharing.add(HEAVY_DAY, NOW + 60 * minute)
    sent = 0
    for hour in range(24, 48):
        while sync(tmp_path, hurry=True, clock=lambda hour=hour: NOW + 3_600 * hour).outcome == "sent":
            sent += 1
    assert sent == 1
    ((_, _, headers, body),) = collecting.got
    assert len(body) == REPORT_BYTES
    assert len(body) + sum(len(name) + len(value) + 4 for name, value in headers.items()) <= 2_048
    assert Report.from_bytes(body).metric in METRICS.values()


EVERYTHING_OFF = """
import sys
opened = []
def hook(event, arguments):
    if event.startswith("socket."):
        opened.append(event)
sys.addaudithook(hook)
import time
from voxedge.cli import main
from voxedge.statistics import Recorder, sync
folder = sys.argv[1]
main(["stats", "on", "--endpoint", "https://statistics.example.org/"])
recorder = Recorder(folder)
recorder.start()
for _ in range(50):
    recorder.count("turn_outcome", "intent")
recorder.flush()
recorder.close()
main(["stats", "show"])
main(["stats", "preview"])
main(["stats", "off"])
assert sync(folder).outcome == "off"
main(["stats", "sync"])
main(["stats", "delete"])
assert main(["stats", "sync"]) == 0
print("OPENED", *opened)
"""


def everything_off(tmp_path, *before):
    folder = tmp_path / "home" / "statistics"
    environment = {**os.environ, "VOXEDGE_HOME": str(tmp_path / "home")}
    return subprocess.run(
        [*before, sys.executable, "-c", EVERYTHING_OFF, str(folder)],
        capture_output=True, text=True, check=False, timeout=60, env=environment,
    )  # fmt: skip


def test_on_show_preview_off_and_delete_open_no_socket_and_leave_no_file(tmp_path):
    done = everything_off(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "OPENED"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not (tmp_path / "home" / "statistics").exists()


def test_the_kernel_saw_no_socket_either(tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("the program strace isn't installed")
    trace = tmp_path / "trace"
    probe = subprocess.run(["strace", "-o", trace, "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this system lets nobody trace")
    home = tmp_path / "traced"
    home.mkdir()
    done = everything_off(home, "strace", "-f", "-o", trace, "-e", "trace=network,openat,unlink")
    assert done.returncode == 0, done.stderr
    calls = trace.read_text(encoding="utf-8", errors="replace")
    assert "sharing.db" in calls  # the trace did see what was done
    assert "socket(" not in calls
    assert "connect(" not in calls
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_the_hook_would_see_a_socket(tmp_path):
    """The counter-test: the same program, with a sync that really sends, is caught."""
    code = EVERYTHING_OFF.split("import time")[0] + (
        "import socket; socket.socket().close(); print('OPENED', *opened)"
    )
    done = subprocess.run([sys.executable, "-c", code, ""], capture_output=True, text=True, check=False)
    assert "socket.__new__" in done.stdout
