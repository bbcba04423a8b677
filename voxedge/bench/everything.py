"""Everything at once: a device at its pace, a slow recognizer, LLM and speech. Is any sample lost?"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.bench.fakedevice import FakeDevice
from voxedge.bench.paced import Spoken, joined
from voxedge.bench.process import resident_mb
from voxedge.bench.speech_ends import load, recordings, speech_ends
from voxedge.cli.output import Progress
from voxedge.events import NEVER, CancelToken, Degraded, Dropped, Event, SpeechStarted, Transcript, TurnEnded

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32
    from voxedge.recognition.contract import (
        Recognition,
        RecognitionOptions,
        Recognizer,
        RecognizerCapabilities,
    )

GAP_S = 1.5
EVERY_QUESTION = 4
"""Each fourth utterance is no order: the language model answers it, and the voice speaks meanwhile."""
REPLY_TOKENS = 24
_BACK_SAMPLES = 60 * SAMPLE_RATE_HZ
_HEAD_SAMPLES = 64


@dataclass(slots=True)
class Heard:
    """What the recognizer was given, as stretches of the stream.

    Attributes:
        stretches: First sample and the one behind the last, of each sound that is a part of the stream.
        damaged: How many sounds aren't: a sample is missing, doubled or another.
        calls: How often it was asked.
        busy_s: How long it worked.
    """

    stretches: list[tuple[int, int]] = field(default_factory=list)
    damaged: int = 0
    calls: int = 0
    busy_s: float = 0.0


class Slowed:
    """A recognizer that takes longer, and compares what it is given with what was played, sample by sample.

    Args:
        inner: Does the work.
        sound: The stream.
        extra_s: How much longer.
        heard: Where the results go.
    """

    def __init__(self, inner: Recognizer, sound: MonoF32, extra_s: float, heard: Heard) -> None:
        self._inner, self._sound, self._extra_s, self._heard = inner, sound, extra_s, heard

    @property
    def capabilities(self) -> RecognizerCapabilities:
        """The inner one's."""
        return self._inner.capabilities

    def recognize(
        self, samples: MonoF32, options: RecognitionOptions, cancel: CancelToken = NEVER
    ) -> Recognition:
        """Recognizes one utterance."""
        began = time.monotonic()
        place = self._place(samples)
        self._heard.calls += 1
        if place < 0:
            self._heard.damaged += 1
        else:
            self._heard.stretches.append((place, place + len(samples)))
        time.sleep(self._extra_s)
        try:
            return self._inner.recognize(samples, options, cancel)
        finally:
            self._heard.busy_s += time.monotonic() - began

    def close(self) -> None:
        """Gives the model back."""
        self._inner.close()

    def _place(self, samples: MonoF32) -> int:
        """Where in the stream the samples lie, bit by bit; -1 where they don't."""
        import numpy as np

        # Sentences come again after minutes: the same sound is looked for where the stream is now.
        begin = max((start - _BACK_SAMPLES for start, _ in self._heard.stretches[-1:]), default=0)
        begin = max(0, begin)
        for place in (begin + np.flatnonzero(self._sound[begin:] == samples[0])).tolist():
            head = self._sound[place : place + _HEAD_SAMPLES]
            if np.array_equal(head, samples[:_HEAD_SAMPLES]) and np.array_equal(
                self._sound[place : place + len(samples)], samples
            ):
                return int(place)
        return -1


