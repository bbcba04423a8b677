"""``voxedge translate``: text, pipes, documents and speech, as it is typed."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from voxedge.audio.decode import read
from voxedge.cli import main
from voxedge.cli.captions import MOST_CHARACTERS, Screen, parts_of
from voxedge.recognition.contract import Segment
from voxedge.translation.contract import EngineCapabilities, Hypothesis
from voxedge.translation.router import Candidate

COMMAND = [sys.executable, "-m", "voxedge", "translate"]


@pytest.fixture(autouse=True)
def _needs_starter(repository):
    pytest.importorskip("sentencepiece", reason="needs the extra [translate]")
    if not (repository / "models" / "starter" / "model.bin").is_file():
        pytest.skip("the starter model isn't in models/starter")


@pytest.fixture
def spoken(data_dir, model_dir):
    """A short recording by its name; skips where it or the model isn't there."""
    model_dir("base")

    def find(name):
        path = data_dir / "speech-multi" / name
        if not path.is_file():
            pytest.skip(f"{path} isn't there")
        return str(path)

    return find


def test_the_first_example_both_ways(capsys):
    assert main(["translate", "--from", "en", "--to", "es", "Where is the train station?"]) == 0
    assert re.search(r"¿Dónde está .*estación", capsys.readouterr().out)
    assert main(["translate", "--from", "es", "--to", "en", "¿Dónde está la estación de tren?"]) == 0
    assert "train station" in capsys.readouterr().out.lower()


