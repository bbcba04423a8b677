"""``voxedge chat`` as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.models


def chat(gguf, *words: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "voxedge", "chat", "--model", str(gguf), "--threads", "1", *words]
    stdin = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
    return subprocess.run(command, capture_output=True, timeout=100, check=False, **stdin)


def test_one_answer(gguf):
    done = chat(gguf, "--max-tokens", "8", "Hello")
    assert done.returncode == 0
    assert done.stdout.strip()
    assert done.stderr == b""


def test_each_line_of_a_pipe_is_a_turn(gguf):
    done = chat(gguf, "--json", "--max-tokens", "6", given="Grüß Gott\n\nWho are you?\n".encode())
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [(e["turn"], e["type"]) for e in events if e["type"] != "ReplyDelta"] == [
        (1, "Reply"),
        (1, "TurnEnded"),
        (2, "Reply"),
        (2, "TurnEnded"),
    ]
    for turn in (1, 2):
        deltas = "".join(e["text"] for e in events if e["turn"] == turn and e["type"] == "ReplyDelta")
        assert deltas == next(e["text"] for e in events if e["turn"] == turn and e["type"] == "Reply")


def test_all_of_a_file_is_one_message(gguf):
    done = chat(gguf, "--json", "--max-tokens", "4", "-", given=b"First line.\nSecond line.\n")
    assert [json.loads(line)["turn"] for line in done.stdout.splitlines()] == [1] * len(
        done.stdout.splitlines()
    )


@pytest.mark.parametrize(
    ("words", "given", "status", "code"),
    [
        ([""], None, 3, "text_invalid"),
        (["-"], b"\xff\xfe\x00", 3, "input_invalid"),
        (["--max-tokens", "0", "Hello"], None, 2, "usage"),
        (["--model", "/nowhere/model.gguf", "Hello"], None, 4, "model_missing"),
        (["word " * 5000], None, 3, "text_invalid"),
    ],
    ids=["empty", "binary", "tokens", "no-file", "too-long"],
)
def test_what_can_not_be_done_is_named(gguf, words, given, status, code):
    done = chat(gguf, *words, given=given)
    assert done.returncode == status
    assert f"[{code}]" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_nothing_piped_says_nothing(gguf):
    done = chat(gguf, given=b"")
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal of POSIX")
def test_ctrl_c_stops_the_answer_and_a_second_one_leaves(gguf):
    import pexpect

    words = ["-m", "voxedge", "chat", "--model", str(gguf), "--threads", "1", "--max-tokens", "250"]
    terminal = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=60)
    try:
        terminal.expect("> ")
        terminal.sendline("Write a very long story about a ship.")
        terminal.expect_exact("ship.\r\n")
        terminal.expect(r"\w+")  # the answer has begun
        terminal.sendintr()
        terminal.expect_exact("(stopped)")
        terminal.expect("> ")
        terminal.sendline("Say hello.")
        terminal.expect_exact("hello.\r\n")
        terminal.expect(r"\w+")
        terminal.expect("> ")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 130
    finally:
        terminal.close(force=True)
