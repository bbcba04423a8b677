from voxedge.recognition.loops import cut_anew, cut_loop, ends_twice, loop_start


def test_a_sentence_said_once_is_left_alone():
    assert cut_loop([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) == ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), False)


def test_a_sentence_repeated_to_the_cap_is_cut_to_one():
    sentence = [11, 12, 13, 14, 15, 16, 17, 18]
    tokens = [1, 2, *sentence, *sentence, *sentence[:3]]
    assert cut_loop(tokens) == ((1, 2, *sentence), True)


def test_a_short_period_counts_from_three_times_on():
    assert loop_start([1, 7, 8, 7, 8]) is None
    assert cut_loop([1, 7, 8, 7, 8, 7, 8]) == ((1, 7, 8), True)


def test_one_token_over_and_over_is_a_loop():
    assert cut_loop([5] * 20) == ((5,), True)


def test_double_words_are_no_loop():
    assert not cut_loop([1, 2, 2])[1]
    assert cut_loop([]) == ((), False)


def test_an_ending_said_twice_is_noticed_and_a_short_one_is_not():
    assert ends_twice("by a similar process, by a similar process.")
    assert ends_twice("Yes, yes.")
    assert not ends_twice("I said no, no")
    assert not ends_twice("bye")
    assert not ends_twice("a similar process by a different process")
    assert not ends_twice("")


def test_a_tail_that_begins_anew_is_cut_and_a_short_one_is_not():
    assert cut_anew([1, 2, 3, 4, 5, 6, 1, 2, 3, 4]) == ((1, 2, 3, 4, 5, 6), True)
    assert cut_anew([1, 2, 3, 4, 5, 6, 1, 2, 3]) == ((1, 2, 3, 4, 5, 6, 1, 2, 3), False)
    assert cut_anew([1, 2, 3, 4, 5, 6, 7, 8]) == ((1, 2, 3, 4, 5, 6, 7, 8), False)
    assert cut_anew([]) == ((), False)
