"""What the tests of the statistics share: a collector that notes what it gets, a private authority."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from statistics_helpers import SeededBits


@pytest.fixture
def bits():
    return SeededBits()


class Collecting(HTTPServer):
    """Answers each request with the next of ``answers``, the last one for ever; keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str]]] = [(204, {})]
        self.got: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request, client_address):
        """Handshakes that a client breaks off are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(body)

    def do_CONNECT(self):
        self._answer(b"")

    def _answer(self, body):
        self.server.got.append((self.command, self.path, dict(self.headers), body))
        answers = self.server.answers
        status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collecting():
    server = Collecting()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Certificate and key of a private authority for 127.0.0.1; also the file that a client must trust."""
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl isn't installed")
    folder = tmp_path_factory.mktemp("authority")
    certificate, key = folder / "ca.pem", folder / "ca.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", certificate, "-days", "30", "-subj", "/CN=private test authority",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.fixture
def tls_collecting(collecting, authority):
    """The same collector, behind TLS of the private authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)
    collecting.socket = context.wrap_socket(collecting.socket, server_side=True)
    return collecting


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "VOXEDGE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
