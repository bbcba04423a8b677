"""The car's state, and what each command does to it. Pure: no threads, no clock (it receives the time).

An integrator would put CAN messages where `Car` assigns; the event stream tells other processes the rest.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

LEAST_C, MOST_C = 14.0, 32.0
UNDO_STEPS = 8
DRIVING_KMH = 5
"""Above this speed the car drives, and the rules for driving hold."""


class Value(Protocol):
    """A slot as the car needs it: `voxedge.events.Slot`, or anything like it."""

    @property
    def value(self) -> object:
        """The typed value."""


Slots = Mapping[str, Value]


@dataclass
class Timer:
    """A timer.

    Attributes:
        name: "" where it has none.
        left_s: Seconds that are left.
        paused: Whether it stands still.
    """

    name: str
    left_s: float
    paused: bool = False


@dataclass
class Car:
    """Everything that the dashboard shows.

    Attributes:
        speed_kmh: How fast it drives; the rules for driving hold above `DRIVING_KMH`.
        temperatures: Degrees Celsius by zone.
        devices: Heating, air conditioning and the like that are on.
        fan: 0..10.
        seats: Seat heating by seat, 0..3.
        openings: How far windows, sunroof and trunk are open, in percent.
        locked: Whether the doors are.
        destination: Where it goes; "" for nowhere.
        media: What is played; "" for nothing.
        playing: Whether it plays.
        volume: 0..100.
        muted: Whether the sound is off.
        call: Who is on the telephone; "" for nobody.
        lights: Those that are on.
        timers: In the order in which they were set.
        battery_percent: What is left.
    """

    speed_kmh: int = 0
    temperatures: dict[str, float] = field(default_factory=lambda: {"driver": 21.0, "passenger": 21.0})
    devices: set[str] = field(default_factory=lambda: {"air_conditioning"})
    fan: int = 3
    seats: dict[str, int] = field(default_factory=dict)
    openings: dict[str, int] = field(default_factory=dict)
    locked: bool = True
    destination: str = ""
    media: str = ""
    playing: bool = False
    volume: int = 30
    muted: bool = False
    call: str = ""
    lights: set[str] = field(default_factory=set)
    timers: list[Timer] = field(default_factory=list)
    battery_percent: int = 64
    _before: dict[int, dict[str, object]] = field(default_factory=dict, repr=False)

    @property
    def driving(self) -> bool:
        """Whether the rules for driving hold."""
        return self.speed_kmh > DRIVING_KMH

    def command(self, intent: str, slots: Slots, turn: int = 0) -> str:
        """Does what a command says and gives the short answer to it."""
        action = getattr(self, "do_" + re.sub("([A-Z])", r"_\1", intent).lower(), None)
        if action is None:
            return "This car can't do that."
        state = {name: value for name, value in vars(self).items() if name != "_before"}
        self._before[turn] = copy.deepcopy(state)
        while len(self._before) > UNDO_STEPS:
            del self._before[min(self._before)]
        answer: str = action(slots)
        return answer

    def undo(self, turn: int) -> str:
        """Takes back what was done in a turn."""
        before = self._before.pop(turn, None)
        if before is None:
            return "I can't take that back."
        moving = {"speed_kmh": self.speed_kmh}
        vars(self).update({**before, **moving})
        return "Taken back."

    def pass_time(self, seconds: float) -> list[str]:
        """Lets time pass; gives what is to be said because of it."""
        said = []
        for timer in self.timers:
            if not timer.paused:
                timer.left_s -= seconds
        for timer in [timer for timer in self.timers if timer.left_s <= 0]:
            self.timers.remove(timer)
            said.append(f"Your {timer.name} timer is done.".replace("  ", " "))
        return said

    # climate

    def do_climate_set_temperature(self, slots: Slots) -> str:
        wanted = number(slots, "temperature", 21)
        return self._heat(dict.fromkeys(self._zones(slots), wanted))

    def do_climate_warmer(self, slots: Slots) -> str:
        return self._heat({zone: self.temperatures[zone] + 1 for zone in self._zones(slots)})

    def do_climate_cooler(self, slots: Slots) -> str:
        return self._heat({zone: self.temperatures[zone] - 1 for zone in self._zones(slots)})

    def _heat(self, wanted: Mapping[str, float]) -> str:
        for zone, degrees in wanted.items():
            self.temperatures[zone] = min(MOST_C, max(LEAST_C, degrees))
        return f"{self.temperatures[next(iter(wanted))]:g} degrees."

    def _zones(self, slots: Slots) -> list[str]:
        zone = word(slots, "zone")
        return [zone] if zone in self.temperatures else list(self.temperatures)

    def do_climate_turn_on(self, slots: Slots) -> str:
        self.devices.add(word(slots, "climateDevice"))
        return "On."

    def do_climate_turn_off(self, slots: Slots) -> str:
        self.devices.discard(word(slots, "climateDevice"))
        return "Off."

    def do_climate_set_fan(self, slots: Slots) -> str:
        self.fan = round(number(slots, "fanSpeed", 3))
        return f"Fan {self.fan}."

    def do_climate_set_seat_heating(self, slots: Slots) -> str:
        return self._warm_seat(slots, round(number(slots, "level", 1)))

    def do_climate_seat_heating_on(self, slots: Slots) -> str:
        return self._warm_seat(slots, 2)

    def do_climate_seat_heating_off(self, slots: Slots) -> str:
        return self._warm_seat(slots, 0)

    def _warm_seat(self, slots: Slots, level: int) -> str:
        self.seats[word(slots, "seat", "driver")] = level
        return f"Seat heating {level}." if level else "Seat heating off."

    # doors and windows

    def do_window_open(self, slots: Slots) -> str:
        what = self._opening(slots)
        if what.endswith("trunk") and self.driving:
            return "Not while driving."
        self.openings[what] = round(number(slots, "amount", 100))
        return "Opening."

    def do_window_close(self, slots: Slots) -> str:
        position, what = word(slots, "position"), word(slots, "opening", "window")
        for name in list(self.openings):
            if name.endswith(what) and name.startswith(position):
                del self.openings[name]
        return "Closing."

    @staticmethod
    def _opening(slots: Slots) -> str:
        what, position = word(slots, "opening", "window"), word(slots, "position")
        return f"{position} {what}" if position else what

    def do_vehicle_lock(self, slots: Slots) -> str:
        self.locked = True
        return "Locked."

    def do_vehicle_unlock(self, slots: Slots) -> str:
        if self.driving:
            return "Not while driving."
        self.locked = False
        return "Unlocked."

    def do_vehicle_lights_on(self, slots: Slots) -> str:
        self.lights.add(word(slots, "lights"))
        return "On."

    def do_vehicle_lights_off(self, slots: Slots) -> str:
        self.lights.discard(word(slots, "lights"))
        return "Off."

    # navigation

    def do_navigation_start(self, slots: Slots) -> str:
        self.destination = word(slots, "destination")
        return f"To {self.destination}." if self.destination else "Where to?"

    def do_navigation_home(self, slots: Slots) -> str:
        self.destination = "home"
        return "Going home."

    def do_navigation_nearest(self, slots: Slots) -> str:
        self.destination = f"nearest {word(slots, 'poi').replace('_', ' ')}"
        return f"To the {self.destination}."

    def do_navigation_stop(self, slots: Slots) -> str:
        self.destination = ""
        return "Navigation ended."

    # media and telephone

    def do_media_play(self, slots: Slots) -> str:
        self.media, self.playing = word(slots, "media"), True
        return "Playing."

    def do_media_radio(self, slots: Slots) -> str:
        self.media, self.playing = f"radio {word(slots, 'station')}".strip(), True
        return "Radio on."

    def do_media_resume(self, slots: Slots) -> str:
        self.media, self.playing = self.media or "music", True
        return "Playing."

    def do_media_pause(self, slots: Slots) -> str:
        self.playing = False
        return "Paused."

    def do_media_volume_up(self, slots: Slots) -> str:
        return self._sound(self.volume + 10)

    def do_media_volume_down(self, slots: Slots) -> str:
        return self._sound(self.volume - 10)

    def do_media_set_volume(self, slots: Slots) -> str:
        return self._sound(round(number(slots, "volume", self.volume)))

    def _sound(self, volume: int) -> str:
        self.volume, self.muted = min(100, max(0, volume)), False
        return f"Volume {self.volume}."

    def do_media_mute(self, slots: Slots) -> str:
        self.muted = True
        return ""

    def do_media_unmute(self, slots: Slots) -> str:
        self.muted = False
        return f"Volume {self.volume}."

    def do_call_contact(self, slots: Slots) -> str:
        self.call = word(slots, "contact").replace("_", " ")
        return f"Calling {self.call}."

    def do_call_number(self, slots: Slots) -> str:
        self.call = word(slots, "phoneNumber")
        return "Calling."

    def do_call_hang_up(self, slots: Slots) -> str:
        self.call = ""
        return "Call ended."

    # the vehicle

    def do_vehicle_energy(self, slots: Slots) -> str:
        return f"{self.battery_percent} percent."

    def do_vehicle_range(self, slots: Slots) -> str:
        return f"{self.battery_percent * 4} kilometers."

    # timers

    def do_timer_start(self, slots: Slots) -> str:
        seconds = 3600 * number(slots, "hours") + 60 * number(slots, "minutes") + number(slots, "seconds")
        self.timers.append(Timer(word(slots, "timerName"), seconds))
        return f"{spoken_time(seconds)}."

    def do_timer_cancel(self, slots: Slots) -> str:
        name = word(slots, "timerName")
        for timer in reversed(self.timers):
            if not name or timer.name == name:
                self.timers.remove(timer)
                return "Timer cancelled."
        return "There is no such timer."

    def do_timer_cancel_all(self, slots: Slots) -> str:
        self.timers.clear()
        return "All timers cancelled."

    def do_timer_status(self, slots: Slots) -> str:
        name = word(slots, "timerName")
        for timer in self.timers:
            if not name or timer.name == name:
                return f"{spoken_time(timer.left_s)} left."
        return "There is no such timer."


def word(slots: Slots, name: str, otherwise: str = "") -> str:
    """A slot's value as text."""
    return str(slots[name].value) if name in slots else otherwise


def number(slots: Slots, name: str, otherwise: float = 0.0) -> float:
    """A slot's value as a number."""
    value = slots[name].value if name in slots else otherwise
    return float(value) if isinstance(value, (int, float)) else otherwise


def spoken_time(seconds: float) -> str:
    """A duration in words, short: "1 hour 5 minutes"."""
    whole = max(0, round(seconds))
    parts = [(whole // 3600, "hour"), (whole % 3600 // 60, "minute"), (whole % 60, "second")]
    if whole >= 600:
        parts = parts[:2]
    told = [f"{count} {unit}{'s' if count != 1 else ''}" for count, unit in parts if count]
    return " ".join(told) or "0 seconds"
