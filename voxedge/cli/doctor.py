"""``voxedge doctor``: tells what works on this machine, and what to do about the rest."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from voxedge.cli.output import emit_json
from voxedge.errors import VoxedgeError

if TYPE_CHECKING:
    from voxedge.build import Rooms
    from voxedge.config import Config

HELP = "Tell what works on this machine, and what to do about the rest."
EPILOG = """examples:
  voxedge doctor                        everything; each engine is loaded and tried once
  voxedge doctor --quick                without loading the engines
  voxedge doctor --config voxedge.toml  what this configuration needs
  voxedge doctor --json

exit status: 0 all that the configuration needs works, 1 something doesn't"""

Status = Literal["ok", "warning", "fault", "off"]
_MARKS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  ", "off": "off    "}
FAST_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimddp", "i8mm")
"""What makes 8-bit arithmetic fast: of x86-64 and of ARM."""
LEAST_MB = 600
"""tiny.en, SmolLM2 135M and a voice, together, with some air (docs/benchmarks.md)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: What was looked at.
        status: ``ok``, ``warning`` (works, but), ``fault`` (doesn't), ``off`` (not wanted here).
        detail: What was found.
        remedy: What to do; "" where there is nothing to be done.
        code: Code of the error, where there was one.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""
    code: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--config", metavar="C", help="the configuration to check; the defaults without it")
    parser.add_argument("--quick", action="store_true", help="don't load the engines")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Looks at everything and prints."""
    from voxedge.config import Config

    config = Config.from_file(args.config) if args.config else Config.from_mapping({})
    found = []
    for finding in examine(config, engines=not args.quick):
        found.append(finding)
        if not args.json:
            print(f"{_MARKS[finding.status]}  {finding.name:<16} {finding.detail}", flush=True)
            if finding.remedy:
                print(f"{'':>9}{'':>16}  -> {finding.remedy}", flush=True)
    faults = sum(finding.status == "fault" for finding in found)
    if args.json:
        emit_json({"works": faults == 0, "checks": [asdict(finding) for finding in found]})
    elif faults:
        print(f"\n{faults} {'thing needs' if faults == 1 else 'things need'} attention.")
    else:
        print("\nAll that this configuration needs works.")
    return 1 if faults else 0


def examine(config: Config, *, engines: bool = True) -> Iterator[Finding]:
    """Runs the checks one after the other; none of them ends the others.

    Args:
        config: What is needed.
        engines: Whether each engine is loaded and tried once.
    """
    from voxedge.build import Rooms

    yield _checked("python", _python)
    yield _checked("processor", _processor)
    yield _checked("memory", _memory)
    yield _checked("store", _store)
    yield _checked("microphone", lambda: _device(config, "input"))
    yield _checked("loudspeaker", lambda: _device(config, "output"))
    yield _checked("voice activity", lambda: _voice_activity(config))
    for name, kind, wanted in _models(config):
        if wanted:
            yield _checked(f"model {kind}", partial(_model, name, kind))
        else:
            yield Finding(f"model {kind}", "off", "not in use")
    rooms = Rooms(config)
    loaded = (("recognition", _recognition), ("conversation", _conversation), ("speaking", _speaking))
    try:
        for name, check in (("understanding", _understanding), *(loaded if engines else ())):
            yield _checked(name, partial(check, rooms))
    finally:
        rooms.close()


