"""OpenAI's own client against the service."""

from __future__ import annotations

import io
import wave

import openai
import pytest

from voxedge.audio.decode import Decoder, read

pytestmark = [pytest.mark.models, pytest.mark.data]


@pytest.fixture(scope="module")
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made


def said(text: str) -> None:
    """The order as tiny.en hears it, give or take."""
    words = text.lower().replace("-", " ")
    assert "light" in words
    assert "12 ounce coffee" in words.replace("twelve", "12")


def test_a_file_is_written_down(client, order):
    found = client.audio.transcriptions.create(model="whisper-1", file=order)
    said(found.text)
    assert found.usage.type == "duration"
    assert found.usage.seconds == 7


def test_verbose_json_has_every_field(client, order):
    found = client.audio.transcriptions.create(
        model="tiny.en",
        file=order,
        language="en",
        prompt="a light roast coffee",
        temperature=0,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    said(found.text)
    assert found.task == "transcribe"
    assert found.language == "en"
    assert found.duration == pytest.approx(6.8, abs=0.05)
    (segment,) = found.segments
    said(segment.text)
    assert segment.id == segment.seek == 0
    assert 0 <= segment.start < segment.end <= 6.8
    assert segment.temperature == 0
    assert segment.avg_logprob < 0
    assert 0.3 < segment.compression_ratio < 2
    assert segment.no_speech_prob == 0
    assert segment.tokens == []
    assert len(found.words) >= 6
    for before, after in zip(found.words, found.words[1:], strict=False):
        assert before.start <= before.end <= after.start + 0.01
    assert found.words[0].word == "Can"


def test_segments_alone_have_no_words(client, order):
    found = client.audio.transcriptions.create(model="whisper-1", file=order, response_format="verbose_json")
    assert found.segments
    assert found.words is None
    only = client.audio.transcriptions.create(
        model="whisper-1", file=order, response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert only.words
    assert only.segments is None


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
def test_the_other_forms(client, order, form):
    text = client.audio.transcriptions.create(model="whisper-1", file=order, response_format=form)
    said(text)
    assert ("-->" in text) == (form != "text")
    assert text.startswith("WEBVTT") == (form == "vtt")
    assert ("00:00:00," in text) == (form == "srt")


def test_a_stream_of_a_file_gives_deltas_that_make_the_text(client, data_dir):
    file = sorted((data_dir / "speech-en" / "read").glob("**/*.flac"))[0]
    events = list(client.audio.transcriptions.create(model="whisper-1", file=file, stream=True))
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert events[-1].type == "transcript.text.done"
    assert "".join(deltas) == events[-1].text
    assert events[-1].text.strip()
    assert [event.type for event in events[:-1]] == ["transcript.text.delta"] * len(deltas)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_translating_with_an_english_model_says_what_would_do(client, order):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.translations.create(model="whisper-1", file=order)
    assert caught.value.code == "language_unsupported"
    assert "base" in caught.value.body["remedy"]


@pytest.mark.parametrize("form", ["wav", "pcm", "flac", "mp3", "opus", "aac"])
def test_speech_in_every_form_sounds_the_same(client, form, tmp_path):
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="The train leaves at nine.", response_format=form
    ) as answer:
        data = b"".join(answer.iter_bytes())
        kind = answer.headers["content-type"]
    assert kind.startswith("audio/")
    if form == "pcm":
        assert 24_000 * 2 < len(data) < 24_000 * 2 * 5
        return
    if form == "wav":
        with wave.open(io.BytesIO(data)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
            assert sound.getnframes() * 2 + 44 == len(data)
    samples = read(io.BytesIO(data))
    assert 1.0 < samples.size / 16_000 < 5.0
    assert 0.05 < abs(samples).max() <= 1.1


def test_speech_comes_back_as_the_words_it_was_made_of(client):
    data = client.audio.speech.create(
        model="tts-1",
        voice="heart",
        input="Good morning, how are you today?",
        response_format="flac",
        speed=0.9,
    ).content
    with Decoder(io.BytesIO(data)) as decoder:
        assert sum(block.size for block in decoder.blocks()) > 16_000
    text = client.audio.transcriptions.create(model="whisper-1", file=("a.flac", data)).text
    assert "good morning" in text.lower()


def test_speech_as_events(client, url):
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="nova", input="Hello there.", response_format="pcm", stream_format="sse"
    ) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert '"speech.audio.delta"' in lines[0]
    assert '"speech.audio.done"' in lines[-1]


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"voice": "/etc/passwd"}, 404, "voice"),
        ({"speed": 4.0}, 400, "speed"),
        ({"response_format": "exe"}, 400, "response_format"),
        ({"input": "…"}, 400, "input"),
        ({"input": "x" * 5000}, 400, "input"),
        ({"model": "../../etc/passwd"}, 404, "model"),
    ],
)
def test_speech_that_cant_be_made_is_refused_by_name(client, change, status, param):
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hello.", **change}
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.speech.create(**asked)
    assert (caught.value.status_code, caught.value.param) == (status, param)


