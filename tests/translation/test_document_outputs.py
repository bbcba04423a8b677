"""Where translated documents go: devices are never replaced, nothing is written over what it was made of."""

import os
import stat
import threading
from pathlib import Path

import pytest

from voxedge.cli import main
from voxedge.errors import DiskFull, UsageError
from voxedge.translation.contract import TextTranslation, TranslationOptions
from voxedge.translation.documents import output_suffix, parse
from voxedge.translation.documents.job import translate_document


class Shouting:
    """A translator to upper case."""

    def translate(self, texts, *, source, target, options, cancel):
        return [
            TextTranslation(
                source=source,
                target=target,
                text=text,
                translation=text.upper(),
                score=1.0,
                engine="test",
                model="test",
            )
            for text in texts
        ]


def made(output):
    document = parse(b"one line\nanother\n", "a.txt", ".txt")
    options = TranslationOptions()
    return translate_document(Shouting(), document, output, source="en", target="es", options=options)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    made(pipe)
    reader.join(10)
    assert got == [b"ONE LINE\nANOTHER\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_device():
    with pytest.raises(DiskFull):
        made(Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_places_that_are_none_are_said_before_the_work(tmp_path):
    for output in (tmp_path, tmp_path / "no" / "a.txt"):
        with pytest.raises(UsageError):
            made(output)
    assert list(tmp_path.iterdir()) == []


def test_suffixes_of_what_is_made():
    found = [output_suffix(suffix) for suffix in (".pdf", ".pot", "", ".docx")]
    assert found == [".txt", ".po", ".txt", ".docx"]


def test_a_document_is_never_written_over_itself_or_another(tmp_path, capsys):
    names = [tmp_path / name for name in ("a.md", "b.txt", "b.pdf")]
    for name in names:
        name.write_text("Good morning.\n")
    how = ["translate", "--from", "en", "--to", "es"]
    assert main([*how, "-o", str(names[0]), str(names[0])]) == 2
    assert main([*how, *map(str, names)]) == 2
    assert "both" in capsys.readouterr().err
    assert names[0].read_text() == "Good morning.\n"
    assert len(list(tmp_path.iterdir())) == 3


def test_one_bad_document_of_several(tmp_path, capsys):
    for name, content in (("a.docx", b"none"), ("b.txt", b"Good morning.\n"), ("c.txt", b"Good night.\n")):
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in ("a.docx", "b.txt", "c.txt")]
    assert main(["translate", "--from", "en", "--to", "es", *files]) == 3
    assert "document_invalid" in capsys.readouterr().err
    assert (tmp_path / "b.es.txt").read_text().startswith("Buenos d")
    assert (tmp_path / "c.es.txt").exists()
