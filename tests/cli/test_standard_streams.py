"""Standard streams as shells hand them over: full, closed, in another encoding, with odd bytes."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from voxedge.cli.output import emit_json, read_lines
from voxedge.errors import TextInvalid

VOXEDGE = [sys.executable, "-m", "voxedge"]
PARSE = [*VOXEDGE, "parse", "--intents", "kiosk"]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["config"], ["parse", "--intents", "kiosk", "--json", "a large latte"]])
def test_no_space_left_for_the_output(words):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*VOXEDGE, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 6
    assert "disk_full" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(closed):
    command = f'"{sys.executable}" -m voxedge parse --intents kiosk "a large latte" {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_a_pipe_gets_the_intent_of_each_line_at_once():
    with subprocess.Popen([*PARSE, "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"\xef\xbb\xbfcan I get a large latte\r\n")
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(30) == 0
    assert (first["intent"], first["text"]) == ("orderDrink", "can I get a large latte")


def test_bytes_that_are_no_utf8_are_refused_in_every_locale(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    done = subprocess.run(
        [*PARSE, "-"], input=b"a large latte\nun caf\xe9\n", capture_output=True, timeout=60
    )
    assert done.returncode == 3
    assert b"orderDrink" in done.stdout
    assert b"text_invalid" in done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_json_is_json_on_every_stream(monkeypatch, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    emit_json({"text": "café ☕ 🙂 שלום"})
    assert json.loads(stream.buffer.getvalue()) == {"text": "café ☕ 🙂 שלום"}


def test_a_name_that_is_no_text_can_be_told(tmp_path):
    done = subprocess.run(
        [*VOXEDGE, "config", "--config", bytes(tmp_path) + b"/caf\xe9.toml"], capture_output=True, timeout=60
    )
    assert done.returncode == 2
    assert b"config_invalid" in done.stderr


def lines(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return list(read_lines("understanding"))


def test_lines_lose_their_ends_and_a_mark_at_the_beginning(monkeypatch):
    assert lines(monkeypatch, b"") == []
    assert lines(monkeypatch, b"\xef\xbb\xbfa\r\nb\n\n c ") == ["a", "b", "", " c "]
    assert lines(monkeypatch, "é\u2028x\n".encode()) == ["é\u2028x"]


def test_a_line_without_end(monkeypatch):
    with pytest.raises(TextInvalid, match="16 MB"):
        lines(monkeypatch, b"a" * 16_000_000)


@pytest.mark.parametrize(
    "words",
    [
        ["parse", "--intents", "kiosk", "--threshold", "7", "a latte"],
        ["understand", "--intents", "kiosk", "--threshold", "nan", "a.wav"],
        ["understand", "--intents", "kiosk", "--threads", "-1", "a.wav"],
        ["translate", "--from", "en", "--to", "es", "--threads", "-1", "Hello"],
        ["intents", "sample", "kiosk", "--count", "-2"],
    ],
)
def test_numbers_out_of_range(words):
    done = subprocess.run([*VOXEDGE, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
