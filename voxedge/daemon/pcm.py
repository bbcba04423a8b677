"""A client's sound, in whatever form it comes, to what the rooms hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxedge.audio.contract import SAMPLE_RATE_HZ
from voxedge.audio.resample import Resampler
from voxedge.audio.samples import MAX_CHANNELS, check_rate
from voxedge.errors import AudioInvalid

if TYPE_CHECKING:
    from voxedge.audio.contract import MonoF32

_WIDTHS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """How a client's sound is written.

    Attributes:
        rate_hz: Samples a second.
        width_bytes: Of one sample of one channel: 1 (unsigned, as in WAV files), 2, 3 or 4 (signed, low
            byte first).
        channels: 1 is mono.
    """

    rate_hz: int
    width_bytes: int
    channels: int

    def check(self) -> PcmFormat:
        """Gives itself back.

        Raises:
            AudioInvalid: There is no such form of sound.
        """
        check_rate(self.rate_hz)
        if isinstance(self.width_bytes, bool) or self.width_bytes not in _WIDTHS:
            raise AudioInvalid(
                "A sample can't have that many bytes.", remedy="Send samples of 1, 2, 3 or 4 bytes."
            )
        channels = self.channels
        if isinstance(channels, bool) or not isinstance(channels, int) or not 1 <= channels <= MAX_CHANNELS:
            raise AudioInvalid(
                "Sound can't have that many channels.", remedy=f"Send 1 to {MAX_CHANNELS} channels."
            )
        return self


class PcmConverter:
    """Converts one stream. Its form may change on the way; bytes may be cut in the middle of a sample."""

    def __init__(self) -> None:
        self._format: PcmFormat | None = None
        self._resampler: Resampler | None = None
        self._rest = b""

    def feed(self, sound: bytes, form: PcmFormat) -> MonoF32:
        """Takes the next bytes.

        Returns:
            float32, shape ``(n,)``, 16 kHz, -1..1; perhaps empty.

        Raises:
            AudioInvalid: There is no such form of sound.
        """
        import numpy as np

        before = np.zeros(0, dtype=np.float32)
        if form != self._format:
            form.check()
            before = self.flush()
            self._format, self._resampler = form, Resampler(form.rate_hz, SAMPLE_RATE_HZ)
        assert self._resampler is not None
        sound = self._rest + sound
        size = form.width_bytes * form.channels
        whole = len(sound) - len(sound) % size
        self._rest = sound[whole:]
        samples = self._resampler.feed(_decode(sound[:whole], form))
        return np.concatenate([before, samples]) if before.size else samples

    def flush(self) -> MonoF32:
        """Gives what the change of the rate still holds."""
        import numpy as np

        resampler, self._resampler, self._format, self._rest = self._resampler, None, None, b""
        return np.zeros(0, dtype=np.float32) if resampler is None else resampler.flush()


def to_pcm16(samples: MonoF32) -> bytes:
    """Sound as signed 16-bit samples, low byte first; what is beyond full scale is cut off."""
    import numpy as np

    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def _decode(sound: bytes, form: PcmFormat) -> MonoF32:
    import numpy as np

    if form.width_bytes == 1:
        samples = (np.frombuffer(sound, np.uint8).astype(np.float32) - 128.0) / 128.0
    elif form.width_bytes == 2:
        samples = np.frombuffer(sound, "<i2").astype(np.float32) / 32768.0
    elif form.width_bytes == 4:
        samples = (np.frombuffer(sound, "<i4").astype(np.float64) / 2147483648.0).astype(np.float32)
    else:
        # Each three bytes become the upper three of four: the sign is right without further ado.
        padded = np.zeros((len(sound) // 3, 4), dtype=np.uint8)
        padded[:, 1:] = np.frombuffer(sound, np.uint8).reshape(-1, 3)
        samples = (padded.reshape(-1).view("<i4").astype(np.float64) / 2147483648.0).astype(np.float32)
    if form.channels > 1:
        samples = samples.reshape(-1, form.channels).mean(axis=1, dtype=np.float32)
    return np.ascontiguousarray(samples, dtype=np.float32)
