from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from model_server import ModelServer
from store_helpers import Listening

from voxedge.store import Catalogue, Library, Store
from voxedge.store.pull import PullOptions
from voxedge.store.reading import read_entry


@pytest.fixture
def server():
    running = ModelServer()
    yield running
    running.close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("VOXEDGE_HOME", str(folder))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "no-system"))
    for name in ("HF_HUB_OFFLINE", "VOXEDGE_OFFLINE", "HF_ENDPOINT", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def library(home):
    """A library with just the models that a test names: `library({...}, {...})`."""

    def make(*tables, where=None, others=()):
        return Library(
            Store(where or home),
            others=others,
            catalogue=Catalogue([read_entry(json.loads(json.dumps(table)), "test") for table in tables]),
        )

    return make


@pytest.fixture
def options(server):
    """Options of a pull from the test's server that doesn't sleep; `.waits` lists its pauses."""

    def make(**more):
        waits = []
        made = PullOptions(
            listener=Listening(),
            environment={**os.environ, "HF_ENDPOINT": server.url},
            sleep=waits.append,
            **more,
        )
        make.waits = waits
        return made

    return make


@pytest.fixture
def command(home):
    """Starts the real command; gives the process."""

    def start(*words, **environment):
        return subprocess.Popen(
            [sys.executable, "-m", "voxedge", "models", *map(str, words)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
