"""The ``voxedge`` command. One module a command, thin: parse, call the library, print.

Data goes to standard output, notes to standard error. The exit status comes from the error's class.
A command's module has ``HELP`` (a line), ``EPILOG`` (examples), ``add_arguments(parser)`` and
``run(args) -> int``; only the module of the command that was typed is imported.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from voxedge._version import __version__
from voxedge.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    DiskFull,
    InternalFault,
    VoxedgeError,
)

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, what it does)
    "listen": ("voxedge.cli.listen", "listen to the microphone or a file, print events"),
    "transcribe": ("voxedge.cli.transcribe", "write down what is said in files"),
    "parse": ("voxedge.cli.parse", "find the intent of a typed sentence"),
    "intents": ("voxedge.cli.intents", "check, sample, test and train intents"),
    "understand": ("voxedge.cli.understand", "find the intents of recorded sentences"),
    "translate": ("voxedge.cli.translate", "translate text, documents and speech"),
    "chat": ("voxedge.cli.chat", "talk to the local language model by keyboard"),
    "say": ("voxedge.cli.say", "speak a text"),
    "serve": ("voxedge.cli.serve", "serve all of it to other programs: HTTP, WebSocket, Wyoming"),
    "models": ("voxedge.cli.models", "list, get, check and carry models"),
    "stats": ("voxedge.cli.stats", "see what was counted here; share it anonymously, or don't"),
    "config": ("voxedge.cli.config", "print the configuration, or check one"),
    "doctor": ("voxedge.cli.doctor", "tell what works on this machine, and what to do about the rest"),
    "bench": ("voxedge.cli.bench", "measure on this machine"),
}


def _overview() -> str:
    lines = [
        "usage: voxedge COMMAND [options]",
        "",
        "Voice and language on the device, fully offline.",
        "",
        "commands:",
    ]
    width = max(len(name) for name in COMMANDS)
    lines += [f"  {name:<{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    lines += [
        "",
        "options:",
        "  -h, --help     this text; `voxedge COMMAND --help` tells about a command, with examples",
        "  --version      the version",
    ]
    return "\n".join(lines)


def build_parser(name: str) -> tuple[argparse.ArgumentParser, ModuleType]:
    """The parser of one command, and the command's module."""
    module = importlib.import_module(COMMANDS[name][0])
    parser = argparse.ArgumentParser(
        prog=f"voxedge {name}",
        description=module.HELP,
        epilog=module.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser, module


def report(error: VoxedgeError, as_json: bool = False) -> int:
    """Says what went wrong and what to do, on standard error; gives the exit status."""
    if as_json:
        print(json.dumps({"error": error.to_json()}, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"voxedge: {error.message}\n  {error.remedy} [{error.code}]", file=sys.stderr)
    return error.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; gives its exit status."""
    _prepare_streams()
    try:
        status = _dispatch(argv)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader (`head`, say) has gone: that is its right.
        _abandon_output()
        return 0
    except KeyboardInterrupt:
        print("\nvoxedge: interrupted; what was finished is kept.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except OSError as exc:
        _abandon_output()
        return report(_unforeseen(exc), as_json="--json" in (sys.argv if argv is None else argv))


def _prepare_streams() -> None:
    """Standard streams that are there, and that no sign of no language brings to a stop.

    One that was closed (``>&-``) would be None, and the next file that is opened would get its number.
    """
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for good
        elif number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    """Lets what is still to be written go nowhere: Python would complain about it again at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unforeseen(exc: OSError) -> VoxedgeError:
    """An error of the system that no room took for one of its own: nearly always standard output's."""
    from voxedge.handlers import place_of

    if exc.errno == errno.ENOSPC:
        return DiskFull(
            "No space is left for what is to be written.", remedy="Make room: df -h", room="voxedge"
        )
    where = f": {exc.filename}" if exc.filename else ""
    return InternalFault(
        f"The system says: {exc.strerror or type(exc).__name__}{where} (at {place_of(exc)}).",
        remedy="Check the disk, the permissions and the output, and start it again.",
    )


def _dispatch(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_overview())
        return 0 if words else EXIT_USAGE
    if words[0] in {"-V", "--version"}:
        print(f"voxedge {__version__}")
        return 0
    name = words[0]
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        print(f"voxedge: there is no command {name!r}.{hint} `voxedge --help` lists them.", file=sys.stderr)
        return EXIT_USAGE
    parser, module = build_parser(name)
    args = parser.parse_args(words[1:])
    try:
        status: int = module.run(args)
        return status
    except VoxedgeError as error:
        return report(error, as_json=bool(getattr(args, "json", False)))
    except MemoryError:
        print(
            "voxedge: the memory is used up. Close other programs, or take a smaller model.", file=sys.stderr
        )
        return EXIT_FAILED
