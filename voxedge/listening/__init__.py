"""When somebody speaks, and when they have finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from voxedge.registry import load_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from voxedge.listening.contract import VoiceActivity

GROUP = "voxedge.voice_activities"
OWN = {
    "energy": "voxedge.listening.energy:EnergyActivity",
    "webrtc": "voxedge.listening.webrtc:WebRtcActivity",
    "silero": "voxedge.listening.silero:SileroActivity",
    "fusion": "voxedge.listening.fusion:create",
}


def create(name: str = "fusion") -> VoiceActivity:
    """A voice activity detector by name: ``fusion``, ``silero``, ``webrtc``, ``energy``, or an app's own.

    Each call gives a detector of its own: they remember the stream, so two streams need two.

    Raises:
        UsageError: No detector of that name.
        EngineLoadFailed: Its model can't be loaded.
    """
    factory = cast("Callable[[], VoiceActivity]", load_engine(GROUP, name, OWN))
    return factory()
