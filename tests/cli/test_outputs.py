"""Where results are written: never over what they are made of, nor over each other."""

import os
import stat

import pytest

from voxedge.cli.outputs import Output, refuse_overwriting
from voxedge.errors import DiskFull, UsageError
from voxedge.files import check_target, is_special, write_failure


def test_a_result_is_never_written_over_its_input(tmp_path):
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"sound")
    (tmp_path / "link.wav").symlink_to(sound)
    for output in (sound, tmp_path / "link.wav", tmp_path / "." / "a.wav"):
        with pytest.raises(UsageError, match="would be written over"):
            Output(str(output), "text", ["b.wav", str(sound)])
    with pytest.raises(UsageError, match="would be written over"):
        Output(f"{tmp_path}/", "text", [str(tmp_path / "notes.txt")])
    assert sound.read_bytes() == b"sound"


def test_two_results_never_share_a_file(tmp_path):
    with pytest.raises(UsageError, match="both"):
        Output(f"{tmp_path}/", "vtt", ["x/talk.wav", "y/talk.mp3"])
    Output(f"{tmp_path}/", "vtt", ["x/talk.wav", "y/speech.mp3"])
    refuse_overwriting([], [tmp_path / "microphone.srt"])
    refuse_overwriting(["-", "a"], [tmp_path / "b", tmp_path / "c"])


def test_several_results_in_one_file_come_one_after_the_other(tmp_path):
    with Output(str(tmp_path / "all.jsonl"), "json", ["a.wav", "b.wav"]) as output:
        output.opened("a.wav").write("1\n")
        output.opened("b.wav").write("2\n")
    assert (tmp_path / "all.jsonl").read_text() == "1\n2\n"


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match="is a folder") as caught:
        check_target(tmp_path, "x.txt")
    assert str(tmp_path / "x.txt") in caught.value.remedy
    with pytest.raises(UsageError, match="no folder"):
        check_target(tmp_path / "no" / "x", "x.txt")
    assert isinstance(write_failure(tmp_path, OSError(28, "No space left on device")), DiskFull)
    assert isinstance(write_failure(tmp_path, PermissionError(13, "Permission denied")), UsageError)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be written"):
        Output(f"{tmp_path}/file/", "text", ["a.wav"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_devices_and_pipes_are_told_from_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("")
    found = [is_special(tmp_path / name) for name in ("pipe", "file", "missing", ".")]
    assert found == [True, False, False, False]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
