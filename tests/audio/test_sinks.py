import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from sound_files import tones

from voxedge.audio import loudspeaker
from voxedge.audio.capture import apart
from voxedge.audio.decode import read
from voxedge.audio.loudspeaker import open_loudspeaker
from voxedge.audio.portaudio import device_error, find_device, portaudio
from voxedge.audio.resample import resample
from voxedge.audio.sinks import LoudspeakerSink, NullSink, WavSink
from voxedge.audio.wav import WavWriter, write_wav
from voxedge.errors import (
    AudioInvalid,
    ClosedError,
    DeviceBusy,
    DeviceError,
    DeviceLost,
    DeviceNotFound,
    DeviceRateRefused,
    DiskFull,
    SystemPackageMissing,
    UsageError,
)
from voxedge.events import NEVER, CancelToken

SOUND = tones(1.0, 24000)[:, 0]


def cancelled():
    token = CancelToken()
    token.cancel()
    return token


def test_a_wav_file_comes_back_as_it_was(tmp_path):
    path = tmp_path / "x.wav"
    write_wav(path, SOUND, 24000)
    np.testing.assert_allclose(read(path, rate_hz=24000), SOUND, atol=0.51 / 32768)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24000)
        assert file.getnframes() == SOUND.size


def test_too_loud_is_clipped_and_never_wraps(tmp_path):
    write_wav(tmp_path / "x.wav", np.array([2.0, -2.0, 1.0, -1.0], np.float32), 16000)
    with wave.open(str(tmp_path / "x.wav")) as file:
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [32767, -32768, 32767, -32768]


def test_a_wav_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(b"older")
    writer = WavWriter(path, 16000)
    writer.write(SOUND)
    assert path.read_bytes() == b"older"
    writer.close()
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]
    assert read(path).size == SOUND.size
    with pytest.raises(ClosedError):
        writer.write(SOUND)


def test_an_exception_leaves_the_older_file(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(b"older")
    not_a_number = np.array([np.nan], np.float32)
    with WavWriter(path, 16000) as writer:
        writer.write(SOUND)
        with pytest.raises(AudioInvalid):
            writer.write(not_a_number)
        writer.discard()
    with pytest.raises(RuntimeError), WavWriter(path, 16000) as writer:
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]
    assert path.read_bytes() == b"older"


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_others_may_read_it_as_the_umask_says(tmp_path):
    old = os.umask(0o022)
    try:
        write_wav(tmp_path / "x.wav", SOUND, 16000)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x.wav").stat().st_mode) == 0o644


