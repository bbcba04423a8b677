"""Killed, or interrupted, at every step on the disk: the store holds the model or doesn't, no third."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from store_helpers import NAME, contents, entry_table, leftovers

from voxedge.errors import ModelMissing
from voxedge.store.pull import PullOptions, pull

A, B = contents(3000, 1), contents(4000, 2)
STEPS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.truncate"}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def in_child(work, home, step, how):
    """Runs work in a child that is struck at the n-th step in the store; True when it came to its end."""
    child = os.fork()
    if child == 0:
        status = 3
        try:
            count = 0

            def strike(event, args):
                nonlocal count
                if event in STEPS and str(home) in str(args[0]):
                    count += 1
                    if count == step:
                        os.kill(os.getpid(), how)

            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.addaudithook(strike)
            work()
            status = 0
        except KeyboardInterrupt:
            status = 130
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == how
        return False
    assert os.WEXITSTATUS(status) in {0, 130}
    return os.WEXITSTATUS(status) == 0


@pytest.fixture
def given(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "a.onnx").write_bytes(A)
    (folder / "b.bin").write_bytes(B)
    return folder


def state(lib, name=NAME):
    """The model's contents, or None where it isn't there; anything else fails the test."""
    try:
        folder = lib.resolve(name)
    except ModelMissing:
        return None
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_pull(library, home, given, how):
    whole = {"a.onnx": A, "b.bin": B}
    lib = library(entry_table(whole, []))
    options = PullOptions(given=given)
    for step in range(1, 400):
        finished = in_child(lambda: pull(lib, lib.entry(NAME), options), home, step, how)
        assert state(lib) in (None, whole), f"struck at step {step}"
        pull(lib, lib.entry(NAME), options)
        assert state(lib) == whole
        lib.store.remove(NAME)
        assert leftovers(home) == []
        assert not any((home / "blobs").iterdir())
        if finished:
            break
    assert step > 20, "too few steps: the hook sees nothing"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_replacing_a_version(library, home, given, how):
    old, new = {"a.onnx": A, "b.bin": B}, {"a.onnx": contents(3000, 5), "b.bin": B}
    before, after = library(entry_table(old, [])), library(entry_table(new, []))
    for step in range(1, 400):
        (given / "a.onnx").write_bytes(A)
        pull(before, before.entry(NAME), PullOptions(given=given))
        (given / "a.onnx").write_bytes(new["a.onnx"])
        finished = in_child(lambda: pull(after, after.entry(NAME), PullOptions(given=given)), home, step, how)
        was, is_now = state(before), state(after)
        assert (was, is_now) in ((old, None), (None, new)), f"struck at step {step}"
        pull(after, after.entry(NAME), PullOptions(given=given))
        assert state(after) == new
        if finished:
            break
    assert step > 20


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_remove(library, home, given, how):
    whole = {"a.onnx": A, "b.bin": B}
    other = entry_table({"b.bin": B}, [], name="vad-other")
    lib = library(entry_table(whole, []), other)
    for step in range(1, 400):
        for name in (NAME, "vad-other"):
            pull(lib, lib.entry(name), PullOptions(given=given))
        finished = in_child(lambda: lib.store.remove(NAME), home, step, how)
        assert state(lib) in (None, whole), f"struck at step {step}"
        assert state(lib, "vad-other") == {"b.bin": B}
        lib.store.remove(NAME)
        assert state(lib) is None
        assert lib.store.used_bytes() == len(B)
        if finished:
            break
    assert step > 5
