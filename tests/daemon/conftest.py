"""One real service for the whole session: `voxedge serve` in a process of its own, with tiny.en."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from serving import serve, toml_of


@pytest.fixture(scope="session")
def daemon(tmp_path_factory, model_dir):
    """The service, ready; skips where tiny.en isn't in the store."""
    model_dir("tiny.en")
    folder = tmp_path_factory.mktemp("daemon")
    serving = serve(folder, toml_of(folder))
    try:
        serving.url = re.search(r"http://\S+", serving.wait_for(r"http: http"))[0]
        serving.wait_for(r"voxedge: ready")
        yield serving
    finally:
        serving.stop()


@pytest.fixture(scope="session")
def url(daemon) -> str:
    return daemon.url


@pytest.fixture(scope="session")
def order(data_dir) -> Path:
    """A spoken coffee order of 6.8 s: "Can I have a light roast 12 ounce coffee?"."""
    return data_dir / "coffee-commands" / "audio" / "0075d273-51bb-47cb-b323-4437bd0de029.flac"


@pytest.fixture(scope="session")
def order_pcm(order) -> bytes:
    """The same, 16 kHz, 16 bits."""
    import numpy as np

    from voxedge.audio.decode import read

    return (np.clip(read(order), -1, 1) * 32767).astype("<i2").tobytes()
