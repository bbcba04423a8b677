"""``voxedge stats``: what was counted on this device, and what of it the owner shares."""

from __future__ import annotations

import argparse

from voxedge.statistics.schema import CLIP_UNITS, EPSILON_LIFETIME, EPSILON_PER_REPORT
from voxedge.statistics.sharing import MAX_PERIOD_DAYS, PERIOD_DAYS

HELP = "See what was counted on this device, and decide whether anonymous statistics are shared."
EPILOG = """examples:
  voxedge stats show                          the last 24 hours; --days 30: the last month
  voxedge stats show --plot week.png --days 7
  voxedge stats export > counts.jsonl         every hour and day that is kept
  voxedge stats preview --example             what a report looks like, before you decide
  voxedge stats on --endpoint https://statistics.example.org/v1/reports
  voxedge stats preview                       exactly the bytes that wait to be sent
  voxedge stats sync                          send what is due (call it every hour or so)
  voxedge stats off                           stop sharing, erase what waits
  voxedge stats delete                        delete everything, leave no file
  voxedge stats simulate --devices 1000       how much would so many devices tell?

Counting needs `monitor = true` under [statistics]; nothing that was said is ever counted. Nothing is sent
unless you type `voxedge stats on`. docs/privacy.md tells what, why and how little."""


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
        sub.add_argument("--json", action="store_true", help="JSON on standard output")
        if name != "simulate":
            sub.add_argument("--config", metavar="FILE", help="a configuration; its [statistics] is used")
        return sub

    sub = add("show", "show what was counted, and what is shared", "voxedge stats show --days 7")
    spans = sub.add_mutually_exclusive_group()
    spans.add_argument("--hours", type=int, metavar="N", help="the last N hours (24)")
    spans.add_argument("--days", type=int, metavar="N", help="the last N days (UTC)")
    sub.add_argument("--plot", metavar="FILE", help="write a picture, too (needs the extra plot)")

    add(
        "export",
        "print all hours and days that are kept, a JSON object a line",
        "voxedge stats export > c.jsonl",
    )

    sub = add(
        "on",
        f"share anonymous statistics: one noised report a period (epsilon {EPSILON_PER_REPORT} each, "
        f"{EPSILON_LIFETIME} in the device's life)",
        "voxedge stats on --endpoint https://statistics.example.org/v1/reports",
    )
    sub.add_argument("--endpoint", required=True, metavar="URL", help="your collector (https)")
    sub.add_argument("--ca-file", default="", metavar="FILE", help="certificates of a private authority, PEM")
    sub.add_argument(
        "--period-days",
        type=int,
        default=PERIOD_DAYS,
        metavar="N",
        help=f"a report every N days, 1 to {MAX_PERIOD_DAYS} ({PERIOD_DAYS})",
    )

    add("off", "stop sharing, erase what waits; opens no socket", "voxedge stats off")

    sub = add("preview", "print exactly the bytes that wait to be sent", "voxedge stats preview | cat -A")
    sub.add_argument("--example", action="store_true", help="a report of zero counts, drawn now, never sent")

    sub = add("sync", "draw the report that is due, and send one that waits", "voxedge stats sync")
    sub.add_argument("--hurry", action="store_true", help="send it now, and not at its random time")

    add("delete", "delete counts, consent, budget and what waits; no file is left", "voxedge stats delete")

    sub = add(
        "simulate",
        f"simulate a fleet: how large are the error bars (in units of at most {CLIP_UNITS}), do they hold?",
        "voxedge stats simulate --devices 1000 --periods 12",
    )
    sub.add_argument("--devices", type=int, nargs="+", default=[100, 1_000, 10_000], metavar="N")
    sub.add_argument(
        "--periods", type=int, nargs="+", default=[1, 12], metavar="N", help="reports of each device"
    )
    sub.add_argument("--runs", type=int, default=100, metavar="N", help="how often each fleet reports (100)")
    sub.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> int:
    """Runs a subcommand."""
    from voxedge.cli import stats_actions

    action = getattr(stats_actions, f"run_{args.subcommand}")
    status: int = action(args)
    return status
