"""HTTPS with a certificate of one's own; no model is needed for it."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import ssl
import subprocess

import pytest

from voxedge.config import Config
from voxedge.daemon.service import Service
from voxedge.daemon.settings import new_token
from voxedge.daemon.web.server import start
from voxedge.errors import ConfigError


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl isn't installed")
    folder = tmp_path_factory.mktemp("tls")
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True, timeout=60)
    return folder


def service(folder, token_line, **daemon) -> Service:
    (folder / "tokens.txt").write_text(token_line)
    section = {
        "http": "127.0.0.1:0",
        "tokens_file": str(folder / "tokens.txt"),
        "tls_certificate": str(folder / "cert.pem"),
        "tls_key": str(folder / "key.pem"),
        "receive_timeout_s": 2.0,
        **daemon,
    }
    return Service(Config.from_mapping({"daemon": section}, environment={}))


def run(work):
    asyncio.run(asyncio.wait_for(work, 30))


def test_https_with_a_token(certificate):
    token, line = new_token("tablet")
    own = service(certificate, line)
    trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))

    def ask(port, word):
        connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=trusting)
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {word}"})
        status = connection.getresponse().status
        connection.close()
        return status

    def ask_plainly(port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as door:
            door.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return door.recv(100)

    async def serve():
        server = await start(own)
        assert server.address.startswith("https://127.0.0.1:")
        port = int(server.address.rpartition(":")[2])
        assert await asyncio.to_thread(ask, port, token) == 200
        assert await asyncio.to_thread(ask, port, token[:-1]) == 401
        assert not (await asyncio.to_thread(ask_plainly, port)).startswith(b"HTTP/1.1 200")
        await server.close(1)

    try:
        run(serve())
    finally:
        own.stop(1)


def test_a_certificate_that_cant_be_used_is_named(certificate, tmp_path):
    (tmp_path / "cert.pem").write_text("nonsense")
    (tmp_path / "key.pem").write_text("nonsense")
    own = service(tmp_path, new_token("tablet")[1])

    async def serve():
        with pytest.raises(ConfigError, match="certificate"):
            await start(own)

    try:
        run(serve())
    finally:
        own.stop(1)
