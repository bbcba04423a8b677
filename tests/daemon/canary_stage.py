"""A canary sentence goes through every path of `voxedge serve`; what is found of it afterwards is printed.

    unshare --map-root-user --net python canary_stage.py FOLDER

Everything that the daemon may write to lies in FOLDER/state; what it said is in FOLDER/state/log. The report
is one JSON object on standard output.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import wave
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from capture import Capture, make_network
from serving import Serving
from websockets.sync.client import connect
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import read_event
from wyoming.intent import Recognize
from wyoming.tts import Synthesize, SynthesizeVoice

from voxedge.daemon.wyoming_framing import encode

WORDS = ("pelican", "lantern", "umbrella")
CANARY = "The pelican carries a lantern and an umbrella."
HANDLERS = """
def register(assistant):
    @assistant.on_intent("crash")
    def crash(intent, turn):
        raise RuntimeError(f"this handler quotes {intent.text}")
"""
CRASH = """
language: en
intents:
  crash:
    data:
      - sentences: ["the {what} carries a {anything}"]
lists:
  what:
    wildcard: true
  anything:
    wildcard: true
"""
TOML = """
[understanding]
intents = ["{folder}/crash.yaml"]
handlers = "{folder}/handlers.py"
[conversation]
max_reply_tokens = 16
[audio]
speak_aloud = false
[statistics]
monitor = true
folder = "{state}/statistics"
[daemon]
http = "127.0.0.1:0"
wyoming = "127.0.0.1:{wyoming}"
events_socket = "{state}/events.sock"
"""
PATHS: list[str] = []


def path(name):
    """Notes that a path was really taken."""
    PATHS.append(name)


class Collector(BaseHTTPRequestHandler):
    """Takes reports of the statistics."""

    got: list[bytes] = []  # noqa: RUF012 - one collector

    def do_POST(self):
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def start(folder: Path, state: Path) -> Serving:
    with (state / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "voxedge", "serve", "--config", str(folder / "voxedge.toml")],
            stdout=log,
            stderr=log,
            cwd=state,
            env=environment(state),
        )
    # Should the stage fail, the service isn't to live on.
    atexit.register(process.kill)
    serving = Serving(process, folder)
    until = time.monotonic() + 90
    while "voxedge: ready" not in (said := (state / "log").read_text().rpartition("STARTED")[2]):
        assert process.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.05)
    serving.url = re.findall(r"http: (http://\S+)", said)[-1]
    return serving


def environment(state: Path) -> dict[str, str]:
    places = {
        name: str(state / name.lower()) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    }
    places["VOXEDGE_HOME"] = str(state / "voxedge_home")
    for place in places.values():
        Path(place).mkdir(exist_ok=True)
    for name in ("blobs", "manifests", "models"):
        link, real = state / "voxedge_home" / name, Path(os.environ["VOXEDGE_HOME"], name)
        if real.is_dir() and not link.is_symlink():
            link.symlink_to(real)
    return {**os.environ, **places, "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}


def ask(url, route, body=None, kind="application/json", method=None):
    """One request; gives status and answer, whatever it is."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(url + route, data, {"Content-Type": kind}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def form(sound: bytes, **fields) -> tuple[bytes, str]:
    lines = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    lines += b'--x\r\nContent-Disposition: form-data; name="file"; filename="pelican-lantern.wav"\r\n\r\n'
    return lines + sound + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def known(text: bytes | str) -> bool:
    low = (text if isinstance(text, str) else text.decode("utf-8", "replace")).lower()
    return any(word in low for word in WORDS)


def over_http(url: str, wav: bytes) -> None:
    for fields in (
        {"response_format": "verbose_json"},
        {"response_format": "srt"},
        {"stream": "true", "prompt": CANARY},
    ):
        status, body = ask(url, "/v1/audio/transcriptions", *form(wav, model="tiny.en", **fields))
        assert status == 200, body
        assert known(body), body
        path(f"transcriptions {next(iter(fields))}")
    status, body = ask(url, "/v1/audio/speech", {"model": "hibari-en", "input": CANARY})
    assert status == 200, body
    path("speech")
    chat = {
        "model": "smollm2-135m-instruct",
        "messages": [{"role": "user", "content": CANARY}],
        "max_tokens": 16,
    }
    for stream in (False, True):
        status, body = ask(url, "/v1/chat/completions", {**chat, "stream": stream})
        if status == 200:
            path(f"chat stream={stream}")
    status, body = ask(url, "/translate", {"q": CANARY, "source": "en", "target": "es"})
    assert status == 200, body
    path("translate")
    ask(url, "/detect", {"q": CANARY})
    path("detect")