def measure(folder: Path, *, minutes: float, model: str, slow_ms: int) -> Mapping[str, object]:
    """Plays so many minutes through an assistant with every room at work.

    Returns:
        The figures; ``lost_*`` and ``damaged`` must be 0.
    """
    from voxedge import recognition, store
    from voxedge.assistant import Assistant
    from voxedge.audio.microphone import MicrophoneSource
    from voxedge.audio.sinks import NullSink
    from voxedge.build import Parts
    from voxedge.config import Config
    from voxedge.runtime import plan_threads

    class Headphones(MicrophoneSource):
        hears_loudspeaker = False  # else it would be deaf while a reply sounds, on purpose

    config = Config.from_mapping(
        {
            "recognition": {"model": model},
            "understanding": {"intents": ["kiosk"]},
            "conversation": {"max_reply_tokens": REPLY_TOKENS},
        },
        environment={},
    )
    sound, spoken = _stream(folder, minutes)
    heard = Heard()
    inner = recognition.create(
        config.recognition.engine,
        store.resolve(model, kind="recognition"),
        model_name=model,
        threads=plan_threads().recognition,
    )
    parts = Parts(recognizer=Slowed(inner, sound, slow_ms / 1000, heard), sink=NullSink(paced=True))
    events: list[Event] = []
    ended = threading.Event()
    device = FakeDevice(sound, ended.set)
    with device.installed(), Assistant(config, parts=parts) as assistant:
        assistant.load()
        source = Headphones()

        def close_behind_the_sound() -> None:
            ended.wait()
            time.sleep(1.0)
            source.close()

        threading.Thread(target=close_behind_the_sound, daemon=True).start()
        with Progress("playing", round(len(sound) / SAMPLE_RATE_HZ), "s") as bar:
            shown = 0.0
            for event in assistant.listen(source):
                events.append(event)
                if event.time > shown + 1.0:
                    bar.advance(int(event.time - shown))
                    shown += int(event.time - shown)
        memory_mb = resident_mb()
    inner.close()
    return {
        "minutes": round(len(sound) / SAMPLE_RATE_HZ / 60, 1),
        **_lost(spoken, heard, source.lost_samples),
        **_turns(events),
        **_device(device),
        "recognizer_busy_percent": round(100 * heard.busy_s / (len(sound) / SAMPLE_RATE_HZ)),
        "resident_mb": round(memory_mb),
    }


def _stream(folder: Path, minutes: float) -> tuple[MonoF32, list[Spoken]]:
    """Orders one after the other, each fourth time a sentence that is none."""
    ends = speech_ends()
    orders, others = recordings(folder, "coffee-commands"), recordings(folder, "assistant-commands")
    files: list[Path] = []
    length_s = 0.0
    while length_s < minutes * 60:
        number = len(files)
        pool = others if number % EVERY_QUESTION == EVERY_QUESTION - 1 else orders
        files.append(pool[number % len(pool)])
        length_s += GAP_S + len(load(files[-1])) / SAMPLE_RATE_HZ
    edges = [ends[str(file.relative_to(folder))] for file in files]
    return joined([load(file) for file in files], edges, GAP_S)


def _lost(spoken: Sequence[Spoken], heard: Heard, lost_samples: int) -> dict[str, object]:
    """Which samples between the start and the end of an utterance's speech reached no recognition."""
    import numpy as np

    last = max((round(s.end_s * SAMPLE_RATE_HZ) for s in spoken), default=0)
    covered = np.zeros(max([last, *(end for _, end in heard.stretches)]), bool)
    for start, end in heard.stretches:
        covered[start:end] = True
    missing = [
        int((~covered[round(s.start_s * SAMPLE_RATE_HZ) : round(s.end_s * SAMPLE_RATE_HZ)]).sum())
        for s in spoken
    ]
    return {
        "utterances": len(spoken),
        "lost_samples_of_device": lost_samples,
        "lost_samples_of_utterances": sum(missing),
        "utterances_with_a_loss": sum(count > 0 for count in missing),
        "recognitions": heard.calls,
        "damaged": heard.damaged,
    }


def _turns(events: Sequence[Event]) -> dict[str, object]:
    started = [e.turn for e in events if isinstance(e, SpeechStarted)]
    ended = Counter(e.turn for e in events if isinstance(e, TurnEnded))
    return {
        "turns": len(started),
        "turns_not_ended_once": sum(ended[turn] != 1 for turn in started),
        "transcripts": sum(isinstance(e, Transcript) for e in events),
        "outcomes": dict(Counter(e.outcome for e in events if isinstance(e, TurnEnded))),
        "troubles": dict(Counter(f"{e.room}: {e.reason}" for e in events if isinstance(e, Degraded))),
        "partial_work_dropped": sum(e.count for e in events if isinstance(e, Dropped)),
    }


def _device(device: FakeDevice) -> dict[str, object]:
    return {
        "callbacks": len(device.callback_s),
        "callback_ms_median": round(1000 * median(device.callback_s), 3),
        "callback_ms_most": round(1000 * max(device.callback_s), 2),
        "device_thread_late_ms_most": round(1000 * max(device.late_s), 1),
    }
