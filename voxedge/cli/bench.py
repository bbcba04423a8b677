"""``voxedge bench``: the measurements, each a module of `voxedge.bench`."""

from __future__ import annotations

import argparse
import difflib
import importlib

from voxedge.errors import UsageError

BENCHES: dict[str, tuple[str, str]] = {
    "dialogue": ("voxedge.bench.dialogue", "other talk taken for an answer, and the time of an utterance"),
    # name: (module, what it measures)
    "argos": ("voxedge.bench.argos", "translation, beside Argos Translate with the same package"),
    "detect": ("voxedge.bench.detect", "which language a text is in: sentences, and three words"),
    "endpoint": ("voxedge.bench.endpoint", "utterances cut in two against the wait, and voice activity"),
    "examples": ("voxedge.bench.examples", "the parser trained from examples, on the Snips benchmark"),
    "counting": ("voxedge.bench.counting", "what the statistics cost a turn"),
    "idle": ("voxedge.bench.idle", "what listening costs while nobody speaks"),
    "import": ("voxedge.bench.startup", "what `import voxedge` costs over a bare interpreter"),
    "intents": ("voxedge.bench.intents", "intent matching, beside hassil"),
    "latency": ("voxedge.bench.latency", "when the text is there, in real time"),
    "llm": ("voxedge.bench.llm", "the language model, beside llama.cpp's own"),
    "recognition": ("voxedge.bench.recognition", "words, time and guard, beside faster-whisper"),
    "orders": (
        "voxedge.bench.orders",
        "spoken orders with the grammar: accuracy in noise, false orders, cost",
    ),
    "partials": ("voxedge.bench.partials", "are stable prefixes right, do partials slow down"),
    "serve": ("voxedge.bench.serve", "live streams held at once, beside wyoming-faster-whisper; memory"),
    "silence": ("voxedge.bench.silence", "noise, and utterances in noise: invented and lost words"),
    "soak": ("voxedge.bench.soak", "thousands of utterances: memory, threads, open files"),
    "speaking": ("voxedge.bench.speaking", "when a reply begins to sound, real-time factor of the voice"),
    "threads": ("voxedge.bench.threads", "how an engine's calls share the cores best"),
    "translation": ("voxedge.bench.speech_translation", "speech to English, and live captions"),
}

HELP = "Measure on this machine."
EPILOG = "\n".join(
    [
        "measurements:",
        *(f"  {name:<12} {what}" for name, (_, what) in BENCHES.items()),
        "",
        "examples:",
        "  voxedge bench llm                 one measurement",
        "  voxedge bench llm --json          its figures as JSON",
        "  voxedge bench llm --help          its options",
    ]
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="which measurement")
    parser.add_argument("rest", metavar="...", nargs=argparse.REMAINDER, help="its own options")


def run(args: argparse.Namespace) -> int:
    """Runs one measurement."""
    if not args.name:
        raise UsageError(
            "Which measurement?", remedy=f"voxedge bench NAME, one of: {', '.join(BENCHES)}.", room="bench"
        )
    if args.name not in BENCHES:
        near = difflib.get_close_matches(args.name, BENCHES, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            f"There is no measurement {args.name!r}.", remedy=f"{hint}Known: {', '.join(BENCHES)}."
        )
    module = importlib.import_module(BENCHES[args.name][0])
    parser = argparse.ArgumentParser(
        prog=f"voxedge bench {args.name}",
        description=module.HELP,
        epilog=module.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    own = parser.parse_args(args.rest)
    args.json = getattr(own, "json", False)  # so that an error is reported in the form that was asked for
    status: int = module.run(own)
    return status
