"""What is counted of the events; and that what was said is nowhere."""

from __future__ import annotations

from collections import Counter

from statistics_helpers import NOW

from voxedge.events import (
    Degraded,
    Dropped,
    ErrorNote,
    Forgiven,
    IntentMatched,
    NoIntent,
    Partial,
    Reply,
    ReplyDelta,
    Slot,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Started,
    Transcript,
    Translation,
    TurnEnded,
)
from voxedge.statistics import Recorder, probes
from voxedge.statistics.counting import Observer, failure_kind
from voxedge.statistics.sharing import Sharing

CANARY = "periwinkle zeppelin seventeen"


def spoken_turn(turn=1, text=CANARY):
    """A turn that the language model answers, every text of it the canary."""
    yield SpeechStarted(turn=turn, time=1.0, clock=101.0)
    yield Partial(turn=turn, text=text, stable=text, clock=102.0)
    yield SpeechEnded(turn=turn, time=3.3, clock=103.3, reason="silence", speech_end=3.0)
    yield Transcript(turn=turn, text=text, language=text, confidence=0.85, clock=103.45, start=1.0, end=3.0)
    yield NoIntent(turn=turn, reason="none_near", nearest=text, unknown=text, text=text, clock=103.453)
    for i in range(11):
        yield ReplyDelta(turn=turn, text=text, by="llm", clock=104.0 + 0.05 * i)
    yield Reply(turn=turn, text=text, by="llm", clock=104.6)
    yield SpeakingStarted(turn=turn, text=text, clock=104.2)
    yield SpeakingEnded(turn=turn, text=text, interrupted=True, clock=106.0)
    yield Translation(turn=turn, source=text, target=text, text=text, translation=text)
    yield Degraded(room=text, reason=text, remedy=text)
    yield Dropped(turn=turn, room=text, what=text, count=3)
    yield TurnEnded(turn=turn, outcome="failed", error=ErrorNote(text, text), clock=106.1)


def counted(events, work=()):
    found = Counter()

    def count(metric, cell, amount):
        from voxedge.statistics.schema import METRICS

        found[metric, METRICS[metric].cells[cell]] += amount

    observer = Observer(count)
    for event in events:
        if isinstance(event, SpeechEnded):
            for turn, seconds in work:
                observer.worked(turn, seconds)
        observer(event)
    return found


def test_a_turn_is_counted_stage_by_stage():
    assert counted(spoken_turn(), work=[(1, 0.2), (1, 0.3), (9, 5.0)]) == {
        ("partials", "count"): 1,
        ("speech_end", "silence"): 1,
        ("endpoint_wait_ms", "up to 300"): 1,
        ("speech_s", "up to 2"): 1,
        ("final_latency_ms", "up to 200"): 1,
        ("confidence_percent", "up to 90"): 1,
        ("matching", "none_near"): 1,
        ("understanding_ms", "up to 5"): 1,
        ("response_ms", "up to 800"): 1,
        ("reply_by", "llm"): 1,
        ("first_sound_ms", "up to 1600"): 1,
        ("spoken", "interrupted"): 1,
        ("translations", "count"): 1,
        ("trouble", "other"): 1,
        ("dropped", "other"): 3,
        ("turn_outcome", "failed"): 1,
        ("failure", "other"): 1,
        ("recognition_load_percent", "up to 40"): 1,
        ("tokens_per_second", "up to 20"): 1,
    }


def test_a_match_and_a_doubt():
    found = counted(
        [
            SpeechStarted(turn=1),
            SpeechEnded(turn=1, reason="limit"),
            Transcript(turn=1, text="", suppressed="no_speech", agrees=False),
            IntentMatched(turn=1, intent="x", score=0.93, forgiven=(Forgiven("a", "b", 1.0),)),
            TurnEnded(turn=1, outcome="intent"),
        ]
    )
    assert found["matching", "forgiving"] == found["match_score_percent", "up to 95"] == 1
    assert found["suppressed", "no_speech"] == found["disagreements", "count"] == 1
    assert ("confidence_percent", "up to 20") not in found
    assert not any(metric == "endpoint_wait_ms" for metric, _ in found)


def test_typed_text_has_no_latency():
    events = [
        Transcript(turn=1, text="a", confidence=1.0),
        IntentMatched(turn=1, intent="x", slots={"s": Slot("t")}),
        Reply(turn=1, text="b"),
        TurnEnded(turn=1, outcome="intent"),
    ]
    assert {metric for metric, _ in counted(events)} == {
        "matching", "match_score_percent", "understanding_ms", "reply_by", "turn_outcome"
    }  # fmt: skip


def test_turns_that_never_end_and_new_streams_do_not_pile_up():
    observer = Observer(lambda *_: None)
    for turn in range(1, 1_000):
        observer(SpeechStarted(turn=turn))
    assert len(observer._turns) <= 64
    observer(Started())
    assert observer._turns == {}


def test_errors_are_counted_by_kind():
    kinds = [
        "engine_hung",
        "device_lost",
        "disk_full",
        "audio_empty",
        "handler_failed",
        "internal_fault",
        "new",
    ]
    assert [failure_kind(code) for code in kinds] == [
        "engine", "device", "store", "input", "handler", "internal", "other"
    ]  # fmt: skip
    found = counted([Degraded(room="conversation", reason="engine_crashed", remedy="")])
    assert found == {("trouble", "conversation"): 1, ("engine_restarts", "count"): 1}


def test_what_was_said_is_in_no_file_no_queue_and_no_report(tmp_path):
    """A canary in every text of every event, for a period, with sharing on."""
    now = [NOW]
    sharing = Sharing(tmp_path / "sharing.db")
    sharing.turn_on("https://127.0.0.1/", period_days=1, now_s=NOW)
    recorder = Recorder(tmp_path, clock=lambda: now[0])
    observer = recorder.observer()
    for turn in range(1, 40):
        for event in spoken_turn(turn):
            observer(event)
    assert recorder.flush()
    now[0] += 2 * 86_400
    assert sharing.close_period(now[0])
    recorder.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {"monitor.db", "sharing.db"}
    everything = [file.read_bytes() for file in files] + [report.body for report in sharing.waiting()]
    everything.append(repr(recorder.totals()).encode())
    assert len(everything) == 4
    for data in everything:
        assert data
        for word in CANARY.split():
            assert word.encode() not in data
            assert word.encode("utf-16-le") not in data


def test_probes_read_the_kernel_and_survive_nonsense(tmp_path):
    zones = tmp_path / "class" / "thermal"
    for name, text in {"0": "45500", "1": "61000", "2": "nonsense", "3": "-273000"}.items():
        (zones / f"thermal_zone{name}").mkdir(parents=True)
        (zones / f"thermal_zone{name}" / "temp").write_text(text)
    assert probes.temperature_c(tmp_path) == 61.0
    assert probes.temperature_c(tmp_path / "nothing") is None
    assert probes.memory_mb(tmp_path) is None
    assert 5 < probes.memory_mb() < 10_000
    assert "memory_mb" in dict(probes.look())
