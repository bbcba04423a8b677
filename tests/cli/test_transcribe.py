import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from voxedge.audio.decode import read
from voxedge.audio.wav import WavWriter, write_wav
from voxedge.cli import main
from voxedge.errors import VoxedgeError
from voxedge.events import Word
from voxedge.recognition.contract import Segment
from voxedge.subtitles import FORMATS, Result, timestamp, writer_for

SEGMENTS = [
    Segment(text=" Tom & Jerry ", start=0.0, end=1.5, words=(Word("Tom", 0.0, 0.5, 0.98765),)),
    Segment(text="a <b> --> c\n\nd", start=59.9996, end=3600.0, language="en"),
    Segment(text="x", start=3661.001, end=3661.001),
]


def written(kind, segments=SEGMENTS, heading=""):
    stream = io.StringIO()
    result = Result(file="a.wav", duration_s=12.3456)
    writer = writer_for(kind, lambda: stream, heading)
    for segment in segments:
        result.add(segment)
        writer.segment(segment)
    writer.finish(result)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00,000"),
        (0.0004, "00:00:00,000"),
        (0.9996, "00:00:01,000"),
        (59.9996, "00:01:00,000"),
        (3599.9999, "01:00:00,000"),
        (3661.5, "01:01:01,500"),
        (360_000.25, "100:00:00,250"),
        (-1, "00:00:00,000"),
    ],
)
def test_times_carry(seconds, text):
    assert timestamp(seconds, ",") == text


def test_srt():
    assert written("srt") == (
        "1\n00:00:00,000 --> 00:00:01,500\nTom & Jerry\n\n"
        "2\n00:01:00,000 --> 01:00:00,000\na <b> → c d\n\n"
        "3\n01:01:01,001 --> 01:01:01,002\nx\n\n"
    )
    assert written("srt", []) == ""


def test_vtt():
    assert written("vtt") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\nTom &amp; Jerry\n\n"
        "00:01:00.000 --> 01:00:00.000\na &lt;b&gt; → c d\n\n"
        "01:01:01.001 --> 01:01:01.002\nx\n\n"
    )
    assert written("vtt", []) == "WEBVTT\n\n"


def test_json_is_one_line():
    text = written("json")
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    found = json.loads(text)
    assert list(found) == ["file", "language", "duration", "text", "segments"]
    assert (found["file"], found["language"], found["duration"]) == ("a.wav", "en", 12.346)
    assert found["segments"][0] == {
        "start": 0.0,
        "end": 1.5,
        "text": "Tom & Jerry",
        "words": [{"word": "Tom", "start": 0.0, "end": 0.5, "probability": 0.9877}],
    }


def test_text_is_a_line_a_segment():
    assert written("text", SEGMENTS[:1], "a.wav") == "a.wav:\nTom & Jerry\n"
    assert written("text", []) == ""


@pytest.mark.parametrize("kind", FORMATS)
def test_no_stream_is_opened_before_there_is_something_to_write(kind):
    opened = []
    writer_for(kind, lambda: opened.append(1))
    assert opened == []


def test_settings_that_cannot_be(tmp_path, capsys):
    assert main(["transcribe", "a.wav", "--beam", "0"]) == 2
    assert main(["transcribe", "a.wav", "b.wav", "--format", "srt"]) == 2
    assert "-o subtitles/" in capsys.readouterr().err
    assert main(["transcribe", "a.wav", "-o", str(tmp_path / "no" / "x.txt")]) == 2
    with pytest.raises(SystemExit) as caught:
        main(["transcribe"])
    assert caught.value.code == 2


def test_a_model_that_is_not_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VOXEDGE_HOME", str(tmp_path))
    assert main(["transcribe", "a.wav", "--model", "tiny.en"]) == 4
    assert "voxedge models pull" in capsys.readouterr().err


# From here on with a real model.


@pytest.fixture(scope="session")
def tiny():
    from voxedge import store

    try:
        return str(store.resolve("whisper-tiny.en", kind="recognition"))
    except VoxedgeError as error:
        pytest.skip(f"{error.message} {error.remedy}")


@pytest.fixture(scope="session")
def orders(repository):
    return repository / "demos" / "recordings" / "orders.flac"


def words_of(text):
    return re.findall(r"[a-z']+", text.lower())


