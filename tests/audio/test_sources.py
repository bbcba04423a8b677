import io
import os
import threading
import time

import numpy as np
import pytest
from sound_files import tones

from voxedge.audio.contract import FRAME_SAMPLES
from voxedge.audio.decode import read
from voxedge.audio.framing import frames_of
from voxedge.audio.resample import resample
from voxedge.audio.sources import ArraySource, FileSource, PcmSource
from voxedge.errors import AudioEmpty, AudioInvalid, AudioUnreadable
from voxedge.events import NEVER, CancelToken


def joined(frames):
    frames = list(frames)
    assert [f.start_sample for f in frames] == [i * FRAME_SAMPLES for i in range(len(frames))]
    return np.concatenate([f.samples for f in frames])


def padded(sound):
    return joined(frames_of([sound]))


def test_a_file_gives_its_sound_in_frames(sound_file):
    path = sound_file("flac", rate_hz=44100)
    source = FileSource(path)
    assert not source.live
    np.testing.assert_array_equal(joined(source.frames(NEVER)), padded(read(path)))
    assert source.damage == ""
    source.close()
    source.close()


def test_a_truncated_file_gives_its_start_and_says_so(sound_file):
    path = sound_file("wav", seconds=3.0, rate_hz=16000)
    path.write_bytes(path.read_bytes()[:-20_001])
    source = FileSource(path)
    assert joined(source.frames(NEVER)).size >= 2.3 * 16000
    assert source.damage == "truncated"


def test_realtime_takes_its_time_and_gives_the_same(sound_file):
    path = sound_file("wav", seconds=0.4, rate_hz=16000)
    source = FileSource(path, realtime=True)
    assert source.live
    started = time.monotonic()
    got = joined(source.frames(NEVER))
    assert time.monotonic() - started >= 0.4
    np.testing.assert_array_equal(got, joined(FileSource(path).frames(NEVER)))


def test_cancelling_ends_every_source(sound_file):
    sound = tones(2.0, 16000)[:, 0]
    pcm = io.BytesIO((sound * 32767).astype("<i2").tobytes())
    path = sound_file("wav", rate_hz=16000)
    for source in (FileSource(path), FileSource(path, realtime=True), PcmSource(pcm), ArraySource(sound)):
        cancel = CancelToken()
        frames = source.frames(cancel)
        next(frames)
        cancel.cancel()
        assert list(frames) == []


def test_closing_from_another_thread_ends_a_realtime_file(sound_file):
    source = FileSource(sound_file("wav", seconds=30.0, rate_hz=8000), realtime=True)
    timer = threading.Timer(0.15, source.close)
    timer.start()
    started = time.monotonic()
    list(source.frames(NEVER))
    assert time.monotonic() - started < 5
    timer.join()


