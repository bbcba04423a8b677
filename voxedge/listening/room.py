"""The listening room: frames go in; the start, the sound and the end of utterances come out.

Pure logic: no thread, no file, no clock. Time is the number of the sample, so the same sound gives the
same events, in blocks of whatever size it came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from voxedge.audio.contract import FRAME_SAMPLES, SAMPLE_RATE_HZ, UtteranceAudio
from voxedge.errors import AudioInvalid
from voxedge.events import CancelToken, EndReason, Event, SpeechEnded, SpeechStarted
from voxedge.listening.buffer import SampleBuffer

if TYPE_CHECKING:
    from voxedge.audio.contract import Frame, MonoF32
    from voxedge.listening.contract import CompletenessHook, VoiceActivity
    from voxedge.listening.settings import EndpointSettings

EmitItem: TypeAlias = "Callable[[Event | UtteranceAudio], None]"

ONSET_GAP_FRAMES = 3
"""So many frames (96 ms) without speech end the attempt of a start: the closure of a plosive is shorter."""
RESUME_FRAMES = 2
"""After a pause, so many frames (64 ms) in a row are speech again; one alone is a click."""
FIRST_GROWING_MS = 384
"""The first growing sound comes after so much speech (where the pace is slower than that): with less there is
hardly a word in it, and people want to see something soon."""
CUT_LOOKBACK_S = 2.0
"""An utterance that is too long is cut at the quietest frame of so many seconds."""


@dataclass(slots=True)
class _Heard:
    """A frame that was judged."""

    samples: MonoF32
    start: int
    probability: float
    energy: float

    @property
    def end(self) -> int:
        return self.start + FRAME_SAMPLES


class Listening:
    """Finds the utterances of a stream.

    For each utterance it emits ``SpeechStarted``, then the sound as it grows (``growing``, where asked
    for) and at each pause (``pause``), then ``SpeechEnded``, then the whole (``final``). Turns are counted
    from 1. Not safe to use from several threads.

    Args:
        activity: Says how likely a frame is speech.
        settings: When an utterance begins and ends.
        completeness: Asked while a pause lasts what understanding makes of the words so far.
        growing_every_ms: Pace of ``growing`` sound; 0 for none.
        next_turn: Gives the numbers of turns, where others (typed text) take numbers as well.
    """

    def __init__(
        self,
        activity: VoiceActivity,
        settings: EndpointSettings,
        *,
        completeness: CompletenessHook | None = None,
        growing_every_ms: int = 0,
        next_turn: Callable[[], int] | None = None,
    ) -> None:
        self._activity = activity
        self._settings = settings
        self._completeness = completeness
        self._next_turn = next_turn
        self._pause = _samples(settings.pause_ms)
        self._growing_every = _samples(growing_every_ms)
        self._max = int(settings.max_utterance_s * SAMPLE_RATE_HZ)
        # The utterance may have to be cut in the last seconds; a short limit must not be eaten up by that.
        self._lookback = min(int(CUT_LOOKBACK_S * SAMPLE_RATE_HZ), self._max // 4)
        kept = (
            max(self._lookback, _samples(settings.preroll_ms + 3 * settings.min_speech_ms))
            + 8 * FRAME_SAMPLES
        )
        self._recent: deque[_Heard] = deque(maxlen=kept // FRAME_SAMPLES)
        self._turn = 0
        self._next_sample: int | None = None
        self._ended_complete = False
        self.probability = 0.0
        """Probability of speech in the last frame, 0..1."""
        self._idle()

    @property
    def turn(self) -> int:
        """Number of the last turn that began; 0 before the first."""
        return self._turn

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open."""
        return self._buffer is not None

    def feed(self, frame: Frame, emit: EmitItem, cancel: CancelToken) -> None:
        """Takes the next frame.

        A frame that doesn't follow on the one before (its number jumps) ends an open utterance.

        Raises:
            AudioInvalid: The frame has the wrong length, or samples that are no numbers.
        """
        if cancel.cancelled:
            return
        samples = frame.samples
        if samples.shape != (FRAME_SAMPLES,):
            raise AudioInvalid(
                f"A frame must hold {FRAME_SAMPLES} samples, not an array of shape {samples.shape}.",
                remedy="Hand the sound to voxedge.audio, which cuts it into frames.",
            )
        energy = float(samples @ samples)
        if not 0.0 <= energy < float("inf"):
            raise AudioInvalid(
                "The sound has samples that are no finite numbers.",
                remedy="Replace them before: numpy.nan_to_num(samples).",
            )
        if self._next_sample is not None and frame.start_sample != self._next_sample:
            self.flush(emit)
        self._next_sample = frame.start_sample + FRAME_SAMPLES
        self.probability = self._activity.probability(samples)
        self._step(_Heard(samples.copy(), frame.start_sample, self.probability, energy), emit)

    def flush(self, emit: EmitItem) -> None:
        """The stream is at its end (or broken): ends an open utterance and forgets the sound before."""
        if self._buffer is not None:
            end = self._buffer.end_sample
            self._finish("end_of_stream", end, end, emit)
        self._recent.clear()
        self._idle()
        self._activity.reset()
        self._next_sample = None

    def cancel_utterance(self, emit: EmitItem) -> None:
        """Gives up an open utterance: ``SpeechEnded`` with ``cancelled``, no sound.

        What the person still says belongs to it: the next utterance begins after the next pause.
        """
        if self._buffer is None:
            return
        now = self._buffer.end_sample
        emit(
            SpeechEnded(
                turn=self._turn,
                time=now / SAMPLE_RATE_HZ,
                reason="cancelled",
                speech_end=self._speech_end / SAMPLE_RATE_HZ,
            )
        )
        self._recent.clear()
        self._idle()
        self._deaf = True

    def _idle(self) -> None:
        self._buffer: SampleBuffer | None = None
        self._onset_start = -1
        self._onset_speech = 0
        self._onset_gap = 0
        self._speech_end = 0
        self._run = 0
        self._pause_told, self._pause_end = False, 0
        self._next_growing = 0
        self._deaf = False
        self._quiet = 0

    def _step(self, heard: _Heard, emit: EmitItem) -> None:
        self._recent.append(heard)
        if self._buffer is not None:
            self._step_in_utterance(heard, self._buffer, emit)
        elif self._deaf:
            self._quiet = 0 if heard.probability >= self._settings.stay_probability else self._quiet + 1
            if self._quiet * FRAME_SAMPLES >= self._pause:
                self._deaf = False
        else:
            self._step_before(heard, emit)

    def _step_before(self, heard: _Heard, emit: EmitItem) -> None:
        settings = self._settings
        trying = self._onset_start >= 0
        if heard.probability >= (settings.stay_probability if trying else settings.start_probability):
            if not trying:
                self._onset_start = heard.start
            self._onset_speech += FRAME_SAMPLES
            self._onset_gap = 0
            if self._onset_speech >= _samples(settings.min_speech_ms):
                self._begin(heard, emit)
        elif trying:
            self._onset_gap += 1
            if self._onset_gap > ONSET_GAP_FRAMES:
                self._onset_start, self._onset_speech, self._onset_gap = -1, 0, 0

    def _begin(self, heard: _Heard, emit: EmitItem) -> None:
        self._turn = self._next_turn() if self._next_turn is not None else self._turn + 1
        first = self._onset_start - _samples(self._settings.preroll_ms)
        kept = [item for item in self._recent if item.end > first]
        self._buffer = SampleBuffer(kept[0].start)
        for item in kept:
            self._buffer.append(item.samples)
        self._speech_end = heard.end
        self._run = RESUME_FRAMES
        self._next_growing = self._onset_start + min(self._growing_every, _samples(FIRST_GROWING_MS))
        emit(SpeechStarted(turn=self._turn, time=self._onset_start / SAMPLE_RATE_HZ))

    def _step_in_utterance(self, heard: _Heard, buffer: SampleBuffer, emit: EmitItem) -> None:
        buffer.append(heard.samples)
        voiced = heard.probability >= self._settings.stay_probability
        self._run = self._run + 1 if voiced else 0
        if voiced and (not self._pause_told or self._run >= RESUME_FRAMES):
            self._speech_end = heard.end
            self._pause_told = False
        silence = heard.end - self._speech_end
        if not voiced and self._pause_told and silence >= self._wait():
            self._finish(self._reason(silence), heard.end, heard.end, emit)
            return
        if heard.end - self._onset_start >= self._max:
            self._cut(emit)
            return
        if silence >= self._pause and not self._pause_told:
            self._pause_told, self._pause_end = True, heard.end
            self._tell("pause", buffer, emit)
            # A runtime that works in this very thread knows the words now.
            if silence >= self._wait():
                self._finish(self._reason(silence), heard.end, heard.end, emit)
        elif self._growing_every and heard.end >= self._next_growing and not self._pause_told and voiced:
            # Not where silence may be the beginning of a pause: the words before it are to be heard at once.
            self._next_growing += self._growing_every
            self._tell("growing", buffer, emit)

    def _wait(self) -> int:
        known = self._completeness(self._turn) if self._completeness is not None else "unknown"
        self._ended_complete = known == "complete"
        speech_ms = (self._speech_end - self._onset_start) * 1000 / SAMPLE_RATE_HZ
        return _samples(self._settings.wait_ms(known, speech_ms))

    def _reason(self, silence: int) -> EndReason:
        early = self._ended_complete and silence < _samples(self._settings.min_silence_ms)
        return "complete" if early else "silence"

    def _cut(self, emit: EmitItem) -> None:
        """Ends an utterance that is too long where it is quietest; the rest begins the next one."""
        candidates = list(self._recent)[-(self._lookback // FRAME_SAMPLES) :]
        # The mean of three frames: a single quiet one may be the closure of a plosive, in a word.
        energies = [item.energy for item in candidates]
        smooth = [sum(energies[max(0, i - 1) : i + 2]) for i in range(len(energies))]
        place = min(range(len(smooth)), key=smooth.__getitem__)
        rest = candidates[place + 1 :]
        end = candidates[place].end
        self._speech_end = min(self._speech_end, end)
        self._finish("limit", end, end, emit)
        self._recent.clear()
        for item in rest:
            self._step(item, emit)

    def _tell(self, kind: Literal["growing", "pause"], buffer: SampleBuffer, emit: EmitItem) -> None:
        emit(
            UtteranceAudio(
                turn=self._turn,
                samples=buffer.view(),
                start_sample=buffer.start_sample,
                speech_end_sample=self._speech_end,
                kind=kind,
            )
        )

    def _finish(self, reason: EndReason, now: int, upto: int, emit: EmitItem) -> None:
        buffer = self._buffer
        assert buffer is not None
        turn, speech_end = self._turn, self._speech_end
        audio = UtteranceAudio(
            turn=turn,
            samples=buffer.view(upto),
            start_sample=buffer.start_sample,
            speech_end_sample=speech_end,
            kind="final",
            reason=reason,
            pause_end_sample=self._pause_end if self._pause_told else 0,
        )
        # The next utterance's pre-roll must not repeat the words of this one.
        while self._recent and self._recent[0].start < speech_end:
            self._recent.popleft()
        self._idle()
        emit(
            SpeechEnded(
                turn=turn,
                time=now / SAMPLE_RATE_HZ,
                reason=reason,
                speech_end=speech_end / SAMPLE_RATE_HZ,
            )
        )
        emit(audio)


def _samples(milliseconds: float) -> int:
    return int(milliseconds * SAMPLE_RATE_HZ / 1000)
