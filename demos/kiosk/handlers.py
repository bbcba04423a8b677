"""The kiosk's actions: what an integrator would copy from. The TOML file beside it names this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxedge import Assistant, Turn
    from voxedge.events import IntentMatched

KIND = ("size", "roast", "numberOfShots")
EXTRAS = ("milkAmount", "sugarAmount")
WORDS = {
    # language: the answer, "with", "and", whether the drink is named before its kind
    "en": ("{article} {order}, coming up.", "with", "and", False),
    "es": ("Enseguida: {order}.", "con", "y", True),
    "de": ("Kommt sofort: {order}.", "mit", "und", False),
    "fr": ("Tout de suite : {order}.", "avec", "et", True),
}


def describe(intent: IntentMatched, language: str = "en") -> str:
    """The order in words: "large dark roast latte with skim milk and sugar"."""
    _, with_word, and_word, drink_first = WORDS.get(language, WORDS["en"])
    order = ("coffeeDrink", *KIND) if drink_first else (*KIND, "coffeeDrink")
    drink = " ".join(str(intent.slots[name]) for name in order if name in intent.slots)
    extras = [str(intent.slots[name]) for name in EXTRAS if name in intent.slots]
    return f"{drink} {with_word} {f' {and_word} '.join(extras)}" if extras else drink


def register(assistant: Assistant) -> None:
    """Adds the kiosk's handlers."""
    orders: list[str] = []

    @assistant.on_intent("orderDrink")
    def order(intent: IntentMatched, turn: Turn) -> str:
        orders.append(describe(intent, turn.language))
        article = "An" if orders[-1][:1] in "aeiou" else "A"
        return WORDS.get(turn.language, WORDS["en"])[0].format(article=article, order=orders[-1])
