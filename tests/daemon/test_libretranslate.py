"""LibreTranslate's own client, and what it doesn't cover, against the service."""

from __future__ import annotations

import http.client
import json
import urllib.parse

import pytest
from libretranslatepy import LibreTranslateAPI

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def api(url):
    from voxedge import Config
    from voxedge.build import Rooms

    if ("en", "es") not in Rooms(Config.from_mapping({})).translator().pairs:
        pytest.skip("no model for en-es (voxedge models pull starter)")
    return LibreTranslateAPI(url)


def post(url, path, fields, kind="application/json"):
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    body = json.dumps(fields) if kind == "application/json" else urllib.parse.urlencode(fields, doseq=True)
    connection.request("POST", path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    data = json.loads(answer.read())
    connection.close()
    return answer.status, data


def test_its_client_translates_detects_and_lists(api):
    text = api.translate("Where is the train station?", "en", "es")
    assert "estación" in text.lower()
    (first, *_) = api.detect("¿Dónde está la estación de tren?")
    assert first["language"] == "es"
    assert 50 < first["confidence"] <= 100
    languages = {language["code"]: language for language in api.languages()}
    assert languages["en"]["name"] == "English"
    assert "es" in languages["en"]["targets"]


def test_a_file_is_translated_and_fetched(api, url):
    place = urllib.parse.urlsplit(url)
    parts = [('file"; filename="note.txt', "Where is the train station?\n\nThank you.\n")]
    parts += [("source", "en"), ("target", "es")]
    form = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts
    )
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    connection.request("POST", "/translate_file", f"{form}--x--\r\n", headers)
    address = json.loads(connection.getresponse().read())["translatedFileUrl"]
    connection.close()
    assert address.startswith(f"{url}/download_file/")
    place = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.request("GET", place.path)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert "estación" in text.lower()
    assert text.count("\n") == 3
    assert answer.headers["content-disposition"] == 'attachment; filename="note_es.txt"'


def test_several_texts_in_order_and_the_language_found_out(api, url):
    status, found = post(
        url,
        "/translate",
        {"q": ["Good morning.", "Buenos días.", "42"], "source": "auto", "target": "es", "alternatives": 2},
    )
    assert status == 200
    assert len(found["translatedText"]) == len(found["detectedLanguage"]) == len(found["alternatives"]) == 3
    assert found["translatedText"][1] == "Buenos días."
    assert found["translatedText"][2] == "42"
    assert found["detectedLanguage"][0]["language"] == "en"
    assert found["detectedLanguage"][0]["confidence"] > 20
    assert all(isinstance(other, str) for other in found["alternatives"][0])


def test_forms_do_as_well_and_html_keeps_its_tags(api, url):
    status, found = post(
        url,
        "/translate",
        {"q": "<p>Where is <b>the station</b>?</p>", "source": "en", "target": "es", "format": "html"},
        "application/x-www-form-urlencoded",
    )
    assert status == 200
    assert found["translatedText"].startswith("<p>")
    assert found["translatedText"].endswith("</p>")
    assert "estación" in found["translatedText"]


@pytest.mark.parametrize(
    "fields",
    [
        {"q": "Hello.", "source": "en", "target": "xx"},
        {"q": "Hello.", "source": "en"},
        {"q": [], "source": "en", "target": "es"},
        {"q": 5, "source": "en", "target": "es"},
        {"q": "Hello.", "source": "en", "target": "es", "format": "pdf"},
        {"q": "Hello.", "source": "en", "target": "es", "alternatives": -1},
        {"q": "x" * 60_000, "source": "en", "target": "es"},
    ],
)
def test_errors_have_its_form(api, url, fields):
    status, found = post(url, "/translate", fields)
    assert status == 400
    assert isinstance(found["error"], str)
    assert found["code"]


def test_downloads_cant_be_guessed(api, url):
    place = urllib.parse.urlsplit(url)
    for number in ("1", "..%2f..%2fetc%2fpasswd", "%00"):
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        connection.request("GET", f"/download_file/{number}")
        assert connection.getresponse().status == 404
