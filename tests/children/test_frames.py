from __future__ import annotations

import io

import pytest

from voxedge.children import frames


def reader(data: bytes, at_most: int = 3):
    stream = io.BytesIO(data)
    return lambda size: stream.read(min(size, at_most))


def test_frames_come_back_whole_in_any_portions():
    data = frames.pack({"op": "reply", "text": "Grüße"}) + frames.pack({"n": 1})
    read_some = reader(data)
    assert frames.read(read_some) == {"op": "reply", "text": "Grüße"}
    assert frames.read(read_some) == {"n": 1}
    assert frames.read(read_some) is None


@pytest.mark.parametrize("cut", [1, 3, 5, 10])
def test_an_end_within_a_frame_is_an_error_and_not_an_end(cut):
    with pytest.raises(frames.FrameError):
        frames.read(reader(frames.pack({"text": "some words"})[:cut]))


@pytest.mark.parametrize(
    "data",
    [b"\xff\xff\xff\xff" + b"x" * 50, b"\0\0\0\x03abc", b"\0\0\0\x02[]", b"\0\0\0\0"],
    ids=["length", "no-json", "no-object", "empty"],
)
def test_garbage_is_an_error(data):
    with pytest.raises(frames.FrameError):
        frames.read(reader(data))


def test_a_frame_too_large_is_not_sent(monkeypatch):
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 20)
    with pytest.raises(frames.FrameError):
        frames.pack({"text": "more than twenty bytes"})
