"""The car's handlers: what an integrator would copy from. The TOML file beside it names this file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

# The file is loaded by its path: what lies beside it is found only if it is told where.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from car import Car

if TYPE_CHECKING:
    from voxedge import Assistant, Turn
    from voxedge.events import Earlier, IntentMatched


def register(assistant: Assistant, car: Car | None = None) -> None:
    """Adds the car's handlers; without a car they make one of their own."""
    state = Car() if car is None else car

    @assistant.on_intent("*")
    def command(intent: IntentMatched, turn: Turn) -> str:
        return state.command(intent.intent, intent.slots, turn.number)

    @assistant.on_undo("*")
    def undo(earlier: Earlier, turn: Turn) -> str:
        return state.undo(earlier.turn)
