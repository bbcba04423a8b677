"""Real engines behind the server, the `wyoming` library's client in front: nothing scripted."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import re

import numpy as np
import pytest
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.intent import Recognize
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop
from wyoming_stage import client_of, read_until

from voxedge.config import Config
from voxedge.daemon.service import Service
from voxedge.daemon.wyoming import start

pytestmark = [pytest.mark.models, pytest.mark.data]

RATE_HZ = 16_000


def words(text):
    return re.sub(r"[^a-z0-9 ]", "", text.lower()).split()


@pytest.fixture(scope="module")
def service(model_dir):
    model_dir("tiny.en")
    pytest.importorskip("hibari")
    config = Config.from_mapping(
        {
            "recognition": {"model": "tiny.en"},
            "understanding": {"intents": ["kiosk", "home"]},
            "conversation": {"engine": "none"},
            "audio": {"speak_aloud": False},
            "daemon": {"http": "", "wyoming": "127.0.0.1:0"},
        },
        environment={},
    )
    own = Service(config)
    own.start()
    yield own
    own.stop()


def with_client(service, work):
    async def serve():
        server = await start(service)
        assert server is not None
        try:
            async with client_of(server.server) as client:
                await work(client)
        finally:
            await server.close(0.0)

    asyncio.run(asyncio.wait_for(serve(), 60))


def recording(data_dir, number):
    from voxedge.audio.decode import read

    folder = data_dir / "speech-en" / "read"
    with (folder / "transcripts.tsv").open(encoding="utf-8", newline="") as file:
        row = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[number]
    return read(folder / row["file"]), row["text"]


async def play(client, samples, chunk=1024, stop=True):
    form = {"rate": RATE_HZ, "width": 2, "channels": 1}
    sound = (samples * 32767).astype("<i2").tobytes()
    await client.write_event(AudioStart(**form).event())
    for at in range(0, len(sound), 2 * chunk):
        await client.write_event(AudioChunk(**form, audio=sound[at : at + 2 * chunk]).event())
    if stop:
        await client.write_event(AudioStop().event())


def test_describe_transcribe_and_check_the_text(service, data_dir):
    """The flow of wyoming-faster-whisper's own test: describe, transcribe, sound, transcript."""
    samples, text = recording(data_dir, 0)

    async def work(client):
        await client.write_event(Describe().event())
        info = Info.from_event((await read_until(client, "info"))[-1])
        assert len(info.asr) == 1
        assert info.asr[0].models[0].name == "whisper-tiny.en"
        assert info.asr[0].models[0].languages == ["en"]
        assert "MIT" in info.asr[0].models[0].description
        assert "Apache-2.0" in info.tts[0].voices[0].description
        assert [one.name for one in info.intent[0].models] == ["kiosk", "home"]
        await client.write_event(Transcribe(language="en").event())
        await play(client, samples)
        seen = await read_until(client, "transcript-stop")
        said, heard = words(text), words(seen[-2].data["text"])
        assert len(set(said) & set(heard)) >= 0.8 * len(set(said))
        chunks = "".join(one.data["text"] for one in seen if one.type == "transcript-chunk")
        assert words(chunks) == heard
        kinds = [one.type for one in seen]
        assert kinds.index("voice-started") < kinds.index("voice-stopped") < kinds.index("transcript")

    with_client(service, work)


def test_silence_says_nothing(service):
    async def work(client):
        await play(client, np.zeros(2 * RATE_HZ, dtype=np.float32))
        assert (await read_until(client, "transcript"))[-1].data["text"] == ""

    with_client(service, work)


def test_what_the_server_met_with_is_in_the_metrics(service):
    async def work(client):
        await client.write_event(Describe().event())
        await client.read_event()

    with_client(service, work)
    lines = service.metrics.text(service).splitlines()
    counts = {
        line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("voxedge_wyoming_total")
    }
    assert counts['voxedge_wyoming_total{what="connections"}'] >= 1
    assert counts['voxedge_wyoming_total{what="request.describe"}'] >= 1


def test_speech_is_heard_again(service):
    """What is spoken by Wyoming goes back in by Wyoming, at the voice's own rate."""

    async def work(client):
        await client.write_event(Synthesize("Turn on the kitchen light, please.").event())
        seen = await read_until(client, "audio-stop")
        rate = seen[0].data["rate"]
        sound = b"".join(one.payload for one in seen if one.type == "audio-chunk")
        quiet = b"\0" * rate
        form = {"rate": rate, "width": 2, "channels": 1}
        await client.write_event(AudioStart(**form).event())
        for piece in (quiet, sound, quiet):
            await client.write_event(AudioChunk(**form, audio=piece).event())
        await client.write_event(AudioStop().event())
        heard = words((await read_until(client, "transcript"))[-1].data["text"])
        assert {"kitchen", "light"} <= set(heard)

    with_client(service, work)


