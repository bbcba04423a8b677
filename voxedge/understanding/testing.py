"""Sentence tests in Home Assistant's form: every sentence with the intent, slots and reply it must give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from voxedge.errors import TemplateError
from voxedge.events import Slot, SlotValue
from voxedge.understanding.engine import GrammarUnderstander
from voxedge.understanding.files import read_yaml
from voxedge.understanding.grammar import Block, Grammar
from voxedge.understanding.home import Home
from voxedge.understanding.loading import load
from voxedge.understanding.ranking import Result
from voxedge.understanding.responses import render

_FIXTURES, _FAILURES = "_fixtures.yaml", "_test_failures.yaml"
CONTEXT_AREA = "__context_area__"


@dataclass(frozen=True, slots=True)
class Failure:
    """A sentence that didn't give what it must.

    Attributes:
        file: The test file.
        sentence: The sentence.
        why: What it gave instead.
    """

    file: str
    sentence: str
    why: str


@dataclass(slots=True)
class Report:
    """What a run of sentence tests gave.

    Attributes:
        language: Its code.
        sentences: How many counted.
        passed: How many gave all that they must.
        failures: Those that didn't.
        known_failures: How many are listed as known to fail (not counted in ``sentences``).
        known_passed: How many of these pass all the same.
    """

    language: str
    sentences: int = 0
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)
    known_failures: int = 0
    known_passed: int = 0

    def to_json(self) -> dict[str, object]:
        """The counts as one JSON object."""
        return {
            "language": self.language,
            "sentences": self.sentences,
            "passed": self.passed,
            "failed": len(self.failures),
            "known_failures": self.known_failures,
            "known_failures_that_pass": self.known_passed,
        }


@dataclass(frozen=True, slots=True)
class _Case:
    sentence: str
    intent: str
    slots: Mapping[str, SlotValue]
    context: Mapping[str, SlotValue]
    check_context: bool
    replies: tuple[str, ...] | None


def run_tests(sentences: Path, tests: Path, responses: Path | None = None) -> Report:
    """Runs the tests of one language.

    Args:
        sentences: Folder of the sentences (``.../sentences/en``), or one file in it.
        tests: Folder of the tests (``.../tests/en``), or one file in it.
        responses: Folder of the replies; None looks for ``responses/<language>`` beside ``sentences``.

    Raises:
        TemplateError: A file is missing or wrong.
    """
    for folder in (sentences, tests):
        if not folder.exists():
            raise TemplateError(f"There is no folder {folder}.", remedy="Name the folder of one language.")
    own = sentences.resolve().parent if sentences.is_file() else sentences.resolve()
    top = own.parent.parent
    answers = responses or top / "responses" / own.name
    paths: list[Path | str] = [sentences, *([answers] if answers.is_dir() else [])]
    grammar = load(paths, language=own.name)
    only = tests if tests.is_file() else None
    tests = tests.parent if only is not None else tests
    report = Report(grammar.language)
    known: set[str] = set()
    if (tests / _FAILURES).is_file():
        listed = read_yaml(tests / _FAILURES)[0].get("sentences") or []
        known = {str(item) for item in listed} if isinstance(listed, list) else set()
    flat = replace(grammar, blocks=tuple(block for block in grammar.blocks if not _combination(block)))
    home = Home.of(read_yaml(tests / _FIXTURES)[0] if (tests / _FIXTURES).is_file() else {})
    if flat.blocks:
        engine = GrammarUnderstander(_closed(flat, home))
        _use(engine, home)
        for path in [only] if only is not None else sorted(tests.glob("*.yaml")):
            if path.name not in (_FIXTURES, _FAILURES):
                for case in _flat_cases(read_yaml(path)[0]):
                    _count(report, known, path, case, engine, home)
    combined = sorted(tests.glob("*/*.yaml")) if only is None else []
    if combined:
        _combinations(report, known, combined, grammar, top, own.name)
    return report


def _combination(block: Block) -> bool:
    """Whether a block comes from a file of slot combinations (in a folder named like the intent)."""
    return bool(block.sentences) and Path(block.sentences[0].place.file).parent.name == block.intent


def _closed(grammar: Grammar, home: Home) -> Grammar:
    """The grammar with the house's lists, so that templates may refer to them."""
    return replace(grammar, lists={**home.lists, **grammar.lists})


def _use(engine: GrammarUnderstander, home: Home) -> None:
    for name, content in home.lists.items():
        engine.set_list(name, content)


def _combinations(
    report: Report, known: set[str], files: list[Path], grammar: Grammar, top: Path, language: str
) -> None:
    """Files of slot combinations: each has a house of its own, all share lists, rules and schemas."""
    shared: list[Path | str] = [
        path
        for folder in (top / "rules" / language, top / "lists", top / "lists" / language)
        for path in sorted(folder.glob("*.yaml"))
    ]
    common = load(shared, language=language) if shared else grammar
    schemas = read_yaml(top / "intents.yaml")[0] if (top / "intents.yaml").is_file() else {}
    blocks = tuple(_with_context_area(block, schemas) for block in grammar.blocks if _combination(block))
    base = replace(
        grammar,
        blocks=blocks,
        rules={**grammar.rules, **common.rules},
        lists={**grammar.lists, **common.lists},
    )
    engine = GrammarUnderstander(_closed(base, Home.of({})))
    for path in files:
        data = read_yaml(path)[0]
        home = Home.of(data)
        _use(engine, home)
        schema = _combination_schema(schemas, path.parent.name, path.stem)
        for case, group in _combined_cases(data, path.parent.name, bool(schema.get("context_area"))):
            own = replace(home, **{k: group[k] or [] for k in ("timers", "media") if k in group})  # type: ignore[arg-type]
            _count(report, known, path, case, engine, own)


