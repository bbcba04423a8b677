import json
import os
import signal
import subprocess
import sys
import time

import pytest

from voxedge.audio.decode import read
from voxedge.cli import main


@pytest.fixture(autouse=True)
def _needs_hibari(monkeypatch, tmp_path):
    pytest.importorskip("hibari", reason="needs the extra [speech]")
    monkeypatch.setenv("VOXEDGE_HOME", str(tmp_path / "store"))


def test_into_a_file(tmp_path, capsys):
    path = tmp_path / "x.wav"
    assert main(["say", "Hello there.", "How are you?", "-o", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == str(path)
    assert found["engine"] == "hibari"
    sound = read(path)
    assert found["seconds"] == pytest.approx(sound.size / 16000, abs=0.01)
    assert 1.5 < found["seconds"] < 6
    assert abs(sound).max() > 0.05


def test_a_slower_rate_takes_longer(tmp_path):
    for rate in ("0.7", "1.5"):
        assert main(["say", "This takes its time.", "--rate", rate, "-o", str(tmp_path / rate)]) == 0
    assert read(tmp_path / "0.7").size > 1.5 * read(tmp_path / "1.5").size


def test_standard_input_is_spoken(tmp_path):
    command = [sys.executable, "-m", "voxedge", "say", "-", "-o", str(tmp_path / "x.wav")]
    subprocess.run(command, input=b"One line.\nAnother line.\n", check=True)
    assert read(tmp_path / "x.wav").size > 16000
    done = subprocess.run(command, input=b"\xff\xfe\x00", capture_output=True, check=False)
    assert done.returncode == 3
    assert b"UTF-8" in done.stderr


@pytest.mark.parametrize("text", ["", "...", "😀"])
def test_nothing_to_say_leaves_the_older_file(tmp_path, capsys, text):
    path = tmp_path / "x.wav"
    path.write_bytes(b"older")
    assert main(["say", text, "-o", str(path)]) == 3
    assert path.read_bytes() == b"older"
    assert "text_invalid" in capsys.readouterr().err


def test_no_text_at_all(capsys):
    assert main(["say"]) == 2
    assert "standard input" in capsys.readouterr().err


def test_wrong_names(tmp_path, capsys):
    out = ["-o", str(tmp_path / "x.wav")]
    assert main(["say", "Hi.", "--engine", "hibary", *out]) == 2
    assert main(["say", "Hi.", "--voice", "nobody", *out]) == 2
    assert main(["say", "Hi.", "--rate", "9", *out]) == 2
    assert main(["say", "Hola.", "--language", "es", *out]) == 3
    assert main(["say", "Hi.", "-o", str(tmp_path / "no" / "x.wav")]) == 2
    assert "espeak" in capsys.readouterr().err
    assert not (tmp_path / "x.wav").exists()


def test_an_unknown_loudspeaker(capsys):
    pytest.importorskip("sounddevice", exc_type=OSError, reason="needs libportaudio2")
    assert main(["say", "Hi.", "--device", "no such thing"]) == 5
    assert "device_not_found" in capsys.readouterr().err


def test_voices_are_listed(capsys):
    assert main(["say", "--list"]) == 0
    assert "heart" in capsys.readouterr().out.split()


@pytest.mark.skipif(os.name != "posix", reason="a terminal of POSIX")
@pytest.mark.parametrize(
    ("options", "bar"), [(["-o", "x.wav"], True), (["-o", "x.wav", "--json"], False)], ids=["text", "json"]
)
def test_a_bar_on_a_terminal_while_a_file_is_written(tmp_path, options, bar):
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    text = "The first sentence. " * 3
    command = [sys.executable, "-m", "voxedge", "say", text, *options]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 4096):
            shown += block
    except OSError:
        pass  # how Linux says that nobody writes any more
    os.close(ours)
    assert (b"speaking:" in shown and f"/{len(text)} [".encode() in shown) == bar
    assert (b"x.wav: " in shown) == bar
    assert bool(done.stdout) != bar


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_leaves_no_half_file(tmp_path):
    path = tmp_path / "x.wav"
    command = [sys.executable, "-m", "voxedge", "say", "-", "-o", str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"A first line.\nA second line.\nAnd a third.\n")
    process.stdin.flush()
    for _ in range(300):
        time.sleep(0.1)
        if list(tmp_path.glob(".x.wav*")):
            break
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    process.stderr.close()
    process.stdin.close()
    assert process.returncode == 130
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == []
