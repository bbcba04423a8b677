"""The kiosk's actions: what an integrator would copy from. The TOML file beside it names this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxedge import Assistant, Turn
    from voxedge.events import IntentMatched

SPOKEN_ORDER = ("size", "roast", "numberOfShots", "coffeeDrink")


def describe(intent: IntentMatched) -> str:
    """The order in words: "large dark roast latte with oat milk and two sugars"."""
    drink = " ".join(str(intent.slots[name]) for name in SPOKEN_ORDER if name in intent.slots)
    extras = [str(intent.slots[name]) for name in ("milkAmount", "sugarAmount") if name in intent.slots]
    return f"{drink} with {' and '.join(extras)}" if extras else drink


def register(assistant: Assistant) -> None:
    """Adds the kiosk's handlers."""
    orders: list[str] = []

    @assistant.on_intent("orderDrink")
    def order(intent: IntentMatched, turn: Turn) -> str:
        orders.append(describe(intent))
        article = "an" if orders[-1][0] in "aeiou" else "a"
        return f"{article.capitalize()} {orders[-1]}, coming up."
