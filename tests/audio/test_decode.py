import io
import os
import shutil
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from sound_files import KINDS, tones

from voxedge.audio.decode import Decoder, decode, read
from voxedge.audio.resample import resample
from voxedge.errors import AudioEmpty, AudioInvalid, AudioUnreadable, ClosedError

OPEN_FILES = Path("/proc/self/fd")
LOSSY = {"mp3", "ogg", "opus", "webm", "m4a", "aac"}


def best_match(got, wanted, reach=2400):
    """The correlation at the best shift: lossy codecs may put a delay of their own before the sound."""
    size = min(got.size, wanted.size) - reach
    middle = wanted[reach // 2 : reach // 2 + size // 2]
    scores = []
    for shift in range(reach):
        piece = got[shift : shift + middle.size]
        scores.append(float(piece @ middle) / (np.linalg.norm(piece) * np.linalg.norm(middle) + 1e-9))
    return max(scores)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_sound_that_went_in(sound_file, kind):
    path = sound_file(kind)
    with Decoder(path) as decoder:
        got = np.concatenate(list(decoder.blocks()))
        assert decoder.damage == ""
        assert decoder.samples_out == got.size
        assert decoder.duration_s == pytest.approx(2.0, abs=0.2)
    wanted = resample(tones()[:, 0], 48000)
    assert got.dtype == np.float32
    if kind in LOSSY:
        assert abs(got.size - wanted.size) <= 0.1 * 16000
        # FFmpeg's own AAC encoder is not at its best with a chord.
        rough = kind in {"m4a", "aac"}
        assert best_match(got, wanted) > (0.98 if rough else 0.99)
        assert np.abs(got).max() == pytest.approx(np.abs(wanted).max(), rel=0.3 if rough else 0.1)
    else:
        assert got.size == wanted.size
        np.testing.assert_allclose(got, wanted, atol=0.01 if kind == "u8.wav" else 1e-4)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_any_number_of_channels(sound_file, rate_hz, channels):
    sound = tones(1.0, rate_hz, channels)
    got = read(sound_file("wav", sound=sound, rate_hz=rate_hz, channels=channels))
    wanted = resample(sound.mean(axis=1), rate_hz)
    assert got.size == wanted.size
    np.testing.assert_allclose(got, wanted, atol=2e-4)


def test_stereo_is_no_louder_than_its_channels(sound_file):
    both = np.repeat(tones(1.0), 2, axis=1)
    for kind in ("flac", "f32.wav", "ogg"):
        got = read(sound_file(kind, sound=both, channels=2))
        assert np.abs(got).max() == pytest.approx(np.abs(both).max(), rel=0.1)


def test_blocks_are_short_however_long_the_file_is(sound_file):
    sizes = [block.size for block in decode(sound_file("flac", seconds=30.0, rate_hz=16000))]
    assert sum(sizes) == 30 * 16000
    assert max(sizes) <= 2 * 16000


def test_another_rate_on_request(sound_file):
    assert read(sound_file("wav"), rate_hz=8000).size == 16000


def test_bytes_in_memory_do_as_well(sound_file):
    path = sound_file("ogg")
    stream = io.BytesIO(path.read_bytes())
    np.testing.assert_array_equal(read(stream), read(path))
    assert not stream.closed


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX pipe")
@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_a_pipe_that_cannot_seek(sound_file, kind):
    path = sound_file(kind)
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as cat:
        got = read(cat.stdout)
    wanted = read(path)
    # How much padding an MP3 has at its end is known only to who can seek.
    assert 0 <= got.size - wanted.size <= (1152 if kind == "mp3" else 0)
    np.testing.assert_array_equal(got[: wanted.size - 100], wanted[:-100])


@pytest.mark.parametrize(("kind", "says_so"), [(k, k not in {"mp3", "aac"}) for k in KINDS if k != "m4a"])
def test_a_file_that_breaks_off_gives_what_is_there(sound_file, kind, says_so):
    whole = sound_file(kind, seconds=4.0)
    full = read(whole)
    data = whole.read_bytes()
    cut = whole.with_name(f"cut.{kind}")
    cut.write_bytes(data[: int(len(data) * 0.6)])
    with Decoder(cut) as decoder:
        got = np.concatenate(list(decoder.blocks()))
        if says_so:
            assert decoder.damage in {"truncated", "damaged"}
    assert 0.3 * full.size < got.size < 0.75 * full.size
    compared = got.size - 1600
    np.testing.assert_allclose(got[:compared], full[:compared], atol=1e-3)


def test_an_m4a_that_breaks_off_has_lost_its_index(sound_file):
    path = sound_file("m4a")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(AudioUnreadable, match="breaks off"):
        read(path)


def test_a_hole_in_the_middle_is_left_out(sound_file):
    path = sound_file("flac", seconds=4.0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 6000] = os.urandom(6000)
    path.write_bytes(data)
    with Decoder(path) as decoder:
        got = np.concatenate(list(decoder.blocks()))
        assert decoder.damage in {"damaged", "truncated"}
    assert got.size > 2.5 * 16000


@pytest.mark.parametrize("name", ["x.wav", "x.mp3", "x.flac", "x.ogg", "x.m4a", "x.txt", "x"])
@pytest.mark.parametrize("content", [b"good morning\n" * 500, os.urandom(200_000), b"RIFF", b"\0" * 5000])
def test_what_is_no_audio_is_named_whatever_it_is_called(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AudioUnreadable) as caught:
        read(path)
    assert path.name in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{}'\n",
    ],
)
@pytest.mark.parametrize("name", ["x.m3u8", "x.ffconcat", "x.wav"])
def test_playlists_lead_nowhere(sound_file, tmp_path, playlist, name):
    inner = sound_file("wav")
    path = tmp_path / name
    path.write_text(playlist.format(inner))
    with pytest.raises(AudioUnreadable):
        read(path)


