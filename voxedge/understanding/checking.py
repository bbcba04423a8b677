"""What may be wrong with a grammar that can be read: sentences with two meanings, or that nobody reaches."""

from __future__ import annotations

from dataclasses import dataclass

from voxedge.understanding.engine import GrammarUnderstander
from voxedge.understanding.grammar import TextList
from voxedge.understanding.sampling import Sampler

SAMPLES_A_SENTENCE = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at.

    Attributes:
        kind: ``ambiguous`` (another intent reads the sentence as well as its own), ``unreachable``
            (another intent always takes its sentences), ``empty_list`` (no value).
        place: File and line.
        message: What is wrong.
    """

    kind: str
    place: str
    message: str

    def to_json(self) -> dict[str, object]:
        """The finding as one JSON object."""
        return {"kind": self.kind, "place": self.place, "message": self.message}


def check(engine: GrammarUnderstander) -> list[Finding]:
    """Samples every template and looks at who gets the sentences."""
    grammar = engine.grammar
    found = [
        Finding("empty_list", "", f"list {name!r} has no values")
        for name, content in grammar.lists.items()
        if isinstance(content, TextList) and not content.values
    ]
    sampler = Sampler(grammar, engine.lists(), seed=1)
    for block in grammar.blocks:
        context = {
            key: value.get("value") if isinstance(value, dict) else value
            for key, value in block.requires_context.items()
        }
        context = {
            key: value[0] if isinstance(value, list) else value or "any" for key, value in context.items()
        }
        for sentence in block.sentences:
            texts = {sampler.sentence(block, sentence.node) for _ in range(SAMPLES_A_SENTENCE)} - {""}
            taken: dict[str, tuple[str, str]] = {}
            for text in sorted(texts):
                results = engine.results(text, context)
                if results and results[0].intent != block.intent:
                    number, index = engine.machine.sentences[results[0].reading.sentence]
                    other_place = str(grammar.blocks[number].sentences[index].place)
                    taken[text] = (results[0].intent, other_place)
            if taken and len(taken) == len(texts):
                text, (other, where) = next(iter(taken.items()))
                message = f"{block.intent}: {other} ({where}) takes all sentences of it, such as {text!r}"
                found.append(Finding("unreachable", str(sentence.place), message))
            elif taken:
                text, (other, where) = next(iter(taken.items()))
                message = f"{block.intent}: {text!r} is taken for {other} ({where})"
                found.append(Finding("ambiguous", str(sentence.place), message))
    return found