def test_a_pipe_gets_a_line_for_each_line_at_once():
    command = [*COMMAND, "--from", "en", "--to", "es"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write("Good morning.\n")
        process.stdin.flush()
        assert process.stdout.readline().strip()  # before the input has ended
        process.stdin.write("\nThank you.")
        process.stdin.close()
        assert process.stdout.read().split("\n")[0] == ""
        assert process.wait(timeout=60) == 0


def test_empty_standard_input_is_no_error():
    done = subprocess.run(
        [*COMMAND, "--from", "en", "--to", "es"], input=b"", capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_binary_standard_input_is_refused_with_what_was_done_before():
    done = subprocess.run(
        [*COMMAND, "--from", "en", "--to", "es"], input=b"Thanks.\n", capture_output=True, timeout=60
    )
    assert done.stdout.decode().strip()
    done = subprocess.run(
        [*COMMAND, "--from", "en", "--to", "es"], input=b"a\0b\n", capture_output=True, timeout=60
    )
    assert done.returncode == 3
    assert b"text_invalid" in done.stderr


def test_json_lines(capsys):
    assert main(["translate", "--from", "auto", "--to", "es", "--json", "Where is the station?"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"source", "target", "text", "translation", "score", "engine", "model"}
    assert (found["source"], found["target"], found["engine"]) == ("en", "es", "ctranslate2")
    assert 0 < found["score"] <= 1


class Capitals:
    """An engine for one pair."""

    def __init__(self, source, target):
        pairs = frozenset({(source, target)})
        self.capabilities = EngineCapabilities(engine="capitals", model=f"{source}{target}", pairs=pairs)

    def count_tokens(self, sentence):
        return len(sentence.split())

    def translate_sentences(self, sentences, **options):
        return [[Hypothesis(sentence.upper(), 0.9)] for sentence in sentences]

    def close(self):
        pass


def test_the_way_through_english_is_told(monkeypatch, capsys):
    engines = [Capitals("de", "en"), Capitals("en", "es")]
    found = [Candidate(e.capabilities.model, e.capabilities.pairs, lambda e=e: e) for e in engines]
    monkeypatch.setattr("voxedge.translators.installed", lambda threads: found)
    assert main(["translate", "--from", "de", "--to", "es", "Hallo Welt"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("HALLO WELT\n", "de to es goes through English: deen and enes.\n")
    assert main(["translate", "--from", "de", "--to", "es", "--json", "Hallo Welt"]) == 0
    shown = capsys.readouterr()
    assert (json.loads(shown.out)["via"], shown.err) == ("en", "")
    assert main(["translate", "--from", "de", "--to", "en", "Hallo"]) == 0
    assert capsys.readouterr().err == ""


def test_the_list_says_what_is_ready(capsys):
    assert main(["translate", "--list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ready = {(row["source"], row["target"]) for row in rows if row["ready"]}
    assert {("en", "es"), ("es", "en")} <= ready


def test_a_document_is_written_beside_the_other(tmp_path, capsys):
    page = tmp_path / "page.html"
    page.write_text("<p>Thank you.</p>\n", encoding="utf-8")
    output = tmp_path / "out.html"
    assert main(["translate", "--from", "en", "--to", "es", "-o", str(output), str(page)]) == 0
    assert output.read_text(encoding="utf-8").startswith("<p>")
    assert "racias" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--from", "en", "Hello"], 2, "--to is missing"),
        (["--from", "en", "--to", "xx", "Hello"], 3, "Ready: "),
        (["--from", "en", "--to", "es", "--beam", "99", "Hello"], 2, "1 to 16"),
        (["--from", "en", "--to", "es", "--engine", "magic", "Hello"], 2, "Engines: "),
        (["--from", "en", "--to", "es", "--model", "magic", "Hello"], 2, "model_unknown"),
        (["--from", "en", "--to", "es", "nosuch.wav"], 3, "There is no file"),
        (["--from", "en", "--to", "es", "nosuch.docx"], 3, "There is no file"),
        (["--from", "en", "--to", "es", "--say", "Hello"], 2, "nothing to listen to"),
        (["--from", "en", "--to", "es", "--format", "srt", "Hello"], 2, "nothing to listen to"),
        (["--from", "en", "--to", "es", "--engine", "whisper", "Hello"], 2, "nothing to listen to"),
        (["--from", "en", "--to", "es", "--mic", "Hello"], 2, "can't be heard"),
        (["--to", "en", "--conversation"], 2, "two languages"),
        (["--from", "es", "--to", "en", "--mic", "--say", "--say-to", "x.wav"], 2, "can't both"),
        (["--from", "es", "--to", "en", "--mic", "--json", "--format", "srt"], 2, "don't go together"),
    ],
)
def test_what_cannot_be_is_said_with_a_remedy(tmp_path, monkeypatch, capsys, words, status, said):
    monkeypatch.chdir(tmp_path)
    assert main(["translate", *words]) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_folder_is_no_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house").mkdir()
    given = ["translate", "--from", "en", "--to", "es"]
    assert main([*given, "house"]) == 3
    assert "house is a folder." in capsys.readouterr().err
    for words in (["house "], ["the", "house"], ["the house"]):
        assert main([*given, *words]) == 0
        assert "casa" in capsys.readouterr().out.lower()


def test_words_go_into_a_file_as_well(tmp_path, capsys):
    path = tmp_path / "x.txt"
    given = ["translate", "--from", "en", "--to", "es", "-o", str(path)]
    assert main([*given, "Thank you."]) == 0
    assert capsys.readouterr().out == ""
    assert "racias" in path.read_text(encoding="utf-8")
    assert main([*given, "--json", "Thank you."]) == 0
    assert "racias" in json.loads(path.read_text(encoding="utf-8"))["translation"]
    done = subprocess.run([*COMMAND, *given[1:]], input=b"a\0b\n", capture_output=True, timeout=60)
    assert done.returncode == 3
    assert path.read_text(encoding="utf-8")  # what was there stays: there is nothing better
    done = subprocess.run([*COMMAND, *given[1:]], input=b"", capture_output=True, timeout=60)
    assert (done.returncode, path.read_bytes()) == (0, b"")
    assert main([*given[:-1], str(tmp_path), "Thank you."]) == 2
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEgarbage", b"\0" * 5000])
def test_sound_that_is_none_is_refused(tmp_path, capsys, spoken, content):
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    good = spoken("light-es.flac")
    assert main(["translate", "--from", "es", "--to", "en", str(path), good]) == 3
    captured = capsys.readouterr()
    assert "audio_" in captured.err
    assert "light" in captured.out.lower()  # the other file is translated nevertheless


def test_a_recording_as_text_json_and_subtitles(spoken, tmp_path, capsys):
    sound = spoken("light-es.flac")
    given = ["translate", "--from", "es", "--to", "en", "--speech-model", "base", sound]
    assert main([*given]) == 0
    shown = capsys.readouterr()
    text = shown.out.strip()
    assert "light" in text.lower()
    assert "Whisper" not in shown.err
    assert main([*given, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["engine"] == "ctranslate2"
    assert (found["source"], found["target"], found["translation"], found["final"]) == (
        "es",
        "en",
        text,
        True,
    )
    assert "luz" in found["text"]
    assert 0 <= found["start"] < found["end"] < 4
    assert main([*given, "--format", "srt", "-o", str(tmp_path / "x.srt")]) == 0
    lines = (tmp_path / "x.srt").read_text(encoding="utf-8").split("\n")
    assert re.fullmatch(r"00:00:0\d,\d{3} --> 00:00:0\d,\d{3}", lines[1])
    assert (lines[0], lines[2]) == ("1", text)


def test_a_conversation_each_line_says_which_way_it_went(spoken, capsys):
    given = ["--conversation", "--from", "es", "--to", "en", spoken("light-es.flac"), spoken("light-en.flac")]
    assert main(["translate", *given]) == 0
    out = capsys.readouterr().out
    assert "[es to en]" in out
    assert "[en to es]" in out


def test_it_is_told_where_whisper_itself_steps_in(spoken, capsys):
    long, portuguese = spoken("fleurs-es-001.ogg"), spoken("fleurs-pt-003.ogg")
    told = "is translated by Whisper itself"
    assert main(["translate", "--from", "es", "--to", "en", long, long]) == 0
    assert capsys.readouterr().err.count(f"es to en {told}") == 1
    assert main(["translate", "--from", "pt", "--to", "en", portuguese]) == 0
    assert capsys.readouterr().err.count(f"pt to en {told}") == 1
    assert main(["translate", "--from", "pt", "--to", "en", "--json", portuguese]) == 0
    shown = capsys.readouterr()
    assert told not in shown.err
    assert json.loads(shown.out)["engine"] == "whisper"


def test_whisper_translates_what_there_is_no_model_for(spoken, capsys):
    sound = spoken("light-de.flac")
    assert main(["translate", "--from", "de", "--to", "en", "--engine", "whisper", sound]) == 0
    shown = capsys.readouterr()
    assert "light" in shown.out.lower()
    assert "Whisper itself" not in shown.err  # it was asked for
    assert main(["translate", "--from", "de", "--to", "pt", sound]) == 3
    assert "Ready: " in capsys.readouterr().err


def test_translations_are_spoken_into_a_file(spoken, tmp_path, capsys):
    pytest.importorskip("hibari", reason="needs the extra [speech]")
    path = tmp_path / "said.wav"
    given = ["--from", "es", "--to", "en", "--say-to", str(path), spoken("light-es.flac")]
    assert main(["translate", *given]) == 0
    assert capsys.readouterr().out.strip()
    assert abs(read(path)).max() > 0.05


def test_a_voice_that_is_not_there_is_said_before_all(spoken, tmp_path, capsys):
    if shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is installed here")
    path = tmp_path / "said.wav"
    given = ["--from", "en", "--to", "es", "--say-to", str(path), spoken("light-en.flac")]
    assert main(["translate", *given]) == 4
    captured = capsys.readouterr()
    assert "espeak" in captured.err
    assert captured.out == ""
    assert not path.exists()


def test_ctrl_c_keeps_what_was_finished(spoken, tmp_path):
    output = tmp_path / "x.vtt"
    given = ["--from", "es", "--to", "en", "--format", "vtt", "-o", str(output), "--live"]
    with subprocess.Popen(
        [*COMMAND, *given, spoken("fleurs-es-001.ogg")], stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        notes = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "interrupted" in notes
    assert "Traceback" not in notes
    assert output.read_text(encoding="utf-8").startswith("WEBVTT")


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal")
def test_without_arguments_it_asks():
    main_end, other_end = pty.openpty()
    with subprocess.Popen(
        COMMAND, stdin=other_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(other_end)
        os.write(main_end, b"es\nThank you.\n\n")
        out, notes = process.communicate(timeout=60)
    os.close(main_end)
    assert process.returncode == 0, notes
    assert "racias" in out
    assert "can be translated to" in notes


def test_long_translations_are_cut_into_subtitles_that_can_be_read():
    text = "Short one. " + "word " * 60 + "end."
    parts = parts_of(Segment(text=text, start=10.0, end=30.0, language="en"))
    assert " ".join(part.text for part in parts).split() == text.split()
    assert max(len(part.text) for part in parts) <= MOST_CHARACTERS
    assert (parts[0].text, parts[0].start, parts[-1].end) == ("Short one.", 10.0, pytest.approx(30.0))
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert min(len(part.text) for part in parts[1:]) > MOST_CHARACTERS // 2


@pytest.mark.parametrize("text", ["x" * 500, "a", ""])
def test_odd_texts_are_kept_whole(text):
    parts = parts_of(Segment(text=text, start=1.0, end=1.0, language="en"))
    assert "".join(part.text for part in parts) == text


def test_the_screen_shows_nothing_where_there_is_no_terminal():
    stream = io.StringIO()
    screen = Screen(stream, enabled=True)
    screen.show("half a sentence")
    screen.clear()
    assert stream.getvalue() == ""


@pytest.fixture
def virtual_audio(data_dir, tmp_path):
    """The environment of a microphone and a loudspeaker made of software, and what plays into the one."""
    tool = data_dir.parent / "tools" / "virtual-microphone"
    if not tool.is_file() or shutil.which("pulseaudio") is None:
        pytest.skip("no virtual microphone (its tool, or pulseaudio, isn't there)")
    environment = {**os.environ, "VIRTUAL_AUDIO_DIR": str(tmp_path / "audio")}
    started = subprocess.run([tool, "start"], capture_output=True, text=True, env=environment, check=False)
    if started.returncode:
        pytest.skip(f"the virtual microphone doesn't start: {started.stderr.strip()}")
    for part in started.stdout.removeprefix("export ").split():
        name, _, value = part.partition("=")
        environment[name] = value
    yield environment, lambda file: subprocess.run([tool, "play", file], env=environment, check=True)
    subprocess.run([tool, "stop"], env=environment, check=False)


@pytest.mark.device
def test_the_microphone_is_listened_to_until_ctrl_c(spoken, virtual_audio):
    environment, play = virtual_audio
    given = ["--from", "es", "--to", "en", "--mic", "--device", "pulse", "--json"]
    with subprocess.Popen(
        [*COMMAND, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert "Listening" in process.stderr.readline()
        play(spoken("light-es.flac"))
        found = json.loads(process.stdout.readline())
        while not found["final"]:
            found = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        notes = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "light" in found["translation"].lower()
    assert "Traceback" not in notes


@pytest.mark.parametrize(
    ("source", "target", "text", "word"),
    [
        ("en", "de", "Where is the station?", "Bahnhof"),
        ("de", "en", "Das Wetter ist schön.", "weather"),
        ("en", "fr", "Where is the station?", "gare"),
        ("fr", "en", "Je voudrais un café.", "coffee"),
        ("es", "de", "¿Dónde está la estación?", "Bahnhof"),
    ],
)
def test_what_comes_with_voxedge_knows_german_and_french(source, target, text, word, capsys):
    assert main(["translate", "--from", source, "--to", target, text]) == 0
    assert word in capsys.readouterr().out