def wrong_requests(url: str) -> None:
    """Faults quote what they choke on, in many programs."""
    wrong = [
        ask(url, "/translate", {"q": CANARY, "source": "en", "target": "pelican"}),
        ask(url, "/v1/chat/completions", f'{{"messages": "{CANARY}'.encode()),
        ask(url, "/v1/chat/completions", {"messages": CANARY}),
        ask(url, "/v1/audio/transcriptions", *form(CANARY.encode(), model="tiny.en")),
        ask(url, "/v1/audio/transcriptions", *form(b"", model="pelican-lantern")),
        ask(url, "/pelican/lantern?umbrella=pelican", method="GET"),
        ask(url, "/v1/audio/speech", {"input": CANARY * 500, "model": "pelican", "voice": "lantern"}),
    ]
    assert all(400 <= status < 500 for status, _ in wrong), [status for status, _ in wrong]
    path("wrong requests")


def over_websocket(url: str, pcm: bytes) -> None:
    for intents in ("true", "false"):
        address = f"{url.replace('http', 'ws')}/v1/events?intents={intents}&prompt=pelican"
        with connect(address) as connection:
            connection.send(pcm + bytes(64_000))
            connection.send(json.dumps({"type": "ask", "text": CANARY}))
            connection.send(json.dumps({"type": "stop"}))
            events = [json.loads(text) for text in connection]
        heard = [event["text"] for event in events if event["type"] == "Transcript"]
        assert len(heard) == 2, events
        assert all(known(text) for text in heard), heard
        path(f"events intents={intents}")
        failed = [event for event in events if event.get("outcome") == "failed"]
        assert bool(failed) == (intents == "true"), events
    path("handler crashed")


def over_wyoming(port: int, pcm: bytes) -> None:
    sound = {"rate": 16_000, "width": 2, "channels": 1}
    chunks = [AudioChunk(**sound, audio=pcm[at : at + 8192]) for at in range(0, len(pcm), 8192)]
    with socket.create_connection(("127.0.0.1", port), 60) as door, door.makefile("rb") as answers:
        for event in (AudioStart(**sound), *chunks, AudioStop()):
            door.sendall(encode(event.event()))
        while not Transcript.is_type((event := read_event(answers)).type):
            pass
        assert known(event.data["text"]), event.data
        path("wyoming transcribe")
        for request, ends in (
            (Recognize(text=CANARY), {"intent", "not-recognized"}),
            (Synthesize(text=CANARY), {"audio-stop"}),
            (Transcript(text=CANARY), {"handled", "not-handled", "handled-stop", "error"}),
        ):
            door.sendall(encode(request.event()))
            while (event := read_event(answers)) is not None and event.type not in ends:
                pass
            path(f"wyoming {request.event().type}")
    with socket.create_connection(("127.0.0.1", port), 60) as door:
        door.sendall(encode(Synthesize(text=CANARY, voice=SynthesizeVoice(name="pelican lantern")).event()))
        door.recv(65_536)
    with socket.create_connection(("127.0.0.1", port), 60) as door:
        door.sendall(b'{"type": "pelican", "data_length": "lantern umbrella"}\n')
        door.recv(65_536)
    path("wyoming wrong")


def over_unix_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door, door.makefile("rwb") as lines:
        door.connect(str(place))
        door.settimeout(30)
        lines.write(json.dumps({"type": "ask", "text": CANARY}).encode() + b"\n")
        lines.write(b'{"type": "pelican lantern umbrella"\n')
        lines.flush()
        ended = False
        while not ended and (line := lines.readline()):
            ended = json.loads(line).get("type") == "TurnEnded"
        path("unix socket")


