"""What several decodings of one utterance come to."""

from __future__ import annotations

import itertools
import math

import pytest

from voxedge.events import Alternative, IntentMatched, NoIntent, Slot
from voxedge.evidence import SAY, decide
from voxedge.understanding import create
from voxedge.understanding.contract import Candidate, command_of
from voxedge.understanding.trained.combined import Combined


def heard(*texts, scores=()):
    return tuple(
        Alternative(text, score)
        for text, score in itertools.zip_longest(texts, scores, fillvalue=-0.1)
        if isinstance(text, str)
    )


@pytest.fixture(scope="module")
def coffee():
    return create(["coffee"])


def drink(verdict):
    assert isinstance(verdict.result, IntentMatched)
    return verdict.result.slots["coffeeDrink"].text


class Told:
    """Knows how near each text is to each command."""

    def __init__(self, costs):
        self.costs = costs

    def candidates(self, text, context=None):
        return [Candidate(name, cost) for name, cost in sorted(self.costs[text].items(), key=lambda e: e[1])]

    def understand(self, hypotheses, context=None):
        text = hypotheses[0].text if hypotheses else ""
        costs = self.costs.get(text, {})
        if not costs:
            return NoIntent(reason="empty")
        return IntentMatched(intent=min(costs, key=costs.__getitem__), text=text)


def test_two_decodings_outvote_one(coffee):
    latte, mocha = heard("I want a latte"), heard("I want a mocha")
    for order in itertools.permutations([latte, latte, mocha]):
        assert drink(decide(coffee, order)) == "latte"


def test_of_equals_the_earlier_is_taken_and_nothing_is_between_them(coffee):
    verdict = decide(coffee, [heard("I want a latte"), heard("I want a mocha")])
    assert (drink(verdict), verdict.margin) == ("latte", 0.0)


def test_a_reading_that_the_decoder_believes_less_says_less(coffee):
    readings = heard("I want a latte", "I want a mocha", scores=(-0.1, -0.4))
    assert drink(decide(coffee, [readings])) == "latte"
    assert drink(decide(coffee, [readings[::-1]])) == "latte"
    assert 0 < decide(coffee, [readings]).margin < decide(coffee, [readings[:1]]).margin


def test_what_is_garbled_says_less_than_what_is_clear():
    told = Told({"clear": {"on": 0.0, "off": 3.0}, "garbled": {"off": 6.0, "on": 9.0}})
    verdict = decide(told, [heard("garbled"), heard("clear")])
    assert verdict.result.intent == "on"
    assert verdict.margin > 0.3


def test_no_decoding_says_more_than_so_much():
    """However far off a command is, two decodings that hear it outweigh one that doesn't."""
    told = Told({"on": {"on": 0.0, "off": 50.0}, "rather off": {"off": 0.1, "on": 0.7}})
    assert decide(told, [heard("on")]).margin == pytest.approx(SAY, abs=0.01)
    assert decide(told, [heard("on"), heard("rather off"), heard("rather off")]).result.intent == "off"


def test_what_a_decoding_has_not_heard_at_all_is_the_worst_it_can_say():
    told = Told({"on": {"on": 0.0}, "dim": {"dim": 0.0}, "both": {"dim": 0.0, "on": 0.2}})
    assert decide(told, [heard("on"), heard("dim"), heard("both")]).result.intent == "dim"


def test_the_readings_of_the_command_make_the_same_result(coffee):
    decodings = [heard("I want a lotte", "I want a latte"), heard("I want a mocha"), heard("I want a latte")]
    verdict = decide(coffee, decodings)
    assert drink(verdict) == "latte"
    assert {item.text for item in verdict.readings} == {"I want a lotte", "I want a latte"}
    again = coffee.understand(verdict.readings)
    assert (again.intent, again.slots, again.text) == (
        verdict.result.intent,
        verdict.result.slots,
        verdict.result.text,
    )