@pytest.mark.models
def test_the_shipped_recording_says_what_it_is_said_to_say(tiny, orders, capsys):
    about = json.loads(orders.with_suffix(".json").read_text())
    assert main(["transcribe", str(orders), "--model", tiny, "--format", "json", "--words"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["duration"] == pytest.approx(about["seconds"], abs=0.01)
    wanted = [word for sentence in about["sentences"] for word in words_of(sentence["text"])]
    got = words_of(found["text"])
    assert sum(a != b for a, b in zip(wanted, got, strict=True)) <= 2
    # Each sentence is found where it is, and every word lies in its segment.
    for sentence, segment in zip(about["sentences"], found["segments"], strict=True):
        assert abs(segment["start"] - sentence["start"]) < 0.6
    for segment in found["segments"]:
        assert segment["words"]
        assert all(
            segment["start"] - 0.3 <= w["start"] <= w["end"] <= segment["end"] + 0.3 for w in segment["words"]
        )
        assert all(0 <= w["probability"] <= 1 for w in segment["words"])
    assert "damage" not in found


@pytest.mark.models
def test_one_bad_file_of_several(tiny, orders, tmp_path, capsys):
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    short = tmp_path / "short.wav"
    write_wav(short, read(orders)[: 4 * 16000], 16000)
    files = [str(tmp_path / "missing.wav"), str(short), str(bad), str(tmp_path), str(short)]
    assert main(["transcribe", *files, "--model", tiny, "--format", "json"]) == 3
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["file"] for line in lines] == [str(short), str(short)]
    assert "latte" in lines[0]["text"]
    errors = [json.loads(line)["error"]["code"] for line in err.splitlines() if line.startswith("{")]
    assert errors == ["audio_unreadable"] * 3


@pytest.mark.models
def test_a_truncated_file_is_written_down_as_far_as_it_goes(tiny, orders, tmp_path, capsys):
    cut = tmp_path / "cut.flac"
    data = orders.read_bytes()
    cut.write_bytes(data[: len(data) // 3])
    assert main(["transcribe", str(cut), "--model", tiny, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["damage"] in {"truncated", "damaged"}
    assert "latte" in found["text"]
    assert "cut.flac" in err


@pytest.mark.models
def test_silence_gives_no_words(tiny, tmp_path, capsys):
    write_wav(tmp_path / "x.wav", np.zeros(3 * 16000, np.float32), 16000)
    assert main(["transcribe", str(tmp_path / "x.wav"), "--model", tiny, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["text"], found["segments"], found["duration"]) == ("", [], 3.0)


@pytest.mark.models
def test_a_folder_gets_a_file_each(tiny, orders, tmp_path):
    short = tmp_path / "short.wav"
    write_wav(short, read(orders)[: 4 * 16000], 16000)
    second = Path(shutil.copy(short, tmp_path / "second.wav"))
    command = ["transcribe", str(short), str(second), "--model", tiny, "--format", "vtt"]
    assert main([*command, "-o", f"{tmp_path}/out/"]) == 0
    texts = [(tmp_path / "out" / f"{name}.vtt").read_text() for name in ("short", "second")]
    assert texts[0] == texts[1]
    assert texts[0].startswith("WEBVTT\n\n00:00:0")
    assert (
        main(["transcribe", str(short), "--model", tiny, "--format", "srt", "-o", f"{tmp_path}/x.srt"]) == 0
    )
    assert (tmp_path / "x.srt").read_text().startswith("1\n00:00:0")


def command(*words):
    return [sys.executable, "-m", "voxedge", "transcribe", *map(str, words)]


@pytest.mark.models
def test_standard_input_raw_and_in_a_container(tiny, orders):
    sound = read(orders)[: 4 * 16000]
    raw = (np.repeat(sound[:, np.newaxis], 2, axis=1) * 32767).astype("<i2").tobytes()
    options = ["--model", tiny, "--format", "json"]
    done = subprocess.run(
        command("-", *options, "--rate", 16000, "--channels", 2), input=raw, capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["file"] == "-"
    assert found["duration"] == 4.0
    assert "latte" in found["text"]
    done = subprocess.run(command("-", *options), input=orders.read_bytes(), capture_output=True, check=True)
    assert json.loads(done.stdout)["duration"] > 20
    done = subprocess.run(command("-", *options), input=b"", capture_output=True, check=False)
    assert done.returncode == 3
    assert b"audio_empty" in done.stderr


@pytest.mark.models
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_keeps_what_was_finished(tiny, orders, tmp_path):
    long = tmp_path / "long.wav"
    with WavWriter(long, 16000) as writer:
        for _ in range(20):
            writer.write(read(orders))
    out = tmp_path / "out.jsonl"
    short = tmp_path / "short.wav"
    write_wav(short, read(orders)[: 4 * 16000], 16000)
    process = subprocess.Popen(
        command(short, long, "--model", tiny, "--format", "json", "-o", out), stderr=subprocess.PIPE
    )
    for _ in range(600):
        time.sleep(0.1)
        if out.exists() and out.read_text():
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"kept" in err
    (line,) = out.read_text().splitlines()
    assert "latte" in json.loads(line)["text"]
