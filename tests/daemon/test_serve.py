"""The command itself: addresses, signals, tokens, and what it says."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from serving import serve, toml_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from voxedge.daemon.settings import new_token


def ask(url, path, token="", within_s=30.0):
    request = urllib.request.Request(url + path)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=within_s) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_port_in_use_is_named(daemon, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["--http", f"127.0.0.1:{port}", "--wyoming", ""]
        done = subprocess.run(
            [sys.executable, "-m", "voxedge", "serve", *words], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 5
    assert f"127.0.0.1:{port}" in done.stderr
    assert "[address_in_use]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--http", "nonsense"], "config_invalid"),
        (["--http", "0.0.0.0:0"], "config_invalid"),
        (["--config", "/nothing/here.toml"], "config_invalid"),
    ],
)
def test_a_wrong_configuration_is_named_before_anything_listens(words, code):
    done = subprocess.run(
        [sys.executable, "-m", "voxedge", "serve", *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert f"[{code}]" in done.stderr


def test_a_new_token_is_shown_once_and_its_line_printed():
    done = subprocess.run(
        [sys.executable, "-m", "voxedge", "serve", "--new-token", "tablet"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.fullmatch(r"tablet sha256:[0-9a-f]{64}\n", done.stdout)
    assert "shown once" in done.stderr


@pytest.mark.models
@pytest.mark.data
def test_a_life_with_tokens_reload_and_a_stop_in_the_middle(model_dir, tmp_path, order_pcm):
    """One process through it all: loading takes seconds."""
    model_dir("tiny.en")
    tokens = tmp_path / "tokens.txt"
    first, line = new_token("tablet")
    tokens.write_text(line + "\n")
    toml = toml_of(tmp_path, 'tokens_file = "tokens.txt"\nrequests_per_minute = 120\n')
    serving = serve(tmp_path, toml)
    try:
        url = re.search(r"http://\S+", serving.wait_for("http: http"))[0]
        status, body = ask(url, "/health/ready")  # it answers before it is ready
        assert (status, body["status"]) in {(503, "loading"), (200, "ready")}
        serving.wait_for("voxedge: ready")
        assert ask(url, "/health/live")[0] == 200
        for wrong in ("", "nobody's token", first[:-1]):
            status, body = ask(url, "/v1/models", wrong)
            assert (status, body["error"]["code"]) == (401, "invalid_api_key")
        assert ask(url, "/v1/models", first)[0] == 200
        reload_revokes(serving, url, tokens, first)
        statuses = [ask(url, "/v1/models", "", 10)[0] for _ in range(3)]
        assert statuses == [401] * 3
        stop_in_the_middle(serving, url, tokens, order_pcm)
    finally:
        serving.stop()
    assert serving.process.returncode == 0
    log = "".join(serving.lines)
    assert "coffee" not in log.lower()  # what was said is in no line
    assert "Traceback" not in log
    for text in serving.lines:
        if text.startswith("{"):
            assert {"time", "level", "logger", "message"} <= set(json.loads(text))


def reload_revokes(serving, url, tokens, first):
    """A faulty file changes nothing; a good one takes the old token away and brings a new one."""
    good = tokens.read_text()
    tokens.write_text("one-word-only\n")
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("nothing was reloaded", 20)
    assert ask(url, "/v1/models", first)[0] == 200
    second, line = new_token("phone")
    tokens.write_text(line + "\n")
    serving.process.send_signal(signal.SIGHUP)
    serving.wait_for("voxedge: reloaded", 20)
    assert ask(url, "/v1/models", first)[0] == 401
    assert ask(url, "/v1/models", second)[0] == 200
    statuses = [ask(url, "/v1/models", second)[0] for _ in range(40)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    del good


def stop_in_the_middle(serving, url, tokens, order_pcm):
    """A stream with an utterance open learns that its turn was cancelled; then the process ends."""
    third, line = new_token("watch")
    tokens.write_text(line + "\n")
    known = len([one for one in serving.lines if "reloaded" in one])
    serving.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 20
    while len([one for one in serving.lines if "reloaded" in one]) == known:
        assert time.monotonic() < until
        time.sleep(0.05)
    headers = {"Authorization": f"Bearer {third}"}
    events = []
    with connect(url.replace("http", "ws") + "/v1/events", additional_headers=headers) as connection:
        connection.send(order_pcm[:64_000])  # two seconds: somebody is speaking

        def read():
            with contextlib.suppress(ConnectionClosed):  # the service goes
                while True:
                    events.append(json.loads(connection.recv()))

        reader = threading.Thread(target=read)
        reader.start()
        until = time.monotonic() + 20
        while not [event for event in list(events) if event["type"] == "SpeechStarted"]:
            assert time.monotonic() < until, events
            time.sleep(0.05)
        serving.process.send_signal(signal.SIGTERM)
        reader.join(20)
    assert serving.process.wait(20) == 0
    ends = [event["outcome"] for event in events if event["type"] == "TurnEnded"]
    assert ends == ["cancelled"]
