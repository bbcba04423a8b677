import pytest

from voxedge.recognition.guard import Signs, belief, hopeless, verdict


def signs(peak=0.98, no_speech=0.05, score=-0.4, text="Turn on the light.", doubtful=False):
    return Signs(peak, no_speech, score, text, doubtful)


def test_clear_speech_stands():
    assert verdict(signs()) == ""


@pytest.mark.parametrize(
    ("peak", "no_speech", "score", "text"),
    [
        (0.04, 0.94, -1.6, "I'm going to go ahead and get it."),  # an exercise bike
        (0.35, 0.64, -0.9, "Thank you."),  # dishes
        (0.67, 0.57, -1.2, "We have to have anybody else to go take."),  # a kitchen
        (0.41, 0.05, -1.5, "I'm here today."),  # a kitchen, base
    ],
)
def test_sentences_over_noise_are_suppressed(peak, no_speech, score, text):
    assert verdict(signs(peak, no_speech, score, text)) != ""


@pytest.mark.parametrize(
    ("peak", "no_speech", "score"), [(0.99, 0.71, -0.8), (0.92, 0.48, -0.64), (0.87, 0.08, -1.1)]
)
def test_hard_utterances_stand(peak, no_speech, score):
    assert verdict(signs(peak, no_speech, score, "r e w y 856")) == ""


def test_marks_alone_are_no_words():
    assert verdict(signs(text=" . . . ")) == "no_speech"
    assert verdict(signs(text="")) == "no_speech"


def test_a_phantom_is_believed_less_but_may_be_said():
    assert belief(signs(text="Thank you.")) < belief(signs(text="Thank Jane."))
    assert verdict(signs(text="Thank you.")) == ""


def test_a_loop_is_believed_less_and_named():
    assert verdict(signs(0.75, 0.3, -0.6, "I'm going to let you go.", doubtful=True)) == "loop"


def test_each_sign_pulls_its_way():
    middle = belief(signs(0.8, 0.3, -0.8))
    assert belief(signs(0.9, 0.3, -0.8)) > middle
    assert belief(signs(0.8, 0.6, -0.8)) < middle
    assert belief(signs(0.8, 0.3, -1.8)) < middle


def test_extremes_are_finite_and_the_early_gate_is_low():
    assert belief(signs(0.0, 1.0, -99.0)) < -5
    assert belief(signs(1.0, 0.0, 0.0)) > 5
    assert hopeless(0.1)
    assert not hopeless(0.5)
