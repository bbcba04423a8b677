"""Clients that mean harm, or are broken: refused by name, and nothing lost for others."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.parse

import pytest

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def place(url):
    return urllib.parse.urlsplit(url)


@pytest.fixture(autouse=True)
def _others_are_served(place):
    """Whatever a test does, the service still answers afterwards."""
    yield
    assert get(place, "/health/ready")[0] == 200


def get(place, path, headers=None, method="GET", body=None):
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def raw(place, data: bytes, within_s: float = 15.0) -> bytes:
    """What comes back for some bytes, until the service ends the connection."""
    with socket.create_connection((place.hostname, place.port), timeout=within_s) as door:
        door.sendall(data)
        found = b""
        while piece := door.recv(65_536):
            found += piece
    return found


def error_of(answer: bytes) -> dict:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    return json.loads(body)["error"]


def test_a_header_that_never_ends_in_time_is_given_up(place):
    began = time.monotonic()
    answer = raw(place, b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    assert answer.startswith(b"HTTP/1.1 408")
    assert error_of(answer)["code"] == "request_timeout"
    assert time.monotonic() - began < 10


def test_a_header_that_drips_is_given_up_too(place):
    with socket.create_connection((place.hostname, place.port), timeout=15) as door:
        door.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        ended = False
        while not ended and time.monotonic() - began < 10:
            try:
                door.sendall(b"X-A: b\r\n")
            except OSError:
                ended = True
            time.sleep(0.2)
        assert ended


def test_a_huge_header_is_refused(place):
    answer = raw(place, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"a" * 200_000)
    assert answer.startswith(b"HTTP/1.1 413")
    assert error_of(answer)["code"] == "request_too_large"


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10 + b"\r\n\r\n", b"hello\r\n\r\n", b"\0\r\n\r\n"],
)
def test_what_is_no_http_is_named(place, nonsense):
    answer = raw(place, nonsense)
    assert answer.startswith(b"HTTP/1.1 400")
    assert error_of(answer)["code"] == "invalid_request"


def test_an_endless_body_is_cut_off_at_the_limit(place):
    with socket.create_connection((place.hostname, place.port), timeout=15) as door:
        door.sendall(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                door.sendall(chunk)
                sent += 65_536
        except OSError:
            pass
        # The service had stopped reading after 4 MB; the rest is what lay in the buffers between.
        assert sent < 32 * 1024 * 1024


def test_a_body_that_says_it_is_too_long_is_refused_unread(place):
    answer = raw(
        place,
        b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 99999999999\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413")
    assert error_of(answer)["code"] == "request_too_large"


def test_a_body_that_doesnt_come_is_given_up(place):
    began = time.monotonic()
    answer = raw(
        place,
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b'Content-Length: 100\r\n\r\n{"model"',
    )
    assert answer.startswith(b"HTTP/1.1 408")
    assert error_of(answer)["code"] == "request_timeout"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"text"',
        b"[" * 200_000,
        b'{"messages": {"a": 1}}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "a"}], "max_tokens": 1e999}',
        b'{"messages": [{"role": "user", "content": "a"}], "max_tokens": NaN}',
        b'{"messages": [{"role": "user", "content": "a"}], "stop": [""]}',
        b'{"messages": [{"role": "user", "content": "a"}], "temperature": true}',
    ],
)
def test_bad_json_is_named(place, body):
    status, data = get(
        place, "/v1/chat/completions", {"Content-Type": "application/json"}, method="POST", body=body
    )
    assert status == 400
    error = json.loads(data)["error"]
    assert error["type"] == "invalid_request_error"
    assert error["code"] in {"invalid_request", "text_invalid"}
    assert error["remedy"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"abc"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--',
        ),
        ("text/plain", b"hello"),
        ("application/x-www-form-urlencoded", b"file=a"),
        ("multipart/form-data; boundary=\xff", b"--\xff--"),
    ],
)
def test_bad_forms_are_named(place, kind, body):
    status, data = get(place, "/v1/audio/transcriptions", {"Content-Type": kind}, method="POST", body=body)
    assert status == 400
    assert json.loads(data)["error"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/v1/models/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/v1//models",
        "/",
    ],
)
def test_no_path_leads_to_a_file(place, path):
    status, data = get(place, path)
    assert status == 404
    assert b"root:" not in data
    assert json.loads(data)["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
    ],
)
def test_pages_of_other_sites_are_refused_and_get_no_cors(place, headers):
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.request("GET", "/v1/models", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["error"]["code"] == "foreign_origin"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    connection.close()


def test_a_page_of_our_own_is_served(place):
    headers = {"Origin": f"http://127.0.0.1:{place.port}"}
    assert get(place, "/v1/models", headers)[0] == 200


def metric(place, name: str) -> float:
    _, data = get(place, "/metrics")
    for line in data.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"no metric {name}")


def test_a_client_that_vanishes_frees_its_work(place, order):
    """A recording of two minutes takes seconds; its client goes at once, and the next one needn't wait."""
    import io
    import wave

    from voxedge.audio.decode import read

    samples = (read(order).clip(-1, 1) * 32767).astype("<i2").tobytes()
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples * 16)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + sound.getvalue()
        + b"\r\n--x--\r\n"
    )
    head = (
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    done = 'voxedge_lane_done_total{lane="compute"}'
    before = metric(place, done)
    door = socket.create_connection((place.hostname, place.port), timeout=15)
    door.sendall(head.encode() + body)
    until = time.monotonic() + 20
    while metric(place, done) == before:
        assert time.monotonic() < until, "the recording wasn't begun"
        time.sleep(0.02)
    door.close()
    until = time.monotonic() + 5
    while metric(place, "voxedge_requests_under_way") > 0:
        assert time.monotonic() < until, "the work of a client that vanished goes on"
        time.sleep(0.05)


def test_a_hundred_requests_at_once_are_all_answered(place):
    """Answered, not all done: those beyond the limits are told when to come back."""
    statuses: list[int] = []

    def ask():
        body = json.dumps({"q": "Good morning.", "source": "en", "target": "en"})
        statuses.append(get(place, "/translate", {"Content-Type": "application/json"}, "POST", body)[0])

    threads = [threading.Thread(target=ask) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(statuses) == 100
    assert set(statuses) <= {200, 400, 429, 503}