def killed_in_the_middle(serving: Serving, pcm: bytes) -> None:
    """The language model's process and then the service itself are killed while the canary is in them."""
    chat = json.dumps({"messages": [{"role": "user", "content": CANARY * 8}], "max_tokens": 200}).encode()
    asking = threading.Thread(target=quietly, args=(ask, serving.url, "/v1/chat/completions", chat))
    asking.start()
    time.sleep(0.5)
    tasks = Path(f"/proc/{serving.process.pid}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    for child in children:
        os.kill(int(child), signal.SIGSEGV)
    asking.join(60)
    path(f"language model crashed ({len(children)} processes)")
    with (
        contextlib.suppress(Exception),
        connect(serving.url.replace("http", "ws") + "/v1/events") as connection,
    ):
        connection.send(pcm)
        time.sleep(1.0)
        serving.process.send_signal(signal.SIGABRT)
        list(connection)
    serving.process.wait(30)
    path(f"service crashed ({serving.process.returncode})")


def quietly(work, *words):
    with contextlib.suppress(Exception):
        work(*words)


def statistics(state: Path) -> None:
    """Everything that statistics can show or send."""
    own = ["stats", "--config", str(state.parent / "voxedge.toml")]
    for words in (["show"], ["export"], ["preview"], ["sync", "--hurry"]):
        command = [sys.executable, "-m", "voxedge", own[0], words[0], *own[1:], *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(state))
        (state / f"stats-{words[0]}.txt").write_text(done.stdout + done.stderr)
        path(f"stats {words[0]} ({done.returncode})")


def files_with_words(*folders: Path, since_s: float) -> list[str]:
    """Files written since then that hold one of the words, whatever their letters' case or encoding."""
    words = [word.encode(coding) for word in WORDS for coding in ("utf-8", "utf-16-le")]
    found = []
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink() and file.stat().st_mtime >= since_s:
                held = file.read_bytes().lower() + str(file).lower().encode()
                found += [str(file)] if any(word in held for word in words) else []
    return found


def consent(state: Path, port: int) -> None:
    """A period that is over, so that a report is due."""
    from voxedge.statistics.places import sharing_file
    from voxedge.statistics.sharing import DAY_S, Sharing

    Sharing(sharing_file(state / "statistics")).turn_on(
        f"http://127.0.0.1:{port}/", period_days=1, now_s=time.time() - 2 * DAY_S
    )


def main() -> None:
    began_s = time.time() - 1
    folder = Path(sys.argv[1])
    state = folder / "state"
    state.mkdir()
    outgoing = make_network()
    capture = Capture()
    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        wyoming = door.getsockname()[1]
    (folder / "voxedge.toml").write_text(TOML.format(folder=folder, state=state, wyoming=wyoming))
    (folder / "handlers.py").write_text(HANDLERS)
    (folder / "crash.yaml").write_text(CRASH)
    consent(state, collector.server_address[1])
    pcm = (folder / "canary.pcm").read_bytes()
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm)
    serving = start(folder, state)
    over_http(serving.url, held.getvalue())
    wrong_requests(serving.url)
    over_websocket(serving.url, pcm)
    over_wyoming(wyoming, pcm)
    over_unix_socket(state / "events.sock")
    (state / "metrics.txt").write_bytes(ask(serving.url, "/metrics")[1])
    (state / "health.txt").write_bytes(ask(serving.url, "/health/ready")[1])
    killed_in_the_middle(serving, pcm)
    http = int(serving.url.rpartition(":")[2])
    again = start_again(folder, state)
    over_http(again.url, held.getvalue())
    over_wyoming(wyoming, pcm)
    code = again.stop()
    statistics(state)
    capture.stop()
    served = {http, wyoming, int(again.url.rpartition(":")[2])}
    words = [word.encode() for word in WORDS]
    told = capture.ports_with(words)
    report = {
        "paths": PATHS,
        "stopped_with": code,
        "outgoing": outgoing,
        "packets": len(capture.packets),
        "leaving": sorted(set(capture.leaving())),
        "told_to_clients": sum(count for ports, count in told.items() if served & set(ports)),
        "told_to_others": [list(ports) for ports in told if not served & set(ports)],
        "reports": [len(body) for body in Collector.got],
        "files": files_with_words(state, Path("/dev/shm"), Path("/var/crash"), since_s=began_s),
        "written": sorted(str(file.relative_to(state)) for file in state.rglob("*") if file.is_file()),
        "log_lines": len((state / "log").read_text().splitlines()),
    }
    print(json.dumps(report))


def start_again(folder: Path, state: Path) -> Serving:
    with (state / "log").open("a") as log:
        log.write("STARTED anew\n")
    return start(folder, state)


if __name__ == "__main__":
    main()
