import pytest

from voxedge.recognition.windows import FULL_S, WindowPolicy


@pytest.mark.parametrize("speech_s", [0.1, 1.0, 4.0, 8.0, 14.0, 20.0, 29.5, 30.0])
def test_windows_hold_the_speech_and_widen_to_thirty_seconds(speech_s):
    windows = WindowPolicy().windows_s(speech_s)
    assert windows[0] >= min(FULL_S, speech_s)
    assert list(windows) == sorted(set(windows))
    assert windows[-1] == FULL_S


def test_short_speech_gets_the_least_window_and_a_second_of_silence_above_it():
    policy = WindowPolicy(least_s=5.0, silence_s=1.0)
    assert policy.windows_s(2.0)[0] == 5.0
    assert policy.windows_s(8.0)[0] == 9.0
    assert policy.windows_s(30.0) == (30.0,)


def test_the_cap_allows_fast_readers_and_never_more_than_the_decoder_has():
    policy = WindowPolicy()
    assert policy.most_tokens(10.0) >= 70
    assert policy.most_tokens(0.2) >= 8
    assert policy.most_tokens(1000.0) == 224


def test_a_first_try_is_allowed_less_and_another_one_as_much_as_was_heard_and_a_little_more():
    policy = WindowPolicy()
    assert policy.likely_tokens(4.0, "en") < policy.most_tokens(4.0) == policy.likely_tokens(4.0, "es")
    assert policy.hinted_tokens(4.0, 24) > 24
    assert policy.hinted_tokens(4.0, 2) >= 20
    assert policy.hinted_tokens(4.0, 200) == policy.most_tokens(4.0)
