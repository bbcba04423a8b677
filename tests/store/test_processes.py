"""The real command in real processes: two at once, Ctrl-C and kill -9 while a server serves."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest
from store_helpers import NAME, contents, entry_table, leftovers, write_entry

from voxedge.errors import EXIT_INTERRUPTED, EXIT_MISSING, EXIT_STORE, EXIT_USAGE
from voxedge.store import resolve

FILES = {"a.onnx": contents(400_000, 1), "b.bin": contents(300_000, 2)}
HUB = {"type": "hub", "repository": "owner/name"}


@pytest.fixture
def hub(server, home):
    for name, data in FILES.items():
        server.files[f"/owner/name/{name}"] = data
    write_entry(home, entry_table(FILES, [HUB]))
    return server


def whole():
    folder = resolve(NAME)
    return {name: (folder / name).read_bytes() for name in FILES} == FILES


def test_two_pulls_at_once_fetch_once_and_both_succeed(hub, command, home):
    hub.bytes_per_s = 700_000
    first = command("pull", NAME, HF_ENDPOINT=hub.url)
    second = command("pull", NAME, "--json", HF_ENDPOINT=hub.url)
    said = [process.communicate(timeout=30) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    fetched = [path for path, _ in hub.asked if path.startswith("/cdn")]
    assert sorted(fetched) == ["/cdn/owner/name/a.onnx", "/cdn/owner/name/b.bin"]
    assert whole()
    assert leftovers(home) == []
    assert json.loads(said[1][0])["here"] is True


def test_two_models_that_share_a_file_at_once(hub, command, home):
    write_entry(home, entry_table({"b.bin": FILES["b.bin"]}, [HUB], name="vad-other"))
    hub.bytes_per_s = 700_000
    both = [command("pull", name, HF_ENDPOINT=hub.url) for name in (NAME, "vad-other")]
    for process in both:
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert whole()
    assert (resolve("vad-other") / "b.bin").read_bytes() == FILES["b.bin"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("stage", ["a.onnx:1", "a.onnx:200000", "b.bin:1", "b.bin:299000"])
def test_struck_in_a_transfer_the_next_pull_goes_on(hub, command, home, how, stage):
    name, sent = stage.split(":")
    running = []
    ready = threading.Event()

    def strike(path, count):
        if path.endswith(name) and count >= int(sent) and not ready.is_set():
            ready.set()
            os.kill(running[0].pid, how)
            time.sleep(0.2)

    hub.bytes_per_s = 1_500_000
    hub.on_sent = strike
    running.append(command("pull", NAME, HF_ENDPOINT=hub.url))
    _, said = running[0].communicate(timeout=30)
    assert ready.is_set()
    if how == signal.SIGINT:
        assert running[0].returncode == EXIT_INTERRUPTED
        assert "what was finished is kept" in said
        assert "Traceback" not in said
    else:
        assert running[0].returncode == -how
    hub.on_sent, hub.bytes_per_s = None, 0
    hub.asked.clear()
    missing = command("path", NAME)
    _, said = missing.communicate(timeout=30)
    assert missing.returncode == EXIT_MISSING
    assert f"voxedge models pull {NAME}" in said
    again = command("pull", NAME, HF_ENDPOINT=hub.url)
    again.communicate(timeout=30)
    assert again.returncode == 0
    assert whole()
    assert leftovers(home) == []
    if name == "b.bin":
        assert not any("a.onnx" in path for path, _ in hub.asked), "a finished file was fetched again"
    if sent == "200000":
        assert any(asked.startswith("bytes=") for _, asked in hub.asked), "it began again"


def test_ctrl_c_while_it_waits_for_another(hub, command):
    hub.bytes_per_s = 200_000
    first = command("pull", NAME, HF_ENDPOINT=hub.url)
    while not hub.asked:
        time.sleep(0.02)
    second = command("pull", NAME, HF_ENDPOINT=hub.url)
    assert "waiting" in second.stderr.readline()
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=10)
    assert second.returncode == EXIT_INTERRUPTED
    hub.bytes_per_s = 0
    first.communicate(timeout=30)
    assert first.returncode == 0
    assert whole()


def test_the_waiting_one_takes_over_when_the_first_is_killed(hub, command):
    hub.bytes_per_s = 200_000
    first = command("pull", NAME, HF_ENDPOINT=hub.url)
    while not hub.asked:
        time.sleep(0.02)
    second = command("pull", NAME, HF_ENDPOINT=hub.url)
    second.stderr.readline()
    first.kill()
    first.communicate()
    hub.bytes_per_s = 0
    second.communicate(timeout=30)
    assert second.returncode == 0
    assert whole()


def test_the_commands_from_end_to_end(hub, command, home, tmp_path):
    def run(*words, status=0, **environment):
        process = command(*words, HF_ENDPOINT=hub.url, **environment)
        out, said = process.communicate(timeout=30)
        assert process.returncode == status, said
        return out, said

    _, said = run("pull", NAME, "--offline", status=EXIT_MISSING)
    assert "a.onnx" in said
    _, said = run("pull", NAME, status=EXIT_MISSING, VOXEDGE_OFFLINE="1")
    assert hub.asked == []
    out, _ = run("pull", NAME, "--json")
    assert json.loads(out)["fetched"] is True
    out, _ = run("list", "--json")
    names = {json.loads(line)["name"]: json.loads(line) for line in out.splitlines()}
    assert names[NAME]["where"] == "store"
    assert names[NAME]["size_bytes"] == 700_000
    out, _ = run("path", NAME)
    assert whole()
    folder = out.strip()
    stick = tmp_path / "s.voxmodels"
    run("bundle", NAME, "-o", stick)
    other = tmp_path / "other"
    run("add", stick, VOXEDGE_HOME=str(other))
    run("verify", VOXEDGE_HOME=str(other))
    with open(f"{folder}/b.bin", "r+b") as stream:  # noqa: PTH123
        stream.seek(1000)
        stream.write(b"wrong")
    out, _ = run("verify", "--json", status=EXIT_STORE)
    assert {json.loads(line)["name"]: json.loads(line)["sound"] for line in out.splitlines()}[NAME] is False
    run("path", NAME, status=EXIT_STORE)
    run("pull", NAME)
    assert whole()
    out, _ = run("remove", NAME, "--json")
    assert json.loads(out)["freed_bytes"] == 700_000
    run("remove", NAME, status=EXIT_USAGE)
    run("path", NAME, status=EXIT_MISSING)
    _, said = run("pull", "vad-tset", status=EXIT_USAGE)
    assert NAME in said


@pytest.mark.parametrize(
    "words", [[], ["pull"], ["list"], ["path"], ["add"], ["bundle"], ["remove"], ["verify"]]
)
def test_help_has_an_example(command, words):
    process = command(*words, "--help")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "example" in out
