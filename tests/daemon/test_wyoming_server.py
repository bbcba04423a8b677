"""The server over a real socket, with the library's own client; the engines are scripted here."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event, async_read_event
from wyoming.info import Describe, Info
from wyoming.intent import Recognize
from wyoming.ping import Ping
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice
from wyoming_stage import SPOKEN, ScriptedBackend, client_of, read_until, serving

from voxedge.daemon import wyoming_requests
from voxedge.daemon.faults import AddressInUse
from voxedge.daemon.wyoming import WyomingServer
from voxedge.daemon.wyoming_contract import WyomingSettings
from voxedge.daemon.wyoming_framing import FramingLimits, encode
from voxedge.errors import ConfigError, EngineError


def run(work):
    asyncio.run(asyncio.wait_for(work, 20))


async def say(client, pieces=4, *, start=True, stop=True, **form):
    form = {"rate": 16_000, "width": 2, "channels": 1, **form}
    if start:
        await client.write_event(AudioStart(**form).event())
    for _ in range(pieces):
        sound = b"\0" * (1000 * form["width"] * form["channels"])
        await client.write_event(AudioChunk(**form, audio=sound).event())
    if stop:
        await client.write_event(AudioStop().event())


def test_describe_and_ping():
    async def work():
        async with serving() as server, client_of(server) as client:
            await client.write_event(Ping("are you there?").event())
            await client.write_event(Describe().event())
            seen = await read_until(client, "info")
            assert seen[0].type == "pong"
            assert seen[0].data["text"] == "are you there?"
            info = Info.from_event(seen[-1])
            assert info.asr[0].name == info.tts[0].name == info.intent[0].name == info.handle[0].name

    run(work())


def test_a_transcript_streams():
    async def work():
        backend = ScriptedBackend(SPOKEN)
        async with serving(backend) as server, client_of(server) as client:
            await client.write_event(Transcribe(language="en-US", transcript_terms=["latte"]).event())
            await say(client)
            kinds = [one.type for one in await read_until(client, "transcript-stop")]
            assert kinds.index("transcript-chunk") < kinds.index("voice-stopped") < kinds.index("transcript")
        stream = backend.streams[0]
        assert stream.request.language == "en"
        assert stream.request.bias == ("latte",)
        assert stream.samples == 4000
        assert stream.closed

    run(work())


@pytest.mark.parametrize(
    "form", [{"rate": 8_000}, {"rate": 48_000, "channels": 2}, {"width": 4}, {"width": 1, "channels": 6}]
)
def test_other_forms_of_sound_are_converted(form):
    async def work():
        async with serving() as server, client_of(server) as client:
            await say(client, 16, **form)
            text = (await read_until(client, "transcript"))[-1].data["text"]
            wanted = 16_000 * 16_000 // form.get("rate", 16_000)
            assert abs(int(text.split()[0]) - wanted) <= 1

    run(work())


def test_one_connection_many_requests():
    async def work():
        async with serving() as server, client_of(server) as client:
            for pieces in (1, 2, 3):
                await say(client, pieces)
                assert (await read_until(client, "transcript-stop"))[-2].data[
                    "text"
                ] == f"{pieces}000 samples"
            # A second sound without an end of the first ends the first.
            await say(client, 1, stop=False)
            await say(client, 2)
            texts = [(await read_until(client, "transcript"))[-1].data["text"] for _ in range(2)]
            assert texts == ["1000 samples", "2000 samples"]

    run(work())


def test_sound_without_a_start_and_an_end_without_sound():
    async def work():
        async with serving() as server, client_of(server) as client:
            await say(client, 2, start=False)
            assert (await read_until(client, "transcript-stop"))[-2].data["text"] == "2000 samples"
            await client.write_event(AudioStop().event())
            assert (await read_until(client, "transcript-stop"))[-2].data["text"] == "0 samples"

    run(work())


def test_the_first_utterance_ends_the_stream_where_the_server_ends_utterances():
    async def work():
        async with serving(ScriptedBackend(SPOKEN), endpointing=True) as server, client_of(server) as client:
            await say(client, 2, stop=False)
            seen = await read_until(client, "transcript-stop")
            assert seen[-2].data["text"] == "A large latte, please."
            await say(client, 2, start=False)  # the rest, and the end: nothing more comes of it
            await client.write_event(Ping().event())
            assert (await client.read_event()).type == "pong"

    run(work())


def test_speaking():
    async def work():
        backend = ScriptedBackend()
        async with serving(backend) as server, client_of(server) as client:
            await client.write_event(Synthesize("Hello.", voice=SynthesizeVoice(name="emma")).event())
            seen = await read_until(client, "audio-stop")
            assert [one.type for one in seen] == ["audio-start", *["audio-chunk"] * 3, "audio-stop"]
            assert sum(len(one.payload) for one in seen[1:-1]) == 10_000
            assert seen[0].data["rate"] == seen[1].data["rate"] == 24_000
            assert backend.spoken == [("Hello.", "emma", "")]

    run(work())


def test_speaking_while_the_text_is_being_written():
    async def work():
        backend = ScriptedBackend()
        async with serving(backend) as server, client_of(server) as client:
            voice = SynthesizeVoice(language="en")
            await client.write_event(SynthesizeStart(voice=voice).event())
            for piece in ("The first sent", "ence. The sec"):
                await client.write_event(SynthesizeChunk(piece).event())
            await read_until(client, "audio-stop")  # before the text is whole
            await client.write_event(SynthesizeChunk("ond one").event())
            await client.write_event(Synthesize("The first sentence. The second one").event())
            await client.write_event(SynthesizeStop().event())
            await read_until(client, "synthesize-stopped")
            assert [said for said, _, _ in backend.spoken] == ["The first sentence.", "The second one"]

    run(work())


def test_commands_and_conversation():
    async def work():
        async with serving() as server, client_of(server) as client:
            await client.write_event(Recognize("a latte").event())
            intent = await client.read_event()
            assert (intent.type, intent.data["name"]) == ("intent", "orderDrink")
            assert intent.data["entities"] == [{"name": "drink", "value": "latte"}]
            await client.write_event(Recognize("what now").event())
            assert (await client.read_event()).type == "not-recognized"
            await client.write_event(Event("transcript", {"text": "hello", "language": "en"}))
            seen = await read_until(client, "handled-stop")
            assert [one.data.get("text") for one in seen] == [
                None,
                "You said ",
                "hello",
                "You said hello",
                None,
            ]
            await client.write_event(Event("transcript", {"text": "nothing"}))
            assert (await client.read_event()).type == "not-handled"
            await client.write_event(Event("intent", {"name": "HassTurnOn"}))
            assert (await client.read_event()).type == "not-handled"

    run(work())


def test_commands_go_to_a_client_that_runs_them():
    async def work():
        async with serving(intents="client") as server, client_of(server) as client:
            await client.write_event(Event("transcript", {"text": "a latte"}))
            assert (await client.read_event()).type == "intent"
            await client.write_event(Event("transcript", {"text": "hello"}))
            assert (await read_until(client, "handled-stop"))[-2].data["text"] == "You said hello"

    run(work())


async def _refused(server, wire, *, code):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(wire)
    error = await asyncio.wait_for(async_read_event(reader), 10)
    assert error is not None
    assert error.type == "error"
    assert error.data["code"] == code
    assert error.data["text"]
    assert await reader.read() == b""  # and the connection is over
    writer.close()


CHUNK = {"rate": 16_000, "width": 2, "channels": 1}


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "wyoming_framing"),
        (b"x" * 70_000, "wyoming_framing"),
        (b'{"type": "audio-chunk", "payload_length": 999999999}\n', "wyoming_framing"),
        (encode(Event("detect", {})), "wyoming_refused"),
        (encode(Event("audio-chunk", {}, b"1234")), "wyoming_refused"),
        (encode(Event("audio-start", {**CHUNK, "rate": "many"})), "wyoming_refused"),
        (encode(Event("audio-start", {**CHUNK, "rate": 10**12})), "audio_invalid"),
        (encode(Event("audio-start", {**CHUNK, "width": 7})), "audio_invalid"),
        (encode(Event("audio-start", {**CHUNK, "channels": 0})), "audio_invalid"),
        (encode(Event("synthesize-chunk", {"text": "x"})), "wyoming_refused"),
        (encode(Event("synthesize", {})), "wyoming_refused"),
        (encode(Event("synthesize", {"text": "x" * 10_001})), "wyoming_refused"),
        (encode(Event("recognize", {"text": 5})), "wyoming_refused"),
    ],
)
def test_what_is_refused_says_why_and_disturbs_nobody(wire, code):
    async def work():
        async with serving() as server, client_of(server) as other:
            await say(other, 2, stop=False)
            await _refused(server, wire, code=code)
            await say(other, 1, start=False)
            assert (await read_until(other, "transcript"))[-1].data["text"] == "3000 samples"
            assert server.counts[f"error.{code}"] == 1

    run(work())


def test_unknown_events_are_dropped():
    async def work():
        async with serving() as server, client_of(server) as client:
            await client.write_event(Event("something-new", {"a": 1}, b"123"))
            await client.write_event(Ping().event())
            assert (await client.read_event()).type == "pong"
            assert server.counts["ignored"] == 1

    run(work())


def test_a_sound_without_end_gets_its_transcript_and_then_the_error():
    async def work():
        async with serving(max_stream_s=0.5) as server, client_of(server) as client:
            with contextlib.suppress(OSError):
                await say(client, 40, stop=False)
            seen = await read_until(client, "error")
            assert [one.data["text"] for one in seen if one.type == "transcript"] == ["8000 samples"]

    run(work())


def test_too_slow_and_too_silent():
    async def work():
        async with serving(frame_timeout_s=0.3, idle_timeout_s=0.6, stream_idle_s=0.3) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            began = asyncio.get_running_loop().time()
            with contextlib.suppress(OSError):
                for letter in encode(Describe().event())[:12]:
                    writer.write(bytes([letter]))
                    await asyncio.sleep(0.05)
            event = await async_read_event(reader)
            assert event.type == "error"
            assert asyncio.get_running_loop().time() - began < 5
            writer.close()
            async with client_of(server) as client:
                assert (await client.read_event()).type == "error"
            async with client_of(server) as client:
                await say(client, 2, stop=False)
                seen = await read_until(client, "error")
                assert "2000 samples" in [one.data.get("text") for one in seen]

    run(work())


def test_a_client_that_takes_nothing_is_let_go():
    async def work():
        backend = ScriptedBackend()
        async with serving(backend, write_timeout_s=0.3) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            backend.pieces = 10_000
            writer.write(encode(Synthesize("Hello.").event()))
            for _ in range(100):
                await asyncio.sleep(0.1)
                if server.counts.get("gone.slow"):
                    break
            await asyncio.sleep(0.1)
            assert server.counts["gone.slow"] == 1
            assert server.clients == 0
            assert backend.speaking_closed == len(backend.spoken)
            writer.close()

    run(work())


@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_client_that_vanishes_frees_its_work(how):
    async def work():
        backend = ScriptedBackend()
        backend.hold = asyncio.Event()
        async with serving(backend) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(encode(AudioStart(**CHUNK).event()))
            writer.write(encode(AudioChunk(**CHUNK, audio=b"\0" * 2000).event()))
            _, other = await asyncio.open_connection("127.0.0.1", server.port)
            other.write(encode(Synthesize("Hello.").event()))
            while not (backend.fed and backend.spoken):
                await asyncio.sleep(0.01)
            for one in (writer, other):
                one.transport.abort() if how == "abort" else one.close()
            while server.clients:
                await asyncio.sleep(0.01)
            assert backend.streams[0].closed
            assert backend.speaking_closed == 1

    run(work())


def test_more_clients_than_allowed_are_told_so():
    async def work():
        async with serving(max_clients=2) as server, client_of(server) as first, client_of(server) as second:
            for client in (first, second):
                await client.write_event(Ping().event())
                await client.read_event()
            async with client_of(server) as third:
                error = await third.read_event()
                assert error.data["code"] == "busy"
                assert await third.read_event() is None
            await first.write_event(Ping().event())
            assert (await first.read_event()).type == "pong"
            await second.disconnect()
            while server.clients > 1:
                await asyncio.sleep(0.01)
            async with client_of(server) as third:
                await third.write_event(Ping().event())
                assert (await third.read_event()).type == "pong"

    run(work())


def test_a_request_that_takes_too_long_is_given_up():
    async def work():
        backend = ScriptedBackend()
        backend.hold = asyncio.Event()
        async with serving(backend, request_timeout_s=0.2) as server, client_of(server) as client:
            await client.write_event(Synthesize("Hello.").event())
            assert (await client.read_event()).data["code"] == "wyoming_refused"
            assert backend.speaking_closed == 1

    run(work())


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (EngineError("The recognizer failed.", remedy="Again."), "engine_failed"),
        (RuntimeError("secret words"), "internal_fault"),
    ],
)
def test_failures_of_the_work_are_named(failure, code, caplog):
    async def work():
        backend = ScriptedBackend([failure])
        backend.speak_error = failure
        async with serving(backend) as server:
            async with client_of(server) as client:
                await say(client)
                error = (await read_until(client, "error"))[-1]
                assert error.data["code"] == code
                assert "secret" not in error.data["text"]
            async with client_of(server) as client:
                await client.write_event(Synthesize("Hello.").event())
                assert (await read_until(client, "error"))[-1].data["code"] == code

    run(work())
    assert "secret" not in caplog.text


def test_beyond_loopback_only_with_a_list_of_clients():
    for host in ("0.0.0.0", "", "192.168.1.5", "::"):
        with pytest.raises(ConfigError) as caught:
            WyomingSettings(host=host).check()
        assert "allow" in caught.value.remedy
        WyomingSettings(host=host, allow=("192.168.1.0/24",)).check()
    for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"):
        WyomingSettings(host=host).check()
    with pytest.raises(ConfigError):
        WyomingSettings(allow=("my-laptop",)).check()


def test_only_clients_of_the_list_are_served():
    server = WyomingServer(
        lambda _name: ScriptedBackend(), WyomingSettings(host="0.0.0.0", allow=("192.168.1.0/24", "fd00::/8"))
    )
    for address, allowed in {
        "127.0.0.1": True,
        "192.168.1.77": True,
        "::ffff:192.168.1.77": True,
        "192.168.2.1": False,
        "fd00::1": True,
        "fe80::1%eth0": False,
        "nonsense": False,
    }.items():
        assert server._allowed((address, 1)) is allowed, address


def test_a_port_that_is_taken_is_named():
    async def work():
        async with serving() as server:
            with pytest.raises(AddressInUse, match=str(server.port)):
                await WyomingServer(
                    lambda _name: ScriptedBackend(), WyomingSettings(port=server.port)
                ).start()

    run(work())


def test_closing_lets_what_was_asked_for_be_finished():
    async def work():
        backend = ScriptedBackend()
        backend.hold = asyncio.Event()
        server = WyomingServer(lambda _name: backend, WyomingSettings(port=0))
        await server.start()
        async with client_of(server) as client:
            await client.write_event(Synthesize("Hello.").event())
            while not backend.spoken:
                await asyncio.sleep(0.01)
            closing = asyncio.create_task(server.close(5.0))
            await asyncio.sleep(0.05)
            backend.hold.set()
            assert (await read_until(client, "audio-stop"))[-1].type == "audio-stop"
            await closing
            assert await client.read_event() is None

    run(work())


KINDS = st.sampled_from([*wyoming_requests._ACTIONS, "detect", "user-event", "error", "no-such-event"])
FIELDS = st.dictionaries(
    st.sampled_from(
        ["text", "rate", "width", "channels", "timestamp", "voice", "language", "context", "name"]
    ),
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 16_000, 10**30, "en", "x", 1.5, [], {}, {"name": 5}]),
)


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(st.lists(st.builds(Event, KINDS, FIELDS, st.binary(max_size=64)), max_size=12), st.binary(max_size=20))
def test_any_events_in_any_order_leave_the_server_standing(events, tail):
    async def work():
        async with serving(frame_timeout_s=0.2, framing=FramingLimits(header_bytes=4096)) as server:
            async with client_of(server) as other:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(b"".join(encode(event) for event in events) + tail)
                writer.write_eof()
                answer = await asyncio.wait_for(reader.read(), 10)
                assert b"internal_fault" not in answer
                writer.close()
                await other.write_event(Ping().event())
                assert (await other.read_event()).type == "pong"

    run(work())
