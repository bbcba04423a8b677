"""What the microphone and the loudspeaker share: PortAudio, the names of devices, and its errors."""

from __future__ import annotations

import atexit
import contextlib
import functools
import threading
import time
import weakref
from types import ModuleType
from typing import Any, Literal, Protocol

from voxedge.errors import (
    DeviceBusy,
    DeviceError,
    DeviceLost,
    DeviceNotFound,
    DeviceRateRefused,
    SystemPackageMissing,
)

DeviceKind = Literal["input", "output"]
_CLOSE_S = 0.5
_SETTLE_S = 2.0
_RESTART_S = 5.0


class _Holder(Protocol):
    def release(self) -> None: ...


_holders: weakref.WeakSet[_Holder] = weakref.WeakSet()
_refreshing = threading.Lock()
_closing: set[threading.Thread] = set()
_closing_lock = threading.Lock()
_restarting: threading.Thread | None = None

# Numbers of PaErrorCode in portaudio.h.
_INVALID_CHANNEL_COUNT = -9998
_INVALID_SAMPLE_RATE = -9997
_INVALID_DEVICE = -9996
_DEVICE_UNAVAILABLE = -9985
# -9993, a bad combination of devices, is what ALSA's PulseAudio plug-in gives without its server.
_GONE = {-9999, -9993, -9988, -9987, -9986, -9983}


def portaudio() -> ModuleType:
    """The ``sounddevice`` module.

    Raises:
        SystemPackageMissing: The PortAudio library of the operating system isn't there.
        DeviceLost: PortAudio hangs in a dead audio system, and must not be called now.
    """
    if _restarting is not None and _restarting.is_alive():
        raise DeviceLost(
            "The audio system hangs.",
            remedy="Start the audio server again; if that doesn't help, start this program again.",
        )
    try:
        import sounddevice
    except OSError as exc:
        raise SystemPackageMissing(
            "The PortAudio library isn't installed.",
            remedy="Install it: sudo apt install libportaudio2 (Debian, Ubuntu, Raspberry Pi OS).",
            room="audio",
        ) from exc
    module: ModuleType = sounddevice
    return module


def close_stream(stream: Any) -> bool:
    """Closes a stream of PortAudio; waits only a moment, since on a dead audio server that can hang.

    Returns:
        Whether it is closed.
    """
    closing = threading.Thread(
        target=lambda: stream.close(ignore_errors=True), name="voxedge-device-close", daemon=True
    )
    with _closing_lock:
        _closing.difference_update([thread for thread in _closing if not thread.is_alive()])
        closing.start()
        _closing.add(closing)
    _look_after_exit()
    closing.join(_CLOSE_S)
    return not closing.is_alive()


@functools.cache
def _look_after_exit() -> None:
    """Registers what is to be done at exit, once, and after ``sounddevice`` has registered its own."""
    atexit.register(_leave_what_hangs)


def before_refresh(holder: _Holder) -> None:
    """Names who holds streams: its ``release`` is called before `refresh` makes them all invalid."""
    _holders.add(holder)


def refresh() -> None:
    """Lets PortAudio look again which devices there are: it does so only when it starts.

    Every stream of the process ends by that; whoever called `before_refresh` lets go of its own first. Where
    a stream can't be closed, for its audio server hangs, PortAudio is left as it is: that would hang too.

    Raises:
        DeviceLost: PortAudio hangs.
    """
    global _restarting
    with _refreshing:
        sd = portaudio()
        for holder in list(_holders):
            holder.release()
        if _still_closing(_SETTLE_S):
            return
        _restarting = threading.Thread(
            target=_restart, args=(sd,), name="voxedge-device-restart", daemon=True
        )
        _restarting.start()
        _restarting.join(_RESTART_S)
    portaudio()


def _restart(sd: ModuleType) -> None:
    # An audio system that is gone altogether can't be initialized; then the next look finds no device.
    for step in (sd._terminate, sd._initialize):
        with contextlib.suppress(sd.PortAudioError):
            step()


def _still_closing(wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    with _closing_lock:
        threads = list(_closing)
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in threads)


def _leave_what_hangs() -> None:
    """At the end of the program: lets ``sounddevice`` not end PortAudio where that would wait for ever."""
    if _still_closing(_CLOSE_S) or (_restarting is not None and _restarting.is_alive()):
        import sounddevice

        atexit.unregister(sounddevice._exit_handler)


def find_device(device: str, kind: DeviceKind) -> int:
    """Finds a device.

    Args:
        device: Number, name or a part of the name (any case); "" is the system's default.
        kind: Which side of it is wanted.

    Returns:
        PortAudio's number of the device.

    Raises:
        DeviceNotFound: None is there, none fits, or several fit equally.
        SystemPackageMissing: PortAudio is missing.
    """
    sd = portaudio()
    try:
        listed = list(sd.query_devices())
    except sd.PortAudioError:
        listed = []  # PortAudio found no audio system when it was started
    usable = {
        number: str(entry["name"]) for number, entry in enumerate(listed) if entry[f"max_{kind}_channels"] > 0
    }
    what = "microphone" if kind == "input" else "loudspeaker"
    if not usable:
        raise DeviceNotFound(
            f"This machine has no {what}.", remedy=f"Plug one in, or use a file in place of the {what}."
        )
    if device == "":
        try:
            return int(sd.query_devices(kind=kind)["index"])
        except (sd.PortAudioError, ValueError):
            return next(iter(usable))
    if device.isdigit() and int(device) in usable:
        return int(device)
    wanted = device.casefold()
    exact = [number for number, name in usable.items() if name.casefold() == wanted]
    near = [number for number, name in usable.items() if wanted in name.casefold()]
    found = exact or near
    listing = "; ".join(f"{number}: {name}" for number, name in usable.items())
    if not found:
        raise DeviceNotFound(f"There is no {what} named {device!r}.", remedy=f"There are: {listing}.")
    if not exact and len(found) > 1:
        raise DeviceNotFound(
            f"{device!r} fits {len(found)} devices.",
            remedy=f"Give more of it, or the number: {listing}.",
        )
    return found[0]


def device_error(exc: BaseException, device: str, kind: DeviceKind) -> DeviceError:
    """Turns an error of PortAudio into one of ours; raise it ``from exc``.

    Args:
        exc: What ``sounddevice`` raised.
        device: Name of the device, for the message.
        kind: Which side of it was in use.
    """
    what = "microphone" if kind == "input" else "loudspeaker"
    name = f"The {what} {device!r}" if device else f"The default {what}"
    number = next((arg for arg in exc.args[1:] if isinstance(arg, int)), 0)
    if number == _INVALID_SAMPLE_RATE:
        return DeviceRateRefused(
            f"{name} refuses the sample rate.",
            remedy="Choose another device, or one that converts rates (`pulse`, `pipewire`, `plughw`).",
        )
    if number == _DEVICE_UNAVAILABLE:
        return DeviceBusy(
            f"{name} is in use by something else.", remedy="Close the other program, or choose another."
        )
    if number in (_INVALID_DEVICE, _INVALID_CHANNEL_COUNT):
        return DeviceNotFound(f"{name} can't be used.", remedy="Choose another device by name or number.")
    if number in _GONE:
        return DeviceLost(f"{name} went away.", remedy="Plug it in again, or start the audio server again.")
    return DeviceError(f"{name} failed: {exc}", remedy="Plug it in again, or choose another device.")
