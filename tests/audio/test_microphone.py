"""The microphone: ring and watchdog alone, a scripted PortAudio, and a microphone made of software."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
import types

import numpy as np
import pytest

from voxedge.audio import capture, devices, microphone, portaudio
from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ
from voxedge.audio.devices import STALL_S, START_S, SampleRing, Watchdog
from voxedge.audio.microphone import MicrophoneSource
from voxedge.errors import DeviceBusy, DeviceNotFound, DeviceRateRefused, SystemPackageMissing
from voxedge.events import CancelToken, Degraded, Recovered


class TestRing:
    def test_what_is_written_is_read_in_order_whatever_the_blocks(self):
        rng, ring = np.random.default_rng(3), SampleRing(1000, 2)
        sent, got, at = [], [], 0
        for _ in range(500):
            block = np.arange(at, at + rng.integers(0, 300), dtype=np.float32)[:, None] * [1, -1]
            at += len(block)
            ring.write(block.astype(np.float32))
            sent.append(block)
            if rng.random() < 0.7:
                got.append(ring.read())
            if ring.written - sum(map(len, got)) > 650:
                got.append(ring.read())
        got.append(ring.read())
        assert ring.lost == 0
        assert np.array_equal(np.concatenate(got), np.concatenate(sent).astype(np.float32))

    def test_a_full_ring_keeps_the_old_and_counts_what_it_loses(self):
        ring = SampleRing(100, 1)
        ring.write(np.ones((70, 1), np.float32))
        ring.write(np.full((70, 1), 2, np.float32))
        assert ring.lost == 40
        assert ring.read()[:, 0].tolist() == [1] * 70 + [2] * 30
        assert len(ring.read()) == 0

    def test_writing_never_waits_for_the_reader(self):
        ring, block = SampleRing(SAMPLE_RATE_HZ, 1), np.zeros((512, 1), np.float32)
        for _ in range(1000):  # nobody reads
            ring.write(block)
        assert ring.written == 512_000
        assert ring.lost == 512_000 - SAMPLE_RATE_HZ


class TestWatchdog:
    def test_a_device_that_gives_sound_isnt_gone(self):
        dog = Watchdog(0.0)
        assert not any(dog.gone(i * 0.03, i, True) for i in range(1000))

    def test_one_that_stalls_is_gone_in_time(self):
        dog = Watchdog(0.0)
        dog.gone(1.0, 1, True)
        assert not dog.gone(1.0 + STALL_S - 0.1, 1, True)
        assert dog.gone(1.0 + STALL_S + 0.1, 1, True)
        assert STALL_S < 1.8

    def test_one_that_is_starting_has_more_time(self):
        dog = Watchdog(0.0)
        assert not dog.gone(START_S - 0.1, 0, True)
        assert dog.gone(START_S + 0.1, 0, True)

    def test_one_that_portaudio_ended_is_gone_at_once(self):
        assert Watchdog(0.0).gone(0.01, 1, False)


class PortAudioError(Exception):
    pass


class FakeStream:
    """A stream whose sound the test feeds in."""

    def __init__(self, owner, **options):
        owner.asked.append((options["samplerate"], options["channels"]))
        if owner.fail is not None and (number := owner.fail(options)):
            raise PortAudioError("refused", number)
        self.options, self.active, self.closed = options, False, False
        owner.streams.append(self)

    def start(self):
        self.active = True

    def close(self, ignore_errors=True):
        self.active, self.closed = False, True

    def give(self, samples):
        block = np.asarray(samples, np.float32)
        block = block[:, None].repeat(self.options["channels"], axis=1) if block.ndim == 1 else block
        self.options["callback"](block, len(block), None, None)


class FakePortAudio(types.SimpleNamespace):
    PortAudioError = PortAudioError

    def __init__(self, names=("USB", "Built-in")):
        super().__init__(streams=[], asked=[], names=list(names), fail=None, refreshed=0, frozen=list(names))

    def query_devices(self, device=None, kind=None):
        rows = [
            {
                "name": n,
                "index": i,
                "max_input_channels": 2,
                "max_output_channels": 0,
                "default_samplerate": 48000.0,
            }
            for i, n in enumerate(self.frozen)
        ]
        if kind is not None:
            return rows[0]
        return rows if device is None else rows[device]

    def InputStream(self, **options):  # noqa: N802 - sounddevice's name
        return FakeStream(self, **options)

    def _terminate(self):
        self.refreshed += 1

    def _initialize(self):
        self.frozen = list(self.names)


@pytest.fixture
def fake(monkeypatch):
    sd = FakePortAudio()
    monkeypatch.setattr(portaudio, "portaudio", lambda: sd)
    monkeypatch.setattr(microphone, "portaudio", lambda: sd)
    monkeypatch.setattr(capture, "portaudio", lambda: sd)
    monkeypatch.setattr(capture, "apart", lambda: False)
    monkeypatch.setattr(microphone, "apart", lambda: False)
    monkeypatch.setattr(microphone, "server_has_microphone", lambda: True)
    return sd


class Listener:
    """Iterates a source in a thread of its own."""

    def __init__(self, source):
        self.source, self.frames, self.states, self.error = source, [], [], None
        source.watch(self.states.append)
        self.cancel = CancelToken()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            for frame in self.source.frames(self.cancel):
                self.frames.append(frame)
        except Exception as exc:
            self.error = exc

    def until(self, condition, seconds=5.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.005)
        return False

    def stop(self):
        self.source.close()
        self.thread.join(3)
        assert not self.thread.is_alive()


def test_no_sample_is_lost_or_doubled_and_frames_are_numbered(fake):
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    sound = np.sin(np.arange(100 * 512) / 7).astype(np.float32) * 0.5
    for block in np.split(sound, 100):
        fake.streams[0].give(block)
    assert listener.until(lambda: len(listener.frames) == 100)
    listener.stop()
    assert np.array_equal(np.concatenate([f.samples for f in listener.frames]), sound)
    assert [f.start_sample for f in listener.frames] == [i * FRAME_SAMPLES for i in range(100)]
    assert fake.streams[0].closed


def test_waiting_for_a_microphone_ends_with_its_first_sound(fake):
    source = MicrophoneSource()
    assert not source.wait_open(0.05)
    listener = Listener(source)
    assert listener.until(lambda: fake.streams)
    assert not source.wait_open(0.05)
    fake.streams[0].give(np.ones(512))
    assert source.wait_open(3)
    listener.stop()


@pytest.mark.parametrize("fate", ["muted", "refused", "closed"])
def test_nobody_waits_for_a_microphone_that_will_give_nothing(fake, fate):
    source = MicrophoneSource()
    if fate == "muted":
        source.mute()
    elif fate == "refused":
        fake.fail = lambda options: -9985
    else:
        source.close()
    listener = Listener(source)
    assert source.wait_open(3)
    listener.stop()


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_other_rates_and_stereo_become_mono_at_16_khz(fake, rate_hz, channels):
    listener = Listener(MicrophoneSource(rate_hz=rate_hz, channels=channels))
    assert listener.until(lambda: fake.streams)
    seconds = np.arange(rate_hz * 2) / rate_hz
    for block in np.array_split(0.5 * np.sin(2 * np.pi * 440 * seconds), 50):
        fake.streams[0].give(block)
    assert listener.until(lambda: len(listener.frames) >= 60)
    listener.stop()
    heard = np.concatenate([f.samples for f in listener.frames])[4000:20000]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * SAMPLE_RATE_HZ / len(heard) == pytest.approx(440, abs=2)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.02)


def test_the_callback_is_quick_even_when_nobody_listens(fake):
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    blocked = threading.Event()
    listener.source.watch(lambda event: blocked.wait(5))
    block, took = np.zeros(512, np.float32), []
    for _ in range(2000):
        before = time.perf_counter()
        fake.streams[0].give(block)
        took.append(time.perf_counter() - before)
    blocked.set()
    assert np.median(took) < 0.001  # far from a block's 32 ms, whatever the machine is doing
    listener.stop()


def test_overrun_is_counted(fake):
    source = MicrophoneSource()
    frames = source.frames(CancelToken())
    threading.Timer(0.3, lambda: [fake.streams[0].give(np.ones(512) * 0.1) for _ in range(400)]).start()
    next(frames)  # then nobody takes any more
    time.sleep(0.5)
    for _ in range(400):
        fake.streams[0].give(np.ones(512) * 0.1)
    assert source.lost_samples > 0
    frames.close()


def test_no_numbers_are_silence_and_clipping_is_cut(fake):
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    block = np.full(512, 3.0, np.float32)
    block[10] = np.nan
    block[11] = np.inf
    fake.streams[0].give(block)
    assert listener.until(lambda: listener.frames)
    listener.stop()
    assert listener.error is None
    assert np.isfinite(listener.frames[0].samples).all()
    assert listener.frames[0].samples.max() == 1.0
    assert listener.frames[0].samples[10] == 0.0


def test_a_lost_microphone_is_told_and_taken_up_again_under_its_new_number(fake):
    listener = Listener(MicrophoneSource("USB"))
    assert listener.until(lambda: fake.streams)
    first = fake.streams[0]
    first.give(np.ones(512) * 0.1)
    assert listener.until(lambda: listener.frames)
    fake.names = ["Built-in"]
    first.active = False
    assert listener.until(lambda: listener.states, 2.0)
    degraded = listener.states[0]
    assert isinstance(degraded, Degraded)
    assert degraded.room == "audio"
    assert degraded.remedy
    fake.names = ["Built-in", "Other", "USB"]
    assert listener.until(lambda: len(fake.streams) == 2)
    assert fake.streams[1].options["device"] == 2
    feed = threading.Event()

    def give():
        while not feed.is_set():
            fake.streams[1].give(np.ones(512) * 0.1)
            time.sleep(0.03)

    feeder = threading.Thread(target=give)
    feeder.start()
    assert listener.until(lambda: len(listener.states) == 2)
    assert isinstance(listener.states[1], Recovered)
    count = len(listener.frames)
    assert listener.until(lambda: len(listener.frames) > count + 5)
    feed.set()
    feeder.join()
    listener.stop()
    numbers = [f.start_sample for f in listener.frames]
    assert numbers == [i * FRAME_SAMPLES for i in range(len(numbers))]


def test_an_open_utterance_gets_silence_when_the_microphone_is_lost(fake):
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    fake.streams[0].give(np.ones(512) * 0.1)
    fake.names = []
    fake.streams[0].active = False
    assert listener.until(lambda: len(listener.frames) > 20)
    assert not np.any(listener.frames[-1].samples)
    listener.stop()


def test_the_monitor_of_the_loudspeaker_is_no_microphone(fake, monkeypatch):
    there = [True]
    monkeypatch.setattr(microphone, "server_has_microphone", lambda: there[0])
    monkeypatch.setattr(microphone, "_SILENT_S", 0.2)
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    there[0] = False
    end = time.monotonic() + 3
    while not listener.states and time.monotonic() < end:
        fake.streams[-1].give(np.zeros(512))
        time.sleep(0.02)
    assert isinstance(listener.states[0], Degraded)
    listener.stop()


def test_muting_closes_the_device_and_unmuting_opens_it(fake):
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    listener.source.mute()
    assert listener.until(lambda: fake.streams[0].closed)
    time.sleep(0.2)
    assert len(fake.streams) == 1
    listener.source.unmute()
    assert listener.until(lambda: len(fake.streams) == 2)
    fake.streams[1].give(np.ones(512) * 0.1)
    assert listener.until(lambda: listener.frames)
    assert listener.states == []
    listener.stop()


def test_a_source_that_begins_muted_opens_nothing(fake):
    source = MicrophoneSource()
    source.mute()
    listener = Listener(source)
    time.sleep(0.2)
    assert fake.streams == []
    listener.stop()


def test_the_device_s_own_rate_is_taken_where_16_khz_is_refused(fake):
    fake.fail = lambda options: -9997 if options["samplerate"] == 16_000 else 0
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    assert fake.streams[0].options["samplerate"] == 48_000
    listener.stop()


def test_stereo_is_taken_where_mono_is_refused(fake):
    fake.fail = lambda options: -9998 if options["channels"] == 1 else 0
    listener = Listener(MicrophoneSource())
    assert listener.until(lambda: fake.streams)
    assert fake.streams[0].options["channels"] == 2
    listener.stop()


@pytest.mark.parametrize(("number", "error"), [(-9997, DeviceRateRefused), (-9985, DeviceBusy)])
def test_what_can_t_be_opened_is_named(fake, number, error):
    fake.fail = lambda options: number
    listener = Listener(MicrophoneSource())
    listener.thread.join(3)
    assert isinstance(listener.error, error)
    assert listener.error.remedy


def test_an_unknown_device_is_named_with_those_that_there_are(fake):
    with pytest.raises(DeviceNotFound) as caught:
        MicrophoneSource("Nonesuch")
    assert "USB" in caught.value.remedy
    assert "Built-in" in caught.value.remedy


def test_no_device_at_all_is_named(fake):
    fake.frozen = []
    with pytest.raises(DeviceNotFound):
        MicrophoneSource()


def test_a_missing_library_is_named_with_the_package(monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemPackageMissing) as caught:
        MicrophoneSource()
    assert "libportaudio2" in caught.value.remedy


def test_closing_from_another_thread_is_quick_in_every_state(fake):
    for state in ("before", "running", "muted", "lost"):
        source = MicrophoneSource()
        opened = len(fake.streams)
        if state == "before":
            source.close()
            continue
        if state == "muted":
            source.mute()
        listener = Listener(source)
        if state != "muted":
            assert listener.until(lambda opened=opened: len(fake.streams) > opened)
        if state == "lost":
            fake.streams[-1].active = False
            assert listener.until(lambda listener=listener: listener.states)
        before = time.monotonic()
        listener.stop()
        source.close()
        assert time.monotonic() - before < 2


# With a microphone made of software.


@pytest.fixture
def virtual(data_dir, tmp_path, monkeypatch):
    tool = data_dir.parent / "tools" / "virtual-microphone"
    if not tool.is_file() or shutil.which("pulseaudio") is None:
        pytest.skip("no virtual microphone (its tool, or pulseaudio, isn't there)")
    monkeypatch.setenv("VIRTUAL_AUDIO_DIR", str(tmp_path / "audio"))

    def call(*words):
        return subprocess.run([tool, *words], capture_output=True, text=True, check=False)

    started = call("start")
    if started.returncode:
        pytest.skip(f"the virtual microphone doesn't start: {started.stderr.strip()}")
    for part in started.stdout.removeprefix("export ").split():
        name, _, value = part.partition("=")
        monkeypatch.setenv(name, value)
    portaudio.refresh()
    capture.forget_kept()
    yield call
    call("stop")
    capture.forget_kept()
    os.environ.pop("PULSE_SERVER", None)
    portaudio.refresh()


def _loud(listener):
    return bool(listener.frames) and float(np.abs(listener.frames[-1].samples).max()) > 0.01


@pytest.mark.device
@pytest.mark.data
@pytest.mark.parametrize(("rate_hz", "channels"), [(0, 0), (44_100, 2), (48_000, 1)])
def test_what_is_played_into_a_microphone_is_heard(virtual, data_dir, rate_hz, channels):
    listener = Listener(MicrophoneSource("pulse", rate_hz=rate_hz, channels=channels))
    assert listener.until(lambda: listener.frames, 6)
    clip = sorted((data_dir / "speech-en" / "assistant-commands").glob("*.flac"))[0]
    playing = threading.Thread(target=virtual, args=("play", str(clip)))
    playing.start()
    assert listener.until(lambda: _loud(listener), 8)
    playing.join()
    listener.stop()
    assert listener.states == []


@pytest.mark.device
@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("away", "back"), [("unplug", "plug"), ("kill", "revive")])
def test_a_microphone_that_goes_and_comes_back_is_taken_up_again(virtual, data_dir, away, back):
    listener = Listener(MicrophoneSource("pulse"))
    assert listener.until(lambda: listener.frames, 6)
    virtual(away)
    gone = time.monotonic()
    assert listener.until(lambda: listener.states, 3)
    assert isinstance(listener.states[0], Degraded)
    assert time.monotonic() - gone < 2.0
    time.sleep(3.0)
    assert len(listener.states) == 1
    virtual(back)
    assert listener.until(lambda: len(listener.states) == 2, 10)
    assert isinstance(listener.states[1], Recovered)
    clip = sorted((data_dir / "speech-en" / "assistant-commands").glob("*.flac"))[0]
    playing = threading.Thread(target=virtual, args=("play", str(clip)))
    playing.start()
    assert listener.until(lambda: _loud(listener), 8)
    playing.join()
    listener.stop()


@pytest.mark.device
@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not capture.apart(), reason="PortAudio runs in the app's own process here")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_device_process_that_dies_or_hangs_is_replaced(virtual, number):
    source = MicrophoneSource("pulse")
    listener = Listener(source)
    assert listener.until(lambda: listener.frames, 6)
    os.kill(source._capture._child.pid, number)
    assert listener.until(lambda: len(listener.states) == 2, 12)
    assert [type(state) for state in listener.states] == [Degraded, Recovered]
    heard = len(listener.frames)
    assert listener.until(lambda: len(listener.frames) > heard, 5)
    listener.stop()


@pytest.mark.device
@pytest.mark.data
@pytest.mark.skipif(not capture.apart(), reason="PortAudio runs in the app's own process here")
def test_who_talks_again_gets_the_process_that_is_there(virtual):
    source = MicrophoneSource("pulse")
    listener = Listener(source)
    assert listener.until(lambda: listener.frames, 6)
    first = source._capture._child.pid
    source.mute()
    assert listener.until(lambda: source._capture is None)
    source.unmute()
    assert listener.until(lambda: source._capture is not None, 6)
    assert source._capture._child.pid == first
    before = len(listener.frames)
    assert listener.until(lambda: len(listener.frames) > before, 6)
    listener.stop()
    assert listener.states == []


def test_a_server_that_can_t_be_asked_counts_as_one_with_a_microphone(monkeypatch):
    monkeypatch.setattr(devices.shutil, "which", lambda name: None)
    assert devices.server_has_microphone()