def test_a_text_in_pieces_is_spoken_sentence_by_sentence(service):
    async def work(client):
        await client.write_event(SynthesizeStart().event())
        for piece in ("One coffee. ", "Two cof", "fees."):
            await client.write_event(SynthesizeChunk(piece).event())
        await client.write_event(SynthesizeStop().event())
        seen = await read_until(client, "synthesize-stopped")
        assert [one.type for one in seen].count("audio-stop") == 2

    with_client(service, work)


def test_voices_and_languages_that_are_not_here(service):
    async def work(client):
        await client.write_event(Event("synthesize", {"text": "Hello.", "voice": {"name": "../../etc"}}))
        error = (await read_until(client, "error"))[-1]
        assert "There are:" in error.data["text"]

    with_client(service, work)

    async def other(client):
        await client.write_event(Transcribe(language="de").event())
        await play(client, np.zeros(1000, dtype=np.float32))
        assert (await read_until(client, "error"))[-1].data["code"] == "language_unsupported"

    with_client(service, other)


def test_commands(service):
    async def work(client):
        await client.write_event(Recognize("I would like a large latte").event())
        intent = await client.read_event()
        assert intent.type == "intent"
        assert intent.data["name"] == "orderDrink"
        assert {one["name"]: one["value"] for one in intent.data["entities"]}["coffeeDrink"] == "latte"
        await client.write_event(Recognize("the moon is far away tonight").event())
        assert (await client.read_event()).type == "not-recognized"
        await client.write_event(Event("transcript", {"text": "the moon is far away", "language": "en"}))
        assert (await client.read_event()).type in {"not-handled", "handled-start"}

    with_client(service, work)


def test_a_conversation_goes_on(service):
    async def work(client):
        async def ask(text, conversation):
            data = {"text": text, "language": "en", "context": {"conversation_id": conversation}}
            await client.write_event(Event("transcript", data))
            while (event := await client.read_event()).type not in {"handled", "not-handled", "error"}:
                pass
            return event

        first = await ask("turn on the kitchen light", "one")
        assert first.type == "handled"
        assert first.data["text"]
        open_streams = service.streams
        second = await ask("and the bedroom light", "one")
        assert second.type in {"handled", "not-handled"}
        assert service.streams == open_streams == 1
        for number in range(6):  # only so many are remembered
            await ask("turn off the kitchen light", f"other {number}")
        assert service.streams == 4

    with_client(service, work)
    assert service.streams == 0


def test_a_stream_too_many_is_refused_and_the_others_go_on(service, data_dir, monkeypatch):
    samples, text = recording(data_dir, 2)
    few = dataclasses.replace(service.settings.daemon, max_streams=1)
    monkeypatch.setattr(service, "settings", dataclasses.replace(service.settings, daemon=few))

    async def work():
        server = await start(service)
        async with client_of(server.server) as first, client_of(server.server) as second:
            await play(first, samples, stop=False)
            while not service.streams:
                await asyncio.sleep(0.01)
            await second.write_event(AudioStart(rate=RATE_HZ, width=2, channels=1).event())
            refusal = (await read_until(second, "error"))[-1]
            assert refusal.data["code"] == "busy"
            await first.write_event(AudioStop().event())
            heard = (await read_until(first, "transcript"))[-1].data["text"]
            assert len(set(words(text)) & set(words(heard))) >= 0.6 * len(set(words(text)))
        await server.close(0.0)

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_client_that_vanishes_leaves_no_stream_behind(service, data_dir):
    samples, _ = recording(data_dir, 1)

    async def work():
        server = await start(service)
        _, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
        from voxedge.daemon.wyoming_framing import encode

        form = {"rate": RATE_HZ, "width": 2, "channels": 1}
        writer.write(encode(AudioStart(**form).event()))
        sound = (samples[: 2 * RATE_HZ] * 32767).astype("<i2").tobytes()
        writer.write(encode(AudioChunk(**form, audio=sound).event()))
        while not service.streams:
            await asyncio.sleep(0.01)
        writer.transport.abort()
        while server.server.clients or service.streams:
            await asyncio.sleep(0.01)
        await server.close(0.0)

    asyncio.run(asyncio.wait_for(work(), 20))
