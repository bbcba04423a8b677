"""A microphone without hardware: it calls the capture callback as a device would, with prepared sound."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from voxedge.audio.contract import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

NAME = "A microphone that isn't there"


class FakeDevice:
    """Stands for the ``sounddevice`` module: one microphone at 16 kHz, which plays a sound and then stops.

    Its time goes on while it isn't open: who opens it again, as the stream seemed lost, has missed something.

    Args:
        sound: float32, shape ``(n,)``, 16 kHz.
        on_end: Called, in the device's thread, when all of it was played.
    """

    class PortAudioError(Exception):
        """As ``sounddevice`` has it; never raised."""

    def __init__(self, sound: MonoF32, on_end: Callable[[], None]) -> None:
        self._sound, self._on_end = sound, on_end
        self._began: float | None = None
        self.callback_s: list[float] = []
        """How long each call of the capture callback took."""
        self.late_s: list[float] = []
        """How late each call began: the device's own thread had to wait for a core or the interpreter."""

    def query_devices(self, device: object = None, kind: str | None = None) -> object:
        """The one device."""
        row = {
            "name": NAME,
            "index": 0,
            "max_input_channels": 1,
            "max_output_channels": 0,
            "default_samplerate": float(SAMPLE_RATE_HZ),
        }
        return [row] if device is None and kind is None else row

    def InputStream(self, **options: Any) -> _Stream:  # noqa: N802 - sounddevice's name
        """Opens the microphone."""
        return _Stream(self, int(options["blocksize"]), options["callback"])

    def _terminate(self) -> None:
        """Nothing has to be ended."""

    def _initialize(self) -> None:
        """The one device stays the one device."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Puts it in the place of ``sounddevice``, in this process."""
        from voxedge.audio import capture

        before, apart = sys.modules.get("sounddevice"), capture.apart
        sys.modules["sounddevice"] = cast(ModuleType, self)
        capture.apart = lambda: False
        try:
            yield
        finally:
            capture.apart = apart
            del sys.modules["sounddevice"]
            if before is not None:
                sys.modules["sounddevice"] = before

    def play(self, block_samples: int, callback: Callable[..., None], stopped: Callable[[], bool]) -> None:
        """Calls the callback for each block when a device would."""
        now = time.monotonic()
        began = self._began = now if self._began is None else self._began
        first = int((now - began) * SAMPLE_RATE_HZ) // block_samples * block_samples
        for start in range(first, len(self._sound) - block_samples + 1, block_samples):
            due = began + (start + block_samples) / SAMPLE_RATE_HZ
            wait_s = due - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            if stopped():
                return
            called = time.monotonic()
            callback(self._sound[start : start + block_samples, None], block_samples, None, None)
            self.late_s.append(max(0.0, called - due))
            self.callback_s.append(time.monotonic() - called)
        self._on_end()


class _Stream:
    def __init__(self, device: FakeDevice, block_samples: int, callback: Callable[..., None]) -> None:
        self.active = False
        self._thread = threading.Thread(
            target=lambda: device.play(block_samples, callback, lambda: not self.active), daemon=True
        )

    def start(self) -> None:
        self.active = True
        self._thread.start()

    def close(self, ignore_errors: bool = True) -> None:
        self.active = False
