"""Sound files of every kind, made with PyAV when a test asks for them."""

import av
import numpy as np

# suffix: (container, codec, sample format)
KINDS = {
    "wav": ("wav", "pcm_s16le", "s16"),
    "s24.wav": ("wav", "pcm_s24le", "s32"),
    "f32.wav": ("wav", "pcm_f32le", "flt"),
    "f64.wav": ("wav", "pcm_f64le", "dbl"),
    "u8.wav": ("wav", "pcm_u8", "u8"),
    "aiff": ("aiff", "pcm_s16be", "s16"),
    "flac": ("flac", "flac", "s16"),
    "mp3": ("mp3", "libmp3lame", "fltp"),
    "ogg": ("ogg", "vorbis", "fltp"),
    "oga": ("ogg", "flac", "s16"),
    "opus": ("ogg", "libopus", "flt"),
    "webm": ("webm", "libopus", "flt"),
    "m4a": ("mp4", "aac", "fltp"),
    "aac": ("adts", "aac", "fltp"),
    "mka": ("matroska", "flac", "s16"),
}


def tones(seconds=2.0, rate_hz=48000, channels=1):
    """A chord that swells and fades, at most 0.6; the channels differ in level only. Shape (n, channels)."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    chord = (np.sin(2 * np.pi * 300 * t) + np.sin(2 * np.pi * 1100 * t)) * 0.3 * np.sin(np.pi * t / seconds)
    return np.stack([chord / (1 + channel) for channel in range(channels)], axis=1).astype(np.float32)


def write_sound(path, sound, rate_hz, kind):
    container_name, codec, sample_format = KINDS[kind]
    if codec == "vorbis" and sound.shape[1] == 1:
        sound = np.repeat(sound, 2, axis=1)  # FFmpeg's own encoder makes stereo only
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[sound.shape[1]]
    with av.open(str(path), "w", format=container_name) as container:
        strict = {"strict": "experimental"} if codec == "vorbis" else {}
        stream = container.add_stream(
            codec, rate=rate_hz, layout=layout, format=sample_format, options=strict
        )
        resampler = av.AudioResampler(format=sample_format, layout=layout, rate=rate_hz)
        for at in range(0, len(sound), 1024):
            block = np.ascontiguousarray(sound[at : at + 1024].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, at
            for ready in resampler.resample(frame):
                container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    return path
