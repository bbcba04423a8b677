"""``voxedge intents``: checks, samples and tests intent files; trains parsers from examples."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from voxedge.cli import _intents_talk as talk
from voxedge.cli import _intents_trained as trained
from voxedge.cli.output import emit_json, note, whole_number
from voxedge.errors import UsageError

HELP = "Check, sample, test and talk to intents; train and evaluate parsers made from examples."
EPILOG = """examples:
  voxedge intents check kiosk my-intents/
  voxedge intents sample kiosk --count 20
  voxedge intents test --sentences sentences/en --tests tests/en --json
  voxedge intents talk --intents coffee --intents coffee-dialogue
  voxedge intents train examples/ -o home.parser
  voxedge intents evaluate home.parser held-out.json --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the sub-commands and their arguments."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = commands.add_parser("check", help="syntax, sentences that mean two things, unreachable ones")
    check.add_argument("paths", metavar="PATH", nargs="+")
    check.add_argument("--language", default="en", help="ISO 639-1 code (default: en)")
    check.add_argument("--json", action="store_true", help="one JSON object a finding")
    check.set_defaults(run=_check)
    sample = commands.add_parser("sample", help="print random sentences of a grammar")
    sample.add_argument("paths", metavar="PATH", nargs="+")
    sample.add_argument("--language", default="en", help="ISO 639-1 code (default: en)")
    sample.add_argument("--count", type=whole_number(1, 1_000_000), default=10, help="how many (default: 10)")
    sample.add_argument("--intent", default="", help="of this intent only")
    sample.add_argument("--seed", type=int, default=0, help="the same seed gives the same sentences")
    sample.add_argument("--json", action="store_true", help="one JSON object a sentence")
    sample.set_defaults(run=_sample)
    test = commands.add_parser("test", help="run sentence tests in Home Assistant's form")
    test.add_argument("--sentences", metavar="DIR", required=True, help="folder of one language's sentences")
    test.add_argument("--tests", metavar="DIR", required=True, help="folder of its tests")
    test.add_argument("--responses", metavar="DIR", help="folder of its responses (default: found beside)")
    test.add_argument("--json", action="store_true", help="the counts as one JSON object")
    test.set_defaults(run=_test)
    for name, text, epilog, add, run_it in (
        ("talk", talk.HELP, talk.EPILOG, talk.add_arguments, talk.run),
        ("train", trained.TRAIN_HELP, trained.TRAIN_EPILOG, trained.add_train_arguments, trained.run_train),
        (
            "evaluate",
            trained.EVALUATE_HELP,
            trained.EVALUATE_EPILOG,
            trained.add_evaluate_arguments,
            trained.run_evaluate,
        ),
    ):
        sub = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add(sub)
        sub.set_defaults(run=run_it)


def run(args: argparse.Namespace) -> int:
    """Runs the sub-command."""
    status: int = args.run(args)
    return status


def _check(args: argparse.Namespace) -> int:
    from voxedge.understanding.checking import check
    from voxedge.understanding.dialogue import create_dialogue
    from voxedge.understanding.engine import GrammarUnderstander
    from voxedge.understanding.loading import load

    engine = GrammarUnderstander(load(args.paths, language=args.language))
    create_dialogue(engine)  # raises where the section `dialogue` is wrong
    findings = check(engine)
    for finding in findings:
        if args.json:
            emit_json(finding.to_json())
        else:
            print(f"{finding.place or 'grammar'}: {finding.kind}: {finding.message}")
    sentences = sum(len(block.sentences) for block in engine.grammar.blocks)
    intents = len({block.intent for block in engine.grammar.blocks})
    note(f"{intents} intents, {sentences} templates, {len(findings)} findings")
    return 1 if findings else 0


def _sample(args: argparse.Namespace) -> int:
    from voxedge.understanding.loading import load
    from voxedge.understanding.sampling import Sampler, samples

    grammar = load(args.paths, language=args.language)
    intents = sorted({block.intent for block in grammar.blocks})
    if args.intent and args.intent not in intents:
        near = difflib.get_close_matches(args.intent, intents, n=3) or intents[:8]
        raise UsageError(f"There is no intent {args.intent!r}.", remedy=f"Name one of: {', '.join(near)}.")
    sampler = Sampler(grammar, grammar.lists, seed=args.seed)
    for block, text in samples(sampler, args.count, intent=args.intent):
        if args.json:
            emit_json({"intent": block.intent, "text": text})
        else:
            print(text)
    return 0


def _test(args: argparse.Namespace) -> int:
    from voxedge.understanding.testing import run_tests

    responses = Path(args.responses) if args.responses else None
    report = run_tests(Path(args.sentences), Path(args.tests), responses)
    for failure in report.failures:
        note(f"{failure.file}: {failure.sentence!r}: {failure.why}")
    if args.json:
        emit_json(report.to_json())
    else:
        print(
            f"{report.language}: {report.passed} of {report.sentences} sentences pass; "
            f"{report.known_failures} known failures ({report.known_passed} of them pass)"
        )
    return 1 if report.failures else 0