def test_a_name_is_never_a_url(tmp_path, monkeypatch, sound_file):
    # As a name FFmpeg would take this for a protocol; for us it is a file that isn't there.
    for name in ("http://127.0.0.1:9/a.wav", f"concat:{sound_file('wav')}", "pipe:0"):
        with pytest.raises(AudioUnreadable, match="There is no file"):
            read(name)


def test_empty_file(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(AudioEmpty, match="is empty"):
        Decoder(path)


def test_a_header_without_samples(tmp_path):
    path = tmp_path / "none.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
    with pytest.raises(AudioEmpty, match="no sound"):
        read(path)


def test_missing_folder_and_forbidden(tmp_path):
    with pytest.raises(AudioUnreadable, match="There is no file"):
        Decoder(tmp_path / "nowhere.wav")
    with pytest.raises(AudioUnreadable, match="is a folder"):
        Decoder(tmp_path)
    with pytest.raises(AudioUnreadable, match="can't be opened"):
        Decoder("a\0b.wav")
    with pytest.raises(AudioUnreadable, match="can't be opened"):
        Decoder("n" * 5000)


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_no_permission(sound_file):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(shutil.copy(sound_file("wav"), folder))
        path.chmod(0)
        if not os.access(path, os.R_OK):
            with pytest.raises(AudioUnreadable, match="may not be read"):
                Decoder(path)
            return
        # Root may read everything, so a child becomes nobody first.
        script = """
import os, sys
from voxedge.audio.decode import Decoder, AudioUnreadable
os.setgid(65534)
os.setuid(65534)
try:
    Decoder(sys.argv[1])
except AudioUnreadable as error:
    print(error.message, error.remedy)
"""
        command = [sys.executable, "-c", script, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "may not be read" in done.stdout, done.stderr
        assert "chmod" in done.stdout


def test_video_without_sound(tmp_path):
    path = tmp_path / "silent.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            image = np.zeros((64, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioUnreadable, match="no sound track"):
        read(path)


@pytest.mark.parametrize(("name", "codec"), [("film.mkv", "pcm_s16le"), ("film.mp4", "aac")])
def test_a_film_whose_pictures_go_on_after_the_sound_is_whole(tmp_path, name, codec):
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream(codec, rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 32000), np.int16), format="s16", layout="mono")
        frame.rate = 16000
        frame.pts = 0
        for _ in range(40):
            image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(pictures.encode(image))
        container.mux([*sound.encode(frame), *sound.encode(None), *pictures.encode(None)])
    with Decoder(path) as decoder:
        samples = sum(block.size for block in decoder.blocks())
        assert decoder.damage == ""
        assert decoder.duration_s == pytest.approx(2.0, abs=0.1)
    assert samples == pytest.approx(32000, abs=2048)


def test_floats_that_are_no_sound(sound_file):
    sound = tones(1.0)
    sound[24000:24010] = np.nan
    with pytest.raises(AudioInvalid, match="not numbers"):
        read(sound_file("f32.wav", sound=sound))


def test_closing_twice_and_reading_after(sound_file):
    decoder = Decoder(sound_file("wav"))
    decoder.close()
    decoder.close()
    with pytest.raises(ClosedError):
        next(decoder.blocks())


def test_no_file_stays_open(sound_file):
    if not OPEN_FILES.is_dir():
        pytest.skip("needs /proc")
    path = sound_file("flac")
    read(path)
    before = len(list(OPEN_FILES.iterdir()))
    for _ in range(20):
        read(path)
        next(decode(path))  # given up half-way
        with pytest.raises(AudioUnreadable):
            read(__file__)
    assert len(list(OPEN_FILES.iterdir())) == before


@pytest.mark.data
def test_recordings_have_the_length_that_libsndfile_sees(data_dir):
    files = sorted((data_dir / "noise").glob("*.flac"))[:8]
    assert files
    for path in files:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            wanted, rate = stream.duration, stream.rate
        assert abs(read(path).size - wanted * 16000 / rate) <= 1