def _combination_schema(schemas: Mapping[str, SlotValue], intent: str, name: str) -> dict[str, SlotValue]:
    schema = schemas.get(intent)
    combos = schema.get("slot_combinations") if isinstance(schema, dict) else None
    found = combos.get(name) if isinstance(combos, dict) else None
    return found if isinstance(found, dict) else {}


def _with_context_area(block: Block, schemas: Mapping[str, SlotValue]) -> Block:
    name = Path(block.sentences[0].place.file).stem
    if not _combination_schema(schemas, block.intent, name).get("context_area"):
        return block
    area: dict[str, SlotValue] = {"area": {"slot": True}}
    return replace(block, requires_context={**block.requires_context, **area})


def _texts(value: SlotValue) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return [] if value is None else [str(value)]


def _replies(value: SlotValue) -> tuple[str, ...] | None:
    texts = _texts(value)
    return tuple(" ".join(text.split()) for text in texts) if texts and any(texts) else None


def _groups(data: Mapping[str, SlotValue]) -> Iterator[dict[str, SlotValue]]:
    groups = data.get("tests") or []
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, dict):
            yield group


def _flat_cases(data: Mapping[str, SlotValue]) -> Iterator[_Case]:
    for group in _groups(data):
        intent = group.get("intent")
        if isinstance(intent, dict):
            slots, context = intent.get("slots") or {}, intent.get("context") or {}
            assert isinstance(slots, dict)
            assert isinstance(context, dict)
            for sentence in _texts(group.get("sentences")):
                yield _Case(
                    sentence, str(intent["name"]), slots, context, True, _replies(group.get("response"))
                )


def _combined_cases(
    data: Mapping[str, SlotValue], intent: str, context_area: bool
) -> Iterator[tuple[_Case, dict[str, SlotValue]]]:
    for group in _groups(data):
        slots = group.get("slots") or {}
        assert isinstance(slots, dict)
        expected = {**slots, **({"area": CONTEXT_AREA} if context_area else {})}
        for sentence in _texts(group.get("sentences")):
            context: dict[str, SlotValue] = {"area": CONTEXT_AREA}
            yield (
                _Case(sentence, intent, expected, context, False, _replies(group.get("response"))),
                group,
            )


def _count(
    report: Report, known: set[str], path: Path, case: _Case, engine: GrammarUnderstander, home: Home
) -> None:
    why = _why_not(case, engine, home)
    if case.sentence in known:
        report.known_failures += 1
        report.known_passed += why is None
        return
    report.sentences += 1
    if why is None:
        report.passed += 1
    else:
        report.failures.append(Failure(str(path), case.sentence, why))


def _why_not(case: _Case, engine: GrammarUnderstander, home: Home) -> str | None:
    """What is wrong with the result of a sentence; None where nothing is."""
    results = engine.results(case.sentence, case.context)
    if not results:
        return "no intent"
    best = results[0]
    if best.intent != case.intent:
        return f"intent {best.intent} instead of {case.intent}"
    for name in sorted({*best.slots, *case.slots}):
        if name not in case.slots:
            return f"extra slot {name}={best.slots[name].value!r}"
        if name not in best.slots:
            return f"no slot {name}"
        if not _same(case.slots[name], best.slots[name].value):
            return f"slot {name}={best.slots[name].value!r} instead of {case.slots[name]!r}"
    if case.check_context and case.context and dict(best.context) != dict(case.context):
        return f"context {dict(best.context)} instead of {dict(case.context)}"
    return _wrong_reply(case, best, engine, home)


def _wrong_reply(case: _Case, best: Result, engine: GrammarUnderstander, home: Home) -> str | None:
    if case.replies is None:
        return None
    if best.intent == "HassRespond" and "response" in best.slots:
        reply: str | None = str(best.slots["response"].value)
    else:
        template = engine.response_template(best)
        if template is None:
            return "no response"
        reply = render(template, home.reply_values(best.intent, best.slots, engine.said(best)))
    return None if reply is not None and reply.strip() in case.replies else f"reply {reply!r}"


def _same(expected: SlotValue, actual: SlotValue) -> bool:
    if isinstance(expected, list):
        actual_items = actual if isinstance(actual, list) else [actual]
        if isinstance(actual, list):
            return all(any(_equal(e, a) for a in actual_items) for e in expected)
        return any(_equal(item, actual) for item in expected)
    if isinstance(actual, list):
        return any(_equal(expected, item) for item in actual)
    return _equal(expected, actual)


def _equal(expected: SlotValue, actual: SlotValue) -> bool:
    """YAML 1.1 makes truth values of unquoted on/off/yes/no, so texts are compared as texts."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return str(expected).casefold() == str(actual).casefold()
    return expected == actual


def slots_of(result: Result) -> dict[str, Slot]:
    """The slots of a result, as an ordinary dictionary."""
    return dict(result.slots)
