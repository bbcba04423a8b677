"""The kiosk's page in a real Chromium: touched, spoken to through its microphone, looked at by axe-core."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
import wave
from pathlib import Path

import numpy as np
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'browser'")
pytest.importorskip("uvicorn", reason="needs the extra 'serve'")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = [(800, 480), (1080, 1920)]

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: sudo apt-get install chromium"),
    pytest.mark.timeout(180),
]


@pytest.fixture(scope="module")
def address(free_port, needed_models):
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "voxedge",
        "serve",
        "--config",
        "demos/kiosk/voxedge.toml",
        "--wyoming",
        "",
    ]
    daemon = subprocess.Popen([*command, "--http", f"127.0.0.1:{port}"], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready")
            break
        except OSError:
            assert daemon.poll() is None, "the daemon ended"
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    daemon.terminate()
    assert daemon.wait(20) == 0


@pytest.fixture(scope="module")
def free_port():
    import socket

    def find():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture(scope="module")
def needed_models():
    from voxedge.errors import ModelMissing
    from voxedge.store import resolve

    for name, kind in (("tiny.en", "recognition"), ("hibari-en", "speech")):
        try:
            resolve(name, kind=kind)
        except ModelMissing as error:
            pytest.skip(f"{error.message} {error.remedy}")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium; its microphone gives the first order of the shipped recording, behind a second of silence."""
    from voxedge.audio.decode import read

    sound = read(ROOT / "demos" / "recordings" / "orders.flac")[: int(4.5 * 16_000)]
    joined = np.concatenate([np.zeros(16_000), sound, np.zeros(4 * 16_000)])
    path = tmp_path_factory.mktemp("sound") / "order.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(np.repeat((joined * 32767).astype(np.int16), 3).tobytes())
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def page(request, browser, address):
    width, height = request.param
    shown = browser.new_page(viewport={"width": width, "height": height})
    shown.faults = []
    shown.on("pageerror", lambda error: shown.faults.append(str(error)))
    shown.on("console", lambda m: shown.faults.append(m.text) if m.type == "error" else None)
    shown.goto(f"{address}/kiosk")
    shown.wait_for_selector("#groups button")
    yield shown
    keep = os.environ.get("VOXEDGE_SCREENSHOTS")
    if keep:
        shown.screenshot(path=Path(keep) / f"{request.node.name.replace('/', '_')}.png")
    faults = shown.faults
    shown.close()
    assert faults == []


def touch(page, *texts):
    for text in texts:
        page.locator("#groups button").get_by_text(text, exact=True).click()


def places(page):
    names = ["header", "#voice", "#order", "#menu", "#talk", "#captions", "#actions"]
    return [page.locator(name).bounding_box() for name in names]


def test_an_order_by_touch_and_taken_back(page):
    before = places(page)
    assert page.locator("#add").is_disabled()
    touch(page, "latte", "large", "skim milk")
    page.click("#add")
    page.wait_for_selector("#items li:not(.pending)", timeout=20_000)
    assert page.inner_text("#items li") == "large latte with skim milk"
    assert "large latte with skim milk" in page.inner_text("#said")
    page.click("#undo")
    playwright.expect(page.locator("#items li")).to_have_count(0, timeout=20_000)
    assert places(page) == before, "nothing that stands still has moved"


def test_an_order_by_voice(page):
    before = places(page)
    page.click("#talk")
    page.wait_for_selector("body[data-state=listening]", timeout=30_000)
    page.wait_for_selector("#items li:not(.pending)", timeout=30_000)
    assert page.inner_text("#items li") == "large latte with skim milk"
    assert "latte" in page.inner_text("#heard")
    assert places(page) == before, "nothing that stands still has moved"


def test_the_next_customer_sees_nothing_of_the_last(page):
    touch(page, "mocha")
    page.click("#add")
    page.wait_for_selector("#items li:not(.pending)", timeout=20_000)
    page.click("#reset")
    assert page.inner_text("#items") == ""
    assert page.inner_text("#heard") == page.inner_text("#said") == ""
    page.wait_for_timeout(1500)
    page.click("#undo")  # a new stream has nothing to take back
    playwright.expect(page.locator("#said")).not_to_be_empty(timeout=20_000)
    assert page.inner_text("#items") == ""


def test_other_languages_by_touch(page):
    page.click("#languages button[lang=es]")
    assert page.evaluate("document.documentElement.lang") == "es"
    page.wait_for_timeout(2500)
    touch(page, "latte", "grande")
    page.click("#add")
    page.wait_for_selector("#items li:not(.pending)", timeout=30_000)
    assert page.inner_text("#items li") == "latte grande"
    assert page.inner_text("#said").startswith("Enseguida")


def test_nothing_is_out_of_reach(page):
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.locator("#actions button, #languages button, #talk").all():
        box = button.bounding_box()
        assert min(box["x"], box["y"]) >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
        assert min(box["width"], box["height"]) >= 38, "large enough for a finger"


def test_it_is_accessible(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra 'browser'")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_it_can_be_used_by_keyboard(page):
    page.locator("#groups button").get_by_text("espresso", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("#add").focus()
    page.keyboard.press("Space")
    page.wait_for_selector("#items li:not(.pending)", timeout=20_000)
    assert page.inner_text("#items li") == "espresso"
