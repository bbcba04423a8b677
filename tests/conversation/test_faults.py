"""The language model's process killed, stopped, orphaned, fed with damage: the named error, and no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path

import pytest

from voxedge.conversation import Message, ReplyOptions
from voxedge.conversation.llama import LlamaModel
from voxedge.errors import ClosedError, EngineCrashed, EngineHung, EngineLoadFailed

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

HELLO = [Message("user", "Hello, who are you?")]
STORY = [Message("user", "Write a very long story about a ship.")]
SHORT = ReplyOptions(max_tokens=6)
LONG = ReplyOptions(max_tokens=200)


def state(pid: int) -> str:
    """State of a process by /proc ("Z" is a zombie), "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descriptors() -> set[str]:
    return {f"{entry.name} {entry.readlink()}" for entry in Path("/proc/self/fd").iterdir() if entry.exists()}


def wait_until(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def stopped(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    assert wait_until(lambda: state(pid) == "T")


def test_killed_in_mid_answer(fresh_model):
    reply = fresh_model.reply(STORY, LONG)
    next(reply)
    pid = fresh_model.pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineCrashed, match="signal 9") as caught:
        list(reply)
    assert caught.value.retryable
    assert state(pid) == ""
    assert "".join(fresh_model.reply(HELLO, SHORT))
    assert fresh_model.pid != pid


def test_killed_between_two_answers(fresh_model):
    assert "".join(fresh_model.reply(HELLO, SHORT))
    pid = fresh_model.pid
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: fresh_model.pid is None)
    assert "".join(fresh_model.reply(HELLO, SHORT))
    assert state(pid) == ""


def test_hung_in_mid_answer(gguf):
    with LlamaModel(gguf, context_tokens=512, threads=1, reply_timeout_s=60) as model:
        reply = model.reply(STORY, LONG)
        next(reply)
        model._reply_timeout_s = 0.5  # generous while it loads, short now
        pid = model.pid
        stopped(pid)
        with pytest.raises(EngineHung, match=r"0\.5 s"):
            list(reply)
        assert state(pid) == ""
        model._reply_timeout_s = 60
        assert "".join(model.reply(HELLO, SHORT))


def test_hung_while_loading(gguf):
    with LlamaModel(gguf, context_tokens=512, threads=1, reply_timeout_s=0.4, load_timeout_s=0.4) as model:
        model.warm_up()
        stopped(model.pid)
        with pytest.raises(EngineHung):
            list(model.reply(HELLO, SHORT))


def test_a_model_that_dies_each_time_is_not_started_each_time(gguf):
    with LlamaModel(gguf, context_tokens=512, threads=1, reply_timeout_s=60) as model:
        for _ in range(2):
            model.warm_up()
            os.kill(model.pid, signal.SIGKILL)
            with pytest.raises(EngineLoadFailed, match="while loading"):
                list(model.reply(HELLO, SHORT))
            model._not_before = min(model._not_before, time.monotonic())  # as if the pause were over
        model._not_before = time.monotonic() + 5
        began = time.monotonic()
        with pytest.raises(EngineLoadFailed, match="while loading") as caught:
            list(model.reply(HELLO, SHORT))
        assert "Tried again in" in caught.value.remedy
        assert time.monotonic() - began < 0.5
        assert model.pid is None
        model._not_before = 0.0
        assert "".join(model.reply(HELLO, SHORT))
        assert model._failures == 0


def test_the_pause_between_restarts_grows_to_a_limit(fresh_model):
    pauses = []
    for _ in range(9):
        fresh_model.warm_up()
        fresh_model._failed(fresh_model._child, EngineCrashed("x", remedy="y"))
        pauses.append(max(0.0, fresh_model._not_before - time.monotonic()))
        fresh_model._not_before = 0.0
    assert pauses[0] == 0.0
    assert [round(pause) for pause in pauses[1:4]] == [1, 2, 4]
    assert round(pauses[-1]) == 30


