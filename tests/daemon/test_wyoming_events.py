from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wyoming.info import Info
from wyoming_stage import MODEL, SPOKEN

from voxedge.daemon import wyoming_events as wire
from voxedge.daemon.wyoming_contract import Offer
from voxedge.events import IntentMatched, Partial, Slot, SpeechEnded, SpeechStarted, Transcript


def run(events, **how):
    writer = wire.TranscriptWriter(**how)
    out = [told for event in events for told in writer.take(event)]
    return [*out, *writer.finish()], writer


def chunks(told):
    return "".join(one.data["text"] for one in told if one.type == "transcript-chunk")


def test_a_transcript_with_what_leads_to_it():
    told, _ = run(SPOKEN)
    assert [(one.type, one.data.get("text")) for one in told] == [
        ("voice-started", None),
        ("transcript-start", None),
        ("transcript-chunk", "A large"),
        ("voice-stopped", None),
        ("transcript-chunk", " latte, please."),
        ("transcript", "A large latte, please."),
        ("transcript-stop", None),
    ]
    assert told[0].data["timestamp"] == 250
    assert told[3].data["timestamp"] == 1250
    assert told[5].data["language"] == "en"


def test_several_utterances_are_one_transcript():
    told, _ = run(
        [Transcript(turn=1, text="One."), Transcript(turn=2, text=""), Transcript(turn=3, text="Two.")]
    )
    assert chunks(told) == "One. Two."
    assert told[-2].data["text"] == "One. Two."


def test_the_first_utterance_is_all_where_that_is_wanted():
    told, writer = run([Transcript(turn=1, text=""), *SPOKEN, Transcript(turn=2, text="More.")], single=True)
    assert told[-2].data["text"] == "A large latte, please."
    assert writer.done


def test_silence_has_an_empty_transcript():
    told, _ = run([])
    assert [one.type for one in told] == ["transcript-start", "transcript", "transcript-stop"]
    assert told[1].data["text"] == ""


def test_words_that_the_final_spells_anew_are_not_said_twice():
    told, _ = run(
        [
            Partial(turn=1, text="i would like", stable="i would"),
            Transcript(turn=1, text="I would like tea.", language="en"),
        ]
    )
    assert chunks(told) == "i would like tea."
    assert told[-2].data["text"] == "I would like tea."


@given(
    st.lists(
        st.lists(st.sampled_from(["ab", "ba", "c", "dd"]), min_size=1, max_size=6), min_size=1, max_size=3
    )
)
def test_chunks_together_are_the_transcript(utterances):
    events = []
    for turn, words in enumerate(utterances, 1):
        events.append(SpeechStarted(turn=turn))
        events += [
            Partial(turn=turn, text=" ".join(words), stable=" ".join(words[:count]))
            for count in range(len(words))
        ]
        events.append(SpeechEnded(turn=turn, reason="silence"))
        events.append(Transcript(turn=turn, text=" ".join(words)))
    told, _ = run(events)
    assert chunks(told) == told[-2].data["text"] == " ".join(word for words in utterances for word in words)


def test_the_offer_is_read_by_the_library():
    event = wire.info(Offer(recognition=(MODEL,), voices=(MODEL,)), endpointing=True)
    info = Info.from_event(event)
    assert info.asr[0].models[0].name == "whisper-tiny.en"
    assert "MIT" in info.asr[0].models[0].description
    assert info.asr[0].supports_transcript_streaming
    assert info.asr[0].requires_external_vad is False
    assert info.tts[0].supports_synthesize_streaming
    assert info.handle == info.intent == []


def test_slots_are_typed_entities():
    event = wire.intent(
        IntentMatched(
            intent="setTemperature", slots={"degrees": Slot("twenty", 20, "celsius"), "room": Slot("hall")}
        )
    )
    assert event.data["entities"] == [{"name": "degrees", "value": 20}, {"name": "room", "value": "hall"}]


def test_languages():
    assert wire.language_code("en-US") == "en"
    assert wire.language_code("pt_BR") == "pt"
    assert wire.language_code("auto") == "auto"
    for odd in (None, 5, "", "e", "../../etc", "x" * 500, ["en"]):
        assert wire.language_code(odd) == ""


@given(
    st.dictionaries(
        st.sampled_from(
            ["language", "vad_sensitivity", "transcript_names", "transcript_terms", "voice", "context"]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=300),
            lambda inner: (
                st.lists(inner, max_size=300)
                | st.dictionaries(st.sampled_from(["name", "language", "conversation_id"]), inner)
            ),
        ),
    )
)
def test_wishes_of_any_kind_are_taken_or_left(fields):
    request = wire.speech_request(fields)
    assert len(request.bias) <= wire.MAX_BIAS
    assert all(len(one) <= wire.MAX_BIAS_CHARS for one in request.bias)
    assert all(isinstance(one, str) for one in (*wire.voice_of(fields), wire.conversation_of(fields)))