def _checked(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except VoxedgeError as error:
        return Finding(name, "fault", error.message, error.remedy, error.code)
    except Exception as exc:  # noqa: BLE001 - a broken library is what we are looking for
        what = str(exc).splitlines()[0] if str(exc) else ""
        return Finding(
            name,
            "fault",
            f"{type(exc).__name__}: {what}",
            "Install voxedge anew: pip install --force-reinstall '.[all]' in its folder.",
            "failed",
        )


def _python() -> Finding:
    from voxedge._version import __version__

    system = f"{platform.system()} {platform.machine()}"
    return Finding("python", "ok", f"voxedge {__version__}, Python {platform.python_version()}, {system}")


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = _flags()
    fast = [flag for flag in FAST_FLAGS if flag in flags]
    detail = f"{cores} cores" + (f", {', '.join(fast)}" if fast else "")
    if flags and not fast:
        return Finding("processor", "warning", detail, "No fast 8-bit arithmetic: take the smallest models.")
    if cores < 2:
        return Finding(
            "processor", "warning", detail, "With one core, replies start late: set the language model off."
        )
    return Finding("processor", "ok", detail)


def _flags() -> set[str]:
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return set()
    for line in file.read_text(errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return set(value.split())
    return set()


def _memory() -> Finding:
    file = Path("/proc/meminfo")
    if not file.exists():
        return Finding("memory", "ok", "this system doesn't tell")
    sizes = {
        name: int(rest.split()[0]) // 1024
        for name, _, rest in (line.partition(":") for line in file.read_text().splitlines())
    }
    free, total = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)
    detail = f"{free} MB free of {total} MB"
    if free < LEAST_MB:
        return Finding(
            "memory", "warning", detail, "Close other programs, or set the language model's engine to none."
        )
    return Finding("memory", "ok", detail)


def _store() -> Finding:
    from voxedge.store import Library

    library = Library()
    here = [entry.name for entry in library.catalogue if library.find(entry) is not None]
    places = ", ".join(str(store.home) for store in library.stores)
    return Finding("store", "ok", f"{len(here)} models ({', '.join(here) or 'none'}) in {places}")


def _device(config: Config, kind: Literal["input", "output"]) -> Finding:
    from voxedge.audio.portaudio import find_device, portaudio

    name = "microphone" if kind == "input" else "loudspeaker"
    if kind == "output" and not config.audio.speak_aloud:
        return Finding(name, "off", "not in use")
    wanted = config.audio.input_device if kind == "input" else config.audio.output_device
    number = find_device(wanted, kind)
    info = portaudio().query_devices(number)
    rate = int(info["default_samplerate"])
    detail = f"{number}: {info['name']} ({rate} Hz)"
    if kind == "input":
        from voxedge.audio.devices import server_has_microphone

        if not server_has_microphone():
            return Finding(
                name, "fault", "the audio server has no microphone, only what the loudspeaker plays",
                "Plug a microphone in, or choose it: pactl set-default-source NAME", "device_not_found",
            )  # fmt: skip
        detail += f", {_heard(wanted)}"
    return Finding(name, "ok", detail)


def _heard(device: str) -> str:
    """Opens the microphone for a moment."""
    from voxedge.audio.microphone import MicrophoneSource
    from voxedge.events import CancelToken
    from voxedge.listening.energy import EnergyActivity

    source, energy, levels = MicrophoneSource(device), EnergyActivity(), list[float]()
    began = perf_counter()
    try:
        for frame in source.frames(CancelToken()):
            energy.probability(frame.samples)
            levels.append(energy.level_db)
            if len(levels) >= 30 or perf_counter() - began > 5:
                break
    finally:
        source.close()
    if max(levels, default=-120.0) <= -119:
        return f"opened at {source.rate_hz} Hz; hears digital silence: is it muted?"
    return f"opened at {source.rate_hz} Hz, level {sum(levels) / len(levels):.0f} dB"


def _voice_activity(config: Config) -> Finding:
    import numpy as np

    from voxedge import listening
    from voxedge.audio.contract import FRAME_SAMPLES

    detector = listening.create(config.listening.voice_activity)
    samples = np.random.default_rng(1).normal(scale=0.1, size=FRAME_SAMPLES).astype(np.float32)
    began = perf_counter()
    for _ in range(50):
        detector.probability(samples)
    return Finding(
        "voice activity",
        "ok",
        f"{config.listening.voice_activity}, {(perf_counter() - began) / 50 * 1e6:.0f} us a frame of 32 ms",
    )


def _models(config: Config) -> list[tuple[str, str, bool]]:
    return [
        (config.recognition.model, "recognition", True),
        (config.conversation.model, "language", config.conversation.engine != "none"),
        (f"hibari-{config.speaking.language}", "speech", config.speaking.engine == "hibari"),
    ]


def _model(name: str, kind: str) -> Finding:
    from voxedge import store

    began = perf_counter()
    path = store.resolve(name, kind=kind)
    return Finding(f"model {kind}", "ok", f"{name}, verified in {perf_counter() - began:.1f} s ({path})")


def _recognition(rooms: Rooms) -> Finding:
    import numpy as np

    began = perf_counter()
    recognizer = rooms.recognizer()
    loaded = perf_counter() - began
    rng = np.random.default_rng(1)
    began = perf_counter()
    recognizer.recognize(rng.normal(scale=0.05, size=48_000).astype(np.float32), rooms.recognition_options())
    return Finding(
        "recognition",
        "ok",
        f"{recognizer.capabilities.model}: loaded in {loaded:.2f} s, 3 s of sound in {_ms(began)}",
    )


def _understanding(rooms: Rooms) -> Finding:
    began = perf_counter()
    understander = rooms.understander()
    if understander is None:
        return Finding("understanding", "off", "no intents are configured")
    return Finding("understanding", "ok", f"templates compiled in {_ms(began)}")


def _conversation(rooms: Rooms) -> Finding:
    from voxedge.conversation.contract import Message, ReplyOptions

    if rooms.config.conversation.engine == "none":
        return Finding("conversation", "off", "not in use")
    began = perf_counter()
    model = rooms.language_model()
    if model is None:
        raise rooms.troubles["conversation"]
    loaded = perf_counter() - began
    began, pieces = perf_counter(), list[float]()
    for _piece in model.reply([Message(role="user", text="Hello.")], ReplyOptions(max_tokens=8)):
        pieces.append(perf_counter())
    first = (pieces[0] - began) * 1000 if pieces else 0.0
    name = rooms.config.conversation.model
    return Finding("conversation", "ok", f"{name}: loaded in {loaded:.2f} s, first word in {first:.0f} ms")


def _speaking(rooms: Rooms) -> Finding:
    if rooms.config.speaking.engine == "none":
        return Finding("speaking", "off", "not in use")
    began = perf_counter()
    voice = rooms.synthesizer()
    if voice is None:
        raise rooms.troubles["speaking"]
    loaded = perf_counter() - began
    began = perf_counter()
    samples = sum(len(piece) for piece in voice.synthesize("One coffee, coming up."))
    seconds = samples / voice.capabilities.rate_hz
    engine = rooms.config.speaking.engine
    return Finding(
        "speaking", "ok", f"{engine}: loaded in {loaded:.2f} s, {seconds:.1f} s of speech in {_ms(began)}"
    )


def _ms(began: float) -> str:
    return f"{(perf_counter() - began) * 1000:.0f} ms"
