"""Makes the recordings that the demos run on: customers at a coffee kiosk, and a driver; voxedge's own voice.

Nothing in it was recorded: the speech is synthesized (hibari-tts, Apache-2.0), the noise of the kitchen is
computed here from a fixed seed. Run it from the top of the project::

    python scripts/make_demo_recording.py

It writes ``demos/recordings/orders.flac`` and ``drive.flac`` (16 kHz, mono), and beside each a JSON file that
tells what is said and when.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from voxedge import speaking
from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.audio.resample import resample

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.speaking.contract import Synthesizer

SEED = 20261124
PAUSE_S = 2.5
SPEECH_PEAK = 0.5
SNR_DB = 18.0
"""Of the speech over the steady noise; a clatter is louder for a moment."""


@dataclass(frozen=True)
class Customer:
    """One sentence.

    Attributes:
        text: What is said.
        rate: Pace of the voice.
        pitch: Times its own; other customers have other voices.
    """

    text: str
    rate: float = 1.0
    pitch: float = 1.0


CUSTOMERS = (
    Customer("Can I get a large latte with skim milk?"),
    Customer("I'd like a small dark roast coffee with some cream and a bit of brown sugar.", 1.05, 0.94),
    Customer("Give me a double shot espresso.", 0.95, 1.05),
    Customer("Why do people drink coffee?", 1.0, 0.97),
    Customer("Make me a medium iced mocha with whole milk.", 1.0, 1.03),
    Customer("Thank you!", 1.0, 0.94),
)


DRIVER = (
    Customer("Set the temperature to twenty two degrees."),
    Customer("Navigate to the central station."),
    Customer("Turn on the heated steering wheel."),
    Customer("Open the passenger window halfway."),
    Customer("Yes, please."),
    Customer("Start a timer."),
    Customer("Ten minutes."),
    Customer("Turn the volume up."),
    Customer("Undo that."),
    Customer("Unlock the doors."),
    Customer("Yes."),
)
RECORDINGS = {"orders": CUSTOMERS, "drive": DRIVER}


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, default=Path(__file__).resolve().parent.parent / "demos/recordings"
    )
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, speakers in RECORDINGS.items():
        write(args.folder, name, speakers)


def write(folder: Path, name: str, speakers: tuple[Customer, ...]) -> None:
    """Writes one recording and what is said in it."""
    sound, sentences = make(speakers)
    write_flac(folder / f"{name}.flac", sound)
    about = {
        "file": f"{name}.flac",
        "made_by": "scripts/make_demo_recording.py",
        "seconds": round(sound.size / SAMPLE_RATE_HZ, 3),
        "sentences": sentences,
    }
    (folder / f"{name}.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    size = (folder / f"{name}.flac").stat().st_size
    print(f"{folder / name}.flac: {about['seconds']} s, {size / 1e6:.2f} MB")


def make(speakers: tuple[Customer, ...]) -> tuple[MonoF32, list[dict[str, object]]]:
    """The sound, and each sentence with the seconds at which it starts and ends."""
    rng = np.random.default_rng(SEED)
    pause = np.zeros(int(PAUSE_S * SAMPLE_RATE_HZ), np.float32)
    pieces, sentences, at = [pause[: pause.size // 2]], [], pause.size // 2
    for customer in speakers:
        voice = said(customer)
        sentences.append(
            {
                "text": customer.text,
                "start": round(at / SAMPLE_RATE_HZ, 3),
                "end": round((at + voice.size) / SAMPLE_RATE_HZ, 3),
            }
        )
        pieces += [voice, pause]
        at += voice.size + pause.size
    speech = np.concatenate(pieces)
    level = float(np.sqrt(np.mean(np.concatenate(pieces[1::2]) ** 2)))
    noise = murmur(speech.size, rng) * level * 10 ** (-SNR_DB / 20)
    clatter = clatters(speech.size, rng) * level
    hiss = steam(speech.size, rng, start_s=float(sentences[1]["end"]) + 0.5) * level * 0.35  # type: ignore[arg-type]
    return np.clip(speech + noise + clatter + hiss, -1, 1).astype(np.float32), sentences


def said(customer: Customer) -> MonoF32:
    """A sentence at 16 kHz, without the silence around it."""
    # Playing faster raises pitch and pace: the pace is set so that only the pitch remains.
    synthesizer: Synthesizer = speaking.create("hibari", rate=customer.rate / customer.pitch)
    sound = np.concatenate(list(synthesizer.synthesize(customer.text)))
    sound = resample(sound, round(synthesizer.capabilities.rate_hz * customer.pitch))
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1]
    return sound * np.float32(SPEECH_PEAK / np.abs(sound).max())


def murmur(samples: int, rng: np.random.Generator) -> MonoF32:
    """A room with machines: noise that falls towards high frequencies, and a refrigerator's hum. RMS 1."""
    noise = shaped(samples, rng, lambda hz: 1.0 / np.sqrt(1.0 + (hz / 150.0) ** 2) + 0.02)
    seconds = np.arange(samples) / SAMPLE_RATE_HZ
    hum = sum(np.sin(2 * np.pi * hz * seconds) / n for n, hz in enumerate((100.2, 200.4, 300.6), start=1))
    mixed = noise / noise.std() + 0.3 * hum
    return (mixed / mixed.std()).astype(np.float32)


def clatters(samples: int, rng: np.random.Generator) -> MonoF32:
    """Cups and spoons: now and then a few metal or china tones that die away quickly."""
    out = np.zeros(samples, np.float32)
    seconds = np.arange(int(0.15 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    at = float(rng.uniform(0.2, 0.8))
    while at < samples / SAMPLE_RATE_HZ - 1:
        for _ in range(int(rng.integers(1, 4))):
            tones = rng.uniform(1800, 6500, size=5)
            decay = np.exp(-seconds * rng.uniform(45, 90))
            hit = sum(np.sin(2 * np.pi * hz * seconds + rng.uniform(0, 6)) for hz in tones) * decay / 5
            start = int((at + rng.uniform(0, 0.25)) * SAMPLE_RATE_HZ)
            stop = min(samples, start + seconds.size)
            out[start:stop] += (hit * rng.uniform(0.3, 1.0))[: stop - start].astype(np.float32)
        at += float(rng.uniform(1.5, 4.5))
    return out


def steam(samples: int, rng: np.random.Generator, start_s: float) -> MonoF32:
    """The milk frother, for a second: noise between 2 and 7 kHz that swells and stops. RMS about 1."""
    length = int(1.2 * SAMPLE_RATE_HZ)
    hiss = shaped(length, rng, lambda hz: ((hz > 2000) & (hz < 7000)).astype(float))
    swell = np.minimum(1.0, np.linspace(0, 4, length)) * np.minimum(1.0, np.linspace(6, 0, length))
    out = np.zeros(samples, np.float32)
    start = int(start_s * SAMPLE_RATE_HZ)
    out[start : start + length] = (hiss / hiss.std() * swell).astype(np.float32)
    return out


def shaped(samples: int, rng: np.random.Generator, response) -> np.ndarray:  # noqa: ANN001
    """White noise with a frequency response."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    return np.fft.irfft(spectrum * response(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)), samples)


def write_flac(path: Path, sound: MonoF32) -> None:
    """Writes 16 bits, mono."""
    whole = np.rint(sound * 32767).astype(np.int16)[np.newaxis]
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout="mono", format="s16")
        for at in range(0, whole.shape[1], 4096):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(whole[:, at : at + 4096]), format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