def test_chat(client):
    found = client.chat.completions.create(
        model="smollm2-135m-instruct",
        messages=[
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": [{"type": "text", "text": "Say hello."}]},
        ],
        max_tokens=8,
        temperature=0,
    )
    assert found.object == "chat.completion"
    assert found.id.startswith("chatcmpl-")
    assert found.model == "smollm2-135m-instruct"
    assert found.created > 0
    (choice,) = found.choices
    assert choice.message.role == "assistant"
    assert choice.message.content.strip()
    assert choice.finish_reason in {"stop", "length"}
    assert 0 < found.usage.completion_tokens <= 8
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens


def test_chat_in_pieces_is_the_same_reply(client):
    asked = {
        "model": "smollm2-135m-instruct",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "max_completion_tokens": 12,
        "temperature": 0,
    }
    whole = client.chat.completions.create(**asked)
    chunks = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(pieces).strip() == whole.choices[0].message.content.strip()
    assert len(pieces) > 2
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "king", "content": "a"}],
        [{"role": "assistant", "content": "a"}],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "user"}],
    ],
)
def test_chats_that_make_no_sense_are_refused_by_name(client, messages):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="smollm2-135m-instruct", messages=messages)
    assert caught.value.param == "messages"


def test_models(client):
    kinds = {model.id: model.kind for model in client.models.list()}
    assert kinds["tiny.en"] == "recognition"
    assert kinds["smollm2-135m-instruct"] == "language"
    one = client.models.retrieve("whisper-1")
    assert (one.id, one.object, one.owned_by) == ("tiny.en", "model", "voxedge")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-5")


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": "large-v3"}, 404, "model"),
        ({"model": "../../../etc/passwd"}, 404, "model"),
        ({"response_format": "docx"}, 400, "response_format"),
        ({"temperature": 2}, 400, "temperature"),
        ({"language": "xx"}, 400, None),
        ({"file": ("a.wav", b"not a sound")}, 400, None),
        ({"file": ("a.wav", b"")}, 400, None),
    ],
)
def test_transcriptions_that_cant_be_made_are_refused_by_name(client, order, fields, status, param):
    asked = {"model": "whisper-1", "file": order, **fields}
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(**asked)
    assert caught.value.status_code == status
    assert caught.value.param == param
    assert caught.value.code
    assert caught.value.body["remedy"]


def test_a_recording_longer_than_allowed_is_refused(client, tmp_path):
    import numpy as np

    from voxedge.audio.wav import write_wav

    file = tmp_path / "long.wav"
    write_wav(file, np.zeros(121 * 8000, np.float32), 8000)
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=file)
    assert (caught.value.status_code, caught.value.param) == (413, "file")


def test_silence_is_no_text(client, tmp_path):
    import numpy as np

    from voxedge.audio.wav import write_wav

    file = tmp_path / "silence.wav"
    write_wav(file, np.zeros(3 * 16_000, np.float32), 16_000)
    assert client.audio.transcriptions.create(model="whisper-1", file=file).text == ""
