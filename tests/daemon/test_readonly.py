"""The daemon with a read-only root, without a right clock: it starts, serves and stops as always."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from serving import Serving, followed

from voxedge.resources import user_home

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(200)]

NAMESPACE = ("unshare", "--map-root-user", "--mount", "--")
SEAL = """
set -e
state=$1; shift
[ -z "$state" ] || mount --bind "$state" "$state"
for place in $(awk '{print $2}' /proc/mounts | sort -u); do
    [ "$place" = "$state" ] || mount -o remount,bind,ro "$place" 2>/dev/null || true
done
! touch "$PROBE" 2>/dev/null || { echo "the root can still be written to" >&2; exit 9; }
exec "$@"
"""
TOML = """
[understanding]
intents = ["kiosk"]
[conversation]
max_reply_tokens = 8
[audio]
speak_aloud = false
[statistics]
monitor = {monitor}
folder = "{folder}/statistics"
[daemon]
http = "127.0.0.1:0"
wyoming = "127.0.0.1:0"
"""


@pytest.fixture(scope="module", autouse=True)
def _may_seal():
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (util-linux)")
    done = subprocess.run([*NAMESPACE, "mount", "-o", "remount,bind,ro", "/"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no mount namespace may be made here: {done.stderr.strip()}")


def sealed(folder: Path, state: Path | None, monitor: bool) -> Serving:
    config = folder / "voxedge.toml"
    config.write_text(TOML.format(folder=state or folder, monitor=str(monitor).lower()))
    home = str(state or folder)
    # The models stay where they are, which is a part of the system that can't be written to.
    places = {"HOME": home, "XDG_CACHE_HOME": home + "/cache", "TMPDIR": home}
    places["VOXEDGE_HOME"] = str(user_home())
    program = str(Path(__file__).with_name("early_clock.py"))
    process = subprocess.Popen(
        [*NAMESPACE, "sh", "-c", SEAL, "seal", str(state or ""), sys.executable, "-u", program, str(config)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **places, "PROBE": str(folder / "probe"), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return followed(process, folder)


def ask(url, route, body, kind="application/json"):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(url + route, data, {"Content-Type": kind} if data else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


@pytest.mark.data
@pytest.mark.parametrize("keeps", ["state", "nothing"])
def test_it_starts_serves_and_stops(model_dir, tmp_path, order, keeps):
    model_dir("tiny.en")
    state = tmp_path / "state" if keeps == "state" else None
    if state is not None:
        state.mkdir()
    serving = sealed(tmp_path, state, monitor=state is not None)
    try:
        url = re.search(r"http://\S+", serving.wait_for("http: http"))[0]
        serving.wait_for("voxedge: ready")
        sound = order.read_bytes()
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n%b\r\n--x--\r\n'
        heard = ask(url, "/v1/audio/transcriptions", part % sound, "multipart/form-data; boundary=x")
        assert "coffee" in json.loads(heard)["text"].lower()
        spoken = ask(url, "/v1/audio/speech", {"model": "hibari-en", "input": "Coming up."})
        assert len(spoken) > 1_000
        assert json.loads(ask(url, "/translate", {"q": "Good morning.", "source": "en", "target": "es"}))
        assert b"voxedge_ready 1" in ask(url, "/metrics", None)
    finally:
        code = serving.stop()
    log = "".join(serving.lines)
    assert code == 0, log
    assert "Traceback" not in log
    assert '"time": "1970-01-01T' in log
    assert not (tmp_path / "probe").exists()
    if state is not None:
        assert (state / "statistics" / "monitor.db").exists()
