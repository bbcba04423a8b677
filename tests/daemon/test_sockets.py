"""The WebSockets and the Unix socket, as clients use them."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = [pytest.mark.models, pytest.mark.data]
STEP_BYTES = 3200  # 100 ms


@pytest.fixture(scope="module")
def ws(url):
    return url.replace("http", "ws", 1)


def pieces(pcm: bytes, pace_s: float = 0.0):
    for start in range(0, len(pcm), STEP_BYTES):
        yield pcm[start : start + STEP_BYTES]
        time.sleep(pace_s)


def send_and_read(connection, data: bytes) -> None:
    connection.send(data)
    for _ in range(10):
        connection.recv(timeout=5)


def until(connection, kind: str, within_s: float = 30.0) -> list[dict]:
    """All messages up to the first of a type."""
    found = []
    while True:
        found.append(json.loads(connection.recv(timeout=within_s)))
        if found[-1]["type"] == kind:
            return found


def of(events: list[dict], kind: str) -> list[dict]:
    return [event for event in events if event["type"] == kind]


def test_sound_in_events_out(ws, order_pcm):
    with connect(f"{ws}/v1/events?words=true") as connection:
        for piece in pieces(order_pcm, 0.03):
            connection.send(piece)
        events = until(connection, "TurnEnded")
    assert events[0]["type"] == "Started"
    assert events[0]["schema"] == 1
    assert of(events, "SpeechStarted")
    assert of(events, "Partial")
    (transcript,) = of(events, "Transcript")
    assert "coffee" in transcript["text"]
    assert transcript["words"]
    (matched,) = of(events, "IntentMatched")
    assert matched["intent"] == "orderDrink"
    assert of(events, "Reply")
    assert events[-1]["outcome"] == "intent"


def test_stop_answers_what_was_said_to_its_end(ws, order_pcm):
    with connect(f"{ws}/v1/events") as connection:
        connection.send(json.dumps({"type": "start", "intents": False, "partials": False}))
        connection.send(order_pcm[: 4 * 32_000])  # it breaks off in the middle of the pause behind it
        connection.send(json.dumps({"type": "stop"}))
        events = [json.loads(message) for message in connection]
    (transcript,) = of(events, "Transcript")
    assert "coffee" in transcript["text"]
    assert [e["outcome"] for e in of(events, "TurnEnded")] == ["no_intent"]
    assert not of(events, "Partial")


def test_typed_text_and_bad_commands(ws):
    with connect(f"{ws}/v1/events") as connection:
        until(connection, "Started")
        for bad in ("no json", "[]", '{"type": "dance"}', '{"type": "ask"}', "\ud83d{", '{"type": 5}'):
            connection.send(bad.encode("utf-8", "replace").decode())
            (error,) = until(connection, "Error")
            assert error["error"]["code"] == "invalid_request"
        connection.send(json.dumps({"type": "ask", "text": "can I get a large latte"}))
        events = until(connection, "TurnEnded")
        assert of(events, "IntentMatched")[0]["slots"]["size"]["text"] == "large"
        connection.send(json.dumps({"type": "start"}))
        assert "has begun" in until(connection, "Error")[-1]["error"]["message"]


def test_realtime_transcription_by_openais_names(ws, order_pcm):
    with connect(f"{ws}/v1/realtime?intent=transcription", subprotocols=["realtime"]) as connection:
        assert connection.subprotocol == "realtime"
        (created,) = until(connection, "session.created")
        assert created["session"]["type"] == "transcription"
        connection.send(
            json.dumps(
                {
                    "type": "session.update",
                    "session": {
                        "type": "transcription",
                        "audio": {
                            "input": {
                                "format": {"type": "audio/pcm", "rate": 16_000},
                                "transcription": {"model": "whisper-1", "language": "en"},
                                "turn_detection": {"type": "server_vad", "silence_duration_ms": 400},
                            }
                        },
                    },
                }
            )
        )
        (updated,) = until(connection, "session.updated")
        assert updated["session"]["audio"]["input"]["transcription"]["language"] == "en"
        for piece in pieces(order_pcm, 0.03):
            append = {"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}
            connection.send(json.dumps(append))
        done = "conversation.item.input_audio_transcription.completed"
        events = until(connection, done)
    (started,) = of(events, "input_audio_buffer.speech_started")
    (stopped,) = of(events, "input_audio_buffer.speech_stopped")
    (committed,) = of(events, "input_audio_buffer.committed")
    (added,) = of(events, "conversation.item.added")
    assert 300 < started["audio_start_ms"] < stopped["audio_end_ms"] < 6800
    item = started["item_id"]
    assert {stopped["item_id"], committed["item_id"], added["item"]["id"], events[-1]["item_id"]} == {item}
    deltas = [e["delta"] for e in of(events, "conversation.item.input_audio_transcription.delta")]
    assert deltas
    assert "coffee" in events[-1]["transcript"]
    assert "".join(deltas).split()[:3] == events[-1]["transcript"].split()[:3]
    assert len({event["event_id"] for event in events}) == len(events)


def test_realtime_with_commits_of_the_client(ws, order_pcm):
    with connect(f"{ws}/v1/realtime") as connection:
        until(connection, "session.created")
        connection.send(
            json.dumps(
                {
                    "type": "transcription_session.update",
                    "session": {"input_audio_format": "pcm16", "turn_detection": None},
                }
            )
        )
        (updated,) = until(connection, "transcription_session.updated")
        assert updated["session"]["audio"]["input"]["turn_detection"] is None
        connection.send(json.dumps({"type": "input_audio_buffer.commit", "event_id": "mine"}))
        (error,) = until(connection, "error")
        assert error["error"]["event_id"] == "mine"
        import numpy as np

        from voxedge.audio.resample import resample

        samples = np.frombuffer(order_pcm, "<i2").astype(np.float32) / 32768
        at_24 = (np.clip(resample(samples, 16_000, 24_000), -1, 1) * 32767).astype("<i2").tobytes()
        append = {"type": "input_audio_buffer.append", "audio": base64.b64encode(at_24).decode()}
        connection.send(json.dumps(append))
        connection.send(json.dumps({"type": "input_audio_buffer.commit"}))
        events = until(connection, "conversation.item.input_audio_transcription.completed")
        assert "coffee" in events[-1]["transcript"]


@pytest.mark.parametrize(
    "event",
    [
        "no json",
        "5",
        "{}",
        '{"type": "response.create"}',
        '{"type": "input_audio_buffer.append"}',
        '{"type": "input_audio_buffer.append", "audio": "***"}',
        '{"type": "session.update"}',
        '{"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}}',
        '{"type": "session.update", "session": {"audio": {"input": {"format": {"rate": 1}}}}}',
        '{"type": "session.update", "session": {"input_audio_transcription": {"model": "/etc/passwd"}}}',
        "[" * 100_000,
    ],
)
def test_realtime_names_what_it_doesnt_take_and_goes_on(ws, event):
    with connect(f"{ws}/v1/realtime") as connection:
        until(connection, "session.created")
        connection.send(event)
        (error,) = until(connection, "error")
        assert error["error"]["code"]
        connection.send(json.dumps({"type": "input_audio_buffer.clear"}))
        until(connection, "input_audio_buffer.cleared")


def open_streams(url) -> int:
    with urllib.request.urlopen(f"{url}/health/ready", timeout=10) as answer:
        return json.load(answer)["streams"]


def test_more_streams_than_allowed_are_refused_and_gone_ones_make_room(ws, url):
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(f"{ws}/v1/events")) for _ in range(4)]
        for connection in held:
            until(connection, "Started")
            connection.send(b"\0" * STEP_BYTES)
        until_s = time.monotonic() + 20
        while open_streams(url) < 4:
            assert time.monotonic() < until_s
            time.sleep(0.05)
        assert refused(ws)
        held.pop().socket.shutdown(socket.SHUT_RDWR)  # without a goodbye
        until_s = time.monotonic() + 10
        while refused(ws):
            assert time.monotonic() < until_s, "the stream of a client that vanished is still counted"
            time.sleep(0.1)


def refused(ws) -> bool:
    """Whether another stream is refused."""
    with connect(f"{ws}/v1/events") as connection:
        connection.send(b"\0" * STEP_BYTES)
        connection.send(json.dumps({"type": "stop"}))
        errors = of([json.loads(message) for message in connection], "Error")
    assert all(error["error"]["code"] == "busy" for error in errors)
    return bool(errors)


def test_pages_of_other_sites_get_no_socket(ws):
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{ws}/v1/events", origin="http://evil.example")
    assert caught.value.response.status_code == 400
    assert b"foreign_origin" in caught.value.response.body


def test_a_message_that_is_too_large_ends_only_its_own_connection(ws, url):
    with connect(f"{ws}/v1/events") as connection:
        until(connection, "Started")
        with pytest.raises(ConnectionClosed):
            send_and_read(connection, b"\0" * 3_000_000)
    with connect(f"{ws}/v1/events") as connection:
        until(connection, "Started")


def test_the_unix_socket_tells_everything_and_takes_questions(daemon, ws, order_pcm):
    path = daemon.folder / "events.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(30)
        door.connect(str(path))
        lines = door.makefile("r", encoding="utf-8")
        assert json.loads(lines.readline())["type"] == "Started"
        door.sendall(b'{"type": "ask", "text": "can I get a large latte"}\nno json\n')
        seen = []
        while not (of(seen, "TurnEnded") and of(seen, "Error")):
            seen.append(json.loads(lines.readline()))
        assert of(seen, "IntentMatched")[0]["intent"] == "orderDrink"
        assert of(seen, "Error")[0]["error"]["code"] == "invalid_request"

        def speak():
            with connect(f"{ws}/v1/events") as connection:
                for piece in pieces(order_pcm):
                    connection.send(piece)
                until(connection, "TurnEnded")

        speaker = threading.Thread(target=speak)
        speaker.start()
        seen = []
        while not of(seen, "TurnEnded"):
            seen.append(json.loads(lines.readline()))
        speaker.join(30)
        assert "coffee" in of(seen, "Transcript")[0]["text"]
