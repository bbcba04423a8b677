"""``voxedge config``: prints every key with its value, or checks a file."""

from __future__ import annotations

import argparse

from voxedge.config import Config

HELP = "Print the configuration as TOML: every key, its default or the value from a file and the environment."
EPILOG = """examples:
  voxedge config > voxedge.toml           a file to start from
  voxedge config --config voxedge.toml    check a file and see what is in force"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--config", metavar="FILE", help="the file to read")


def run(args: argparse.Namespace) -> int:
    """Prints the configuration in force."""
    config = Config.from_file(args.config) if args.config else Config.from_mapping({})
    print(config.to_toml(), end="")
    return 0
