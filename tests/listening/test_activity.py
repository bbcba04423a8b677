"""The detectors: each alone, in a row, and on recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voxedge import listening
from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame
from voxedge.audio.sources import FileSource
from voxedge.errors import EngineLoadFailed, UsageError
from voxedge.events import NEVER, SpeechEnded
from voxedge.listening.energy import EnergyActivity
from voxedge.listening.fusion import FusedActivity, FusionRule
from voxedge.listening.room import Listening
from voxedge.listening.settings import PRESETS, EndpointSettings
from voxedge.listening.silero import SileroActivity


class Counted:
    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    def probability(self, samples):
        self.seen.append(float(samples[0]))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def reset(self):
        self.seen.clear()


def numbered(count):
    return [np.full(FRAME_SAMPLES, number, np.float32) for number in range(count)]


def noise(seconds, level, seed=0):
    rng = np.random.default_rng(seed)
    sound = rng.normal(scale=level, size=int(seconds * SAMPLE_RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES)
    return sound.astype(np.float32).reshape(-1, FRAME_SAMPLES)


def sound_of(file):
    return np.concatenate([frame.samples for frame in FileSource(file).frames(NEVER)])


def ends_of(sound, settings, detector="fusion"):
    room, items = Listening(listening.create(detector), settings), []
    for start in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        room.feed(Frame(sound[start : start + FRAME_SAMPLES], start), items.append, NEVER)
    room.flush(items.append)
    return [item for item in items if isinstance(item, SpeechEnded)]


def test_silence_asks_the_first_detector_only():
    quiet, likely, judge = Counted(0.0), Counted(1.0), Counted(1.0)
    fused = FusedActivity(quiet, likely, judge)
    assert [fused.probability(samples) for samples in numbered(50)] == [0.0] * 50
    assert fused.asked == [50, 0, 0]


def test_noise_asks_the_first_two():
    fused = FusedActivity(Counted(1.0), Counted(0.0), Counted(1.0))
    assert [fused.probability(samples) for samples in numbered(50)] == [0.0] * 50
    assert fused.asked == [50, 50, 0]


def test_the_last_one_decides_where_the_others_are_unsure_and_hears_what_came_before():
    quiet, judge = Counted(0.0, 0.0, 0.0, 1.0), Counted(0.7)
    fused = FusedActivity(quiet, Counted(1.0), judge, FusionRule(warm_frames=2))
    assert [fused.probability(samples) for samples in numbered(5)] == [0.0, 0.0, 0.0, 0.7, 0.7]
    assert judge.seen == [1.0, 2.0, 3.0, 4.0]


def test_in_speech_the_cheap_ones_cant_cut_it_off():
    quiet, judge = Counted(1.0, 0.0), Counted(0.9, 0.9, 0.9, 0.0)
    fused = FusedActivity(quiet, Counted(1.0), judge, FusionRule(hold_frames=4))
    given = [fused.probability(samples) for samples in numbered(20)]
    assert given[:3] == [0.9, 0.9, 0.9]
    assert fused.asked[2] == 7  # three of speech, four held


def test_reset_forgets_the_stream():
    detector = listening.create("fusion")
    first = [detector.probability(samples) for samples in noise(2, 0.05)]
    detector.reset()
    assert [detector.probability(samples) for samples in noise(2, 0.05)] == first


def test_the_noise_floor_follows_the_noise():
    activity = EnergyActivity()
    for samples in noise(6, 0.001):
        activity.probability(samples)
    assert activity.floor_db == pytest.approx(-60, abs=2)
    loud = [activity.probability(samples) for samples in noise(8, 0.05, 1)]
    assert max(loud[:5]) == 1.0
    assert max(loud[-50:]) < 0.2


def test_digital_silence_is_no_speech():
    for name in ("energy", "webrtc", "silero", "fusion"):
        detector = listening.create(name)
        assert max(detector.probability(np.zeros(FRAME_SAMPLES, np.float32)) for _ in range(100)) < 0.2, name


def test_steady_noise_opens_no_turn():
    for level in (0.003, 0.03, 0.3):
        sound = np.clip(noise(20, level).reshape(-1), -1, 1)
        assert ends_of(sound, PRESETS["command"]) == []


def test_an_unknown_detector_is_named():
    with pytest.raises(UsageError, match="sillero") as caught:
        listening.create("sillero")
    assert "silero" in caught.value.remedy


def test_a_damaged_model_is_named(tmp_path):
    file = tmp_path / "vad.onnx"
    file.write_bytes(b"no model")
    with pytest.raises(EngineLoadFailed) as caught:
        SileroActivity(file)
    assert caught.value.remedy


def test_a_model_left_out_by_a_bundler_is_named(monkeypatch):
    from voxedge.listening import silero

    monkeypatch.setattr(silero, "silero_file", lambda: None)
    with pytest.raises(EngineLoadFailed, match="Silero"):
        SileroActivity()


def test_detectors_share_the_model_and_nothing_of_their_streams():
    rng = np.random.default_rng(3)
    first, second = rng.normal(scale=0.1, size=(2, 12, 512)).astype(np.float32)
    alone = []
    for frames in (first, second):
        detector = SileroActivity()
        alone.append([detector.probability(frame) for frame in frames])
    one, other = SileroActivity(), SileroActivity()
    both = [(one.probability(a), other.probability(b)) for a, b in zip(first, second, strict=True)]
    assert [pair[0] for pair in both] == alone[0]
    assert [pair[1] for pair in both] == alone[1]


@pytest.mark.data
def test_a_single_stop_is_an_utterance_of_its_own(data_dir):
    with (data_dir / "speech-en" / "an4" / "transcripts.tsv").open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    stops = [row[0] for row in rows if any(cell.strip().lower() == "stop" for cell in row)]
    assert stops
    for name in stops:
        sound = np.concatenate(
            [sound_of(data_dir / "speech-en" / "an4" / name), np.zeros(16_000, np.float32)]
        )
        ends = ends_of(sound, PRESETS["command"])
        assert [end.reason for end in ends] == ["silence"], name


@pytest.mark.data
@pytest.mark.parametrize(
    ("set_name", "preset"),
    [("an4", "command"), ("assistant-commands", "command"), ("read", "dictation")],
)
def test_recordings_are_one_utterance_each(data_dir, set_name, preset):
    files = sorted((data_dir / "speech-en" / set_name).glob("*.flac"))[::3]
    split = [file.name for file in files if len(ends_of(sound_of(file), PRESETS[preset])) != 1]
    assert len(split) <= len(files) // 100
    assert len(files) >= 10


@pytest.mark.data
def test_the_declared_end_is_near_the_reference(data_dir, repository):
    references = json.loads(Path(repository, "voxedge/bench/speech_ends.json").read_text("utf-8"))
    folder, gaps = data_dir / "coffee-commands" / "audio", []
    for file in sorted(folder.glob("*.flac"))[:12]:
        (end,) = ends_of(sound_of(file), PRESETS["command"])
        gaps.append(end.speech_end - references[f"coffee-commands/audio/{file.name}"][1])
    assert abs(float(np.median(gaps))) < 0.1


@pytest.mark.data
def test_an_utterance_in_kitchen_noise_is_found_and_ended(data_dir):
    kitchen = sound_of(data_dir / "coffee-commands" / "noise" / "kitchen.flac")
    for file in sorted((data_dir / "speech-en" / "assistant-commands").glob("*.flac"))[:4]:
        speech = sound_of(file)
        speech = speech[speech.nonzero()[0][0] :]
        room = kitchen[16_000 : 16_000 + len(speech) + 96_000].copy()
        power = float((speech**2).mean()) / 10 ** (12 / 10) / float((room**2).mean())
        room *= power**0.5
        room[48_000 : 48_000 + len(speech)] += speech
        ends = ends_of(room, EndpointSettings())
        assert any(3.0 < end.speech_end < 3.3 + len(speech) / SAMPLE_RATE_HZ for end in ends), file.name
        assert all(end.time < len(room) / SAMPLE_RATE_HZ for end in ends)
