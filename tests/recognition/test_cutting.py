import numpy as np
import pytest

from voxedge.errors import AudioEmpty, AudioInvalid, Cancelled
from voxedge.events import CancelToken, Word
from voxedge.recognition.contract import Recognition, RecognitionOptions, RecognizerCapabilities, Segment
from voxedge.recognition.cutting import Cutter
from voxedge.recognition.long import recognize_long

RATE = 16_000


def loud_is_speech(frame):
    return 1.0 if np.abs(frame).max() > 0.1 else 0.0


def sound(*stretches):
    """Alternates speech and silence: seconds each, speech first."""
    return np.concatenate(
        [np.full(int(s * RATE), 0.5 if i % 2 == 0 else 0.0, np.float32) for i, s in enumerate(stretches)]
    )


def pieces(samples, block=7_777, **options):
    cutter = Cutter(loud_is_speech, **options)
    found = []
    for begin in range(0, len(samples), block):
        found += cutter.feed(samples[begin : begin + block])
    return [*found, *cutter.flush()]


class Echo:
    """A recognizer that says how long the sound was; keeps the lengths."""

    capabilities = RecognizerCapabilities(model="echo", languages=("en",))

    def __init__(self):
        self.lengths = []

    def recognize(self, samples, options, cancel=None):
        assert options.alternatives == 1
        assert not options.partial
        seconds = len(samples) / RATE
        self.lengths.append(seconds)
        words = (Word("x", 0.1, 0.2, 1.0),)
        return Recognition(
            text="x", segments=(Segment(text="x", start=0.1, end=seconds, words=words),), words=words
        )

    def close(self):
        pass


def test_pieces_are_cut_in_long_pauses_and_lose_no_speech():
    samples = sound(8, 2, 8, 2, 3)
    found = pieces(samples)
    assert len(found) == 3
    assert sum(int((np.abs(s) > 0.1).sum()) for _, s in found) == int((np.abs(samples) > 0.1).sum())
    starts = [start for start, _ in found]
    assert starts[0] == 0
    assert 8 < starts[1] < 10
    assert 18 < starts[2] < 20


def test_two_words_alone_are_not_parted_from_their_sentence():
    assert len(pieces(sound(1.5, 1.2, 1.0, 1.2, 3))) == 1


def test_speech_without_a_pause_is_cut_at_the_most():
    found = pieces(sound(100), most_s=28.0)
    assert all(len(s) <= 28.1 * RATE for _, s in found)
    assert sum(len(s) for _, s in found) >= 100 * RATE
    starts = [start for start, _ in found]
    ends = [start + len(s) / RATE for start, s in found]
    assert all(abs(e - s) < 1e-6 for e, s in zip(ends, starts[1:], strict=False))


@pytest.mark.parametrize("block", [1, 160, 512, 16_000, 10**9])
def test_the_size_of_blocks_changes_nothing(block):
    samples = sound(0.3, 0.1, 0.2) if block == 1 else sound(8, 2, 8, 0.5, 9, 4, 1)
    reference = pieces(samples)
    found = pieces(samples, block=block)
    assert [s for s, _ in found] == [s for s, _ in reference]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, reference, strict=True))


def test_silence_gives_nothing_and_is_not_kept():
    cutter = Cutter(loud_is_speech)
    for _ in range(600):
        assert list(cutter.feed(np.zeros(RATE, np.float32))) == []
        assert len(cutter._frames) < 100
    assert list(cutter.flush()) == []


def test_long_sound_gives_absolute_times_and_bounded_pieces():
    engine = Echo()
    blocks = (sound(10, 2) for _ in range(30))
    found = list(
        recognize_long(
            engine,
            blocks,
            RecognitionOptions(alternatives=3, partial=True),
            speech_probability=loud_is_speech,
        )
    )
    assert len(found) == 30
    assert max(engine.lengths) <= 28.1
    assert [s.start for s in found] == sorted(s.start for s in found)
    assert 345 < found[-1].start < 350
    assert found[-1].words[0].start == found[-1].start


def test_segments_come_as_they_are_ready():
    taken = []

    def blocks():
        for number in range(10):
            taken.append(number)
            yield sound(10, 2)

    stream = recognize_long(Echo(), blocks(), RecognitionOptions(), speech_probability=loud_is_speech)
    next(stream)
    assert len(taken) < 3


def test_no_sound_nonsense_and_cancelling_have_their_names():
    def run(blocks, cancel=None):
        extra = {"cancel": cancel} if cancel else {}
        return list(
            recognize_long(
                Echo(), iter(blocks), RecognitionOptions(), speech_probability=loud_is_speech, **extra
            )
        )

    with pytest.raises(AudioEmpty):
        run([])
    with pytest.raises(AudioInvalid):
        run([np.array([np.nan], np.float32)])
    with pytest.raises(AudioInvalid):
        run([np.zeros(10, np.int16)])
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run([sound(1)], token)
