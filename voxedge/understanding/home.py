"""A house as Home Assistant's test files describe one: its lists, and which states a result speaks of.

Used to run sentence tests (`testing`): the replies of these grammars speak of entities and timers.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voxedge.events import Slot, SlotValue
from voxedge.understanding.grammar import AnyList, ListValue, TextList
from voxedge.understanding.loading import text_list
from voxedge.understanding.templates import Alternatives, Node, Text, is_template, parse_template
from voxedge.understanding.templates import Sequence as NodeSequence

TEST_TIME = datetime.datetime(2013, 9, 17, 1, 2)
"""The moment that the expected replies about date and time were written for."""

_ONLY_DOMAIN = {
    "HassClimateGetTemperature": "climate",
    "HassClimateSetTemperature": "climate",
    "HassGetWeather": "weather",
}
_TIMER_INTENTS = {
    "HassTimerStatus",
    "HassCancelTimer",
    "HassCancelAllTimers",
    "HassIncreaseTimer",
    "HassDecreaseTimer",
    "HassPauseTimer",
    "HassUnpauseTimer",
}
_TIMER_FIELDS = ("start_hours", "start_minutes", "start_seconds")
_TIMER_LEFT = ("rounded_hours_left", "rounded_minutes_left", "rounded_seconds_left", "total_seconds_left")


def spellings(text: str) -> list[str]:
    """The texts that a name with template syntax stands for ("Trader Joe[']s")."""
    if not is_template(text):
        return [text.strip()]

    def expand(node: Node) -> list[str]:
        if isinstance(node, Text):
            return [node.text]
        if isinstance(node, NodeSequence):
            texts = [""]
            for item in node.items:
                texts = [before + after for before in texts for after in expand(item)]
            return texts
        if isinstance(node, Alternatives):
            return [text for item in node.items for text in expand(item)]
        return [""]

    return [" ".join(item.split()) for item in expand(parse_template(text))]


def _rows(data: Mapping[str, SlotValue], key: str) -> list[dict[str, SlotValue]]:
    rows = data.get(key) or []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _key(text: object) -> str:
    return str(text).strip().casefold()


@dataclass
class State:
    """An entity with its state, as templates of replies see it."""

    entity_id: str
    name: str
    hass_state: str
    human_state: str
    attributes: Mapping[str, SlotValue]
    area_id: str = ""
    aliases: tuple[str, ...] = ()
    exact_state: str = ""

    @property
    def domain(self) -> str:
        """The part of the id before the dot."""
        return self.entity_id.split(".", 1)[0]

    @property
    def state(self) -> str:
        """The state in the language of the house."""
        return self.human_state or self.hass_state

    @property
    def state_with_unit(self) -> str:
        """The state with its unit of measurement."""
        if self.exact_state:
            return self.exact_state
        unit = self.attributes.get("unit_of_measurement")
        return f"{self.state} {unit}" if unit else self.state


@dataclass
class Home:
    """Areas, floors, entities, timers and media of a test file."""

    areas: list[dict[str, SlotValue]] = field(default_factory=list)
    floors: list[dict[str, SlotValue]] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    timers: list[dict[str, SlotValue]] = field(default_factory=list)
    media: list[dict[str, SlotValue]] = field(default_factory=list)
    lists: dict[str, AnyList] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, SlotValue]) -> Home:
        """The house of a fixtures file or of the head of a slot combination's test file."""
        home = cls(
            _rows(data, "areas"), _rows(data, "floors"), [], _rows(data, "timers"), _rows(data, "media")
        )
        values = []
        for row in _rows(data, "entities"):
            names = spellings(str(row["name"]))
            slug = _key(names[0]).replace(" ", "_")
            entity_id = str(row.get("id") or f"{row.get('domain')}.{slug}")
            attributes = row.get("attributes")
            attributes = attributes if isinstance(attributes, dict) else {}
            state = row.get("state", "off")
            human = str(state.get("in")) if isinstance(state, dict) else ""
            hass = str(state.get("out")) if isinstance(state, dict) else str(state)
            exact = str(row.get("state_with_unit") or "")
            home.states.append(
                State(
                    entity_id, names[0], hass, human, attributes, str(row.get("area") or ""),
                    tuple(names[1:]), exact,
                )
            )  # fmt: skip
            context = {"domain": home.states[-1].domain, **attributes}
            values += [ListValue(Text(name), name, context) for name in names]
        home.lists = {
            "name": TextList(tuple(values)),
            "area": text_list([name for row in home.areas for name in spellings(str(row["name"]))]),
            "floor": text_list([name for row in home.floors for name in spellings(str(row["name"]))]),
        }
        return home

    def _ids(self, rows: Sequence[Mapping[str, SlotValue]], name: object) -> str | None:
        for row in rows:
            if _key(name) in map(_key, spellings(str(row["name"]))):
                return str(row.get("id") or row["name"])
        return None

    def matched(self, intent: str, slots: Mapping[str, Slot]) -> tuple[list[State], list[State]]:
        """The states that a result speaks of: those in the state that it names, and the others."""
        wanted = {key: slot.value for key, slot in slots.items()}
        yes: list[State] = []
        no: list[State] = []
        for state in self.states:
            if intent in _ONLY_DOMAIN and state.domain != _ONLY_DOMAIN[intent]:
                continue
            if not self._fits(state, wanted):
                continue
            named = wanted.get("state")
            (yes if named is None or state.hass_state == str(named) else no).append(state)
        return yes, no

    def _fits(self, state: State, wanted: Mapping[str, SlotValue]) -> bool:
        if "name" in wanted and _key(wanted["name"]) not in map(_key, (state.name, *state.aliases)):
            return False
        if "area" in wanted and state.area_id != self._ids(self.areas, wanted["area"]):
            return False
        if "floor" in wanted:
            area = next((row for row in self.areas if str(row.get("id")) == state.area_id), {})
            if not area or str(area.get("floor")) != self._ids(self.floors, wanted["floor"]):
                return False
        if "domain" in wanted and not _one_of(state.domain, wanted["domain"]):
            return False
        return "device_class" not in wanted or _one_of(
            state.attributes.get("device_class"), wanted["device_class"]
        )

    def matched_timers(self, intent: str, slots: Mapping[str, Slot]) -> list[dict[str, SlotValue]]:
        """The timers that a result speaks of, with every field that replies ask for."""
        if intent not in _TIMER_INTENTS:
            return []
        timers = self.timers
        if any(name in slots for name in _TIMER_FIELDS):
            wanted = [slots[name].value if name in slots else None for name in _TIMER_FIELDS]
            timers = [timer for timer in timers if [timer.get(name) for name in _TIMER_FIELDS] == wanted]
        if "name" in slots:
            timers = [timer for timer in timers if _key(timer.get("name", "")) == _key(slots["name"].value)]
        if "area" in slots:
            area = _key(slots["area"].value)
            timers = [timer for timer in timers if _key(self._area_name(timer)) == area]
        filled: list[dict[str, SlotValue]] = []
        for timer in timers:
            numbers: dict[str, SlotValue] = {
                key: timer.get(key) or 0 for key in (*_TIMER_FIELDS, *_TIMER_LEFT)
            }
            filled.append(
                {
                    **numbers,
                    "is_active": timer.get("is_active", True),
                    "name": str(timer.get("name") or "").strip().casefold(),
                    "area": _key(self._area_name(timer)),
                }
            )
        return filled

    def _area_name(self, timer: Mapping[str, SlotValue]) -> str:
        for row in self.areas:
            if row.get("id") == timer.get("area"):
                return spellings(str(row["name"]))[0]
        return str(timer.get("area") or "")

    def reply_values(
        self, intent: str, slots: Mapping[str, Slot], captured: Mapping[str, str]
    ) -> dict[str, object]:
        """What the templates of replies may use."""
        yes, no = self.matched(intent, slots)
        timers = self.matched_timers(intent, slots)
        values: dict[str, object] = {name: slot.text or slot.value for name, slot in slots.items()}
        values.update(captured)
        values.update(
            timers=timers,
            canceled=len(timers),
            date=TEST_TIME.date(),
            time=TEST_TIME.time(),
            completed_items=[],
        )
        if intent == "HassMediaSearchAndPlay" and "search_query" in slots:
            hits = [row for row in self.media if str(row.get("title")) == str(slots["search_query"].value)]
            if hits:
                values["media"] = hits[0]

        def state_attr(entity_id: str, name: str) -> SlotValue:
            return next((item.attributes.get(name) for item in yes if item.entity_id == entity_id), None)

        first = next(iter((*yes, *no)), None)
        query = {"matched": yes, "unmatched": no, "total_results": len(yes) + len(no)}
        return {"slots": values, "state": first, "query": query, "state_attr": state_attr}


def _one_of(actual: SlotValue, wanted: SlotValue) -> bool:
    return actual in wanted if isinstance(wanted, list) else actual == wanted