def damaged(gguf, tmp_path, how: str):
    file = tmp_path / "damaged.gguf"
    data = bytearray(gguf.read_bytes())
    if how == "truncated":
        data = data[: len(data) // 2]
    elif how == "head only":
        data = data[:64]
    elif how == "header":
        data[8:24] = b"\xff" * 16
    elif how == "metadata":
        data[40:4000:3] = b"\xa5" * len(data[40:4000:3])
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("how", ["truncated", "head only", "header", "metadata"])
def test_a_damaged_file_is_named(gguf, tmp_path, how):
    with LlamaModel(damaged(gguf, tmp_path, how), name="damaged", threads=1) as model:
        with pytest.raises(EngineLoadFailed, match="damaged can't be loaded") as caught:
            list(model.reply(HELLO, SHORT))
        assert caught.value.remedy == "Check the file: voxedge models verify damaged"
        assert model.pid is None


def test_closing_from_another_thread_ends_a_reply(gguf):
    model = LlamaModel(gguf, context_tokens=512, threads=1)
    reply = model.reply(STORY, LONG)
    next(reply)
    pid = model.pid
    thread = threading.Thread(target=model.close)
    thread.start()
    with pytest.raises(ClosedError):
        list(reply)
    thread.join(5)
    assert state(pid) == ""


@pytest.mark.parametrize("when", ["idle", "loading", "writing", "stopped"])
def test_closing_is_quick_in_any_state_and_leaves_nothing(gguf, when):
    before = descriptors()
    threads_before = threading.active_count()
    model = LlamaModel(gguf, context_tokens=512, threads=1)
    reply = model.reply(STORY, LONG)
    if when == "loading":
        model.warm_up()
    else:
        next(reply)
    pid = model.pid
    if when == "idle":
        reply.close()
    if when == "stopped":
        stopped(pid)
    began = time.monotonic()
    model.close()
    assert time.monotonic() - began < 2.0  # the contract's limit, not a measurement
    assert state(pid) == ""
    reply.close()
    assert descriptors() == before
    assert threading.active_count() == threads_before


def test_a_model_that_is_dropped_takes_its_process_along(gguf):
    model = LlamaModel(gguf, context_tokens=512, threads=1)
    model.warm_up()
    pid = model.pid
    del model
    assert state(pid) == ""


PARENT = """
import sys, time
from pathlib import Path
from voxedge.conversation import Message, ReplyOptions
from voxedge.conversation.llama import LlamaModel
model = LlamaModel(Path(sys.argv[1]), context_tokens=512, threads=1)
reply = model.reply([Message("user", "Write a very long story about a ship.")], ReplyOptions(max_tokens=200))
next(reply)
print(model.pid, flush=True)
{then}
"""


def parent(gguf, then: str) -> tuple[subprocess.Popen[str], int]:
    # No `if __name__ == "__main__"`: an app of six lines has none, and must not be run twice.
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then), str(gguf)], stdout=subprocess.PIPE, text=True
    )
    return process, int(process.stdout.readline())


def test_the_process_ends_when_its_parent_is_killed(gguf):
    process, pid = parent(gguf, "time.sleep(60)")
    process.kill()
    process.wait()
    process.stdout.close()
    assert wait_until(lambda: state(pid) in ("", "Z"))


def test_the_process_ends_when_its_parent_leaves_without_closing(gguf):
    process, pid = parent(gguf, "")
    assert process.wait(20) == 0
    process.stdout.close()
    assert wait_until(lambda: state(pid) in ("", "Z"))


def test_the_process_ends_with_its_parent_even_if_a_sibling_holds_the_pipe(gguf):
    process, pid = parent(gguf, "import os; sibling = os.fork(); time.sleep(20 if not sibling else 60)")
    process.kill()
    process.wait()
    process.stdout.close()
    assert wait_until(lambda: state(pid) in ("", "Z"), 15)


def test_ctrl_c_in_the_terminal_is_not_for_the_process(fresh_model):
    reply = fresh_model.reply(STORY, LONG)
    next(reply)
    os.kill(fresh_model.pid, signal.SIGINT)
    assert os.getpgid(fresh_model.pid) != os.getpgid(0)
    assert len(list(islice(reply, 5))) == 5
    reply.close()


def test_what_libraries_print_in_the_process_goes_nowhere(fresh_model, capfd):
    "".join(fresh_model.reply(HELLO, SHORT))
    assert capfd.readouterr() == ("", "")
