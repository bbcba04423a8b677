"""Apertium: the installed one, where there is one, and programs of the test's own that speak its protocol."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from voxedge.errors import ClosedError, EngineCrashed, SystemPackageMissing
from voxedge.translation import apertium as room
from voxedge.translation.contract import TranslationOptions

ASK = {"source": "en", "target": "es", "options": TranslationOptions()}

# Answers a text that ends with a zero byte in capitals, as a stage of a pipeline does.
ANSWERING = """#!/usr/bin/env python3
import sys
word = b""
while byte := sys.stdin.buffer.read(1):
    word += byte
    if byte == b"\\0":
        sys.stdout.buffer.write(word.upper())
        sys.stdout.buffer.flush()
        word = b""
"""
# Says that it runs, and answers nothing; the fifo is open for as long as it lives.
HANGING = "#!/bin/sh\nexec 3> {fifo}\nprintf x >&3\nexec sleep 600\n"
DYING = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def apertium_of(tmp_path, monkeypatch):
    """An engine over two stages, the second of which is the given program."""
    engines = []

    def make(program):
        modes = tmp_path / "modes"
        modes.mkdir()
        for name, text in (
            ("apertium", "#!/bin/sh\necho eng-spa spa-eng\n"),
            ("first", "#!/bin/sh\nexec cat\n"),
            ("second", program),
        ):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        (modes / "eng-spa.mode").write_text(f"{tmp_path}/first a.bin | {tmp_path}/second $1 b.bin\n")
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(room, "_MODE_FOLDERS", (modes,))
        engines.append(room.ApertiumEngine("en", "es"))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def test_texts_go_through_one_pipeline(apertium_of):
    engine = apertium_of(ANSWERING)
    answers = engine.translate_sentences(["the house", "a [dog] / \\ {cat}"], **ASK)
    assert [found[0].text for found in answers] == ["THE HOUSE", "A [DOG] / \\ {CAT}"]


def test_closing_ends_a_translation_that_hangs(apertium_of, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    engine = apertium_of(HANGING.format(fifo=fifo))
    ended = []

    def translate():
        try:
            engine.translate_sentences(["the house", "the dog"], **ASK)
        except Exception as error:
            ended.append(error)

    asking = threading.Thread(target=translate)
    asking.start()
    with fifo.open("rb", buffering=0) as lives:
        assert lives.read(1) == b"x"
        engine.close()
        assert lives.read(1) == b""
    asking.join()
    # Had closing waited for the answer, the error would be that none came.
    assert [type(error) for error in ended] == [ClosedError]
    engine.close()


def test_closed_it_says_so(apertium_of):
    engine = apertium_of(ANSWERING)
    engine.translate_sentences(["the house"], **ASK)
    engine.close()
    with pytest.raises(ClosedError):
        engine.translate_sentences(["the house"], **ASK)


def test_a_pipeline_that_dies_is_named(apertium_of):
    with pytest.raises(EngineCrashed):
        apertium_of(DYING).translate_sentences(["the house"], **ASK)


@pytest.fixture
def apertium():
    if ("en", "es") not in room.installed_modes():
        pytest.skip("Apertium with apertium-eng-spa isn't installed")
    engine = room.ApertiumEngine("en", "es")
    yield engine
    engine.close()


def test_apertium_answers_and_survives_its_death(apertium):
    assert "perro" in apertium.translate_sentences(["Where is the dog?"], **ASK)[0][0].text
    first = apertium._process.pid
    os.killpg(first, signal.SIGKILL)
    assert "casa" in apertium.translate_sentences(["the house"], **ASK)[0][0].text
    assert apertium._process.pid != first
    assert apertium.translate_sentences(["[x] ^y$ a/b \\ {z}"], **ASK)[0][0].text.startswith("[x]")


def test_apertium_missing_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SystemPackageMissing, match="Apertium"):
        room.ApertiumEngine("en", "es")
