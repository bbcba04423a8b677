"""The kiosk's page: what is given out, the menu, and that touch says sentences that the grammar knows."""

import itertools
import json
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra 'serve'")

from voxedge import understanding
from voxedge.config import Config
from voxedge.daemon.kiosk.pages import POLICY, kiosk_routes, read_menu
from voxedge.errors import ConfigError
from voxedge.events import Alternative, IntentMatched

ROOT = Path(__file__).resolve().parents[2]
MENU = ROOT / "demos" / "kiosk" / "menu.json"


def spoken(words, slots):
    """The sentence that the page makes of what was touched."""
    known = " ".join(slots[part[1:-1]] for part in words["sentence"] if part[1:-1] in slots)
    extras = [slots[name] for name in words["extras"] if name in slots]
    joined = f" {words['and']} ".join(extras)
    return words["ask"].replace("{order}", f"{known} {words['with']} {joined}" if extras else known)


@pytest.mark.parametrize("language", ["en", "es", "de", "fr"])
def test_all_that_can_be_touched_is_understood(language):
    words = read_menu(MENU)["languages"][language]
    engine = understanding.create(["kiosk", "common"], language=language)
    groups = {group["slot"]: group["options"] for group in words["groups"]}
    drinks = groups.pop("coffeeDrink")
    asked = [{"coffeeDrink": drink} for drink in drinks]
    for slot, options in groups.items():
        asked += [{"coffeeDrink": drinks[0], slot: option} for option in options]
    for milk, sugar in itertools.product(groups["milkAmount"], groups["sugarAmount"]):
        both = {"milkAmount": milk, "sugarAmount": sugar}
        asked.append({"coffeeDrink": drinks[1], "size": groups["size"][0], **both})
    for slots in asked:
        text = spoken(words, slots)
        found = engine.understand([Alternative(text, 0.0)])
        assert isinstance(found, IntentMatched), text
        assert found.intent == "orderDrink", text
        assert set(found.slots) == set(slots), text


class Web:
    """As much of the web's state as the routes need."""

    def __init__(self, menu):
        self.service = self
        self.config = Config().with_values(daemon={"kiosk_menu": str(menu)})


def test_no_menu_no_page():
    assert kiosk_routes(Web("")) == []


def test_every_file_has_the_strict_policy():
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    client = TestClient(Starlette(routes=kiosk_routes(Web(MENU))))
    page = client.get("/kiosk")
    assert page.headers["content-type"].startswith("text/html")
    for path in ("/kiosk", "/kiosk/kiosk.js", "/kiosk/style.css", "/kiosk/capture.js", "/kiosk/menu.json"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert client.get("/kiosk/../voxedge.toml").status_code == 404


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"intent": "x", "languages": {"en": {"name": "E"}}}'])
def test_a_faulty_menu_is_named_at_the_start(tmp_path, content):
    menu = tmp_path / "menu.json"
    menu.write_text(content)
    with pytest.raises(ConfigError) as refused:
        kiosk_routes(Web(menu))
    assert "menu" in refused.value.message


def test_a_missing_menu_is_named():
    with pytest.raises(ConfigError):
        read_menu(Path("nowhere.json"))


def test_the_menu_is_json_for_people():
    assert json.loads(MENU.read_text(encoding="utf-8"))["intent"] == "orderDrink"