def test_a_closed_file_source_holds_no_file(sound_file):
    source = FileSource(sound_file("wav"))
    source.close()
    assert source._decoder._file.closed


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("name", "kind", "scale"), [("s16le", "<i2", 32768), ("f32le", "<f4", 1)])
def test_pcm(name, kind, scale, channels):
    sound = tones(1.0, 44100, channels)
    data = (sound * scale).astype(kind)
    wanted = resample((data.astype(np.float32) / scale).mean(axis=1), 44100)
    source = PcmSource(io.BytesIO(data.tobytes()), 44100, channels, name)
    np.testing.assert_allclose(joined(source.frames(NEVER)), padded(wanted), atol=1e-6)
    assert source.damage == ""


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, and sometimes nothing, as a non-blocking pipe does."""

    def __init__(self, data, sizes):
        self.data, self.sizes, self.at, self.turn = data, sizes, 0, 0

    def readable(self):
        return True

    def read(self, amount=-1):
        size = self.sizes[self.turn % len(self.sizes)]
        self.turn += 1
        if size == 0:
            return None
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece


@pytest.mark.parametrize("sizes", [[1], [3, 5], [7, 0, 4096, 1], [65536]])
def test_pcm_that_comes_in_odd_pieces(sizes):
    data = (tones(0.2, 16000, 2) * 32767).astype("<i2").tobytes()
    got = joined(PcmSource(Dribble(data, sizes), 16000, 2).frames(NEVER))
    np.testing.assert_array_equal(got, joined(PcmSource(io.BytesIO(data), 16000, 2).frames(NEVER)))


def test_half_a_sample_at_the_end_is_left_out_and_named():
    source = PcmSource(io.BytesIO(b"\0\1" * 1000 + b"\7"))
    assert joined(source.frames(NEVER)).size == 1024
    assert source.damage == "truncated"


@pytest.mark.parametrize("data", [b"", b"\1"])
def test_pcm_without_a_sample(data):
    with pytest.raises(AudioEmpty):
        list(PcmSource(io.BytesIO(data)).frames(NEVER))


@pytest.mark.parametrize(
    "arguments", [(0,), (16000, 0), (16000, 99), (16000, 1, "s24le"), (10**7,)], ids=lambda a: str(a)
)
def test_pcm_with_settings_that_cannot_be(arguments):
    with pytest.raises(AudioInvalid):
        PcmSource(io.BytesIO(b"\0\0"), *arguments)


def test_pcm_floats_that_are_no_sound_come_after_the_good_ones():
    good = np.full(1000, 0.25, "<f4")
    stream = Dribble(good.tobytes() + np.full(1000, np.nan, "<f4").tobytes(), [4000])
    got = []
    with pytest.raises(AudioInvalid):
        got.extend(PcmSource(stream, sample_format="f32le").frames(NEVER))
    np.testing.assert_array_equal(joined(got)[:1000], good)


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX pipe")
def test_waiting_for_a_silent_pipe_can_be_given_up():
    reading, writing = os.pipe()
    for how in ("cancel", "close"):
        with open(reading, "rb", closefd=False) as stream:
            cancel = CancelToken()
            source = PcmSource(stream, live=True)
            assert source.live
            timer = threading.Timer(0.1, cancel.cancel if how == "cancel" else source.close)
            timer.start()
            assert list(source.frames(cancel)) == []
            timer.join()
    os.close(writing)
    os.close(reading)


def test_a_stream_that_breaks():
    class Broken(io.RawIOBase):
        def read(self, amount=-1):
            raise OSError("the cable is out")

    with pytest.raises(AudioUnreadable, match="cable"):
        list(PcmSource(Broken()).frames(NEVER))


@pytest.mark.parametrize("rate_hz", [16000, 44100])
@pytest.mark.parametrize("sizes", [[1000], [1, 0, 700, 13], [100_000]])
def test_arrays_of_any_block_size(rate_hz, sizes):
    sound = tones(0.5, rate_hz, 2)
    blocks, at, turn = [], 0, 0
    while at < len(sound):
        size = sizes[turn % len(sizes)]
        blocks.append(sound[at : at + size])
        at, turn = at + size, turn + 1
    got = joined(ArraySource(iter(blocks), rate_hz).frames(NEVER))
    np.testing.assert_array_equal(got, padded(resample(sound.mean(axis=1), rate_hz)))


def test_one_array_is_one_block():
    sound = tones(0.5, 16000)[:, 0]
    np.testing.assert_array_equal(joined(ArraySource(sound).frames(NEVER)), padded(sound))


def test_the_app_may_use_its_buffer_again():
    buffer = np.zeros(512, np.float32)

    def blocks():
        for value in (0.1, 0.2, 0.3):
            buffer[:] = value
            yield buffer

    got = joined(ArraySource(blocks()).frames(NEVER))
    np.testing.assert_allclose(got[::512], [0.1, 0.2, 0.3])


def test_a_bad_array_comes_after_the_good_ones():
    got = []
    with pytest.raises(AudioInvalid):
        got.extend(ArraySource([np.full(700, 0.5, np.float32), np.array([np.nan])]).frames(NEVER))
    assert joined(got)[:700].min() == 0.5


@pytest.mark.parametrize("blocks", [[], [np.zeros(0, np.float32)], iter(())])
def test_no_arrays(blocks):
    with pytest.raises(AudioEmpty):
        list(ArraySource(blocks).frames(NEVER))


def test_a_rate_that_cannot_be():
    with pytest.raises(AudioInvalid):
        ArraySource(np.zeros(4, np.float32), rate_hz=0)