@pytest.mark.parametrize("decodings", [[], [()], [heard("")], [heard("the weather in Rome"), ()]])
def test_nothing_heard_is_no_command(coffee, decodings):
    verdict = decide(coffee, decodings)
    assert isinstance(verdict.result, NoIntent)
    assert verdict.margin < 0.1


def test_one_that_cant_tell_commands_apart_is_given_all_readings_at_once(coffee):
    combined = Combined([coffee])
    verdict = decide(combined, [heard("I want a lotte", "I want a mocha"), heard("I want a mokka")])
    assert [item.text for item in verdict.readings] == ["I want a lotte", "I want a mocha", "I want a mokka"]
    assert verdict.result.slots == combined.understand(verdict.readings).slots
    assert verdict.margin == 0.0


def test_of_a_refusal_all_readings_are_handed_on(coffee):
    verdict = decide(coffee, [heard("the whether in roam"), heard("the weather in Rome")])
    assert isinstance(verdict.result, NoIntent)
    assert {item.text for item in verdict.readings} == {"the whether in roam", "the weather in Rome"}


def test_a_reading_that_breaks_off_says_less_than_one_that_goes_on_with_a_command(coffee):
    readings = heard("brew a coffee", "brew a coffee with a bit of mulk")
    assert decide(coffee, [readings]).result.slots["milkAmount"].text == "a bit of milk"
    on = heard("brew a coffee", "brew a coffee in the house of my friend", scores=(-0.2, -0.2))
    assert set(decide(coffee, [on]).result.slots) == {"coffeeDrink"}


def test_a_reading_that_is_as_near_to_another_command_makes_no_tie_of_what_is_decided():
    near = {"a": 0.2, "b": 0.2}

    class Tied(Told):
        def understand(self, hypotheses, context=None):
            texts = [item.text for item in hypotheses]
            return NoIntent(reason="tie") if "either" in texts else super().understand(hypotheses, context)

    verdict = decide(
        Tied({"either": near, "surely a": {"a": 0.3, "b": 3.0}}), [heard("either"), heard("surely a")]
    )
    assert verdict.result.intent == "a"


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_scores_that_are_no_numbers_say_nothing(coffee, wrong):
    odd = (Alternative("I want a latte", wrong), Alternative("I want a lotte", -0.1))
    verdict = decide(coffee, [odd, heard("I want a latte")])
    assert drink(verdict) == "latte"
    assert math.isfinite(verdict.margin)


def test_a_command_is_one_however_it_is_written():
    written, spoken = Slot("Milk", "Milk"), Slot("milk", "milk")
    assert command_of("add", {"item": written}) == command_of("add", {"item": spoken})


def test_candidates_are_nearest_first_and_what_the_grammar_has_costs_nothing(coffee):
    exact = coffee.candidates("can I get a large latte")
    assert exact[0] == (command_of("orderDrink", {"size": slot("large"), "coffeeDrink": slot("latte")}), 0.0)
    assert all(item.cost > 0 for item in exact[1:])
    near = coffee.candidates("can I get a large ice coffee")
    assert near[0].cost > 0
    assert [item.cost for item in near] == sorted(item.cost for item in near)
    assert len({item.command for item in near}) == len(near)
    assert coffee.candidates("") == []


def slot(text):
    return Slot(text, text)


def test_commands_are_the_same_whatever_the_order_of_their_slots():
    one = command_of("x", {"a": Slot("one", 1), "b": Slot("two", 2)})
    assert one == command_of("x", {"b": Slot("zwei", 2), "a": Slot("eins", 1)})
    assert one != command_of("x", {"a": Slot("one", 1)})
    assert one != command_of("y", {"a": Slot("one", 1), "b": Slot("two", 2)})
    assert one == command_of("x", {"a": Slot("one", 1.0), "b": Slot("two", 2)})


def test_values_that_are_lists_or_tables_make_a_command_too():
    """Home Assistant's grammars have fixed slots with lists."""
    one = command_of("x", {"kind": Slot("", ["light", "switch"])})
    assert {one: 1}[command_of("x", {"kind": Slot("", ["light", "switch"])})] == 1
    assert one != command_of("x", {"kind": Slot("", ["light"])})
