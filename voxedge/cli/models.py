"""``voxedge models``: list, get, check and carry models."""

from __future__ import annotations

import argparse

from voxedge.cli import models_convert

HELP = "List, get, check and carry models."
EPILOG = """examples:
  voxedge models pull essentials              what the demo needs
  voxedge models list                         what is here; --all: the whole catalogue
  voxedge models path tiny.en                 the folder or file that the engine loads
  voxedge models verify                       hash every file of every model that is here
  voxedge models bundle essentials -o stick.voxmodels
  voxedge models add stick.voxmodels          on the machine without a network
  voxedge models add ./my-whisper --name my-whisper --kind recognition
  voxedge models remove whisper-base
  voxedge models convert ./opus-mt-en-fi --quantization int8

The store is in the user's data folder, or in VOXEDGE_HOME. VOXEDGE_OFFLINE=1 forbids every connection.
`voxedge models SUBCOMMAND --help` tells more of each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommands and their arguments."""
    commands = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)

    def add(name: str, what: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=what,
            description=what[0].upper() + what[1:] + ".",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument("--json", action="store_true", help="one JSON object a line, on standard output")
        return sub

    sub = add("list", "list models that are here", "voxedge models list --all --kind recognition")
    sub.add_argument("--all", action="store_true", help="those of the catalogue that aren't here, too")
    sub.add_argument("--kind", help="only models of this kind")

    sub = add("pull", "get models, or finish or repair them", "voxedge models pull tiny.en")
    sub.add_argument("names", nargs="+", metavar="NAME", help="a model, or a group such as essentials")
    sub.add_argument("--offline", action="store_true", help="open no connection")
    sub.add_argument("--from", dest="given", metavar="PATH", help="take the files from this file or folder")
    sub.add_argument("--repin", action="store_true", help="accept new hashes where the catalogue has none")

    sub = add("verify", "hash every file of models that are here", "voxedge models verify whisper-base")
    sub.add_argument("names", nargs="*", metavar="NAME", help="models; all that are here when left out")

    sub = add("path", "print what the engine loads", "voxedge models path tiny.en")
    sub.add_argument("name", metavar="NAME")
    sub.add_argument("--kind", help="looks among the models of this kind only")

    sub = add("add", "add a bundle, or a model of your own", "voxedge models add stick.voxmodels")
    sub.add_argument("file", metavar="FILE", help="a bundle, an .argosmodel, or a model's file or folder")
    sub.add_argument("--name", help="name of the model, where FILE is a model of your own")
    sub.add_argument("--kind", help="its kind, likewise")
    sub.add_argument("--licence", default="unknown", help="its licence, likewise")

    sub = add("remove", "delete models that are here", "voxedge models remove whisper-base")
    sub.add_argument("names", nargs="+", metavar="NAME")

    sub = add("bundle", "write models into one file", "voxedge models bundle essentials -o stick.voxmodels")
    sub.add_argument("names", nargs="+", metavar="NAME", help="models that are here, or a group")
    sub.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")

    sub = add("convert", models_convert.WHAT, "")
    sub.epilog = models_convert.EPILOG
    models_convert.add_arguments(sub)


def run(args: argparse.Namespace) -> int:
    """Runs a subcommand."""
    if args.subcommand == "convert":
        return models_convert.run(args)
    from voxedge.cli import models_actions

    action = getattr(models_actions, f"run_{args.subcommand}")
    status: int = action(args)
    return status
