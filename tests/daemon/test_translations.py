"""``/v1/audio/translations``: speech in another language to English text, by Whisper itself."""

from __future__ import annotations

import re

import openai
import pytest
from serving import serve, toml_of

pytestmark = [
    pytest.mark.models,
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.timeout(200),
    # The package calls the method deprecated since a release of 2026; programs that use it are still there.
    pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory, model_dir):
    for name in ("tiny.en", "base"):
        model_dir(name)
    folder = tmp_path_factory.mktemp("translations")
    serving = serve(folder, toml_of(folder, 'models = ["base"]\n'))
    try:
        url = re.search(r"http://\S+", serving.wait_for("http: http"))[0]
        serving.wait_for("voxedge: ready")
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60) as made:
            yield made
    finally:
        serving.stop()


@pytest.fixture(scope="module")
def recording(data_dir):
    """Spanish: travellers are told to ask about extreme weather."""
    return sorted((data_dir / "speech-multi").glob("fleurs-es-*.ogg"))[0]


def english(text):
    words = set(re.findall(r"[a-z']+", text.lower()))
    assert words & {"the", "of", "and", "to", "in"}, text
    assert not words & {"el", "los", "las", "de", "que", "y"}, text


def test_spanish_becomes_english(client, recording):
    english(client.audio.translations.create(model="base", file=recording).text)


def test_with_segments(client, recording):
    found = client.audio.translations.create(model="base", file=recording, response_format="verbose_json")
    english(found.text)
    assert found.duration > 1
    assert found.language == "en"
    assert found.segments
    assert all(segment.end > segment.start for segment in found.segments)


def test_as_subtitles(client, recording):
    found = client.audio.translations.create(model="base", file=recording, response_format="srt")
    assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n", found)