def test_places_that_cannot_be_written_to(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        WavWriter(tmp_path, 16000)
    with pytest.raises(UsageError, match="can't be written"):
        WavWriter(tmp_path / "no" / "such" / "x.wav", 16000)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named():
    with pytest.raises(DiskFull, match="No space"), WavWriter("/dev/full", 16000) as writer:
        writer.write(np.zeros(100_000, np.float32))


def test_wav_sink_joins_sounds_and_converts_rates(tmp_path):
    path = tmp_path / "x.wav"
    sink = WavSink(path)
    low = tones(0.5, 16000)[:, 0]
    assert sink.play(SOUND, 24000, NEVER)
    assert not sink.play(SOUND, 24000, cancelled())
    assert sink.play(low, 16000, NEVER)
    assert not path.exists()
    sink.close()
    sink.close()
    got = read(path, rate_hz=24000)
    np.testing.assert_allclose(got[: SOUND.size], SOUND, atol=1e-3)
    np.testing.assert_allclose(got[SOUND.size :], resample(low, 16000, 24000), atol=1e-3)
    with pytest.raises(ClosedError):
        sink.play(SOUND, 24000, NEVER)


def test_wav_sink_without_a_sound_makes_no_file(tmp_path):
    WavSink(tmp_path / "x.wav").close()
    discarded = WavSink(tmp_path / "y.wav")
    discarded.play(SOUND, 24000, NEVER)
    discarded.discard()
    assert list(tmp_path.iterdir()) == []


def test_sounds_of_several_threads_stay_whole(tmp_path):
    sink = WavSink(tmp_path / "x.wav")
    sounds = [np.full(5000, level, np.float32) for level in (0.1, 0.2, 0.3, 0.4)]
    threads = [threading.Thread(target=sink.play, args=(s, 16000, NEVER)) for s in sounds for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink.close()
    blocks = read(tmp_path / "x.wav").reshape(20, 5000)
    assert (blocks.max(axis=1) == blocks.min(axis=1)).all()
    np.testing.assert_allclose(np.sort(blocks[:, 0]), np.repeat([0.1, 0.2, 0.3, 0.4], 5), atol=1e-4)


def test_null_sink():
    assert NullSink().play(SOUND, 24000, NEVER)
    assert not NullSink().play(SOUND, 24000, cancelled())
    started = time.monotonic()
    assert NullSink(paced=True).play(SOUND[:4800], 24000, NEVER)
    assert time.monotonic() - started >= 0.2


def test_null_sink_stops_when_cancelled():
    token = CancelToken()
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    started = time.monotonic()
    assert not NullSink(paced=True).play(np.zeros(16000 * 60, np.float32), 16000, token)
    assert time.monotonic() - started < 5
    timer.join()


class FakeStream:
    """A PortAudio stream whose device does what a test asks of it; real ones can't be made to fail."""

    latency = 0.01

    def __init__(self, sd, samplerate, callback, **_):
        sd.opened.append(samplerate)
        if samplerate not in sd.rates:
            raise sd.PortAudioError("Invalid sample rate", -9997)
        self.sd, self.callback, self.thread = sd, callback, None
        self.running = threading.Event()

    def start(self):
        if self.sd.fail_start:
            raise self.sd.PortAudioError("Device unavailable", self.sd.fail_start)
        self.running.set()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.running.is_set():
            if self.sd.deaf:
                time.sleep(0.01)
                continue
            out = np.full((480, 1), 9.0, np.float32)
            self.callback(out, 480, None, None)
            self.sd.heard.append(out[:, 0])
            time.sleep(0.002)

    def abort(self):
        self.running.clear()
        self.thread.join()

    def close(self, ignore_errors=True):
        self.running.clear()
        self.sd.closed += 1


class FakeSounddevice:
    class PortAudioError(Exception):
        pass

    def __init__(self):
        self.rates, self.opened, self.heard = {24000}, [], []
        self.deaf, self.fail_start, self.closed = False, 0, 0
        self.devices = [
            {"name": "Microphone", "max_output_channels": 0, "max_input_channels": 1},
            {"name": "Speaker A", "max_output_channels": 2, "max_input_channels": 0},
            {"name": "Speaker B", "max_output_channels": 2, "max_input_channels": 0},
        ]

    def query_devices(self, device=None, kind=None):
        if kind is not None:
            return {"index": 2}
        if device is not None:
            return {"default_samplerate": 48000.0, **self.devices[device]}
        return self.devices

    def OutputStream(self, **arguments):  # noqa: N802 -- the library's own name
        return FakeStream(self, **arguments)


@pytest.fixture
def sounddevice(monkeypatch):
    fake = FakeSounddevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_devices_by_number_name_and_part(sounddevice):
    assert find_device("", "output") == 2
    assert find_device("1", "output") == 1
    assert find_device("speaker b", "output") == 2
    assert find_device(" A", "output") == 1
    assert find_device("Micro", "input") == 0
    for wrong in ("speaker", "Microphone", "0", "9", "Headset"):
        with pytest.raises(DeviceNotFound) as caught:
            find_device(wrong, "output")
        assert "Speaker A" in caught.value.remedy


def test_a_machine_without_a_loudspeaker(sounddevice):
    sounddevice.devices = sounddevice.devices[:1]
    with pytest.raises(DeviceNotFound, match="no loudspeaker"):
        LoudspeakerSink()


def test_without_portaudio(monkeypatch):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(SystemPackageMissing) as caught:
        LoudspeakerSink()
    assert "apt install libportaudio2" in caught.value.remedy


def test_the_loudspeaker_gets_every_sample(sounddevice):
    sink = LoudspeakerSink()
    for _ in range(2):
        sounddevice.heard.clear()
        assert sink.play(SOUND, 24000, NEVER)
        heard = np.concatenate(sounddevice.heard)
        np.testing.assert_array_equal(heard[: SOUND.size], SOUND)
        assert not heard[SOUND.size :].any()
    assert sounddevice.opened == [24000]  # kept open between sounds
    sink.close()
    sink.close()
    assert sounddevice.closed == 1
    with pytest.raises(ClosedError):
        sink.play(SOUND, 24000, NEVER)


def test_a_rate_that_the_device_refuses_is_converted(sounddevice):
    sounddevice.rates = {48000}
    sink = LoudspeakerSink()
    assert sink.play(SOUND, 24000, NEVER)
    heard = np.concatenate(sounddevice.heard)
    np.testing.assert_array_equal(heard[:48000], resample(SOUND, 24000, 48000))
    sink.close()


def test_a_device_that_refuses_every_rate(sounddevice):
    sounddevice.rates = set()
    with pytest.raises(DeviceRateRefused):
        LoudspeakerSink().play(SOUND, 24000, NEVER)


@pytest.mark.parametrize(
    ("number", "kind"), [(-9985, DeviceBusy), (-9999, DeviceLost), (-9996, DeviceNotFound)]
)
def test_a_device_that_cannot_start(sounddevice, number, kind):
    sounddevice.fail_start = number
    sink = LoudspeakerSink("speaker a")
    with pytest.raises(kind, match="'speaker a'"):
        sink.play(SOUND, 24000, NEVER)
    sounddevice.fail_start = 0
    assert sink.play(SOUND, 24000, NEVER)  # the next sound tries again
    sink.close()


def test_a_device_that_takes_nothing_is_lost(sounddevice):
    sounddevice.deaf = True
    with pytest.raises(DeviceLost, match="takes no sound"):
        LoudspeakerSink().play(SOUND, 24000, NEVER)


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_the_loudspeaker_stops_at_once(sounddevice, how):
    sink, token = LoudspeakerSink(), CancelToken()
    timer = threading.Timer(0.1, token.cancel if how == "cancel" else sink.close)
    timer.start()
    assert not sink.play(np.zeros(24000 * 600, np.float32), 24000, token)
    timer.join()
    if how == "cancel":
        sounddevice.heard.clear()
        assert sink.play(SOUND[:2400], 24000, NEVER)
        np.testing.assert_array_equal(np.concatenate(sounddevice.heard)[:2400], SOUND[:2400])
    sink.close()


def test_every_error_of_portaudio_becomes_one_of_ours():
    sd = pytest.importorskip("sounddevice", exc_type=OSError, reason="needs libportaudio2")
    for number in range(-10000, -9971):
        error = device_error(sd.PortAudioError("x", number), "usb", "output")
        assert isinstance(error, DeviceError)
        assert "'usb'" in error.message
        assert error.remedy


@pytest.fixture
def virtual_audio(data_dir, tmp_path, monkeypatch):
    tool = data_dir.parent / "tools" / "virtual-microphone"
    if not tool.exists() or not shutil.which("pulseaudio") or not shutil.which("parec"):
        pytest.skip("needs the virtual microphone and pulseaudio")
    folder = Path("/tmp") / f"voxedge-sinks-{os.getpid()}"  # a socket's path must be short
    monkeypatch.setenv("VIRTUAL_AUDIO_DIR", str(folder))
    started = subprocess.run([tool, "start"], capture_output=True, text=True, check=False)
    if started.returncode:
        pytest.skip(f"no virtual microphone: {started.stderr.strip()}")
    for line in started.stdout.replace("export ", "").split():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    sd = portaudio()
    sd._terminate()
    sd._initialize()
    yield tool
    subprocess.run([tool, "stop"], check=False)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.device
def test_a_real_loudspeaker_sounds_stops_and_is_lost(virtual_audio, tmp_path):
    heard = tmp_path / "heard.wav"
    sink = open_loudspeaker("pulse")
    recorder = subprocess.Popen([virtual_audio, "record", str(heard), "12"])
    deadline = time.monotonic() + 10.0
    while not (heard.exists() and heard.stat().st_size > 4096) and time.monotonic() < deadline:
        time.sleep(0.05)  # on busy cores it begins late
    # A loudspeaker made of software swallows up to a second when it wakes.
    assert sink.play(np.tile(SOUND, 3), 24000, NEVER)
    token = CancelToken()
    timer = threading.Timer(0.3, token.cancel)
    timer.start()
    assert not sink.play(np.full(24000 * 20, 0.3, np.float32), 24000, token)
    recorder.wait()
    got = read(heard)
    loud = np.flatnonzero(np.abs(got) > 0.02)
    assert loud.size
    # The recorder may have started late; but of the 20 s next to nothing sounded.
    assert loud[-1] - loud[0] < 6 * 16000
    assert np.abs(got).max() < np.abs(SOUND).max() + 0.05
    timer = threading.Timer(0.3, lambda: subprocess.run([virtual_audio, "kill"], check=False))
    timer.start()
    with pytest.raises(DeviceLost):
        sink.play(np.zeros(24000 * 20, np.float32), 24000, NEVER)
    timer.join()
    subprocess.run([virtual_audio, "revive"], check=True, capture_output=True)
    assert sink.play(SOUND, 24000, NEVER)
    sink.close()
    with pytest.raises(ClosedError):
        sink.play(SOUND, 24000, NEVER)


@pytest.mark.device
def test_what_is_cancelled_before_the_process_is_ready_is_not_played(virtual_audio):
    sink, token = open_loudspeaker("pulse"), CancelToken()
    token.cancel()
    assert not sink.play(np.zeros(24000 * 20, np.float32), 24000, token)
    sink.close()


@pytest.mark.device
@pytest.mark.skipif(not apart(), reason="PortAudio runs in the app's own process here")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_loudspeaker_whose_process_dies_or_hangs_is_lost_and_comes_back(virtual_audio, number, monkeypatch):
    sink = open_loudspeaker("pulse")
    assert sink.play(SOUND, 24000, NEVER)
    process = sink._child
    os.kill(process.pid, number)
    if number == signal.SIGSTOP:
        monkeypatch.setattr(loudspeaker, "_STUCK_S", 1.0)
        with pytest.raises(DeviceLost):
            sink.play(SOUND, 24000, NEVER)
        monkeypatch.setattr(loudspeaker, "_STUCK_S", 15.0)
    else:
        process.how_it_died()
    assert sink.play(SOUND, 24000, NEVER)
    sink.close()
