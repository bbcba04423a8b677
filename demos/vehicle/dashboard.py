"""The dashboard as lines of text: pure, for any width and height of a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from car import Car, spoken_time

LEAST_WIDTH, LEAST_HEIGHT = 40, 12


@dataclass
class Voice:
    """What the driver sees of the assistant.

    Attributes:
        state: ``idle``, ``listening``, ``thinking``, ``speaking``.
        heard: The words of the driver, as far as they are recognized.
        said: The assistant's last words.
        asked: The dialogue's open question; "" for none.
        trouble: What doesn't work; "" where all is well.
    """

    state: str = "idle"
    heard: str = ""
    said: str = ""
    asked: str = ""
    trouble: str = ""


MARKS = {
    "idle": "o  ready",
    "listening": "*  listening",
    "thinking": "~  thinking",
    "speaking": ">  speaking",
}


def draw(car: Car, voice: Voice, width: int = 80, height: int = 24) -> list[str]:
    """The screen, ``height`` lines of ``width`` characters."""
    width, height = max(LEAST_WIDTH, width), max(LEAST_HEIGHT, height)
    mode = f"{car.speed_kmh} km/h, driving" if car.driving else "parked"
    rows = [_bar("voxedge drive", mode, width)]
    boxes = [
        ("Climate", climate(car)),
        ("Media", media(car)),
        ("Navigation", navigation(car)),
        ("Car", body(car)),
    ]
    room = height - 6
    if width >= 72:
        left, right = (width - 3) // 2, width - 3 - (width - 3) // 2
        for (one, one_lines), (other, other_lines) in (boxes[:2], boxes[2:]):
            tall = max(len(one_lines), len(other_lines))
            pairs = zip(_box(one, one_lines, left, tall), _box(other, other_lines, right, tall), strict=True)
            rows += [f" {a} {b}" for a, b in pairs]
    else:
        for name, lines in boxes:
            rows += [f" {line}" for line in _box(name, lines, width - 2, len(lines))]
    rows += [f" Timers: {timers(car)}"]
    rows = rows[: room + 1]
    rows += [""] * (room + 1 - len(rows))
    rows += [
        "-" * width,
        f" {MARKS.get(voice.state, voice.state):<14} {voice.heard}",
        f" {'?' if voice.asked else ' '}              {voice.asked or voice.said}",
        f" {'!  ' + voice.trouble if voice.trouble else ''}",
        " Say: set the temperature to 20 - navigate to ... - play ... - open the window",
    ]
    return [_fit(row, width) for row in rows[:height]]


def climate(car: Car) -> list[str]:
    """Lines of the climate box."""
    degrees = ", ".join(f"{zone} {value:g} C" for zone, value in car.temperatures.items())
    seats = ", ".join(f"{seat} {level}" for seat, level in car.seats.items() if level)
    on = ", ".join(sorted(car.devices)).replace("_", " ")
    return [degrees, on or "all off", f"fan {car.fan}   seats: {seats or 'off'}"]


def media(car: Car) -> list[str]:
    """Lines of the media box."""
    sound = "muted" if car.muted else f"volume {car.volume}"
    state = ("playing " if car.playing else "paused  ") + car.media if car.media else "nothing is playing"
    return [state, sound, f"call: {car.call}" if car.call else "no call"]


def navigation(car: Car) -> list[str]:
    """Lines of the navigation box."""
    where = f"to {car.destination}" if car.destination else "no destination"
    return [where, f"battery {car.battery_percent} %"]


def body(car: Car) -> list[str]:
    """Lines of the car's box."""
    open_now = ", ".join(f"{name} {percent} %" for name, percent in car.openings.items())
    lights = ", ".join(sorted(car.lights)).replace("_", " ")
    state = "locked" if car.locked else "UNLOCKED"
    return [state, f"open: {open_now or 'nothing'}", f"lights: {lights or 'off'}"]


def timers(car: Car) -> str:
    """The timers, in a line."""
    return (
        "   ".join(f"{timer.name or 'timer'} {spoken_time(timer.left_s)}" for timer in car.timers) or "none"
    )


def _box(title: str, lines: list[str], width: int, tall: int) -> list[str]:
    inner = width - 4
    filled = [*lines, *[""] * (tall - len(lines))]
    return [
        f"+- {title} ".ljust(width - 1, "-") + "+",
        *(f"| {_fit(line, inner)} |" for line in filled),
        "+" + "-" * (width - 2) + "+",
    ]


def _bar(left: str, right: str, width: int) -> str:
    return f" {left}{right:>{max(1, width - len(left) - 2)}} "


def _fit(text: str, width: int) -> str:
    """Cut or filled to the width; control characters, which a transcript never needs, become blanks."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain.ljust(width) if len(plain) <= width else plain[: width - 1] + ">"
