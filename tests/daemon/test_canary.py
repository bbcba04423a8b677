"""A sentence that goes through every path is found in no log, statistic, queue, metric, file or packet."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(400)]

STAGE = Path(__file__).with_name("canary_stage.py")
NAMESPACE = ("unshare", "--map-root-user", "--net", "--")


@pytest.fixture(scope="module")
def namespace():
    """The words that run a program in a network of its own."""
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} (util-linux, iproute2)")
    done = subprocess.run([*NAMESPACE, "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no network namespace may be made here: {done.stderr.strip()}")
    return NAMESPACE


@pytest.fixture(scope="module")
def report(namespace, model_dir, tmp_path_factory):
    """What was found."""
    import numpy as np
    from canary_stage import CANARY

    from voxedge import speaking, store
    from voxedge.audio.resample import Resampler
    from voxedge.resources import user_home

    model_dir("tiny.en")
    folder = tmp_path_factory.mktemp("canary")
    voice = speaking.create(
        "hibari",
        voice="",
        language="en",
        rate=1.0,
        model_dir=store.resolve("hibari-en", kind="speech"),
    )
    sound = np.concatenate(list(voice.synthesize(CANARY)))
    resampler = Resampler(voice.capabilities.rate_hz, 16_000)
    sound = np.concatenate([resampler.feed(sound), resampler.flush()])
    silence = bytes(16_000)
    pcm = silence + (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes() + silence
    (folder / "canary.pcm").write_bytes(pcm)
    environment = {**os.environ, "VOXEDGE_HOME": str(user_home())}
    done = subprocess.run(
        [*namespace, sys.executable, str(STAGE), str(folder)],
        capture_output=True,
        text=True,
        timeout=380,
        env=environment,
        cwd=folder,
    )
    log = folder / "state" / "log"
    assert done.returncode == 0, done.stderr[-3000:] + (log.read_text()[-3000:] if log.exists() else "")
    return json.loads(done.stdout)


def test_every_path_was_taken(report):
    taken = " ".join(report["paths"])
    for path in ("transcriptions", "speech", "translate", "events", "wyoming", "unix", "crashed", "stats"):
        assert path in taken
    assert "service crashed (-6)" in report["paths"]
    assert report["stopped_with"] == 0
    assert report["log_lines"] > 20
    assert report["told_to_clients"] > 20  # the capture does see the words, where they belong


def test_nothing_went_out_but_over_loopback(report):
    assert report["leaving"] == []
    assert report["packets"] > 100


def test_nobody_but_the_clients_got_the_words(report):
    assert report["told_to_others"] == []
    assert report["reports"] == [256]  # a report of the statistics was sent, and looked at like all else


def test_no_file_that_was_written_holds_the_words(report):
    assert report["files"] == []


def test_no_engine_leaves_anything_behind(report):
    """Some would: a number of the device, a database of what they were used for."""
    own = (
        "log",
        "metrics.txt",
        "health.txt",
        "statistics/",
        "stats-",
        "voxedge_home/",
        "xdg_cache_home/voxedge/",
    )
    assert [name for name in report["written"] if not name.startswith(own)] == []
    assert "statistics/monitor.db" in report["written"]
